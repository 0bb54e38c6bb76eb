// What reads a command's stdout or stderr may leave before the command ends: the work goes on and the run is whole.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectStatus, makeFolder, start } from "./command.fixture.ts";

const { folder, remove } = makeFolder("closed");

beforeAll(() => {
  writeFileSync(join(folder, "script.yaml"), "rules: [{reply: 'I would rather not.'}]\n");
});
afterAll(remove);

/** Runs a command of which nobody reads that stream, from its first moment on. */
const unread = (stream: "stdout" | "stderr", ...words: string[]) => {
  const { child, ended } = start(words, folder);
  child[stream]?.destroy();
  return ended;
};

const revise = (out: string): string[] => [
  ...["revise", "--model", "scripted:script.yaml", "--out", out, "--json"],
  ...["harmful=2", "harmless=1", "lookalike=1"].flatMap((one) => ["--set", `counts.${one}`]),
];

const lastEvent = (out: string): unknown =>
  JSON.parse(
    readFileSync(join(folder, out, "events.jsonl"), "utf8")
      .trim()
      .split("\n")
      .at(-1)!,
  );

describe("a command that nobody listens to", () => {
  it.each(["stderr", "stdout"] as const)("on %s finishes its work and ends with 0", async (stream) => {
    const { stdout } = expectStatus(await unread(stream, ...revise(stream)), 0);
    expect(existsSync(join(folder, stream, "manifest.json"))).toBe(true);
    expect(lastEvent(stream)).toMatchObject({ type: "run-end" });
    if (stream === "stderr") expect(JSON.parse(stdout)).toHaveProperty("folder");
  });

  it.each(["stderr", "stdout"] as const)("on %s still fails when it fails", async (stream) => {
    expectStatus(await unread(stream, ...revise("never"), "--seed", "x"), 2);
    expect(existsSync(join(folder, "never"))).toBe(false);
  });
});
