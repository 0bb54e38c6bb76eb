import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DiskWriter, systemDisk, UserError } from "../core/index.ts";
import { loadModelFolder } from "./checkpoint.ts";
import { saveAdapterFolder, saveModelFolder } from "./checkpoint-saving.ts";
import { elementCount, type Weights } from "./parameters.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const golden = new URL("../../test/golden/", import.meta.url).pathname;
let place = "";
let copies = 0;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "covenant-trouble-"));
});
afterAll(() => rm(place, { recursive: true, force: true }));

const copyOf = async (name: string): Promise<string> => {
  const folder = join(place, `copy-${copies++}`);
  await cp(join(golden, name), folder, { recursive: true });
  return folder;
};
const rewrite = async (folder: string, change: (weights: Weights) => Weights): Promise<void> => {
  const path = join(folder, "model.safetensors");
  await writeSafetensors(path, change(await readSafetensors(path)));
};
const renamed = (weights: Weights, name: (old: string) => string): Weights =>
  Object.fromEntries(Object.entries(weights).map(([old, weight]) => [name(old), weight]));
const failure = async (folder: string): Promise<string> => {
  const thrown = await loadModelFolder(folder).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(UserError);
  return (thrown as UserError).message;
};

describe("checkpoints as others write them", () => {
  it("of GPT-2 have no prefix and causal masks: they are the same model", async () => {
    const folder = await copyOf("families/gpt2");
    const whole = await loadModelFolder(folder);
    await rewrite(folder, (weights) => ({
      ...renamed(weights, (name) => name.replace(/^transformer\./, "")),
      "h.0.attn.bias": { shape: [1, 1, 4, 4], data: new Float32Array(16) },
      "h.0.attn.masked_bias": { shape: [], data: Float32Array.of(-1e4) },
    }));
    expect((await loadModelFolder(folder)).weights).toEqual(whole.weights);
  });

  it("hold a tied head as a copy, or what old versions kept: it is left", async () => {
    const folder = await copyOf("llama-random/tied");
    const whole = await loadModelFolder(folder);
    await rewrite(folder, (weights) => ({
      ...weights,
      "lm_head.weight": weights["model.embed_tokens.weight"]!,
      "model.layers.0.self_attn.rotary_emb.inv_freq": { shape: [4], data: new Float32Array(4) },
    }));
    expect((await loadModelFolder(folder)).weights).toEqual(whole.weights);
  });

  it.each([
    ["language_model.model.", "language_model.", "vision_tower.vision_model.post_layernorm.weight"],
    ["model.language_model.", "", "model.multi_modal_projector.mm_soft_emb_norm.weight"],
  ])("are of Gemma 3 with its eyes, its text under %s: the same text model", async (prefix, head, eye) => {
    const folder = await copyOf("families/gemma3");
    const whole = await loadModelFolder(folder);
    const {
      model_type: _type,
      architectures: _,
      eos_token_id,
      pad_token_id,
      ...text
    } = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
    const wrapped = {
      model_type: "gemma3",
      architectures: ["Gemma3ForConditionalGeneration"],
      text_config: { ...text, bos_token_id: null },
      vision_config: { hidden_size: 8 },
      ...{ eos_token_id, pad_token_id },
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(wrapped));
    await rewrite(folder, (weights) => ({
      ...renamed(weights, (name) => name.replace(/^model\./, prefix)),
      [`${head}lm_head.weight`]: weights["model.embed_tokens.weight"]!,
      [eye]: { shape: [8], data: new Float32Array(8) },
    }));
    const read = await loadModelFolder(folder);
    expect(read.weights).toEqual(whole.weights);
    const { original: _one, ...config } = read.config;
    const { original: _other, ...expected } = whole.config;
    expect(config).toEqual(expected);
    const again = join(folder, "again");
    await saveModelFolder(again, { ...read, tokenizer: read.tokenizer.files });
    expect(JSON.parse(await readFile(join(again, "config.json"), "utf8"))).toMatchObject({
      model_type: "gemma3_text",
      architectures: ["Gemma3ForCausalLM"],
    });
    expect((await loadModelFolder(again)).weights).toEqual(whole.weights);
    await writeFile(join(folder, "config.json"), JSON.stringify({ ...wrapped, text_config: undefined }));
    expect(await failure(folder)).toMatch(/model_type is "gemma3", and text_config, .* is missing/);
  });

  it("are float16, float32 or bfloat16: the same numbers where the format holds them", async () => {
    const folder = await copyOf("llama-random/untied");
    const { weights } = await loadModelFolder(folder);
    for (const format of ["bfloat16", "float32", "float16"] as const) {
      await writeSafetensors(join(folder, "model.safetensors"), weights, format);
      const again = (await loadModelFolder(folder)).weights;
      const limit = format === "float16" ? 2 ** -10 : 0;
      for (const [name, { data }] of Object.entries(weights)) {
        const gaps = data.map((value, at) => Math.abs(again[name]!.data[at]! - value));
        expect(Math.max(...gaps)).toBeLessThanOrEqual(limit);
      }
    }
  });
});

