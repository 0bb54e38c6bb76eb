// Low-rank adapters as a user meets them: trained, exported as one model and as PEFT's files, and asked for by name.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModel } from "../../src/models/index.ts";
import { readSafetensors } from "../../src/transformer/index.ts";
import { covenant, expectStatus, makeFolder, makeModel, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("exports");
const trained = join(folder, "runs/sft/sl");
beforeAll(async () => {
  await makeModel(folder);
  const lora = ["rank=4", "alpha=6", "rsLora=true", "dropout=0.1", "targets=q_proj,up_proj"];
  const settings = [...lora.map((one) => `lora.${one}`), "batch=2", "epochs=2", "learningRate=0.02"];
  const words = settings.flatMap((one) => ["--set", `sft.${one}`]);
  const rows = join(root, "test/e2e/rows.jsonl");
  expectStatus(await covenant(["train", "sft", "--model", "model", "--data", rows, ...words], folder), 0);
});
afterAll(remove);

const weightsOf = (path: string) => readSafetensors(join(folder, path, "model.safetensors"));

/** The largest distance between two models' weights of the same names. */
const distance = async (one: string, other: string): Promise<number> => {
  const [first, second] = [await weightsOf(one), await weightsOf(other)];
  expect(Object.keys(first)).toEqual(Object.keys(second));
  let most = 0;
  for (const [name, { data }] of Object.entries(first))
    data.forEach((value, at) => {
      most = Math.max(most, Math.abs(value - second[name]!.data[at]!));
    });
  return most;
};

const adapterConfig = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(path, "adapter_config.json"), "utf8"));

const scoresOf = async (path: string): Promise<(number | null)[]> => {
  const model = await openModel(path, { environment: {} });
  const messages = [{ role: "user" as const, content: "How do I bake bread?" }];
  const [score] = await model.score([{ messages, continuations: ["Mix flour and water.", "No."] }]);
  await model.close();
  return [...score!.logProbabilities];
};

describe("a training with adapters", () => {
  it("leaves them in PEFT's format beside the merged model, with its settings and its base", () => {
    expect(adapterConfig(join(trained, "adapter"))).toMatchObject({
      peft_type: "LORA",
      r: 4,
      lora_alpha: 6,
      use_rslora: true,
      lora_dropout: 0.1,
      target_modules: ["q_proj", "up_proj"],
      base_model_name_or_path: join(folder, "model"),
    });
  });

  it("is asked by the adapter's name as by the merged model's", async () => {
    const [live, merged] = [await scoresOf(join(trained, "adapter")), await scoresOf(join(trained, "model"))];
    for (const [at, value] of live.entries()) expect(value).toBeCloseTo(merged[at]!, 3);
    expect(Math.abs(live[0]! - (await scoresOf(join(folder, "model")))[0]!)).toBeGreaterThan(0.01);
  });
});

describe("export", () => {
  it("is merged, as one is told, where training starts from it without adapters, and gone on with where it has them", async () => {
    const rows = join(root, "test/e2e/rows.jsonl");
    const words = ["train", "sft", "--model", "./runs/sft/sl/adapter", "--data", rows, "--out", "whole"];
    const said =
      /adapter is an adapter: it is merged into its base, and all weights learn.*--set sft\.lora\.rank/;
    const planned = await covenant([...words, "--dry-run"], folder);
    expect(expectStatus(planned, 0).stdout + planned.stderr).toMatch(said);
    const whole = await covenant([...words, "--set", "sft.epochs=1"], folder);
    expect(expectStatus(whole, 0).stderr).toMatch(said);
    const own = ["rank=4", "alpha=6", "rsLora=true", "targets=q_proj,up_proj"];
    const lora = own.flatMap((one) => ["--set", `sft.lora.${one}`]);
    const gone = await covenant([...words.slice(0, -1), "gone", ...lora, "--dry-run"], folder);
    expect(expectStatus(gone, 0).stdout + gone.stderr).not.toMatch(/it is merged/);
  });

  it("merges the adapter of a run into one model, in the format asked for", async () => {
    const words = ["export", "merge", "--model", "runs/sft", "--out", "merged"];
    const { stdout } = expectStatus(await covenant(words, folder), 0);
    expect(stdout).toContain("Written: ./merged\nNext: npx covenant chat ./merged");
    expect(await distance("merged", "runs/sft/sl/model")).toBeLessThan(1e-6);
    expect(await distance("merged", "model")).toBeGreaterThan(1e-3);
    const again = await covenant(words, folder);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining("not overwritten")]);
    const halves = ["export", "merge", "./runs/sft/sl/adapter", "--out", "halves", "--format", "bfloat16"];
    expectStatus(await covenant(halves, folder), 0);
    expect(JSON.parse(readFileSync(join(folder, "halves/config.json"), "utf8")).torch_dtype).toBe("bfloat16");
    expect(await distance("halves", "merged")).toBeLessThan(0.02);
  });

  it("writes the adapter alone, with the base that it is to name", async () => {
    const words = ["export", "adapter", "runs/sft", "--out", "shared", "--base", "someone/their-model"];
    expectStatus(await covenant([...words, "--json"], folder), 0);
    expect(adapterConfig(join(folder, "shared"))).toMatchObject({
      base_model_name_or_path: "someone/their-model",
      lora_alpha: 6,
      use_rslora: true,
      r: 4,
    });
    const [own, shared] = await Promise.all(
      [join(trained, "adapter"), join(folder, "shared")].map((path) =>
        readSafetensors(join(path, "adapter_model.safetensors")),
      ),
    );
    for (const [name, { data }] of Object.entries(own!))
      expect(Math.max(...data.map((value, at) => Math.abs(shared![name]!.data[at]! - value)))).toBeLessThan(
        1e-6,
      );
  });

  it("says when there is no adapter, when there are several, and when a run has no model yet", async () => {
    const whole = await covenant(["export", "merge", "model", "--out", "never"], folder);
    expect([whole.status, whole.stderr]).toEqual([
      2,
      expect.stringMatching(/whole model, without an adapter/),
    ]);
    for (const name of ["one", "two"]) {
      mkdirSync(join(folder, "several", name), { recursive: true });
      writeFileSync(join(folder, "several", name, "adapter_config.json"), "{}");
    }
    const several = await covenant(["export", "merge", "several", "--out", "never"], folder);
    expect([several.status, several.stderr]).toEqual([2, expect.stringMatching(/several adapters/)]);
    expect(existsSync(join(folder, "never"))).toBe(false);
  });
});
