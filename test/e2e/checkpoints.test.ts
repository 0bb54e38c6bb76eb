// Training that stops between two steps goes on from its checkpoint and ends in the same bytes: every trainer, through
// its recipe, on a clock on which a checkpoint is due after every step.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/core/index.ts";
import { type RecipeContext, recipes } from "../../src/recipes/index.ts";
import { makeFolder, makeModel } from "./command.fixture.ts";

const { folder, remove } = makeFolder("checkpoints");
const inFolder = (path: string): string => join(folder, path);

const record = (index: number) => ({
  id: `row-${index}`,
  parents: [],
  stage: "own",
  seed: index,
  prompt: [{ role: "user", content: `How do I bake bread number ${index}?` }],
});
const writeRows = (path: string, row: (index: number) => object): void =>
  writeFileSync(
    inFolder(path),
    Array.from({ length: 12 }, (_, index) => `${JSON.stringify({ ...record(index), ...row(index) })}\n`).join(
      "",
    ),
  );

beforeAll(async () => {
  await makeModel(folder);
  writeRows("rows.jsonl", (index) => ({ completion: `Mix the flour ${index} times.` }));
  writeRows("pairs.jsonl", (index) => ({
    chosen: `Mix the flour ${index} times.`,
    rejected: "No.",
    probability: 0.5 + index / 25,
  }));
  await run("train reward", "reward", { data: inFolder("pairs.jsonl"), settings: { epochs: 1, batch: 4 } });
});
afterAll(remove);

/** Runs a recipe's command in this process; aborts it when so many steps are done. */
const run = async (command: string, out: string, more: object, abortAfter?: number): Promise<void> => {
  const recipe = await recipes.find((one) => one.command.join(" ") === command)!.load();
  const controller = new AbortController();
  let time = 0;
  const context: RecipeContext = {
    emit: (event) => {
      if (event.type === "stage-progress" && event.unit === "steps" && event.done === abortAfter)
        controller.abort(new InterruptedError());
    },
    signal: controller.signal,
    clock: { now: () => (time += 20_000) },
    environment: {},
  };
  const base = command === "pretrain" ? {} : { model: inFolder("model") };
  await recipe.run(recipe.schema.parse({ ...base, ...more, out: inFolder(out) }) as never, context);
};

const three = { epochs: 2, batch: 4 };
const trainings: Readonly<Record<string, { stage: string; config(): object }>> = {
  "train sft": { stage: "sl", config: () => ({ data: inFolder("rows.jsonl"), settings: three }) },
  "train reward": { stage: "reward", config: () => ({ data: inFolder("pairs.jsonl"), settings: three }) },
  "train dpo": { stage: "dpo", config: () => ({ data: inFolder("pairs.jsonl"), settings: three }) },
  "train ppo": {
    stage: "rl",
    config: () => ({
      reward: inFolder("reward/reward/model"),
      counts: { harmful: 6, harmless: 3, lookalike: 3 },
      maxTokens: 12,
      settings: { steps: 4, batch: 8, epochs: 2, measureEvery: 0 },
    }),
  },
  pretrain: {
    stage: "pretrain",
    config: () => ({
      model: inFolder("again"),
      ...{ vocabulary: 1200, hiddenSize: 32, intermediateSize: 48, layers: 1, heads: 2, keyValueHeads: 1 },
      ...{ steps: 4, rows: 2, targets: 128 },
    }),
  },
};

describe("training that stopped between two steps", () => {
  it.each(Object.entries(trainings))("%s goes on and ends in the same bytes", async (command, training) => {
    const name = command.replace(" ", "-");
    await run(command, `${name}-whole`, training.config());
    for (const after of [1, 3]) {
      const stopped = run(command, `${name}-stopped`, training.config(), after);
      await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
    }
    const checkpoint = inFolder(`${name}-stopped/${training.stage}/checkpoint.safetensors`);
    expect(readFileSync(checkpoint).length).toBeGreaterThan(1000);
    await run(command, `${name}-stopped`, training.config());
    for (const file of ["steps.jsonl", "model/model.safetensors"]) {
      const [whole, continued] = ["whole", "stopped"].map((kind) =>
        readFileSync(inFolder(`${name}-${kind}/${training.stage}/${file}`)).toString("base64"),
      );
      expect(continued, file).toBe(whole);
    }
  });
});
