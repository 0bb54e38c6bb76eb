// Training that starts from an adapter: that adapter goes on learning over its own base, in 4 bits as in float32, and
// is held near what it was. One that cannot be gone on with is refused before anything is begun.

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readSafetensors } from "../../src/transformer/index.ts";
import { covenant, expectStatus, makeFolder, makeModel, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("adapter-start");
const inFolder = (path: string): string => join(folder, path);
const write = (name: string, rows: readonly unknown[]): void =>
  writeFileSync(inFolder(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const readJson = (path: string): Record<string, unknown> => JSON.parse(readFileSync(inFolder(path), "utf8"));
const settings = (method: string, ...some: string[]): string[] =>
  some.flatMap((one) => ["--set", `${method}.${one}`]);
const run = (...words: string[]) => covenant(words, folder);
const firstMetrics = (path: string): Record<string, number> =>
  (JSON.parse(readFileSync(inFolder(path), "utf8").split("\n")[0]!) as { metrics: Record<string, number> })
    .metrics;

const questions = ["bread", "rice", "a tree", "a book"].map((thing) => `How do I find ${thing}?`);
const lora = ["lora.rank=4", "lora.alpha=8"];
const quick = [...lora, "epochs=1", "batch=4", "learningRate=0.02", "warmupSteps=0"];
const fourBits = "load=4bit";

beforeAll(async () => {
  await makeModel(folder);
  write(
    "rows.jsonl",
    questions.map((prompt) => ({ prompt, completion: "Take it." })),
  );
  write(
    "pairs.jsonl",
    questions.map((prompt) => ({ prompt, chosen: "Bake it well.", rejected: "No." })),
  );
  for (const [out, load] of [
    ["float32", []],
    ["nf4", [fourBits]],
  ] as const) {
    const words = ["train", "sft", "--model", "model", "--data", "rows.jsonl", "--out", out];
    expectStatus(await run(...words, ...settings("sft", ...quick, ...load)), 0);
  }
});
afterAll(remove);

const adapterOf = (path: string) => readSafetensors(inFolder(`${path}/adapter_model.safetensors`));

describe.each([
  ["float32", []],
  ["nf4", [fourBits]],
] as const)("DPO from an adapter over %s", (start, load) => {
  const from = `${start}/sl/adapter`;
  const out = `${start}-dpo`;

  it("goes on with it, held near what it was, and saves one adapter of the true base", async () => {
    const words = ["train", "dpo", "--model", from, "--data", "pairs.jsonl", "--out", out];
    const more = settings("dpo", ...quick, ...load);
    const planned = await run(...words, ...more, "--dry-run");
    expectStatus(planned, 0);
    expect(existsSync(inFolder(out))).toBe(false);
    expectStatus(await run(...words, ...more), 0);
    expect(Math.abs(firstMetrics(`${out}/dpo/steps.jsonl`)["rewards/margins"]!)).toBeLessThan(1e-4);
    expect(readJson(`${out}/dpo/adapter/adapter_config.json`)).toMatchObject({
      base_model_name_or_path: inFolder("model"),
      r: 4,
      lora_alpha: 8,
    });
    // what fine-tuning learned is still in it: it moved by a step, not from nothing
    const [before, after] = [await adapterOf(from), await adapterOf(`${out}/dpo/adapter`)];
    expect(Object.keys(after)).toEqual(Object.keys(before));
    const moved = Object.entries(after).flatMap(([name, { data }]) =>
      [...data].map((value, at) => Math.abs(value - before[name]!.data[at]!)),
    );
    expect(Math.max(...moved)).toBeGreaterThan(0.01);
    expect(Math.max(...moved)).toBeLessThan(0.05);
  });

  it("is read live, in 4 bits and in 8, and merged", async () => {
    write(
      "scored.jsonl",
      questions.map((prompt) => ({ prompt, continuation: " Bake it well." })),
    );
    const scores: number[][] = [];
    for (const bits of [[], ["--load", "8bit"], ["--load", "4bit"]]) {
      const words = ["score", `${out}/dpo/adapter`, "--data", "scored.jsonl", "--json", ...bits];
      const { stdout } = expectStatus(await run(...words), 0);
      scores.push((JSON.parse(stdout) as { rows: { logprob: number }[] }).rows.map(({ logprob }) => logprob));
    }
    expectStatus(await run("export", "merge", `${out}/dpo/adapter`, "--out", `${out}-merged`), 0);
    const words = ["score", `${out}-merged`, "--data", "scored.jsonl", "--json"];
    const { stdout } = expectStatus(await run(...words), 0);
    const merged = (JSON.parse(stdout) as { rows: { logprob: number }[] }).rows;
    for (const [at, { logprob }] of merged.entries()) {
      expect(Math.abs(scores[0]![at]! - logprob)).toBeLessThan(1e-3);
      expect(Math.abs(scores[1]![at]! - logprob)).toBeLessThan(2);
      expect(Math.abs(scores[2]![at]! - logprob)).toBeLessThan(4);
    }
    expect(scores[2]).not.toEqual(scores[0]);
  });
});

describe("other trainings from an adapter", () => {
  it("are fine-tuning, reward models and training by reward, each with one adapter of the true base", async () => {
    const start = ["--model", "nf4/sl/adapter"];
    const base = { base_model_name_or_path: inFolder("model"), r: 4 };
    const sft = ["train", "sft", ...start, "--data", "rows.jsonl", "--out", "more"];
    expectStatus(await run(...sft, ...settings("sft", ...quick, fourBits)), 0);
    expect(readJson("more/sl/adapter/adapter_config.json")).toMatchObject(base);
    const reward = ["train", "reward", ...start, "--data", "pairs.jsonl", "--out", "reward"];
    const kind = ["heldOutShare=0.25", "atChance=warn"];
    expectStatus(await run(...reward, ...settings("reward", ...quick, ...kind)), 0);
    expect(readJson("reward/reward/adapter/adapter_config.json")).toMatchObject({
      ...base,
      task_type: "SEQ_CLS",
      modules_to_save: ["score"],
    });
    const ppo = ["train", "ppo", ...start, "--reward", "reward/reward/model", "--out", "ppo", "--steps", "1"];
    const size = ["counts.harmful=4", "counts.harmless=0", "counts.lookalike=0", "sampling.maxTokens=8"];
    const more = [...size, "ppo.batch=4", ...lora.map((one) => `ppo.${one}`)];
    expectStatus(await run(...ppo, ...more.flatMap((one) => ["--set", one])), 0);
    expect(Math.abs(firstMetrics("ppo/rl/steps.jsonl")["objective/kl"]!)).toBeLessThan(1e-4);
    expect(readJson("ppo/rl/adapter/adapter_config.json")).toMatchObject(base);
  });

  it("reward as they were trained: a reward model over 4 bits is read over them", async () => {
    const words = ["train", "reward", "--model", "model", "--data", "pairs.jsonl", "--out", "reward4"];
    const kind = ["heldOutShare=0.25", "atChance=warn", fourBits];
    const trained = expectStatus(await run(...words, ...settings("reward", ...quick, ...kind)), 0);
    const reward = "reward4/reward/adapter";
    expect(trained.stdout).toContain(`--reward ./${reward} --reward-load 4bit`);
    const few = ["counts.harmful=4", "counts.harmless=0", "counts.lookalike=0", "sampling.maxTokens=8"];
    const step = [...few, "ppo.batch=4"].flatMap((one) => ["--set", one]);
    const scores: number[] = [];
    for (const load of [[], ["--reward-load", "4bit"]]) {
      const out = `ppo4-${load.length}`;
      const ppo = ["train", "ppo", "--model", "model", "--reward", reward, "--out", out, "--steps", "1"];
      const { stderr } = expectStatus(await run(...ppo, ...step, ...load), 0);
      const told =
        "warning: rl: The reward model ./reward4/reward/adapter was trained over weights in fewer bits";
      expect(stderr.includes(told)).toBe(load.length === 0);
      scores.push(firstMetrics(`${out}/rl/steps.jsonl`)["objective/scores"]!);
    }
    expect(Math.abs(scores[0]! - scores[1]!)).toBeGreaterThan(1e-6);
  });

  it("are refused with adapters of another shape, before anything is begun", async () => {
    const words = ["train", "dpo", "--model", "nf4/sl/adapter", "--data", "pairs.jsonl", "--out", "never"];
    const other = settings("dpo", "lora.rank=8", "lora.alpha=8", "lora.targets=q_proj", fourBits);
    for (const more of [[], ["--dry-run"]]) {
      const { stderr } = expectStatus(await run(...words, ...other, ...more), 2);
      expect(stderr).toMatch(/rank 4 \(lora\.rank is 8\), targets .* \(lora\.targets is q_proj: 1 places\)/);
      expect(stderr).toMatch(/covenant\S* export merge/);
    }
    const config = readJson("nf4/sl/adapter/adapter_config.json");
    cpSync(inFolder("nf4/sl/adapter"), inFolder("above"), { recursive: true });
    writeFileSync(
      inFolder("above/adapter_config.json"),
      JSON.stringify({ ...config, base_model_name_or_path: inFolder("nf4/sl/adapter") }),
    );
    const above = ["train", "dpo", "--model", "above", "--data", "pairs.jsonl", "--out", "never"];
    const { stderr } = expectStatus(await run(...above, ...settings("dpo", ...quick, fourBits)), 2);
    expect(stderr).toMatch(/its base is an adapter, too/);
    expect(existsSync(inFolder("never"))).toBe(false);
  });
});

describe("the recipe of cai-implementation", () => {
  it("runs as its files are written, fine-tuning and then DPO on its adapter", async () => {
    cpSync(join(root, "test/golden/families/mistral"), inFolder("mistral"), { recursive: true });
    const config = (method: string): string => join(root, `configs/train/${method}/mistral-7b-lora.yaml`);
    const sft = ["train", "sft", "--config", config("sft"), "--model", "mistral", "--data", "rows.jsonl"];
    expectStatus(await run(...sft), 0);
    const { sft: used } = parse(readFileSync(inFolder("runs/mistral-sft/config.yaml"), "utf8")) as {
      sft: object;
    };
    // its effective batch of 4 is four parts of one row
    const parts = { batch: 4, accumulation: 4, gradientCheckpointing: true };
    expect(used).toMatchObject({
      ...{ load: "4bit", maxTokens: 512, learningRate: 2e-4, schedule: "cosine", epochs: 3, ...parts },
      lora: { rank: 16, alpha: 32, dropout: 0.05, targets: ["q_proj", "v_proj"] },
    });
    const dpo = expectStatus(
      await run("train", "dpo", "--config", config("dpo"), "--data", "pairs.jsonl"),
      0,
    );
    expect(dpo.stdout).toContain("Model: ./runs/mistral-dpo/dpo/adapter");
    expect(parse(readFileSync(inFolder("runs/mistral-dpo/config.yaml"), "utf8"))).toMatchObject({
      dpo: { load: "4bit", epochs: 3, beta: 0.1, ...parts },
    });
    expect(readJson("runs/mistral-dpo/dpo/adapter/adapter_config.json")).toMatchObject({
      base_model_name_or_path: inFolder("mistral"),
      r: 16,
      lora_alpha: 32,
      target_modules: ["q_proj", "v_proj"],
    });
  });
});

describe("the recipe of UCAI", () => {
  it("runs as its files are written: fine-tuning, then a reward model and PPO on what it made", async () => {
    cpSync(join(root, "test/golden/families/gpt2"), inFolder("gpt2"), { recursive: true });
    // GPT-2 has no chat template of its own
    rmSync(inFolder("gpt2/chat_template.jinja"));
    cpSync(join(root, "configs"), inFolder("configs"), { recursive: true });
    const train = (method: string, ...words: string[]) =>
      run("train", method, "--config", `configs/train/${method}/ucai-gpt2.yaml`, ...words);
    // a rank of 64 is refused on this one, which is 32 wide
    const narrow = settings("sft", "lora.rank=32");
    const sft = expectStatus(await train("sft", "--model", "gpt2", "--data", "rows.jsonl", ...narrow), 0);
    expect(sft.stdout).toContain("Model: ./runs/ucai-sft/sl/model");
    expect(readJson("runs/ucai-sft/sl/adapter/adapter_config.json")).toMatchObject({
      base_model_name_or_path: inFolder("gpt2"),
      r: 32,
      lora_alpha: 16,
      lora_dropout: 0.1,
      target_modules: ["c_attn"],
    });
    const { sft: asked } = parse(
      readFileSync(inFolder("configs/train/sft/ucai-gpt2.yaml"), "utf8"),
    ) as Record<string, object>;
    expect(asked).toMatchObject({ epochs: 5, lora: { rank: 64 } });
    // what it kept out, and how long its rows may be
    const resolved = (name: string) => readFileSync(inFolder(`runs/ucai-${name}/config.yaml`), "utf8");
    for (const line of [/^ +maxTokens: 512$/m, /^ +evaluationShare: 0\.2$/m])
      expect(resolved("sft")).toMatch(line);
    const learned = ["--model", "runs/ucai-sft/sl/model"];
    const atChance = settings("reward", "atChance=warn");
    expectStatus(await train("reward", ...learned, "--data", "pairs.jsonl", ...atChance), 0);
    for (const line of [/^ +maxTokens: 256$/m, /^ +heldOutShare: 0\.2$/m])
      expect(resolved("reward")).toMatch(line);
    expect(readJson("runs/ucai-reward/reward/model/config.json")).toMatchObject({
      architectures: ["GPT2ForSequenceClassification"],
    });
    const few = ["--steps", "2", "--set", "counts.harmful=8", "--set", "counts.harmless=8"];
    const ppo = await train("ppo", ...learned, "--reward", "runs/ucai-reward/reward/model", ...few);
    expectStatus(ppo, 0);
    expect(ppo.stdout).toContain("Model: ./runs/ucai-ppo/rl/model");
    const metrics = firstMetrics("runs/ucai-ppo/rl/steps.jsonl");
    expect(Math.abs(metrics["objective/kl"]!)).toBeLessThan(1e-3);
  });
});
