// What a project says once, in .env: where data sets and trained models lie. And a model that comes without a chat
// template.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder, makeModel, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("environment");
beforeAll(async () => {
  await makeModel(folder);
  const names = [
    "SFT_OUTPUT_DIR=made/sft",
    "DPO_OUTPUT_DIR=made/dpo",
    "DATASETS_OUTPUT_DIR=made/data",
    "HF_TOKEN=",
  ];
  writeFileSync(join(folder, ".env"), names.join("\n"));
});
afterAll(remove);

const quick = (block: string) => ["--set", `${block}.batch=4`, "--set", `${block}.epochs=1`, "--quiet"];
// at the default temperature the small model's nonsense is all cut, which leaves nothing to revise
const some = [
  ...["--limit", "4", "--set", "sampling.maxTokens=12", "--set", "sampling.temperature=1"],
  "--quiet",
];
const at = (path: string): string => join(folder, path);

describe(".env", () => {
  it("names where data sets are made, and a set that is there is loaded, not made again", async () => {
    expectStatus(await covenant(["revise", "--model", "./model", ...some], folder), 0);
    const rows = at("made/data/revise/rows/sft.jsonl");
    const answers = statSync(at("made/data/revise/answer")).mtimeMs;
    const before = readFileSync(rows, "utf8");
    expectStatus(await covenant(["revise", "--model", "./model", ...some], folder), 0);
    expect(statSync(at("made/data/revise/answer")).mtimeMs).toBe(answers);
    expect(readFileSync(rows, "utf8")).toBe(before);
  });

  it("names where trainings lie and what they learn from", async () => {
    const labels = at("made/data/label/rows");
    mkdirSync(labels, { recursive: true });
    copyFileSync(join(root, "test/e2e/pairs.jsonl"), join(labels, "preferences.jsonl"));
    expectStatus(await covenant(["train", "dpo", "--model", "./model", ...quick("dpo")], folder), 0);
    expect(existsSync(at("made/dpo/dpo/model/model.safetensors"))).toBe(true);
  });

  it("gives way to a file, where the file says otherwise", async () => {
    writeFileSync(at("own.yaml"), "out: from-file\n");
    const words = ["train", "sft", "--model", "./model", "--config", "own.yaml", ...quick("sft")];
    expectStatus(await covenant(words, folder), 0);
    expect(existsSync(at("from-file/sl/model"))).toBe(true);
    expect(existsSync(at("made/sft"))).toBe(false);
  });
});

describe("a folder of .env that holds data sets in Arrow", () => {
  it("is worked beside, and told with how they are read, in a dry run too", async () => {
    const other = makeFolder("arrow");
    cpSync(at("model"), join(other.folder, "model"), { recursive: true });
    writeFileSync(join(other.folder, ".env"), "DATASETS_OUTPUT_DIR=data");
    for (const name of ["sft", "preferences/train", "elsewhere"]) {
      mkdirSync(join(other.folder, "data", name), { recursive: true });
      // save_to_disk writes all three; without its account of them a file of this name is anyone's
      writeFileSync(join(other.folder, "data", name, "data-00000-of-00001.arrow"), "ARROW1");
      if (name === "elsewhere") continue;
      writeFileSync(join(other.folder, "data", name, "dataset_info.json"), "{}");
      writeFileSync(join(other.folder, "data", name, "state.json"), "{}");
    }
    const told = /DATASETS_OUTPUT_DIR is data, .*\(data\/preferences\/train, data\/sft\)\. They are left/;
    const beside = /beside them \(data\/revise\)/;
    const revise = ["revise", "--model", "./model", ...some];
    const planned = expectStatus(await covenant([...revise, "--dry-run"], other.folder), 0).stdout;
    const said = expectStatus(await covenant(revise, other.folder), 0).stderr;
    for (const text of [planned, said].map((one) => one.replace(/\s+/g, " "))) {
      expect(text).toMatch(told);
      expect(text).toMatch(beside);
    }
    expect(existsSync(join(other.folder, "data/revise/rows/sft.jsonl"))).toBe(true);
    const apart = expectStatus(await covenant([...revise, "--out", "apart"], other.folder), 0);
    expect(apart.stderr).not.toContain("Arrow");
    other.remove();
  });

  it("holds rows that a training reads where one is named, and says what to name where there are several", async () => {
    const saved = fileURLToPath(new URL("../golden/arrow", import.meta.url));
    const train = (data: string) =>
      covenant(["train", "dpo", "--model", "./model", "--data", data, "--out", "saved", "--dry-run"], folder);
    expect(expectStatus(await train(join(saved, "pairs")), 0).stdout).toMatch(/\b2 rows\b/);
    mkdirSync(at("part"));
    for (const name of ["data-00000-of-00002.arrow", "state.json"])
      cpSync(join(saved, "shards", name), join(at("part"), name));
    for (const [data, told] of [
      ["shards", /holds 2 files of Arrow.*num_shards=1.*data-00000-of-00002\.arrow/],
      [at("part"), /holds 1 of 2 files of Arrow, so it is a part of a data set/],
      ["splits", /holds splits: name one, .*splits\/test or .*splits\/train/],
    ] as const)
      expect(expectStatus(await train(resolve(saved, data)), 2).stderr.replace(/\s+/g, " ")).toMatch(told);
  });

  it("is told of where the rows of a training are missing", async () => {
    const rows = at("made/data/sft");
    mkdirSync(rows, { recursive: true });
    for (const name of ["data-00000-of-00001.arrow", "state.json"]) writeFileSync(join(rows, name), "");
    rmSync(at("made/data/revise"), { recursive: true, force: true });
    const words = ["train", "sft", "--model", "./model", ...quick("sft")];
    const { stderr } = expectStatus(await covenant(words, folder), 2);
    expect(stderr.replace(/\s+/g, " ")).toMatch(/Arrow \(made\/data\/sft\).*--data made\/data\/sft`\./);
    rmSync(rows, { recursive: true });
  });
});

describe("a model without a chat template", () => {
  it("is refused for chats, and trained with a template that is then its own", async () => {
    cpSync(join(root, "test/golden/families/gpt2"), at("plain"), { recursive: true });
    rmSync(at("plain/chat_template.jinja"));
    const rows = join(root, "test/e2e/rows.jsonl");
    const words = ["train", "sft", "--model", "plain", "--data", rows, ...quick("sft")];
    const refused = await covenant(words, folder);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/no chat template.*chatTemplate=/),
    ]);
    const template = join(root, "configs/templates/dialogue.jinja");
    expectStatus(await covenant([...words, "--set", `chatTemplate=${template}`], folder), 0);
    expect(readFileSync(at("made/sft/sl/model/chat_template.jinja"), "utf8")).toBe(
      readFileSync(template, "utf8"),
    );
    const missing = await covenant([...words, "--set", "chatTemplate=nowhere.jinja"], folder);
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining("nowhere.jinja")]);
  });
});
