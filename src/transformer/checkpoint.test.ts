// Model folders: what transformers saved is read, what is saved is read back, and every way a folder can be broken is
// said by name.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { loadModelFolder } from "./checkpoint.ts";
import { saveModelFolder } from "./checkpoint-saving.ts";
import { initialParameters, parameterShapes } from "./parameters.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const golden = new URL("../../test/golden/llama-random/", import.meta.url).pathname;
let place = "";
let copies = 0;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "covenant-checkpoint-"));
});
afterAll(() => rm(place, { recursive: true, force: true }));

/** A copy of a golden folder, to be damaged. */
const copyOf = async (name: "tied" | "untied"): Promise<string> => {
  const folder = join(place, `copy-${copies++}`);
  await cp(join(golden, name), folder, { recursive: true });
  return folder;
};
const edit = async (path: string, change: (content: Record<string, unknown>) => unknown): Promise<void> =>
  writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, "utf8")))));
const failure = async (folder: string): Promise<UserError> => {
  const thrown = await loadModelFolder(folder).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(UserError);
  expect((thrown as UserError).message).toContain(folder);
  return thrown as UserError;
};

describe("loadModelFolder", () => {
  it.each(["tied", "untied"])("reads what transformers saved (%s)", async (name) => {
    const { config, task, weights, tokenizer, chatTemplate, generationConfig } = await loadModelFolder(
      join(golden, name),
    );
    expect(config).toMatchObject({
      hiddenSize: 32,
      keyValueHeads: 2,
      ropeTheta: 5000,
      tieEmbeddings: name === "tied",
    });
    expect(task).toBe("causal-lm");
    const shapes = Object.entries(weights).map(([parameter, { shape }]) => [parameter, shape]);
    expect(Object.fromEntries(shapes)).toEqual(parameterShapes(config));
    expect(tokenizer.special).toMatchObject({ end: 0, pad: 1 });
    expect(chatTemplate?.render([{ role: "user", content: "hi" }], { addGenerationPrompt: true })).toBe(
      "<|user|>hi<|end|><|assistant|>",
    );
    expect(generationConfig).toMatchObject({
      endTokenIds: [0],
      padTokenId: 1,
      temperature: null,
      topP: null,
    });
  });

  it("reads weights in several files, and generation_config.json's own end tokens", async () => {
    const folder = await copyOf("untied");
    const whole = await readSafetensors(join(folder, "model.safetensors"));
    const names = Object.keys(whole);
    const halves = [names.slice(0, 7), names.slice(7)].map((part) =>
      Object.fromEntries(part.map((name) => [name, whole[name]!])),
    );
    const files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    await writeSafetensors(join(folder, files[0]!), halves[0]!);
    await writeSafetensors(join(folder, files[1]!), halves[1]!);
    await rm(join(folder, "model.safetensors"));
    const map = Object.fromEntries(names.map((name) => [name, files[name in halves[0]! ? 0 : 1]]));
    const index = join(folder, "model.safetensors.index.json");
    await writeFile(index, JSON.stringify({ metadata: {}, weight_map: map }));
    await edit(join(folder, "generation_config.json"), () => ({ eos_token_id: [0, 5], temperature: 0.7 }));
    const loaded = await loadModelFolder(folder);
    expect(loaded.weights).toEqual(whole);
    expect(loaded.generationConfig).toMatchObject({ endTokenIds: [0, 5], padTokenId: 1, temperature: 0.7 });

    await rm(join(folder, files[1]!));
    expect((await failure(folder)).message).toMatch(/has no model-00002-of-00002\.safetensors/);
    await edit(index, () => ({ weight_map: { "model.norm.weight": "../outside.safetensors" } }));
    expect((await failure(folder)).message).toMatch(/names the file "\.\.\/outside\.safetensors"/);
  });

  type Damage = (folder: string) => Promise<unknown>;
  const retype = (change: Record<string, unknown>): Damage => {
    return (folder) => edit(join(folder, "config.json"), (config) => ({ ...config, ...change }));
  };
  const reweigh = (
    change: (weights: Record<string, { shape: number[]; data: Float32Array }>) => void,
  ): Damage => {
    return async (folder) => {
      const path = join(folder, "model.safetensors");
      const weights = (await readSafetensors(path)) as Record<
        string,
        { shape: number[]; data: Float32Array }
      >;
      change(weights);
      await writeSafetensors(path, weights);
    };
  };
  const damages: [what: string, damage: Damage, message: RegExp][] = [
    ["no config.json", (folder) => rm(join(folder, "config.json")), /has no config\.json/],
    ["no tokenizer.json", (folder) => rm(join(folder, "tokenizer.json")), /has no tokenizer\.json/],
    ["no weights", (folder) => rm(join(folder, "model.safetensors")), /has no model\.safetensors/],
    [
      "half a config.json",
      (folder) => writeFile(join(folder, "config.json"), '{"model'),
      /config\.json: not valid JSON/,
    ],
    ["a config.json of another family", retype({ model_type: "bert" }), /model_type is "bert"/],
    ["a config.json of another size", retype({ intermediate_size: 64 }), /gate_proj.*\[48, 32\].*\[64, 32\]/],
    ["more layers in config.json", retype({ num_hidden_layers: 3 }), /no tensor model\.layers\.2/],
    ["fewer layers in config.json", retype({ num_hidden_layers: 1 }), /tensor model\.layers\.1.*has not/],
    ["a vocabulary too small", retype({ vocab_size: 200 }), /288 tokens.*vocab_size is 200/],
    [
      "a tensor too many",
      reweigh((all) => {
        all["extra.bias"] = { shape: [1], data: Float32Array.of(1) };
      }),
      /extra\.bias/,
    ],
    [
      "a NaN",
      reweigh((all) => all["model.norm.weight"]!.data.fill(Number.NaN, 3, 4)),
      /norm\.weight holds NaN at position 3/,
    ],
    [
      "weights cut off",
      async (folder) => {
        const path = join(folder, "model.safetensors");
        await writeFile(path, (await readFile(path)).subarray(0, -5));
      },
      /cut off/,
    ],
    [
      "a template that is not Jinja",
      (folder) => writeFile(join(folder, "chat_template.jinja"), "{% if %}"),
      /chat_template\.jinja/,
    ],
    [
      "a generation_config.json with nonsense",
      (folder) => writeFile(join(folder, "generation_config.json"), '{"top_p": 7}'),
      /top_p/,
    ],
  ];
  it.each(damages)("says what is wrong with %s", async (_what, damage, message) => {
    const folder = await copyOf("tied");
    await damage(folder);
    expect((await failure(folder)).message).toMatch(message);
  });

  it("says that a folder is not there, is a file, or holds weights of another kind", async () => {
    expect((await failure(join(place, "nowhere"))).message).toMatch(/is not there/);
    const file = join(place, "a-file");
    await writeFile(file, "x");
    expect((await failure(file)).message).toMatch(/is a file/);
    const folder = await copyOf("tied");
    await rm(join(folder, "model.safetensors"));
    await writeFile(join(folder, "pytorch_model.bin"), "x");
    expect((await failure(folder)).message).toMatch(/pytorch_model\.bin.*converted/);
  });
});

