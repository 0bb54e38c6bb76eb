import { describe, expect, it } from "vitest";
import { promptRecordSchema } from "../records/index.ts";
import { sandboxPrompts } from "./prompts.ts";
import { parseRequest } from "./request.ts";

const counts = { harmful: 300, harmless: 200, lookalike: 150 };

describe("sandbox prompts", () => {
  it("come in the asked numbers, each text and each id once, as records", () => {
    for (const split of ["train", "test"] as const) {
      const prompts = sandboxPrompts({ seed: 1, split, counts });
      expect(prompts.length).toBe(650);
      expect(new Set(prompts.map(({ id }) => id)).size).toBe(650);
      expect(new Set(prompts.map(({ messages }) => messages[0]!.content)).size).toBe(650);
      for (const prompt of prompts) expect(promptRecordSchema.parse(prompt)).toEqual(prompt);
      for (const kind of ["harmful", "harmless", "lookalike"] as const) {
        expect(prompts.filter((prompt) => prompt.kind === kind).length).toBe(counts[kind]);
      }
    }
  });

  it("keep held-out combinations for the test split", () => {
    for (const split of ["train", "test"] as const) {
      for (const { messages, kind, area } of sandboxPrompts({ seed: 2, split, counts })) {
        const combination = parseRequest(messages[0]!.content)!.combination;
        expect(combination.heldOut).toBe(split === "test");
        expect(combination.action.kind).toBe(kind);
        expect(area).toBe(combination.action.areas[0]);
      }
    }
  });

  it("depend on the seed alone", () => {
    const one = sandboxPrompts({ seed: 3, split: "test", counts });
    expect(sandboxPrompts({ seed: 3, split: "test", counts })).toEqual(one);
    expect(sandboxPrompts({ seed: 4, split: "test", counts })).not.toEqual(one);
    const fewer = sandboxPrompts({ seed: 3, split: "test", counts: { ...counts, harmful: 10 } });
    expect(fewer.slice(0, 10)).toEqual(one.slice(0, 10));
  });
});
