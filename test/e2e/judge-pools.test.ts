// `covenant label` with a pool of servers as the judge: the labels of one server, from both; and where one of them gives no
// log-probabilities, votes, wherever it stands in the pool.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { labelRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("judge-pools");
afterAll(remove);

const serve = serveEachTest();

const prompts = Array.from({ length: 12 }, (_, at) => `${JSON.stringify({ prompt: `question {${at}}` })}\n`);
writeFileSync(join(folder, "prompts.jsonl"), prompts.join(""));

const label = (model: string, judge: string, out: string) => {
  const words = ["label", "--model", model, "--judge", judge, "--prompts", "prompts.jsonl", "--out", out];
  return covenant([...words, "--set", "label.votes=2", "--json"], folder);
};
const labelsOf = (out: string) => readRecords(join(folder, out, "label/labels.jsonl"), labelRecordSchema);

describe("a pool as a judge", () => {
  it("gives the labels of one server, from all of its members", async () => {
    const [model, one, other] = [await serve(), await serve(), await serve()];
    expectStatus(await label(model.name, one.name, "alone"), 0);
    const before = one.replies();
    const pool = `${one.name}|${other.name}`;
    expectStatus(await label(model.name, pool, "pooled"), 0);
    expect([one.replies() > before, other.replies() > 0]).toEqual([true, true]);
    const alone = await labelsOf("alone");
    expect(alone.filter(({ state }) => state === "judged").length).toBeGreaterThan(5);
    expect(await labelsOf("pooled")).toEqual(alone.map((record) => ({ ...record, judge: pool })));
  });

  it.each([[["mute", "scoring"]], [["scoring", "mute"]]])(
    "votes where one member gives no log-probabilities (%j)",
    async (kinds) => {
      const { name } = await serve();
      const members: string[] = [];
      for (const kind of kinds) members.push((await serve({ scores: kind === "scoring" })).name);
      const out = `mixed-${kinds[0]}`;
      const ended = expectStatus(await label(name, members.join("|"), out), 0);
      expect(ended.stderr).toContain("that can be read: it votes 2 times in each order");
      expect(JSON.parse(ended.stdout)).toMatchObject({ method: "votes" });
      expect(await labelsOf(out)).toHaveLength(12);
    },
  );
});
