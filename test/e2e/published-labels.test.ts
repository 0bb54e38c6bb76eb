// The 438 published comparisons through `covenant label` with the published principles and few-shots, in the paper's
// wording, by a scripted judge that takes the longer reply: it is right as often as that is right.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { collect } from "../../src/core/index.ts";
import { missingOf, publishedFile, titled } from "../../src/core/published.fixture.ts";
import { readPairs } from "../../src/feedback/index.ts";
import { labelRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";

const { folder, remove } = makeFolder("published-labels");
afterAll(remove);

const data = (path: string) => publishedFile(`anthropic-cai/${path}`);
const comparisons = data("evals/438HHHEvaluations.jsonl");
const [principles, fewShots] = [
  data("prompts/RLMadisonInstructions.json"),
  data("prompts/RLMadisonFewShotPrompts.json"),
];
const needed = [comparisons, principles, fewShots];

/** A judge that says (A) where the longer reply stands there, (B) where it does not, and neither of replies as long. */
const writeJudge = async (file: string): Promise<void> => {
  const rule = (first: string, second: string, score: object) => ({
    when: ` (A) [[[${first}]]]\n (B) [[[${second}]]]`,
    score,
  });
  const even = { " (A)": Math.log(0.5), " (B)": Math.log(0.5) };
  const pairs = await collect(readPairs(comparisons.path));
  const rules = pairs.flatMap(({ replies }) => {
    const [one, other] = replies.map(({ text }) => text) as [string, string];
    const more = [...one].length - [...other].length;
    if (more === 0) return [rule(one, other, even), rule(other, one, even)];
    const [longer, shorter] = more > 0 ? [one, other] : [other, one];
    return [rule(longer, shorter, { " (A)": Math.log(0.9), " (B)": Math.log(0.1) })];
  });
  const rest = { score: { " (A)": Math.log(0.1), " (B)": Math.log(0.9) } };
  writeFileSync(file, JSON.stringify({ batch: 64, rules: [...rules, rest] }));
};

const judged = titled("438 comparisons are judged, by all 16 principles", ...needed);
it.skipIf(missingOf(...needed))(judged, async () => {
  await writeJudge(join(folder, "longer.yaml"));
  const words = [
    ...[
      "label",
      "--comparisons",
      comparisons.path,
      "--judge",
      "scripted:longer.yaml",
      "--out",
      "hhh",
      "--json",
    ],
    ...["--constitution", principles.path, "--set", "label.form=paper"],
    ...["--set", `label.fewShots=${fewShots.path}`],
  ];
  const ended = expectStatus(await covenant(words, folder), 0);
  const right = 246;
  const ties = 2;
  expect(JSON.parse(ended.stdout)).toMatchObject({
    ...{ judged: 438, flips: 0, identical: 0, undecided: 0, rows: 438, method: "choice", form: "paper" },
    baselines: {
      all: { n: 438, always: { "(A)": { count: 228 } }, longer: { count: right, ties } },
      judged: { n: 438 },
    },
    // It cannot decide between replies of the same length, and undecided ones count half.
    card: { accuracy: { value: expect.closeTo((right + ties / 2) / 438, 12), n: 438 } },
  });
  const labels = await readRecords(join(folder, "hhh/label/labels.jsonl"), labelRecordSchema);
  const published = JSON.parse(readFileSync(principles.path, "utf8")) as unknown[];
  expect(new Set(labels.map(({ principle }) => principle)).size).toBe(published.length);
});

const baselines = titled("the trivial baselines of the file come out to the last digit", comparisons);
it.skipIf(comparisons.missing)(baselines, async () => {
  const words = ["evaluate", "baselines", "--data", comparisons.path, "--json"];
  expect(JSON.parse(expectStatus(await covenant(words, folder), 0).stdout)).toMatchObject({
    ...{ n: 438, unknown: 0, unfit: 0 },
    always: { "(A)": { count: 228, value: 228 / 438 }, "(B)": { count: 210 } },
    longer: { count: 246, value: 246 / 438, ties: 2 },
  });
});