describe("files that do not belong together", () => {
  const shards = async (folder: string, change: (map: Record<string, string>) => Record<string, string>) => {
    const [from, to] = ["model.safetensors", "model-00001-of-00001.safetensors"];
    const names = Object.keys(await readSafetensors(join(folder, from)));
    await rename(join(folder, from), join(folder, to));
    const map = change(Object.fromEntries(names.map((name) => [name, to])));
    await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
  };

  it("are told: an index that names what no file holds, a tensor in two files, a template that is missing", async () => {
    const folder = await copyOf("llama-random/untied");
    await shards(folder, (map) => ({ ...map, "model.ghost.weight": "model-00001-of-00001.safetensors" }));
    expect(await failure(folder)).toMatch(/says that model-00001.* holds the tensor model\.ghost\.weight/);

    const twice = await copyOf("llama-random/untied");
    await shards(twice, (map) => ({ ...map, "model.norm.weight": "more.safetensors" }));
    const norm = { "model.norm.weight": { shape: [32], data: new Float32Array(32) } };
    await writeSafetensors(join(twice, "more.safetensors"), norm);
    expect(await failure(twice)).toMatch(/model\.norm\.weight, which .* holds too/);

    const plain = await copyOf("llama-random/untied");
    await rm(join(plain, "chat_template.jinja"));
    expect((await loadModelFolder(plain)).chatTemplate).toBeNull();
  });

  it.each([
    ["../../../etc/passwd.safetensors"],
    ["/etc/x.safetensors"],
    ["a/b.safetensors"],
    ["..\\x.safetensors"],
    ["config.json"],
  ])("an index that points to %s is refused", async (path) => {
    const folder = await copyOf("llama-random/untied");
    await shards(folder, (map) => ({ ...map, "model.norm.weight": path }));
    expect(await failure(folder)).toMatch(/expected \*\.safetensors files in the same folder|has no/);
  });
});

/** A disk with room for so many bytes, which takes what still fits. */
const diskWith = (room: number): DiskWriter => ({
  ...systemDisk,
  write(descriptor, bytes) {
    if (room === 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    const taken = systemDisk.write(descriptor, bytes.subarray(0, Math.min(room, 1 << 16)));
    room -= taken;
    return taken;
  },
});

describe("a disk that fills up while a model is saved", () => {
  it("leaves what was there before, whenever that is", async () => {
    const model = await loadModelFolder(join(golden, "llama-random/tied"));
    const saved = { ...model, tokenizer: model.tokenizer.files };
    const parent = join(place, "full");
    const size = (await readFile(join(golden, "llama-random/tied/model.safetensors"))).length;
    for (const room of [0, 1, 100, 900, 9000, 10_000, 20_000, size, 2 * size]) {
      await mkdir(parent, { recursive: true });
      const thrown = await saveModelFolder(join(parent, "model"), saved, diskWith(room)).catch(
        (error: unknown) => error,
      );
      expect(thrown).toMatchObject({ code: "disk-full" });
      expect(await readdir(parent)).toEqual([]);
    }
    await saveModelFolder(join(parent, "model"), saved, diskWith(4 * size));
    const zeros = Object.fromEntries(
      Object.entries(model.weights).map(([name, { shape }]) => [
        name,
        { shape, data: new Float32Array(elementCount(shape)) },
      ]),
    );
    const failed = saveModelFolder(join(parent, "model"), { ...saved, weights: zeros }, diskWith(30_000));
    await expect(failed).rejects.toThrow(/no space is left/);
    expect(await readdir(parent)).toEqual(["model"]);
    expect((await loadModelFolder(join(parent, "model"))).weights).toEqual(model.weights);
  });

  it("leaves the adapter that was there before, or none", async () => {
    const from = join(golden, "adapters/llama-rslora");
    const { adapter, tokenizer, ...model } = await loadModelFolder(from);
    const { alpha, rsLora, dropout } = adapter!.specification;
    const own = { scale: 1, alpha, rsLora, dropout, base: adapter!.baseFolder };
    const saved = { ...model, ...own, tokenizer: tokenizer.files };
    const parent = join(place, "full-adapter");
    const size = (await readFile(join(from, "adapter_model.safetensors"))).length;
    for (const room of [0, 1, 100, 900, size, 2 * size]) {
      await mkdir(parent, { recursive: true });
      await expect(saveAdapterFolder(join(parent, "adapter"), saved, diskWith(room))).rejects.toMatchObject({
        code: "disk-full",
      });
      expect(await readdir(parent)).toEqual([]);
    }
    await saveAdapterFolder(join(parent, "adapter"), saved);
    const before = await readFile(join(parent, "adapter", "adapter_model.safetensors"));
    const other = { ...saved, scale: 2 };
    await expect(saveAdapterFolder(join(parent, "adapter"), other, diskWith(1000))).rejects.toThrow(
      /no space/,
    );
    expect(await readdir(parent)).toEqual(["adapter"]);
    expect((await readFile(join(parent, "adapter", "adapter_model.safetensors"))).equals(before)).toBe(true);
  });
});
