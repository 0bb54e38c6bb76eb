// Training that stops between two steps goes on from its checkpoint and ends in the same bytes: every trainer, through
// its recipe, on clocks on which a checkpoint is due after every step, or after every second one, so that the records
// are ahead of the checkpoint when the training stops.

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/core/index.ts";
import { openPrograms } from "../../src/engine/index.ts";
import { type RecipeContext, recipes } from "../../src/recipes/index.ts";
import { readSafetensors } from "../../src/transformer/index.ts";
import { makeFolder, makeModel } from "../e2e/command.fixture.ts";

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
  await run("train reward", {
    model: inFolder("model"),
    out: inFolder("reward"),
    data: inFolder("pairs.jsonl"),
    reward: { epochs: 1, batch: 4, atChance: "warn" },
  });
  await run("train sft", {
    model: inFolder("model"),
    out: inFolder("adapted"),
    data: inFolder("rows.jsonl"),
    sft: { epochs: 1, batch: 12, lora: { rank: 2, targets: ["q_proj", "down_proj"] } },
  });
});
afterAll(remove);

/** How far the clock goes at each look; it is looked at twice a step, and a checkpoint is due after 15 seconds. */
const everyStep = 20_000;
const everySecondStep = 4_000;

type Stop = { readonly stage?: string; readonly after: number };

/** Runs a recipe's command in this process; aborts it when so many steps of a stage are done. */
const run = async (command: string, config: object, stop?: Stop, tick = everyStep): Promise<void> => {
  const recipe = await recipes.find((one) => one.command.join(" ") === command)!.load();
  const controller = new AbortController();
  let time = 0;
  const context: RecipeContext = {
    emit: (event) => {
      if (event.type !== "stage-progress" || event.unit !== "steps" || event.done !== stop?.after) return;
      if (stop.stage === undefined || stop.stage === event.stage) controller.abort(new InterruptedError());
    },
    signal: controller.signal,
    clock: { now: () => (time += tick) },
    environment: {},
  };
  await recipe.run(recipe.schema.parse(config) as never, context);
};

const stopped = async (...words: Parameters<typeof run>): Promise<void> => {
  const before = openPrograms();
  await expect(run(...words)).rejects.toBeInstanceOf(InterruptedError);
  expect(openPrograms() - before, "sessions left open").toBe(0);
};

/** Steps that the records hold, and the step the checkpoint goes on with. */
const standOf = async (stageFolder: string) => {
  const tensors = await readSafetensors(join(stageFolder, "checkpoint.safetensors"));
  const lines = readFileSync(join(stageFolder, "steps.jsonl"), "utf8").trim().split("\n");
  return { recorded: lines.length, saved: tensors["loop-step"]!.data[0]! };
};

const expectSameFiles = (got: string, wanted: string, files: readonly string[]): void => {
  for (const file of files)
    expect(readFileSync(join(got, file)).toString("base64"), file).toBe(
      readFileSync(join(wanted, file)).toString("base64"),
    );
};

const base = () => ({ model: inFolder("model") });
const three = { epochs: 2, batch: 4 };
const short = { epochs: 1, batch: 8 };
const shortReward = { ...short, atChance: "warn" };
const trainings: Readonly<Record<string, { stage: string; config(): object }>> = {
  "train sft": { stage: "sl", config: () => ({ ...base(), data: inFolder("rows.jsonl"), sft: three }) },
  "train reward": {
    stage: "reward",
    config: () => ({
      ...base(),
      data: inFolder("pairs.jsonl"),
      reward: { epochs: 3, batch: 4, atChance: "warn" },
    }),
  },
  "train dpo": {
    stage: "dpo",
    config: () => ({ ...base(), data: inFolder("pairs.jsonl"), dpo: three }),
  },
  "train ppo": {
    stage: "rl",
    config: () => ({
      ...base(),
      reward: inFolder("reward/reward/model"),
      counts: { harmful: 6, harmless: 3, lookalike: 3 },
      sampling: { maxTokens: 12 },
      // the price of leaving the reference is adapted, so that it is part of where training stands
      ppo: { steps: 6, batch: 8, epochs: 2, klTarget: 0.01, klGain: 1 },
    }),
  },
  "train grpo": {
    stage: "rl",
    config: () => ({
      ...base(),
      reward: inFolder("reward/reward/model"),
      counts: { harmful: 6, harmless: 3, lookalike: 3 },
      sampling: { maxTokens: 12 },
      grpo: { steps: 6, batch: 2, group: 2, iterations: 2 },
    }),
  },
  pretrain: {
    stage: "pretrain",
    config: () => ({
      model: inFolder("again"),
      ...{ vocabulary: 1200, vocabularyDocuments: 1000 },
      ...{ hiddenSize: 32, intermediateSize: 48, layers: 1, heads: 2, keyValueHeads: 1 },
      ...{ steps: 6, rows: 2, targets: 128 },
    }),
  },
};

