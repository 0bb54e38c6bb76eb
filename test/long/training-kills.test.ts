// Trainings by reward, killed with signal 9 on their way: the same command ends in the same bytes. No clock decides when:
// the process that is killed stands still where it has recorded so many steps, at its next look at the clock.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  contentHashOf,
  contentOf,
  covenant,
  expectStatus,
  makeFolder,
  makeModel,
} from "../e2e/command.fixture.ts";
import { killedAt } from "../e2e/kill.fixture.ts";

const { folder, remove } = makeFolder("training-kills");
const inFolder = (path: string): string => join(folder, path);
afterAll(remove);

const set = (block: string, ...settings: string[]): string[] =>
  settings.flatMap((one) => ["--set", `${block}.${one}`]);

beforeAll(async () => {
  await makeModel(folder);
  const pairs = Array.from({ length: 12 }, (_, at) => ({
    ...{ prompt: `How do I bake bread number ${at}?`, chosen: `Mix the flour ${at} times.`, rejected: "No." },
  }));
  writeFileSync(inFolder("pairs.jsonl"), pairs.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const words = ["train", "reward", "--model", "model", "--data", "pairs.jsonl", "--out", "reward"];
  expectStatus(
    await covenant([...words, ...set("reward", "epochs=1", "batch=4", "atChance=warn")], folder),
    0,
  );
});

const steps = 6;
/** With the best weights of the looks so far, and a price that is adapted, which the checkpoint holds beside the weights. */
const kept = ["evaluateEvery=2", "keepBest=true", "evaluationShare=0.25"];
const methods = {
  ppo: ["batch=8", "epochs=2", "klTarget=0.01", "klGain=1", ...kept],
  grpo: ["batch=2", "group=2", "iterations=2", ...kept],
} as const;

const wordsOf = (method: keyof typeof methods, out: string): string[] => [
  ...["train", method, "--model", "model", "--reward", "./reward/reward/model", "--out", out],
  ...set("counts", "harmful=6", "harmless=3", "lookalike=3"),
  ...["--steps", String(steps), "--set", "sampling.maxTokens=12", ...set(method, ...methods[method])],
];

/** A checkpoint is due after fifteen seconds, and again after twenty times what writing it took: never, or once. */
const never = 0;
const once = 20_000;

/** Starts the command and kills it behind its record of so many steps; gives what it said. */
const killedBehind = (words: string[], out: string, records: number, tick: number): Promise<string> =>
  killedAt(words, folder, { file: `${out}/rl/steps.jsonl`, lines: records, tick });

it.each(["ppo", "grpo"] as const)("train %s that is killed ends in the same bytes", async (method) => {
  const [whole, killed] = [`${method}-whole`, `${method}-killed`];
  expectStatus(await covenant(wordsOf(method, whole), folder), 0);

  const words = wordsOf(method, killed);
  const checkpoint = inFolder(`${killed}/rl/checkpoint.safetensors`);
  if (method === "grpo") {
    await killedBehind(words, killed, 1, never);
    expect(existsSync(checkpoint)).toBe(false);
  }
  const again = await killedBehind(words, killed, 3, once);
  expect(again.includes("rl: begins anew at its first step")).toBe(method === "grpo");
  expect(existsSync(checkpoint)).toBe(true);
  const last = expectStatus(await covenant(words, folder), 0);
  expect(last.stderr).toContain(`checkpoint behind step 1 of ${steps}; 2 steps behind it are taken again`);

  expect(contentHashOf(inFolder(killed))).toBe(contentHashOf(inFolder(whole)));
  expect(contentOf(inFolder(killed))).toEqual(contentOf(inFolder(whole)));
  expect(Object.keys(contentOf(inFolder(killed)))).toContain("rl/model/model.safetensors");
});
