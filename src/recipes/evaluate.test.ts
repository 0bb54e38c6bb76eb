// Which prompts `covenant evaluate` calls held out: none that ask for what training sees. And what it makes of replies that
// are no answers: nothing.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { evaluatedRecordSchema, type MetricsDocument, type RunEvent } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { sandboxPrompts } from "../sandbox/index.ts";
import { describeMeasured, evaluateSchema, gatherMeasured, recipe } from "./evaluate.ts";
import type { RecipeContext } from "./recipe.ts";
import { recipe as run } from "./run.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of sandbox prompts of both sides, without a mark of their side. */
const fileOf = (train: number, test: number): string => {
  const rows = Object.entries({ train, test }).flatMap(([split, harmful]) =>
    harmful === 0
      ? []
      : sandboxPrompts({
          seed: 1,
          split: split as "train" | "test",
          counts: { harmful, harmless: 0, lookalike: 0 },
        }),
  );
  const file = join(folder, `${train}-${test}.jsonl`);
  writeFileSync(file, rows.map(({ messages, kind }) => JSON.stringify({ messages, kind })).join("\n"));
  return file;
};
const { signal } = new AbortController();
const context: RecipeContext = { emit: () => {}, signal, clock: manualClock(0), environment: {} };
const gather = (file: string) => gatherMeasured(evaluateSchema.parse({ prompts: file }), context);

describe("what is measured on nothing or twice", () => {
  it("is refused for a model that is named twice, and warned of where no prompt of a run shows harm", async () => {
    const twice = evaluateSchema.safeParse({ models: ["openai:a", "openai:b", "openai:a"] });
    expect(twice.error?.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining("named twice"),
    ]);
    const counts = { train: { harmful: 2, harmless: 1, lookalike: 1 }, test: { harmless: 1, lookalike: 1 } };
    const codes = async (harmful: number): Promise<unknown> => {
      const settings = { out: join(folder, "run"), counts: { ...counts, test: { ...counts.test, harmful } } };
      const { notices } = await run.plan(run.schema.parse(settings), context);
      return notices?.map(({ code }) => code);
    };
    expect(await codes(0)).toEqual(["harm-unmeasured"]);
    expect(await codes(1)).toBeUndefined();
  });

  it("is refused for more prompts than the sandbox draws", () => {
    const counts = { harmful: 100_000_000 };
    expect(evaluateSchema.safeParse({ counts }).error?.message).toContain(
      "at most 1,000,000 prompts of a kind",
    );
    expect(evaluateSchema.safeParse({ counts: { harmful: 1_000_000 } }).success).toBe(true);
  });
});

describe("prompts to measure on", () => {
  it("of combinations that training sees are told, and not called held out", async () => {
    const { used, notices } = await gather(fileOf(2, 3));
    expect(describeMeasured(used)).toBe("5 prompts, 2 of them not held out");
    expect(notices.map(({ code }) => code)).toEqual(["prompts-seen"]);
    expect(notices[0]?.text).toContain("2 prompts of ");
  });

  it("that are all held out are called so", async () => {
    const { used, notices } = await gather(fileOf(0, 3));
    expect(describeMeasured(used)).toBe("3 held-out prompts");
    expect(notices).toEqual([]);
    const sandbox = await gatherMeasured(
      evaluateSchema.parse({ counts: { harmful: 2, harmless: 1, lookalike: 1 } }),
      context,
    );
    expect(describeMeasured(sandbox.used)).toBe("4 held-out prompts");
  });
});

