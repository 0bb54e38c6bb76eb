// Two runs of `covenant label` over the same pairs by different judges, or of `covenant revise` over the same prompts
// by different providers, side by side: differences of P(A), and how many texts are the same. Prints one line each.
// Usage: node tools/parity/compare-runs.ts FOLDER FOLDER

import { existsSync } from "node:fs";
import { join } from "node:path";
import { labelRecordSchema, replyRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";

const [one, other] = process.argv.slice(2);
if (one === undefined || other === undefined) throw new Error("two run folders are wanted");

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const compareLabels = async (): Promise<void> => {
  const labelsOf = (folder: string) => readRecords(join(folder, "label/labels.jsonl"), labelRecordSchema);
  const found = new Map((await labelsOf(other)).map((label) => [label.prompt, label]));
  const differences: number[] = [];
  let agreed = 0;
  let apart = 0;
  for (const label of await labelsOf(one)) {
    const { probability = null, replies, principle } = found.get(label.prompt) ?? {};
    if (principle !== label.principle || replies?.join("\n") !== label.replies.join("\n"))
      throw new Error(`the two runs compare different replies to ${label.prompt}`);
    if (label.probability === null || probability === null) {
      if (label.probability !== probability) apart++;
      continue;
    }
    differences.push(Math.abs(label.probability - probability));
    if (label.probability > 0.5 === probability > 0.5) agreed++;
  }
  const mean = differences.reduce((sum, value) => sum + value, 0) / Math.max(1, differences.length);
  say(
    `${differences.length} labels by both, ${apart} by one alone: |dP(A)| mean ${mean.toExponential(1)}, most ${Math.max(0, ...differences).toExponential(1)}; same preference in ${agreed}`,
  );
};

const compareAnswers = async (): Promise<void> => {
  const answersOf = (folder: string) => readRecords(join(folder, "answer/answers.jsonl"), replyRecordSchema);
  const found = new Map((await answersOf(other)).map((reply) => [reply.prompt, reply.text]));
  const answers = await answersOf(one);
  say(
    `${answers.filter(({ prompt, text }) => found.get(prompt) === text).length} of ${answers.length} answers the same`,
  );
};

if (existsSync(join(one, "label"))) await compareLabels();
if (existsSync(join(one, "answer"))) await compareAnswers();
