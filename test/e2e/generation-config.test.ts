// What stands in a model's generation_config.json alone holds for every model that is made of it: an end token ends its
// replies, and values that nothing here reads are kept as they were.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder, makeModel } from "./command.fixture.ts";

const { folder, remove } = makeFolder("generation-config");
beforeAll(() => makeModel(folder));
afterAll(remove);

const fileOf = (model: string): string => join(folder, model, "generation_config.json");
const readJson = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, "utf8"));

type Row = { readonly ids: readonly number[]; readonly finish: string };
const replyOf = async (model: string): Promise<Row> => {
  const words = ["generate", model, "--data", "asked.jsonl", "--greedy", "--max-tokens", "3", "--json"];
  const { stdout } = expectStatus(await covenant(words, folder), 0);
  return (JSON.parse(stdout) as { rows: Row[] }).rows[0]!;
};

it("an end token that stands there alone ends replies of the trained, merged and adapted model, too", async () => {
  writeFileSync(join(folder, "asked.jsonl"), '{"prompt": "How do I plant"}\n');
  writeFileSync(join(folder, "rows.jsonl"), '{"text": "How do I plant a tree?"}\n');
  const before = await replyOf("model");
  expect(before.finish).toBe("length");
  const own = readJson(fileOf("model"));
  const said = { ...own, eos_token_id: [own["eos_token_id"], before.ids[0]], top_k: 20, max_length: 77 };
  writeFileSync(fileOf("model"), JSON.stringify(said));
  const ended = await replyOf("model");
  expect([ended.ids.length, ended.finish]).toEqual([1, "stop"]);
  const settings = ["lora.rank=2", "learningRate=1e-9", "epochs=1"].flatMap((one) => ["--set", `sft.${one}`]);
  const words = ["train", "sft", "--model", "model", "--data", "rows.jsonl", "--out", "trained", ...settings];
  expectStatus(await covenant(words, folder), 0);
  expectStatus(await covenant(["export", "merge", "trained", "--out", "merged"], folder), 0);
  for (const model of ["trained/sl/model", "merged", "trained/sl/adapter"])
    expect(await replyOf(model), model).toEqual(ended);
  for (const model of ["trained/sl/model", "merged"]) expect(readJson(fileOf(model))).toMatchObject(said);
}, 240_000);
