// The state in which a cleaned reply is: whole where it had ended before it ran into the limit, none where only thoughts
// came, and what is cut out of the middle of an answer is told apart.

import { describe, expect, it } from "vitest";
import { scriptedModel } from "../models/index.ts";
import type { Finish, PromptRecord } from "../records/index.ts";
import { cleanAnswer, sampleReplies } from "./replies.ts";

const cleaned = (text: string, finish: Finish) => {
  const { cuts, ...rest } = cleanAnswer({ text, finish }, "answer");
  return { ...rest, rules: cuts.map(({ rule }) => rule) };
};

describe("cleanAnswer", () => {
  it.each([
    ["A whole and kind reply.\n\nHuman: and then", "A whole and kind reply.", "stop", ["next-turn"]],
    ["A whole reply.<|im_end|>", "A whole reply.", "stop", ["end-token"]],
    ["Whole.<|im_end|>\n<|im_start|>user\nMore", "Whole.", "stop", ["next-turn", "end-token"]],
    ["Not who", "Not who", "length", []],
    ["Assistant: Not who", "Not who", "length", ["role-marker"]],
    ["<think>Hm.</think>Not who", "Not who", "length", ["thought"]],
    ["<think>Hm. It was cut in the", "", "length", ["thought"]],
    ["\n\nHuman: and then", "", "empty", ["next-turn"]],
    [" \n", "", "length", []],
  ] as const)("of %j that ran into the limit is %j, %s", (text, expected, finish, rules) => {
    expect(cleaned(text, "length")).toEqual({ text: expected, finish, rules });
  });

  it.each([
    ["A reply.\n\nHuman: and then?\n\nAssistant: This.", "A reply.", "stop", ["inner-turn"]],
    ["<think>Hm.</think>\n\nWhole.", "Whole.", "stop", ["thought"]],
    ["<think>Hm.", "", "empty", ["thought"]],
    ["", "", "empty", []],
  ] as const)("of %j that ended by itself is %j, %s", (text, expected, finish, rules) => {
    expect(cleaned(text, "stop")).toEqual({ text: expected, finish, rules });
  });

  it("keeps what is no reply as what it is, without its text", () => {
    for (const finish of ["refusal", "overflow", "rejected", "empty"] as const)
      expect(cleaned("partly", finish)).toEqual({ text: "", finish, rules: [] });
  });
});

describe("sampleReplies", () => {
  it("gives no thought to what comes after, and writes it down as a cut", async () => {
    const prompt: PromptRecord = {
      ...{ id: "p", parents: [], stage: "prompts", seed: 1, split: "train" },
      messages: [{ role: "user", content: "Hi" }],
    };
    const model = scriptedModel({ reply: () => "<think>\nThey greet me.\n</think>\n\nHello." });
    for await (const { records, cuts } of sampleReplies({
      ...{ model, prompts: [prompt], runSeed: 1, stage: "answer", maxTokens: 50 },
    })) {
      expect(records[0]).toMatchObject({ text: "Hello.", finish: "stop" });
      expect(records[0]?.cuts).toEqual([{ rule: "thought", text: "<think>\nThey greet me.\n</think>" }]);
      expect(cuts.thought).toBe(1);
    }
  });
});
