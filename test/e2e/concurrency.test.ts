// Commands that ask an endpoint, from end to end at an address whose answers come out of order, at one call at a time and at
// sixteen: the same content. And `label` where every fourth call fails in one of many ways, and others are answered in
// pieces or under another model's name: the records of a server that does nothing of this but for that name, each once, and
// all of it counted.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { askingCommands, wordsOf, writeJson, writePrompts } from "./asking-commands.fixture.ts";
import { contentHashOf, covenant, expectStatus, filesOf, makeFolder } from "./command.fixture.ts";
import { type Body, type Fault, serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("concurrency");
afterAll(remove);

const serve = serveEachTest();

writePrompts(folder, 12);

const run = async (command: string, model: string, out: string, ...more: readonly string[]) => {
  const words = wordsOf(command, model, out, "--json", ...more);
  const { stdout } = expectStatus(await covenant(words, folder), 0);
  type Spent = {
    readonly calls: number;
    readonly repeats: number;
    readonly counts: Readonly<Record<string, number>>;
  };
  return JSON.parse(stdout) as { readonly spent: Spent };
};

describe("whatever the concurrency", () => {
  it.each(askingCommands)("%s has the same content", async (command) => {
    // Later calls are often answered before earlier ones.
    const turns = ({ messages, seed = 0 }: Body): number => (JSON.stringify(messages).length + seed) % 13;
    const server = await serve({ turns, writes: writeJson });
    await run(command, server.name, `${command}-1`, "--concurrency", "1");
    expect(server.most()).toBe(1);
    await run(command, server.name, `${command}-16`, "--concurrency", "16");
    expect(server.most()).toBeGreaterThan(4);
    const [one, many] = [`${command}-1`, `${command}-16`].map((out) => join(folder, out));
    expect(contentHashOf(many!)).toBe(contentHashOf(one!));
    expect(filesOf(many!)).toEqual(filesOf(one!));
  });
});

const now = { "retry-after": "0" };
const faults: readonly Fault[] = [
  { status: 429, text: '{"error": {"message": "slow down"}}', headers: now },
  "reset",
  { status: 200, text: '{"choices": [' },
  { status: 503, text: "<html>busy</html>", headers: now },
  "half",
  { status: 200, text: '{"ok": true}' },
  { status: 500, text: '{"error": {"message": "not now"}}', headers: now },
];
/** The place among the faults of the one call that a time limit has to end. */
const hanging = 3;

describe("whatever the network", () => {
  it("label has the records of a server that never fails, each once, and counts what failed", async () => {
    const whole = await serve();
    const expected = await run("label", whole.name, "whole", "--concurrency", "8");
    let failed = 0;
    let otherwise = 0;
    const broken = await serve({
      fault(before) {
        if (before % 4 === 0) return "drip";
        if (before % 8 === 3) {
          otherwise++;
          return "other-model";
        }
        if (before % 4 !== 2) return undefined;
        return failed++ === hanging ? "hang" : faults[failed % faults.length];
      },
    });
    const patient = ["--set", "endpoint.attempts=20", "--set", "endpoint.timeoutSeconds=5"];
    const { spent } = await run("label", broken.name, "broken", "--concurrency", "8", ...patient);
    expect(failed).toBeGreaterThan(faults.length + 1);
    for (const path of ["label/samples.jsonl", "label/labels.jsonl", "rows/preferences.jsonl"]) {
      const [good, bad] = ["whole", "broken"].map((out) => readFileSync(join(folder, out, path), "utf8"));
      const unnamed = bad!.replaceAll('"answeredBy":["another"],', "");
      expect(unnamed.replaceAll(broken.name, whole.name)).toBe(good);
      if (!path.startsWith("rows")) expect(unnamed).not.toBe(bad);
    }
    expect(spent.calls).toBe(expected.spent.calls);
    expect(spent.repeats).toBe(failed);
    expect(otherwise).toBeGreaterThan(4);
    expect(spent.counts).toEqual({ ...expected.spent.counts, "from-another-model": otherwise });
  });
});