/** With all that draws or is kept on the way: dropout, rows kept out and the best weights, parts, weights in 4 bits. */
const lora = { rank: 2, targets: ["q_proj", "down_proj"] };
const dropped = { ...lora, dropout: 0.3 };
const parts = { accumulation: 2, gradientCheckpointing: true };
const kept = { evaluateEvery: 1, keepBest: true };
const share = { evaluationShare: 0.25 };
const adapterTrainings: readonly (readonly [string, string, () => object])[] = [
  [
    "train sft of adapters over 4 bits",
    "train sft",
    () => ({
      ...trainings["train sft"]!.config(),
      sft: { ...three, ...parts, ...kept, epochs: 4, evaluationShare: 0.25, load: "4bit", lora: dropped },
    }),
  ],
  [
    "train reward of adapters",
    "train reward",
    () => ({
      ...trainings["train reward"]!.config(),
      reward: { epochs: 3, batch: 4, atChance: "warn", ...parts, ...kept, lora: dropped },
    }),
  ],
  [
    "train dpo that goes on with an adapter over 4 bits",
    "train dpo",
    () => ({
      ...trainings["train dpo"]!.config(),
      model: inFolder("adapted/sl/adapter"),
      dpo: { ...three, ...parts, load: "4bit", lora: dropped },
    }),
  ],
  [
    "train ppo of adapters",
    "train ppo",
    () => ({
      ...trainings["train ppo"]!.config(),
      ppo: { steps: 6, batch: 8, ...parts, ...kept, ...share, lora },
    }),
  ],
  [
    "train grpo of adapters as RLOO",
    "train grpo",
    () => ({
      ...trainings["train grpo"]!.config(),
      grpo: {
        ...{ estimator: "rloo", scale: "none", steps: 6, batch: 2, group: 2, lora },
        ...{ ...parts, ...kept, ...share },
      },
    }),
  ],
];

describe("training that stopped between two steps", () => {
  it.each(Object.entries(trainings))("%s goes on and ends in the same bytes", async (command, training) => {
    const name = command.replace(" ", "-");
    const config = (out: string) => ({ ...training.config(), out: inFolder(`${name}-${out}`) });
    const stageOf = (out: string): string => inFolder(`${name}-${out}/${training.stage}`);
    const files = ["steps.jsonl", "model/model.safetensors"];
    await run(command, config("whole"));
    expect(openPrograms(), "sessions left open").toBe(0);

    await stopped(command, config("stopped"), { after: 1 });
    expect(await standOf(stageOf("stopped"))).toEqual({ recorded: 1, saved: 1 });
    await stopped(command, config("stopped"), { after: 4 }, everySecondStep);
    expect(await standOf(stageOf("stopped"))).toEqual({ recorded: 4, saved: 3 });
    await run(command, config("stopped"));
    expectSameFiles(stageOf("stopped"), stageOf("whole"), files);
    expect(existsSync(join(stageOf("stopped"), "checkpoint.safetensors"))).toBe(false);
  });

  it.each(adapterTrainings)("%s goes on and ends in the same bytes", async (title, command, config) => {
    const name = title.replaceAll(/[^a-z]+/g, "-");
    const stage = trainings[command]!.stage;
    const to = (out: string) => ({ ...config(), out: inFolder(`${name}-${out}`) });
    await run(command, to("whole"));
    await stopped(command, to("stopped"), { after: 1 });
    await stopped(command, to("stopped"), { after: 4 }, everySecondStep);
    await run(command, to("stopped"));
    const files = ["steps.jsonl", "adapter/adapter_model.safetensors"];
    if (JSON.stringify(config()).includes('"keepBest":true')) files.push("best.jsonl");
    expectSameFiles(inFolder(`${name}-stopped/${stage}`), inFolder(`${name}-whole/${stage}`), files);
  });

  it("train grpo with a judge does so too", async () => {
    // replies to prompts kept out are held against the starting model's, which are sampled once
    const grpo = { steps: 6, batch: 2, group: 2, beta: 0, evaluateEvery: 2, keepBest: true, ...share };
    const judged = { ...trainings["train grpo"]!.config(), judge: inFolder("model"), grpo };
    const config = (out: string) => ({ ...judged, out: inFolder(`judged-${out}`) });
    await run("train grpo", config("whole"));
    await stopped("train grpo", config("stopped"), { after: 3 });
    await run("train grpo", config("stopped"));
    const files = ["steps.jsonl", "best.jsonl", "model/model.safetensors"];
    expectSameFiles(inFolder("judged-stopped/rl"), inFolder("judged-whole/rl"), files);
  });

  it("PPO with measured steps does so too, measures no step twice, and learns what it learns unmeasured", async () => {
    const stage = "ethical/rl";
    const config = (out: string, measureEvery = 1) => ({
      ...{ model: inFolder("model"), out: inFolder(out), seed: 1, sampling: { maxTokens: 16 } },
      counts: {
        train: { harmful: 8, harmless: 4, lookalike: 4 },
        test: { harmful: 4, harmless: 3, lookalike: 3 },
      },
      ...{ sft: short, reward: shortReward, dpo: short },
      // an alarm is an event, and would move the clock
      ppo: { steps: 5, batch: 8, measureEvery, ...kept, ...share, alarms: { endedShare: null } },
    });
    await stopped("run", config("measured"), { stage, after: 3 }, everySecondStep);
    expect(await standOf(inFolder(`measured/${stage}`))).toEqual({ recorded: 3, saved: 2 });
    // the other folder begins the stage anew
    cpSync(inFolder("measured"), inFolder("unbroken"), { recursive: true });
    rmSync(inFolder(`unbroken/${stage}`), { recursive: true });
    for (const out of ["measured", "unbroken"])
      await stopped("run", config(out), { stage: "inverted/sl", after: 1 });
    const files = ["goodhart.jsonl", "steps.jsonl", "best.jsonl", "model/model.safetensors"];
    expectSameFiles(inFolder(`measured/${stage}`), inFolder(`unbroken/${stage}`), files);
    const measured = readFileSync(inFolder(`measured/${stage}/goodhart.jsonl`), "utf8")
      .trim()
      .split("\n");
    expect(measured.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([0, 1, 2, 3, 4, 5]);

    await stopped("run", config("unmeasured", 0), { stage: "inverted/sl", after: 1 });
    expect(existsSync(inFolder(`unmeasured/${stage}/goodhart.jsonl`))).toBe(false);
    expectSameFiles(inFolder(`unmeasured/${stage}`), inFolder(`measured/${stage}`), files.slice(1));
  });
});
