// Models held in fewer bits where they answer and judge: that the weights are, that a run says so and is another run
// without it, that an adapter stays live on them, and what is said where no model runs here.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { manualClock } from "../core/index.ts";
import { recipe as evaluate } from "./evaluate.ts";
import { recipe as label } from "./label.ts";
import type { Recipe } from "./recipe.ts";
import { recipe as revise } from "./revise.ts";
import { evaluatedModels, recipe as run } from "./run.ts";
import { runSchema } from "./settings/run-config.ts";
import { loadLanguageModel } from "./stages/model-checks.ts";
import { recipe as grpo } from "./train-grpo.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-load-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const context = () => ({
  emit: () => undefined,
  signal: new AbortController().signal,
  clock: manualClock(),
  environment: {},
});
const settle = <Schema extends z.ZodType>(recipe: Recipe<Schema>, settings: object) =>
  recipe.run(recipe.schema.parse(settings), context());
const plan = <Schema extends z.ZodType>(recipe: Recipe<Schema>, settings: object) =>
  recipe.plan(recipe.schema.parse(settings), context());
const read = (out: string, file: string): string => readFileSync(join(out, file), "utf8");

const small = { counts: { harmful: 3, harmless: 1, lookalike: 1 } };
const short = { maxTokens: 20 };

describe("fewer bits", () => {
  it("hold what answers, criticises and revises; the run says so and is no other run's", async () => {
    const out = join(root, "revise");
    const counts = { harmful: 2, harmless: 1, lookalike: 0 };
    const settings = { counts, sampling: { maxTokens: 60, temperature: 1 }, revise: { rounds: 1 }, out };
    await settle(revise, { ...settings, load: "4bit" });
    expect(read(out, "config.yaml")).toContain("load: 4bit");
    await expect(settle(revise, settings)).rejects.toThrow(/another run[\s\S]*load: (")?4bit(")? there/);
    const whole = join(root, "revise-whole");
    await settle(revise, { ...settings, out: whole });
    expect(read(whole, "config.yaml")).not.toContain("load");
    for (const file of ["answer/answers.jsonl", "revise/revisions.jsonl"])
      expect(read(out, file), file).not.toBe(read(whole, file));
  });

  it("hold the judge, also where the policy runs elsewhere; labels stay near those of the whole weights", async () => {
    const script = join(root, "script.yaml");
    writeFileSync(script, "rules: [{reply: [I cannot help with that., Of course. Open the door first.]}]\n");
    const policy = { model: `scripted:${script}`, judge: "embedded:covenant-tiny", label: { samples: 4 } };
    const probabilities = async (out: string, load: object): Promise<number[]> => {
      await settle(label, { ...small, ...policy, ...load, out });
      const lines = read(out, "label/labels.jsonl").trimEnd().split("\n");
      return lines.map((line) => (JSON.parse(line) as { probability: number }).probability);
    };
    const whole = await probabilities(join(root, "label"), {});
    const int8 = await probabilities(join(root, "label-8bit"), { load: "8bit" });
    expect(int8).not.toEqual(whole);
    for (const [at, probability] of int8.entries())
      expect(Math.abs(probability - whole[at]!)).toBeLessThan(0.2);
  });

  it("hold every model that is evaluated", async () => {
    const replies = async (out: string, load: object): Promise<string> => {
      const settings = { ...small, ...load, sampling: { ...short, temperature: 1 }, out };
      await settle(evaluate, settings);
      return read(out, "evaluate/verdicts.jsonl");
    };
    const whole = await replies(join(root, "evaluate"), {});
    expect(await replies(join(root, "evaluate-4bit"), { load: "4bit" })).not.toBe(whole);
  });

  it("leave an adapter live on the weights, near the same merged", async () => {
    const adapter = fileURLToPath(new URL("../../test/golden/adapters/gpt2-patterns", import.meta.url));
    const live = await loadLanguageModel(adapter, context(), "8bit");
    expect(live.adapter).not.toBeNull();
    expect(Object.keys(live.quantised).length).toBeGreaterThan(0);
    const merged = await loadLanguageModel(adapter, context());
    expect(merged.adapter).toBeNull();
    const { createScorer, frozenState } = await import("../transformer/index.ts");
    const scores: number[] = [];
    for (const model of [live, merged]) {
      const scorer = createScorer(frozenState(model));
      const [branches] = await scorer.tokens([{ trunk: [5, 6, 7], branches: [[8, 9, 10, 11]] }]);
      scores.push(branches![0]!.reduce((sum, value) => sum + value, 0));
      await scorer.release();
    }
    expect(scores[0]).not.toBe(scores[1]);
    expect(Math.abs(scores[0]! - scores[1]!)).toBeLessThan(0.3);
  });
});

describe("fewer bits of models that run elsewhere", () => {
  const elsewhere = "http://127.0.0.1:9/v1#m";
  it("are refused before anything is asked, with what to do", async () => {
    const said = /load is 4bit.*"http:\/\/127.0.0.1:9\/v1#m" runs elsewhere.*Leave out load/;
    for (const recipe of [revise, label] as const)
      await expect(
        plan(recipe as Recipe, { ...small, model: elsewhere, load: "4bit", out: join(root, "none") }),
      ).rejects.toThrow(said);
    const models = [elsewhere, "scripted:rules.yaml"];
    await expect(plan(evaluate, { ...small, models, load: "4bit" })).rejects.toThrow("run elsewhere");
    await expect(
      plan(grpo, { ...small, judge: elsewhere, judgeLoad: "4bit", out: join(root, "none") }),
    ).rejects.toThrow(said);
  });

  it("are passed over where another model runs here", async () => {
    const judge = "openai:gpt-4o-mini";
    const environment = { OPENAI_API_KEY: "sk-none" };
    const config = label.schema.parse({ ...small, judge, load: "4bit", out: join(root, "mixed") });
    expect((await label.plan(config, { ...context(), environment })).steps.length).toBeGreaterThan(0);
    const whole = run.schema.parse({ judge, load: "8bit", out: join(root, "mixed") });
    expect((await run.plan(whole, { ...context(), environment })).steps.length).toBeGreaterThan(0);
  });
});

describe("a run's models", () => {
  it("lie where their trainings write them: adapters alone over a base in fewer bits", () => {
    const config = runSchema.parse({
      arms: ["ethical"],
      sft: { load: "4bit", lora: {} },
      ppo: { load: "4bit", lora: {} },
    });
    const names = evaluatedModels("/run", config).map(({ name }) => name);
    expect(names).toEqual([
      "embedded:covenant-tiny",
      join("/run", "ethical/sl/adapter"),
      join("/run", "ethical/dpo/model"),
      join("/run", "ethical/rl/adapter"),
    ]);
  });

  it("are not trained in fewer bits without adapters", async () => {
    for (const block of ["sft", "reward", "dpo", "ppo"])
      await expect(plan(run, { [block]: { load: "4bit" }, out: join(root, "none") })).rejects.toThrow(
        `--set ${block}.lora.rank=16`,
      );
  });
});
