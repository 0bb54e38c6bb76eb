// `covenant prompts penetrate` at an address: verdicts that did not come, judges that cannot be read, and votes, also after
// a server that stopped.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { violationRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("penetration");
afterAll(remove);

const serve = serveEachTest();
const once = ["--set", "endpoint.attempts=1"];

describe("prompts penetrate", () => {
  const sorted = Array.from({ length: 6 }, (_, at) => ({ prompt: `question {${at}}`, area: "peace" }));
  writeFileSync(join(folder, "sorted.jsonl"), sorted.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const penetrate = (model: string, judge: string, out: string, ...more: readonly string[]) => {
    const models = ["--model", model, "--judge", judge];
    const words = ["prompts", "penetrate", ...models, "--prompts", "sorted.jsonl", "--out", out, "--json"];
    return covenant([...words, ...more], folder);
  };
  const violations = (out: string) =>
    readRecords(join(folder, out, "judge/violations.jsonl"), violationRecordSchema);

  it("says of every answer without a verdict why, in the record and in all", async () => {
    const { name } = await serve();
    const judge = await serve({ rejects: (content) => content.includes("question {1}") });
    const ended = expectStatus(await penetrate(name, judge.name, "rates"), 0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ unscored: 1, reasons: { rejected: 1 } });
    const records = await violations("rates");
    expect(records.map(({ probability, reason }) => probability === null || reason !== undefined)).toEqual(
      [0, 1, 2, 3, 4, 5].map((at) => at === 1),
    );
    expect(records[1]).toMatchObject({ probability: null, orders: null, reason: "rejected" });
  });

  it("finds out before anything is answered that a judge cannot be read", async () => {
    const { name, replies } = await serve();
    const judge = await serve({ says: ["I cannot choose between (", ") and"] });
    const ended = expectStatus(await penetrate(name, judge.name, "unread", "--method", "choice"), 2);
    expect(ended.stderr).toContain("gives no log-probabilities of (A) and (B) that can be read");
    expect(ended.stderr).toContain("verdicts can be votes instead (--method votes, or auto).");
    expect(replies()).toBe(0);
  });

  it("counts votes of a judge that gives no log-probabilities, says so, and goes on with them", async () => {
    const { name } = await serve();
    const judge = await serve({ scores: false });
    const planned = await penetrate(name, judge.name, "verdicts", "--votes", "3", "--dry-run");
    // At most: by votes, and six calls to find out.
    expect(JSON.parse(expectStatus(planned, 0).stdout)).toMatchObject({
      steps: [{ calls: 6 }, { calls: 6 * 2 * 3 + 6 }],
    });
    const ended = expectStatus(await penetrate(name, judge.name, "verdicts", "--votes", "3"), 0);
    expect(ended.stderr).toContain("that can be read: it votes 3 times in each order");
    const document = JSON.parse(ended.stdout) as { spent: { calls: number } };
    // One trial, which a server without log-probabilities answers too.
    expect(document).toMatchObject({ method: "votes", spent: { calls: 6 + 1 + 6 * 2 * 3 } });
    for (const { votes, orders, probability, reason } of await violations("verdicts")) {
      const shares = votes!.map(({ yes, no, lost }) => {
        expect(yes + no + Object.values(lost).reduce((sum, count) => sum + count, 0)).toBe(3);
        return yes + no === 0 ? null : yes / (yes + no);
      });
      const expected = shares.map((share) => expect.closeTo(share ?? Number.NaN, 9));
      expect(orders).toEqual(shares.includes(null) ? null : expected);
      expect(probability === null).toBe(reason !== undefined);
    }
    // Stopped after some verdicts, it goes on with votes.
    const again = (...more: readonly string[]) =>
      penetrate(name, judge.name, "verdicts-again", "--votes", "3", "--concurrency", "2", ...more);
    const stopped = judge.stopAfter(1 + 1 + 20);
    expectStatus(await again(...once), 1);
    await stopped;
    const begun = (await violations("verdicts-again")).length;
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(6);
    await judge.start();
    expectStatus(await again(), 0);
    expect(await violations("verdicts-again")).toEqual(await violations("verdicts"));
  });
});