describe("replies that are no answers", () => {
  type Rule = { when?: string; reply?: string; finish?: string };
  const counts = { harmful: 6, harmless: 4, lookalike: 4 };
  const asked = sandboxPrompts({ seed: 5, split: "test", counts });
  const prompts = join(folder, "asked.jsonl");
  writeFileSync(prompts, asked.map(({ messages, kind }) => JSON.stringify({ messages, kind })).join("\n"));
  const said = (at: number): string => asked[at]!.messages.at(-1)!.content;
  const kindAt = (kind: string, nth = 0): number =>
    asked.flatMap((one, at) => (one.kind === kind ? [at] : []))[nth]!;

  const script = (name: string, rules: readonly Rule[]): string => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ batch: 1, rules }));
    return `scripted:${file}`;
  };
  const evaluate = async (out: string, ...models: readonly string[]) => {
    const warnings: string[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.type === "warning") warnings.push(`${event.code}: ${event.text}`);
    };
    const config = recipe.schema.parse({ out: join(folder, out), models, prompts });
    const { lines } = await recipe.run(config, contextFor(onEvent));
    const { models: figures } = JSON.parse(
      readFileSync(join(folder, out, "metrics.json"), "utf8"),
    ) as MetricsDocument;
    const records = await readRecords(join(folder, out, "evaluate/verdicts.jsonl"), evaluatedRecordSchema);
    return { text: lines.join("\n"), warnings, figures: figures!, records };
  };
  const declines = "I cannot help with that.";

  it("are kept with their end, are part of no figure, and are told", async () => {
    const [harmful, other, lookalike] = [kindAt("harmful"), kindAt("harmful", 1), kindAt("lookalike")];
    const [cut, whole] = [kindAt("harmful", 2), kindAt("harmless")];
    const some = script("some", [
      { when: said(harmful), finish: "refusal" },
      { when: said(other), reply: "" },
      { when: said(lookalike), finish: "overflow" },
      { when: said(cut), reply: declines, finish: "length" },
      { when: said(whole), finish: "rejected" },
      { reply: declines },
    ]);
    const all = script("all", [{ reply: declines }]);
    const { text, warnings, figures, records } = await evaluate("some", all, some);

    expect(figures[all]).not.toHaveProperty("unanswered");
    const { unanswered, harmRate, harmScore, evasiveRate, helpfulRate, ...others } = figures[some]!;
    expect(unanswered).toEqual({ refusal: 1, empty: 1, overflow: 1, length: 1, rejected: 1 });
    expect([harmRate.n, harmScore.n, evasiveRate.n, helpfulRate.n]).toEqual([3, 3, 3, 3]);
    expect([others.overRefusalRate.n, others.malformedRate.n]).toEqual([3, 9]);
    // Compared on what both models answered.
    expect([others.elo.harmless.n, others.elo.helpful.n]).toEqual([3, 6]);

    const own = records.filter(({ model }) => model === some);
    expect(own).toHaveLength(asked.length);
    const ends = own.map(({ request, finish, verdict }) => [request, finish, verdict !== null]);
    expect(ends).toEqual(
      asked.map((_, at) => {
        const finish = {
          [harmful]: "refusal",
          [other]: "empty",
          [lookalike]: "overflow",
          [cut]: "length",
          [whole]: "rejected",
        }[at];
        return [said(at), finish, finish === undefined];
      }),
    );
    expect(text).toContain(
      `Left out of the rates of ${some}: 5 of 14 replies (1 cut at the token limit, 1 refused by the provider, 1 too long for the model's context, 1 rejected by the server, 1 empty).`,
    );
    expect(text).not.toContain(`rates of ${all}`);
    expect(warnings.filter((warning) => warning.startsWith("replies-unanswered"))).toEqual([
      `replies-unanswered: 5 of 14 replies of ${some} are no answers and count in no figure (1 length, 1 refusal, 1 overflow, 1 rejected, 1 empty).`,
    ]);
  });

  it("are no silence of weights that are here: that is what they learned, and malformed", async () => {
    const silent = join(folder, "silent-weights");
    cpSync(fileURLToPath(new URL("../../assets/covenant-tiny", import.meta.url)), silent, {
      recursive: true,
    });
    const every = Array.from({ length: 3712 }, (_, id) => id);
    writeFileSync(join(silent, "generation_config.json"), JSON.stringify({ eos_token_id: every }));
    const { figures, records } = await evaluate("silent-weights-out", silent);
    expect(records.map(({ text, finish, verdict }) => [text, finish, verdict?.class])).toEqual(
      asked.map(() => ["", undefined, "malformed"]),
    );
    const { malformedRate, unanswered } = figures[silent]!;
    expect([malformedRate.value, malformedRate.n, unanswered]).toEqual([1, asked.length, undefined]);
  });

  it("make no figures of a model that gives no others", async () => {
    const refuses = script("refuses", [{ finish: "refusal" }]);
    const failure = { code: "replies-none", message: expect.stringContaining("(14 refusal)") };
    await expect(evaluate("refuses", refuses)).rejects.toMatchObject(failure);
    // Nor when the same command goes on.
    await expect(evaluate("refuses", refuses)).rejects.toMatchObject(failure);
    const silent = script("silent", [{ reply: "" }]);
    await expect(evaluate("silent", silent)).rejects.toMatchObject({ code: "replies-none" });
  });
});
