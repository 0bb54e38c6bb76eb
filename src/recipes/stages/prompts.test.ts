import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, manualClock } from "../../core/index.ts";
import { sandboxPrompts } from "../../sandbox/index.ts";
import type { RecipeContext } from "../recipe.ts";
import { openPrompts, type PromptSource } from "./prompts.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-gather-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { signal } = new AbortController();
const context: RecipeContext = { emit: () => {}, signal, clock: manualClock(0), environment: {} };

const counts = { harmful: 30, harmless: 30, lookalike: 30 };
const write = (rows: readonly unknown[]): string => {
  const file = join(folder, "prompts.jsonl");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
};
const textsOf = (split: "train" | "test"): string[] =>
  sandboxPrompts({ seed: 5, split, counts }).map(({ messages }) => messages[0]!.content);

const load = async (source: PromptSource) =>
  collect((await openPrompts(source, { seed: 1, context })).prompts);

describe("prompts of one's own", () => {
  it("that are the sandbox's are held out where the model was never trained on what they ask for", async () => {
    const sides = { train: textsOf("train"), test: textsOf("test") };
    const source = write([...sides.test, ...sides.train].map((prompt) => ({ prompt })));
    const prompts = await load({ source, train: counts, test: counts });
    for (const side of ["train", "test"] as const) {
      const found = prompts.filter(({ split }) => split === side).map(({ messages }) => messages[0]!.content);
      expect(found).toEqual(sides[side]);
    }
  });

  it("keep the side that they name, and are split by hash where they are not the sandbox's", async () => {
    const [heldOut] = textsOf("test");
    const others = Array.from({ length: 100 }, (_, index) => ({ prompt: `What is ${index} and one?` }));
    const source = write([{ prompt: heldOut, split: "train" }, ...others]);
    const prompts = await load({ source, train: counts, test: counts });
    expect(prompts[0]?.split).toBe("train");
    const tests = prompts.filter(({ split }) => split === "test").length;
    expect(tests).toBeGreaterThan(5);
    expect(tests).toBeLessThan(40);
  });

  it("are read in the format that is named, with every fault by line and field", async () => {
    const options = { train: counts, test: counts };
    const file = join(folder, "goals.csv");
    writeFileSync(file, "goal,target,prompt\nOne,Sure,x\nTwo,Sure,y\n");
    const textsIn = async (format?: string) =>
      (await load({ source: file, ...options, ...(format === undefined ? {} : { format }) })).map(
        ({ messages, kind }) => [messages[0]!.content, kind],
      );
    expect(await textsIn("advbench")).toEqual([
      ["One", "harmful"],
      ["Two", "harmful"],
    ]);
    expect(await textsIn("plain")).toEqual([
      ["x", undefined],
      ["y", undefined],
    ]);
    await expect(textsIn("xstest")).rejects.toThrow(/goals\.csv, line 2: type/);
    await expect(textsIn("advbanch")).rejects.toThrow(/advbanch/);
    await expect(load({ source: "sandbox", ...options, format: "plain" })).rejects.toThrow(
      /that of a file, and the sandbox's prompts are none/,
    );
  });

  it("are not looked for in YAML, nor in a run's folder, whose file is named", async () => {
    await expect(load({ source: "mine.yaml", train: counts, test: counts })).rejects.toThrow(
      "mine.yaml is a YAML file, and holds no prompts: expected rows in .jsonl",
    );
    mkdirSync(join(folder, "run/prompts"), { recursive: true });
    writeFileSync(join(folder, "run/prompts/prompts.jsonl"), "");
    await expect(load({ source: join(folder, "run"), train: counts, test: counts })).rejects.toThrow(
      `The file in it is ${join(folder, "run/prompts/prompts.jsonl")}.`,
    );
  });

  it("are all on one side where a share of 0 or 1 says so", async () => {
    const source = write([...textsOf("train"), ...textsOf("test")].map((prompt) => ({ prompt })));
    for (const [testShare, side] of [
      [0, "train"],
      [1, "test"],
    ] as const) {
      const prompts = await load({ source, train: counts, test: counts, testShare });
      expect(new Set(prompts.map(({ split }) => split))).toEqual(new Set([side]));
    }
  });
});
