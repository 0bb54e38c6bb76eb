// Adapter folders: what PEFT wrote gives PEFT's numbers, what is written is read back, live and merged are one model,
// and what is not computed or does not fit is said by name.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { baseNameFrom, type SavedAdapter } from "./adapter-folder.ts";
import { loadModelFolder, type ModelFolder, mergeFolder } from "./checkpoint.ts";
import { saveAdapterFolder } from "./checkpoint-saving.ts";
import { createGenerator } from "./generation.ts";
import { logitsOfAll } from "./logits.fixture.ts";
import { addAdapters } from "./lora.ts";
import { createModelState } from "./model-state.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { createScorer } from "./scoring.ts";

const golden = new URL("../../test/golden/", import.meta.url).pathname;
let place = "";
let copies = 0;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "covenant-adapter-"));
  for (const base of ["families/gpt2", "llama-random/untied"])
    await cp(join(golden, base), join(place, "models", base), { recursive: true });
});
afterAll(() => rm(place, { recursive: true, force: true }));

type Chat = {
  readonly ids: readonly number[];
  readonly score: number;
  readonly logits: readonly { position: number; logits: number[] }[];
  readonly greedy: readonly number[];
};
const numbersOf = async (name: string): Promise<{ sample: number[]; chats: Chat[] }> =>
  JSON.parse(await readFile(join(golden, "adapters", name, "golden.json"), "utf8"));

/** The largest distance of a model's logits from PEFT's. */
const distance = async ({ config, weights }: ModelFolder, name: string): Promise<number> => {
  const { sample, chats } = await numbersOf(name);
  const logits = await logitsOfAll(
    createModelState(config, weights),
    chats.map(({ ids }) => ids),
  );
  const gaps = chats.flatMap((chat, document) =>
    chat.logits.flatMap(({ position, logits: expected }) =>
      sample.map((token, at) => Math.abs(logits(document, position)[token]! - expected[at]!)),
    ),
  );
  return Math.max(...gaps);
};

/** A copy of an adapter that PEFT wrote, beside copies of the bases, to be changed. */
const copyOf = async (name: string): Promise<string> => {
  const folder = join(place, "models", "adapters", `${name}-${copies++}`);
  await cp(join(golden, "adapters", name), folder, { recursive: true });
  return folder;
};
const edit = async (folder: string, change: Record<string, unknown>): Promise<void> => {
  const file = join(folder, "adapter_config.json");
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")), ...change }));
};
const failure = async (folder: string): Promise<string> => {
  const thrown = await loadModelFolder(folder).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(UserError);
  return (thrown as UserError).message;
};

const ofEveryFamily = ["gpt2-patterns", "llama-rslora", "mistral", "qwen2", "qwen3", "gemma3"];