describe("saveModelFolder", () => {
  it("is read back as the same model, with the same bytes each time", async () => {
    const model = await loadModelFolder(join(golden, "tied"));
    const generationConfig = { ...model.generationConfig, endTokenIds: [0, 5], doSample: true, topK: 20 };
    const saved = { ...model, tokenizer: model.tokenizer.files, generationConfig };
    const [one, two] = [join(place, "deep", "one"), join(place, "deep", "two")];
    await saveModelFolder(one, saved);
    await saveModelFolder(two, saved);
    const names = await readdir(one);
    expect(names.sort()).toEqual([
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    for (const name of names)
      expect((await readFile(join(one, name))).equals(await readFile(join(two, name)))).toBe(true);
    const again = await loadModelFolder(one);
    const { original: _read, ...config } = model.config;
    expect(again.config).toMatchObject(config);
    expect(again.weights).toEqual(model.weights);
    expect(again.tokenizer.files).toEqual(model.tokenizer.files);
    expect(again.chatTemplate?.source).toBe(model.chatTemplate?.source);
    expect(again.generationConfig).toEqual(generationConfig);
    // The golden weights are bfloat16, so nothing is lost in that format.
    await saveModelFolder(two, { ...saved, format: "bfloat16" });
    expect((await loadModelFolder(two)).weights).toEqual(model.weights);
    expect(await readdir(join(place, "deep"))).toEqual(["one", "two"]);
  });

  it("keeps a sequence classifier what it is", async () => {
    const { config, tokenizer } = await loadModelFolder(join(golden, "untied"));
    const weights = initialParameters(config, 3, "sequence-classification");
    const folder = join(place, "reward");
    await saveModelFolder(folder, {
      config,
      weights,
      tokenizer: tokenizer.files,
      task: "sequence-classification",
    });
    const again = await loadModelFolder(folder);
    expect(again.task).toBe("sequence-classification");
    expect(again.weights).toEqual(weights);
  });

  it("replaces an older model, but nothing else, and leaves the older one when it cannot", async () => {
    const { config, weights, tokenizer } = await loadModelFolder(join(golden, "tied"));
    const saved = { config, weights, tokenizer: tokenizer.files };
    const parent = join(place, "replaced");
    const folder = join(parent, "model");
    await saveModelFolder(folder, saved);
    await saveModelFolder(folder, { ...saved, weights: initialParameters(config, 5) });
    expect((await loadModelFolder(folder)).weights).toEqual(initialParameters(config, 5));

    const { "model.norm.weight": _norm, ...lacking } = weights;
    await expect(saveModelFolder(folder, { ...saved, weights: lacking })).rejects.toThrow(/lack model\.norm/);
    expect((await loadModelFolder(folder)).weights).toEqual(initialParameters(config, 5));
    expect(await readdir(parent)).toEqual(["model"]);

    const foreign = join(parent, "thesis");
    await mkdir(foreign);
    await writeFile(join(foreign, "chapter.txt"), "years of work");
    await expect(saveModelFolder(foreign, saved)).rejects.toBeInstanceOf(UserError);
    expect(await readFile(join(foreign, "chapter.txt"), "utf8")).toBe("years of work");
    await expect(saveModelFolder(join(foreign, "chapter.txt", "model"), saved)).rejects.toBeInstanceOf(
      UserError,
    );
  });

  it("mends what a killed process left: the old model is put back, half a model goes, other folders stay", async () => {
    const { config, weights, tokenizer } = await loadModelFolder(join(golden, "tied"));
    const saved = { config, weights, tokenizer: tokenizer.files };
    const parent = join(place, "killed");
    const folder = join(parent, "model");
    await saveModelFolder(join(parent, ".covenant-model-0123456789ab.old.tmp"), saved);
    await mkdir(join(parent, ".covenant-model-ba9876543210.tmp"));
    const others = [".covenant-model-old-ba9876543210.tmp", "model-old"];
    for (const other of others) await mkdir(join(parent, other));

    const { "model.norm.weight": _norm, ...lacking } = weights;
    await expect(saveModelFolder(folder, { ...saved, weights: lacking })).rejects.toThrow(/lack model\.norm/);
    expect((await loadModelFolder(folder)).weights).toEqual(weights);
    expect((await readdir(parent)).sort()).toEqual([...others, "model"].sort());

    await mkdir(join(parent, ".covenant-model-0123456789ab.old.tmp"));
    await saveModelFolder(folder, { ...saved, weights: initialParameters(config, 5) });
    expect((await loadModelFolder(folder)).weights).toEqual(initialParameters(config, 5));
    expect((await readdir(parent)).sort()).toEqual([...others, "model"].sort());
  });
});
