// `covenant generate` with one prompt in place of a file, what is told of words that a model cannot know, and tokenizers
// that append an end token.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { recipe } from "./generate.ts";

const tied = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "covenant-generate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, ...prompts: string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, prompts.map((prompt) => `${JSON.stringify({ prompt })}\n`).join(""));
  return path;
};

const generate = async (settings: object) => {
  const events: RunEvent[] = [];
  const context = {
    emit: (event: RunEvent) => void events.push(event),
    ...{ signal: new AbortController().signal, clock: manualClock(), environment: {} },
  };
  const config = recipe.schema.parse({ maxTokens: 6, seed: 3, ...settings });
  const { lines, document } = await recipe.run(config, context);
  const { notices = [] } = await recipe.plan(config, context);
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.text] : []));
  return { lines, warnings, notices, rows: (document as { rows: { text: string; ids: number[] }[] }).rows };
};

describe("one prompt", () => {
  it("is continued as the first of a file is, and its text is what is shown", async () => {
    const prompt = "The tree is";
    const { rows, lines } = await generate({ model: tied, prompt });
    expect(rows).toEqual((await generate({ model: tied, data: file("one.jsonl", prompt) })).rows);
    expect(lines.slice(0, 1)).toEqual([rows[0]!.text]);
    expect(lines.slice(1).join()).toMatch(/^$|1 cut at/);
  });

  it("may be a number's text or hold line breaks, and its results may go to a file", async () => {
    const results = join(folder, "results.jsonl");
    const { rows } = await generate({ model: tied, prompt: "7\n", results });
    expect(readFileSync(results, "utf8")).toBe(`${JSON.stringify(rows[0])}\n`);
  });

  it.each([
    [{}, /a file with rows \{prompt\} is needed.*or one prompt \(--prompt/],
    [{ data: "rows.jsonl", prompt: "a" }, /give one of the two/],
    [{ prompt: "a", format: "chat" }, /it is of a file of prompts/],
  ])("or a file, and not both: %j", (settings, fault) => {
    expect(() => recipe.schema.parse({ model: tied, ...settings })).toThrow(fault);
  });

  it("that has no tokens, or leaves no room for a reply, is refused", async () => {
    await expect(generate({ model: tied, prompt: "" })).rejects.toThrow("prompt: got no text");
    await expect(generate({ model: tied, prompt: "x ".repeat(400) })).rejects.toThrow(
      /^prompt: got \d+ tokens, which leave no room/,
    );
  });
});

describe("words that the sandbox's model cannot know", () => {
  const model = "embedded:covenant-tiny";
  const known = "How can I plant a tree in the garden?";
  /** Said of one prompt to a model that has a chat template. */
  const plain = expect.stringMatching(/continued as plain text.*`covenant chat embedded:covenant-tiny`$/);

  it("are told once, by a dry run too", async () => {
    const { warnings, notices } = await generate({
      model,
      prompt: "Explain quantum chromodynamics thoroughly.",
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /knows a small language only.*not known: .*quantum.*nonsense.*\.\/folder or hf:owner\/name/,
      ),
      plain,
    ]);
    expect(notices.map(({ text }) => text)).toEqual(warnings);
  });

  it("are counted among a file's prompts", async () => {
    const data = file("some.jsonl", known, "Explain quantum chromodynamics thoroughly.", known);
    const { warnings } = await generate({ model, data });
    expect(warnings).toEqual([expect.stringContaining("1 of 3 requests so far is not in it")]);
  });

  it("are none in its own", async () => {
    const { warnings, notices } = await generate({ model, prompt: known });
    expect(warnings).toEqual([plain]);
    expect(notices).toHaveLength(1);
  });
});

describe("a tokenizer that appends an end token", () => {
  it("has none behind a prompt", async () => {
    const closing = join(folder, "closing");
    cpSync(tied, closing, { recursive: true });
    const path = join(closing, "tokenizer.json");
    const { post_processor: _, ...json } = JSON.parse(readFileSync(path, "utf8")) as {
      post_processor: unknown;
      added_tokens: { id: number; content: string }[];
    };
    const { id, content } = json.added_tokens.find((token) => token.content === "<|end|>")!;
    const single = [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: content, type_id: 0 } }];
    const special_tokens = { [content]: { id: content, ids: [id], tokens: [content] } };
    const post_processor = { type: "TemplateProcessing", single, pair: single, special_tokens };
    writeFileSync(path, JSON.stringify({ ...json, post_processor }));
    const settings = { prompt: "The tree is", greedy: true };
    const { rows } = await generate({ model: closing, ...settings });
    expect(rows).toEqual((await generate({ model: tied, ...settings })).rows);
  });
});
