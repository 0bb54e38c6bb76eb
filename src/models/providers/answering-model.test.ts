// Names under which servers answer: which of them are the model that was asked.

import { describe, expect, it } from "vitest";
import { isSameModel } from "./answering-model.ts";

describe("isSameModel", () => {
  it.each([
    ["gpt-4o", "gpt-4o-2024-08-06"],
    ["gpt-4o-2024-08-06", "gpt-4o"],
    ["gpt-4", "gpt-4-0613"],
    ["claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"],
    ["claude-sonnet-4-0", "claude-sonnet-4-20250514"],
    ["Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct"],
    ["llama3", "llama3:latest"],
    ["tiny", "/models/tiny.gguf"],
    ["qwen2.5-7b-instruct", "/models/qwen2.5-7b-instruct-q4_k_m.gguf"],
    ["gpt-4o", "openai/gpt-4o:free"],
  ])("%s is %s", (asked, answered) => {
    expect(isSameModel(asked, answered)).toBe(true);
  });

  it.each([
    ["gpt-4o", "gpt-4o-mini"],
    ["gpt-4o-mini", "gpt-4o"],
    ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"],
    ["gpt-4o", "gpt-4o-mini-2024-07-18"],
    ["llama-3", "llama-3.1"],
    ["claude-sonnet-4-0", "claude-sonnet-4-5-20250929"],
    ["a", "b"],
  ])("%s is not %s", (asked, answered) => {
    expect(isSameModel(asked, answered)).toBe(false);
  });
});
