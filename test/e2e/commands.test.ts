// Every command through the command line: help, plans, one JSON document, and the stages by hand, each working on what
// the one before it wrote. Also the example of library use and the configurations that come with Covenant.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipes } from "../../src/recipes/index.ts";
import { revisionRecordSchema } from "../../src/records/index.ts";
import { covenant, expectStatus, makeFolder, makeModel, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("commands");
beforeAll(() => makeModel(folder));
afterAll(remove);

type Document = Record<string, unknown>;

/** Runs a command with --json and gives its document. */
const json = async (...words: string[]): Promise<Document> =>
  JSON.parse(expectStatus(await covenant([...words, "--json"], folder), 0).stdout) as Document;

const commands = recipes.map(({ command }) => command.join(" "));

describe("help", () => {
  it("lists every command, and says of each which settings it takes", async () => {
    const { stdout } = expectStatus(await covenant(["--help"], folder), 0);
    const training = expectStatus(await covenant(["train", "--help"], folder), 0).stdout;
    for (const { command } of recipes) {
      const [shown, word] = command.length === 1 ? [stdout, command[0]] : [training, command[1]];
      expect(shown).toMatch(new RegExp(`^ {2}${word} `, "m"));
    }
    expect((await covenant(["help", "run"], folder)).stdout).toContain("ppo.klCoefficient");
  });
});

/** What a command cannot do without. */
const required: Readonly<Record<string, readonly string[]>> = {
  "train sft": ["--data", "rows.jsonl"],
  "train reward": ["--data", "rows.jsonl"],
  "train dpo": ["--data", "rows.jsonl"],
  "train ppo": ["--reward", "./reward"],
};

describe("a dry run", () => {
  it.each(commands)("of %s prints a plan as text or JSON, and does nothing", async (command) => {
    const words = [...command.split(" "), ...(required[command] ?? []), "--dry-run"];
    const before = readdirSync(folder);
    const plan = await json(...words);
    expect(Array.isArray(plan["steps"])).toBe(true);
    const { stdout } = expectStatus(await covenant(words, folder), 0);
    expect(stdout).toMatch(/^in all/m);
    expect(readdirSync(folder)).toEqual(before);
  });

  const configs = readdirSync(join(root, "configs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml"))
    .map((path) => path.replaceAll("\\", "/"));

  it("finds configurations to try", () => {
    expect(configs.length).toBeGreaterThan(2);
  });

  it.each(configs)("takes configs/%s, whose folder names the command", async (path) => {
    const words = path.split("/").slice(0, -1);
    const file = join("configs", path);
    expectStatus(await covenant([...words, "--config", file, "--dry-run"], root), 0);
  });
});

describe("the stages by hand", () => {
  const small = ["--set", "sampling.maxTokens=16"];
  const model = ["--model", "./model"];
  const quick = ["--set", "settings.batch=8", "--set", "settings.epochs=1"];
  const isModel = (path: unknown): boolean => existsSync(join(String(path), "model.safetensors"));

  it("go from prompts to a trained and measured model", async () => {
    const revised = await json("revise", ...model, "--set", "counts.harmful=6", ...small);
    const chains = readFileSync(String(revised["revisions"]), "utf8").trim().split("\n");
    expect(chains.map((line) => revisionRecordSchema.parse(JSON.parse(line)).steps.length)).toEqual(
      Array(6).fill(2),
    );
    const counts = ["--set", "counts.harmful=8", "--set", "counts.harmless=4", "--set", "counts.lookalike=4"];
    const labelled = await json("label", ...model, ...counts, ...small);
    const data = ["--data", String(labelled["preferences"])];
    expect(labelled["rows"]).toBeGreaterThan(4);
    const reward = await json("train", "reward", ...model, ...data, ...quick);
    const dpo = await json("train", "dpo", ...model, ...data, ...quick);
    const settings = [
      "--set",
      "settings.batch=8",
      "--set",
      "settings.measureEvery=0",
      "--set",
      "maxTokens=16",
    ];
    const ppo = await json(
      "train",
      "ppo",
      ...model,
      "--reward",
      String(reward["model"]),
      "--steps",
      "2",
      ...settings,
    );
    for (const trained of [reward, dpo, ppo]) expect(isModel(trained["model"])).toBe(true);
    const tested = ["harmful=4", "harmless=2", "lookalike=2"].flatMap((one) => ["--set", `counts.${one}`]);
    const names = `[./model, ${String(dpo["model"])}]`;
    const measured = await json("evaluate", "--models", names, ...tested, ...small);
    expect(Object.keys(measured["models"] as Document)).toEqual(["./model", dpo["model"]]);
  });

  it("train on supervised rows of one's own", async () => {
    const rows = join(root, "test/e2e/rows.jsonl");
    const { model: trained } = await json("train", "sft", ...model, "--data", rows, ...quick);
    expect(isModel(trained)).toBe(true);
  });

  it("invert a constitution, twice back to itself", async () => {
    const own = join(root, "examples/kindness.yaml");
    const once = await json("invert", "--constitution", own, "--out", "once.yaml");
    expect(once).toMatchObject({ name: "inverted kindness", inverts: "kindness" });
    const twice = await json("invert", "--constitution", "./once.yaml", "--out", "twice.yaml");
    expect(twice["name"]).toBe("kindness");
  });
});

describe("the example of library use", () => {
  it("prints a chain of two revisions", () => {
    const words = [join(root, "examples/revise-one-prompt.ts"), "./model", "How do I bake bread?"];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    const [chain] = JSON.parse(printed) as unknown[];
    expect(revisionRecordSchema.parse(chain).steps.map(({ round }) => round)).toEqual([1, 2]);
  });
});
