// Where a step is large, its rows are computed a packed row at a time: a training learns the same, the look at rows kept
// out says the same, and the dry run knows. What is large is the context's, so that here a small model's step is.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RecipeContext, recipes } from "../../src/recipes/index.ts";
import { readSafetensors } from "../../src/transformer/index.ts";
import { makeFolder, makeModel } from "./command.fixture.ts";

const { folder, remove } = makeFolder("packed-rows");
const inFolder = (path: string): string => join(folder, path);

const words = ["bread", "rice", "a tree", "a book", "soup", "a chair", "tea", "a boat"];
const rowsOf = (row: (index: number, long: string, short: string) => object): string =>
  Array.from({ length: 16 }, (_, at) => {
    const text = (count: number): string =>
      Array.from({ length: count }, (_, place) => words[(at + place) % words.length]).join(" and ");
    return `${JSON.stringify({ prompt: `How do I make ${at} of these?`, ...row(at, text(16 + 9 * (at % 5)), text(2)) })}\n`;
  }).join("");

beforeAll(async () => {
  await makeModel(folder);
  writeFileSync(
    inFolder("sft.jsonl"),
    rowsOf((_, completion) => ({ completion })),
  );
  writeFileSync(
    inFolder("pairs.jsonl"),
    rowsOf((at, chosen, rejected) => ({ chosen, rejected, probability: 1 - at / 40 })),
  );
});
afterAll(remove);

const contextOf = (stepBudget: number | undefined): RecipeContext => ({
  emit: () => undefined,
  ...(stepBudget === undefined ? {} : { stepBudget }),
  signal: new AbortController().signal,
  clock: { now: () => 0 },
  environment: {},
});

const trainings = {
  sft: { stage: "sl", data: "sft.jsonl", more: { evaluationShare: 0.4 } },
  reward: { stage: "reward", data: "pairs.jsonl", more: { heldOutShare: 0.4, atChance: "warn" } },
  dpo: { stage: "dpo", data: "pairs.jsonl", more: { evaluationShare: 0.4 } },
} as const;
type Method = keyof typeof trainings;

const open = async (method: Method, out: string) => {
  const recipe = await recipes.find(({ command }) => command.join(" ") === `train ${method}`)!.load();
  const { data, more } = trainings[method];
  const lora = { rank: 2, targets: ["q_proj", "down_proj"] };
  const config = recipe.schema.parse({
    ...{ model: inFolder("model"), data: inFolder(data), out: inFolder(out) },
    [method]: {
      ...{ epochs: 2, batch: 6, learningRate: 0.003, warmupSteps: 0, evaluateEvery: 1, lora },
      ...more,
    },
  });
  return { recipe, config: config as never };
};

/** Memory that the dry run expects. */
const planned = async (method: Method, stepBudget?: number): Promise<number> => {
  const { recipe, config } = await open(method, "planned");
  const { steps } = await recipe.plan(config, contextOf(stepBudget));
  return steps[0]!.size!.memory;
};

/** A training to its end. */
const train = async (method: Method, out: string, stepBudget?: number) => {
  const { recipe, config } = await open(method, out);
  await recipe.run(config, contextOf(stepBudget));
  const stage = inFolder(`${out}/${trainings[method].stage}`);
  const steps = readFileSync(join(stage, "steps.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { metrics: Record<string, number> }).metrics);
  return { steps, weights: await readSafetensors(join(stage, "adapter/adapter_model.safetensors")) };
};

/** Whether a loss is added up of several parts', in double precision; a program gives one in single precision. */
const isInParts = ({ loss }: Record<string, number>): boolean => loss !== Math.fround(loss!);

it.each(Object.keys(trainings) as Method[])("train %s", async (method) => {
  // one row's activations are more than the first budget, a step's less than the second
  const [packed, large, whole] = [
    await train(method, `${method}-packed`, 100_000),
    await train(method, `${method}-large`, 100_000_000),
    await train(method, `${method}-whole`),
  ];
  expect(whole.steps).toHaveLength(4);
  expect(whole.steps.some(isInParts)).toBe(false);
  expect(packed.steps.some(isInParts)).toBe(true);
  expect(large).toEqual(whole);
  for (const [at, step] of whole.steps.entries()) {
    expect(step).toHaveProperty("eval_loss");
    for (const name of ["loss", "grad_norm", "eval_loss"])
      expect(packed.steps[at]![name]! / step[name]!, `${name} of step ${at}`).toBeCloseTo(1, 4);
  }
  for (const [name, { data }] of Object.entries(whole.weights)) {
    const theirs = packed.weights[name]!.data;
    const far = data.reduce((most, value, index) => Math.max(most, Math.abs(value - theirs[index]!)), 0);
    expect(far, name).toBeLessThan(1e-4);
  }
  const moved = Object.entries(whole.weights).filter(([name]) => name.includes("lora_B"));
  for (const [name, { data }] of moved) expect(Math.max(...data.map(Math.abs)), name).toBeGreaterThan(1e-3);
  expect(await planned(method, 100_000)).toBeLessThan(await planned(method));
  expect(await planned(method, 100_000_000)).toBe(await planned(method));
});