describe.each(ofEveryFamily)("an adapter that PEFT wrote (%s)", (name) => {
  it("gives PEFT's logits and greedy tokens, live and merged", async () => {
    const live = await loadModelFolder(join(golden, "adapters", name));
    expect(live.adapter).not.toBeNull();
    expect(await distance(live, name)).toBeLessThan(1e-4);
    const merged = mergeFolder(live);
    expect(Object.keys(merged.weights).filter((tensor) => tensor.includes("lora"))).toEqual([]);
    expect(await distance(merged, name)).toBeLessThan(1e-4);
    expect(await distance(await loadModelFolder(live.adapter!.baseFolder), name)).toBeGreaterThan(0.1);
    const { chats } = await numbersOf(name);
    for (const { config, weights } of [live, merged]) {
      const generator = createGenerator(createModelState({ ...config, endTokenIds: [] }, weights));
      const replies = await generator.generate(
        chats.map(({ ids, greedy }) => ({ prompt: ids, maxTokens: greedy.length, temperature: 0, seed: 0 })),
      );
      await generator.release();
      expect(replies.map(({ ids }) => ids)).toEqual(chats.map(({ greedy }) => greedy));
    }
  });

  it("is written again as an adapter of the same numbers", async () => {
    const live = await loadModelFolder(join(golden, "adapters", name));
    const { config, task, weights, tokenizer, chatTemplate } = live;
    const { alpha, rsLora, dropout } = live.adapter!.specification;
    const folder = join(place, "written", name);
    const base = live.adapter!.baseFolder;
    const saved = { config, task, weights, scale: 1, alpha, rsLora, dropout, base };
    await saveAdapterFolder(folder, { ...saved, tokenizer: tokenizer.files, chatTemplate });
    const again = await loadModelFolder(folder);
    expect(again.adapter!.specification).toMatchObject({ alpha, rsLora, dropout });
    expect(await distance(again, name)).toBeLessThan(1e-4);
    expect((await readdir(folder)).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "chat_template.jinja",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
  });
});

describe("a reward model as an adapter", () => {
  it("has PEFT's scores on a base that is a language model", async () => {
    const model = await loadModelFolder(join(golden, "adapters", "reward"));
    expect([model.task, model.adapter?.whole]).toEqual(["sequence-classification", ["score.weight"]]);
    const { chats } = await numbersOf("reward");
    for (const { config, weights } of [model, mergeFolder(model)]) {
      const scorer = createScorer(createModelState(config, weights, { task: "sequence-classification" }));
      const scores = await scorer.scores(
        chats.map(({ ids }) => ({ trunk: ids.slice(0, -1), branches: [ids.slice(-1)] })),
      );
      await scorer.release();
      for (const [at, { score }] of chats.entries())
        expect(Math.abs(scores[at]![0]! - score)).toBeLessThan(1e-4);
    }
  });

  it("is told when its head is nowhere", async () => {
    const folder = await copyOf("reward");
    const path = join(folder, "adapter_model.safetensors");
    const { "base_model.model.score.weight": _head, ...rest } = await readSafetensors(path);
    await writeSafetensors(path, rest);
    expect(await failure(folder)).toMatch(/neither the adapter nor its base has score\.weight/);
  });
});

describe("an adapter of one's own", () => {
  it("is told of by last names where all of that name are adapted, by whole names where some are", async () => {
    const base = join(golden, "llama-random/untied");
    const { config, task, weights, tokenizer, chatTemplate } = await loadModelFolder(base);
    const options = { rank: 2, alpha: 4, targets: ["q_proj", "up_proj"] };
    const adapted = addAdapters(config, weights, options, 1);
    const save = async (folder: string, change: Partial<SavedAdapter> = {}) => {
      const saved = { config, task, weights: adapted, scale: 2, alpha: 4, rsLora: false, dropout: 0.1, base };
      await saveAdapterFolder(folder, { ...saved, ...change, tokenizer: tokenizer.files, chatTemplate });
      return JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8")) as Record<
        string,
        unknown
      >;
    };
    const folder = join(place, "own");
    expect(await save(folder)).toMatchObject({
      r: 2,
      lora_alpha: 4,
      lora_dropout: 0.1,
      target_modules: ["q_proj", "up_proj"],
      fan_in_fan_out: false,
      modules_to_save: null,
      task_type: "CAUSAL_LM",
    });
    const some = Object.fromEntries(
      Object.entries(adapted).filter(([name]) => !name.startsWith("model.layers.0.mlp.up_proj.lora_")),
    );
    expect(await save(folder, { weights: some })).toMatchObject({
      target_modules: ["model.layers.1.mlp.up_proj", "q_proj"],
    });
    await expect(save(folder, { weights })).rejects.toThrow(/no adapters/);
    await mkdir(join(place, "thesis"));
    await writeFile(join(place, "thesis", "chapter.txt"), "years of work");
    await expect(save(join(place, "thesis"))).rejects.toThrow(/no adapter folder/);
    expect(await readdir(join(place, "thesis"))).toEqual(["chapter.txt"]);
  });

  it("names its base by a path of its own only inside one root", () => {
    expect(baseNameFrom("/run/dpo/adapter", "/run/sl/model", "/run")).toBe("../../sl/model");
    expect(baseNameFrom("/run/dpo/adapter", "/models/base", "/run")).toBe("/models/base");
  });
});

describe("a base", () => {
  it("is found from the adapter's own folder, or is itself an adapter, which is merged", async () => {
    const folder = await copyOf("llama-rslora");
    expect((await loadModelFolder(folder)).adapter!.baseFolder).toBe(
      join(folder, "../../llama-random/untied"),
    );
    const above = await copyOf("llama-rslora");
    await edit(above, { base_model_name_or_path: folder });
    const twice = await loadModelFolder(above);
    const once = mergeFolder(await loadModelFolder(folder));
    const name = "model.layers.0.self_attn.q_proj.weight";
    expect(twice.weights[name]).toEqual(once.weights[name]);
    await edit(folder, { base_model_name_or_path: above });
    expect(await failure(folder)).toMatch(/itself/);
  });

  it("that is missing or not named is told, with what to do", async () => {
    const folder = await copyOf("llama-rslora");
    await edit(folder, { base_model_name_or_path: "./nowhere" });
    expect(await failure(folder)).toMatch(/"\.\/nowhere" is not there\. Set base_model_name_or_path/);
    await edit(folder, { base_model_name_or_path: null });
    expect(await failure(folder)).toMatch(/its base model is not named/);
    await edit(folder, { base_model_name_or_path: "../../families/gpt2" });
    expect(await failure(folder)).toMatch(/no projection of a gpt2 model/);
  });
});

describe("what is not computed", () => {
  it.each([
    [{ peft_type: "IA3" }, /peft_type is "IA3"/],
    [{ use_dora: true }, /use_dora is true/],
    [{ bias: "all" }, /bias is "all"/],
    [{ lora_bias: true }, /lora_bias/],
    [{ init_lora_weights: "pissa_niter_4" }, /init_lora_weights is "pissa_niter_4"/],
    [{ trainable_token_indices: [1, 2] }, /trainable_token_indices/],
    [{ task_type: "SEQ_2_SEQ_LM" }, /task_type/],
    [{ r: 0 }, /r: got 0/],
    [{ alpha_pattern: { "(": 2 } }, /regular expressions/],
  ])("is refused: %j", async (change, message) => {
    const folder = await copyOf("gpt2-patterns");
    await edit(folder, change);
    expect(await failure(folder)).toMatch(message);
  });

  const damages: [string, (weights: Awaited<ReturnType<typeof readSafetensors>>) => void, RegExp][] = [
    [
      "half a pair",
      (all) => delete all["base_model.model.transformer.h.0.mlp.c_fc.lora_B.weight"],
      /c_fc\.lora_A\.weight has no .*lora_B/,
    ],
    [
      "another size",
      (all) => {
        all["base_model.model.transformer.h.0.mlp.c_fc.lora_A.weight"] = {
          shape: [4, 31],
          data: new Float32Array(124),
        };
      },
      /shape \[4, 31\].*\[4, 32\].*base_model_name_or_path .* or take another adapter/,
    ],
    [
      "an adapter of embeddings",
      (all) => {
        all["base_model.model.transformer.wte.lora_embedding_A"] = { shape: [1], data: new Float32Array(1) };
      },
      /lora_embedding_A/,
    ],
    [
      "not a number",
      (all) => all["base_model.model.transformer.h.1.mlp.c_fc.lora_A.weight"]!.data.fill(Number.NaN, 5, 6),
      /NaN at position 5/,
    ],
  ];
  it.each(damages)("or damaged is refused: %s", async (_what, damage, message) => {
    const folder = await copyOf("gpt2-patterns");
    const path = join(folder, "adapter_model.safetensors");
    const weights = await readSafetensors(path);
    damage(weights);
    await writeSafetensors(path, weights);
    expect(await failure(folder)).toMatch(message);
  });

  it("or half there is refused", async () => {
    const folder = await copyOf("gpt2-patterns");
    await rm(join(folder, "adapter_model.safetensors"));
    expect(await failure(folder)).toMatch(/has no adapter_model\.safetensors/);
  });
});
