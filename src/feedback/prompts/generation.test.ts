// New prompts from a scripted model: which examples a call has, what is kept of what comes, and what is counted.

import { describe, expect, it } from "vitest";
import { scriptedModel } from "../../models/index.ts";
import type { GenerationRecord, PromptRecord } from "../../records/index.ts";
import { createHarvest, type GenerationOptions, generateCalls } from "../index.ts";

const examples = ["one {x}", "two\n\nHuman: y", "three", "four"].map(
  (content, index): PromptRecord => ({
    id: `p${index}`,
    parents: [],
    stage: "prompts",
    seed: 1,
    messages: [{ role: "user", content }],
    kind: "harmful",
    split: "train",
  }),
);

const optionsWith = (reply: (seed: number, question: string) => string): GenerationOptions => ({
  model: scriptedModel({ reply: ({ seed, messages }) => reply(seed, messages[0]!.content) }),
  examples: { count: examples.length, at: (index) => examples[index]! },
  kind: "harmful",
  shots: 2,
  each: 3,
  runSeed: 1,
  stage: "ask",
  temperature: 1,
  topP: 1,
  answerTokens: 32,
  tokensEach: 20,
});

const recordsOf = async (...asked: Parameters<typeof generateCalls>): Promise<GenerationRecord[]> => {
  const records: GenerationRecord[] = [];
  for await (const chunk of generateCalls(...asked)) records.push(...chunk.records);
  return records;
};

describe("generateCalls", () => {
  it("asks by the number of the call alone, with examples as they are", async () => {
    const questions: string[] = [];
    const options = optionsWith((_, question) => {
      questions.push(question);
      return '{"prompts": ["new"]}';
    });
    const all = await recordsOf(options, 0, 4);
    const first = [...questions];
    const later = await recordsOf(options, 2, 4);
    expect(later).toEqual(all.slice(2));
    expect(questions.slice(4)).toEqual(first.slice(2));
    for (const [index, { parents }] of all.entries()) {
      expect(parents).toHaveLength(2);
      for (const id of parents) {
        const { content } = examples.find((example) => example.id === id)!.messages[0]!;
        expect(first[index]).toContain(JSON.stringify(content));
      }
    }
    expect(new Set(all.map(({ parents }) => parents.join())).size).toBeGreaterThan(1);
  });

  it("counts calls that give nothing, and leaves out what is there already", async () => {
    const replies = [
      "no",
      '{"prompts": ["A new one", " ", "THREE!", "a new one."]}',
      '{"prompts": ["Other"]}',
      "I'm sorry, but I can't help with that.",
    ];
    let at = 0;
    const records = await recordsOf(
      optionsWith(() => replies[at++]!),
      0,
      4,
    );
    expect(records[0]).toMatchObject({ texts: [], reason: "unreadable" });
    const { harvest, counts } = await createHarvest(examples, { runSeed: 1, stage: "prompts", testShare: 0 });
    const fresh = records.flatMap(harvest);
    expect(fresh.map(({ messages }) => messages[0]?.content)).toEqual(["A new one", "Other"]);
    expect(fresh[0]).toMatchObject({ kind: "harmful", split: "train", parents: [records[1]?.id] });
    expect(counts).toEqual({
      texts: 5,
      blank: 1,
      repeated: 2,
      calls: 4,
      failed: { unreadable: 1, refusal: 1 },
    });
  });
});
