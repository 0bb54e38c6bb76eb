// What guessing is worth, counted by hand on small sets and, where it lies beside the checkout, on the published one.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { publishedFile, titled } from "../core/published.fixture.ts";
import { baselines, type ChoiceRow, loadChoices, loadPreferences } from "./baselines.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-baselines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (rows: readonly unknown[]): string => {
  const file = join(folder, "rows.jsonl");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
};
const published = publishedFile("anthropic-cai/evals/438HHHEvaluations.jsonl");

describe("baselines", () => {
  it("count letters and longer texts; ties count as not longer", async () => {
    const row = (correct: string, wrong: string, right: string, other: string) => ({
      prompt: "",
      corrects: [` (${correct})`],
      incorrects: [` (${wrong})`],
      text_correct: right,
      text_incorrect: other,
    });
    const rows = [
      row("A", "B", "long", "s"),
      row("A", "B", "same", "size"),
      row("B", "A", "🙂🙂", "one"),
      row("A", "B", "xx", "y"),
    ];
    const found = baselines(await loadChoices(write(rows)));
    expect(found).toMatchObject({
      n: 4,
      always: { "(A)": { count: 3, n: 4, value: 0.75 }, "(B)": { count: 1, n: 4 } },
      longer: { count: 2, n: 4, ties: 1 },
      majority: { answer: "(A)", count: 3 },
      chance: 0.5,
    });
    expect(found.always["(A)"]?.low).toBeCloseTo(0.3006, 4);
  });

  it("need no prompt: of two texts, which is preferred", async () => {
    const file = join(folder, "icai.csv");
    const head = "text_a,text_b,preferred_text";
    writeFileSync(file, `${head}\nlonger,short,text_a\na,long,b\nlong,a,text_b\nx,y,tie\nx,y,\n`);
    const { rows, unknown } = await loadPreferences(file);
    expect(unknown).toBe(2);
    expect(baselines(rows)).toMatchObject({
      n: 3,
      always: { "(A)": { count: 1 }, "(B)": { count: 2 } },
      longer: { count: 2, n: 3 },
    });
    writeFileSync(file, `${head}\na,b,left\na,b\n`);
    await expect(loadPreferences(file)).rejects.toThrow(
      /2 faults[\s\S]*line 2: preferred_text: got "left", expected text_a, text_b, a, b or tie[\s\S]*line 3: got 2 fields/,
    );
  });

  it("reads sets with more options and without texts", async () => {
    const all = ["A", "B", "C"].map((letter) => ` (${letter})`);
    const row = (correct: number, options = 3) => ({
      corrects: [all[correct]],
      incorrects: all.slice(0, options).filter((_, at) => at !== correct),
    });
    const found = baselines(await loadChoices(write([row(2), row(2), row(0, 2), row(1)])));
    expect(found).toMatchObject({ longer: null, majority: { answer: "(C)", count: 2, n: 4 } });
    expect(found.always["(C)"]).toMatchObject({ count: 2, n: 3 });
    expect(found.chance).toBeCloseTo((3 / 3 + 1 / 2) / 4);
  });

  it("adds up to one right answer a question", () => {
    const row = fc.record({ at: fc.nat({ max: 4 }), longerBy: fc.integer({ min: -3, max: 3 }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (given) => {
        const options = [..."ABCDE"];
        const rows = given.map(
          ({ at, longerBy }): ChoiceRow => ({ corrects: [options[at]!], options, longerBy }),
        );
        const { always, majority, longer } = baselines(rows);
        const counts = Object.values(always).map(({ count }) => count);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rows.length);
        expect(majority.count).toBe(Math.max(...counts));
        expect((longer?.count ?? 0) + (longer?.ties ?? 0)).toBeLessThanOrEqual(rows.length);
      }),
    );
  });

  it("names the line and field of what is no question", async () => {
    const rows = [{ corrects: [" (A)"] }, { corrects: [" (A)"], incorrects: [" (A)"] }];
    await expect(loadChoices(write(rows))).rejects.toThrow(
      /line 1: incorrects[\s\S]*line 2: corrects, incorrects: an answer/,
    );
    await expect(loadChoices(write([]))).rejects.toThrow(/holds no questions/);
  });

  const title = titled("are 52.1 % and 56.2 % on the 438 published comparisons", published);
  it.skipIf(published.missing)(title, async () => {
    const { n, always, longer } = baselines(await loadChoices(published.path));
    expect([n, always["(A)"]?.count, always["(B)"]?.count, longer?.count]).toEqual([438, 228, 210, 246]);
    expect((100 * (always["(A)"]?.value ?? 0)).toFixed(1)).toBe("52.1");
    expect((100 * (longer?.value ?? 0)).toFixed(1)).toBe("56.2");
  });
});
