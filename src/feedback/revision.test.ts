// Critique and revision with scripted models: what is asked in each step, what is kept when a step does not come, and
// that neither chunks nor resumption change a chain.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText } from "../core/index.ts";
import { type ScriptedReply, scriptedModel } from "../models/index.ts";
import {
  type Constitution,
  type PromptRecord,
  type ReplyRecord,
  type RevisionRecord,
  revisionRecordSchema,
} from "../records/index.ts";
import {
  type RevisionItem,
  type RevisionOptions,
  reviseBatch,
  revisionItem,
  sampleReplies,
  sftRowsFromRevisions,
} from "./index.ts";

const nothing = { length: 0, refusal: 0, overflow: 0, rejected: 0, empty: 0, critique: 0 };

const principle = (id: string) => ({
  id,
  title: id,
  weight: 1,
  critique: `What is wrong by {${id}}?`,
  revision: `Rewrite it by ${id}.`,
  preference: `Which is better by ${id}?`,
});
const constitution: Constitution = {
  name: "test",
  version: "1",
  description: "",
  source: "test",
  licence: "CC0-1.0",
  principles: ["one", "two", "three"].map(principle),
};
const items: readonly RevisionItem[] = Array.from({ length: 13 }, (_, index) => ({
  prompt: `p${index}`,
  reply: `answer/p${index}`,
  messages: [{ role: "user", content: `Tell me {about} number ${index}: please` }],
  answer: `Answer ${index}`,
}));

/** Replies that depend on the request alone, seed included. */
const seededModel = () =>
  scriptedModel({
    batch: 4,
    reply: ({ messages, seed }) => `reply ${seed} ${hashText(JSON.stringify(messages))}`,
  });

const gather = async (options: Partial<RevisionOptions> = {}): Promise<RevisionRecord[]> => {
  const records: RevisionRecord[] = [];
  const all = {
    model: seededModel(),
    items,
    constitution,
    rounds: 2,
    runSeed: 1,
    stage: "ethical/revise",
    maxTokens: 50,
    ...options,
  };
  for await (const chunk of reviseBatch(all)) records.push(...chunk.records);
  return records;
};

describe("reviseBatch", () => {
  it("asks as the method says: critique of the answer, revision after the critique, next round from the revision", async () => {
    const model = seededModel();
    const [record] = await gather({ model, items: items.slice(0, 1) });
    const asked = model.calls.flatMap((call) => (call.type === "generate" ? call.requests : []));
    const messages = items[0]?.messages ?? [];
    const [first, second] = record?.steps ?? [];
    const of = (id: string | undefined) => principle(id ?? "");
    const chain = (answer: string, id: string | undefined) => [
      ...messages,
      { role: "assistant", content: answer },
      { role: "user", content: of(id).critique },
    ];
    expect(asked.map((request) => request.messages)).toEqual([
      chain("Answer 0", first?.principle),
      [
        ...chain("Answer 0", first?.principle),
        { role: "assistant", content: first?.critique },
        { role: "user", content: of(first?.principle).revision },
      ],
      chain(first?.revision ?? "", second?.principle),
      [
        ...chain(first?.revision ?? "", second?.principle),
        { role: "assistant", content: second?.critique },
        { role: "user", content: of(second?.principle).revision },
      ],
    ]);
    expect(record).toMatchObject({
      id: "ethical/revise/p0",
      parents: ["p0", "answer/p0"],
      answer: "Answer 0",
      messages,
    });
    expect(record?.steps.map((step) => [step.round, step.finish])).toEqual([
      [1, "stop"],
      [2, "stop"],
    ]);
    expect(new Set(asked.map((request) => request.seed)).size).toBe(4);
  });

  it("takes each step for a whole chunk in one call", async () => {
    const model = seededModel();
    await gather({ model, rounds: 3, chunk: 13 });
    expect(model.calls.map((call) => call.requests.length)).toEqual([13, 13, 13, 13, 13, 13]);
  });

  it("gives the same records for every chunk size, order of items, and resumption", async () => {
    const whole = await gather({ chunk: 8 });
    expect(whole).toHaveLength(13);
    expect(await gather({ chunk: 1 })).toEqual(whole);
    expect((await gather({ items: items.toReversed() })).toReversed()).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.nat({ max: 13 }), async (chunk, done) => {
        expect(await gather({ chunk, items: items.slice(done) })).toEqual(whole.slice(done));
      }),
      { numRuns: 20 },
    );
  });

  it("draws principles by item, round and run seed, the same for arms that share the seed stage", async () => {
    const drawn = async (options: Partial<RevisionOptions>) =>
      (await gather({ rounds: 4, ...options })).flatMap((record) =>
        record.steps.map((step) => step.principle),
      );
    const one = await drawn({});
    expect(new Set(one)).toEqual(new Set(["one", "two", "three"]));
    expect(await drawn({ runSeed: 2 })).not.toEqual(one);
    expect(await drawn({ stage: "inverted/revise" })).not.toEqual(one);
    const shared = { seedStage: "revise" };
    expect(await drawn({ ...shared, stage: "inverted/revise" })).toEqual(await drawn(shared));
  });

  it("revises directly without asking for a critique", async () => {
    const model = seededModel();
    const [record] = await gather({ model, items: items.slice(0, 1), rounds: 1, mode: "direct" });
    const step = record?.steps[0];
    expect(model.calls).toHaveLength(1);
    const call = model.calls[0];
    expect(call?.type === "generate" && call.requests[0]?.messages).toEqual([
      ...(items[0]?.messages ?? []),
      { role: "assistant", content: "Answer 0" },
      { role: "user", content: principle(step?.principle ?? "").revision },
    ]);
    expect(step).toMatchObject({ critiqueRequest: "", critique: "" });
  });

  it.each([
    ["a refused critique", "What is wrong", { text: "", finish: "refusal" }, "refusal", ""],
    ["an empty critique", "What is wrong", "  ", "empty", ""],
    ["a critique that cleaning empties", "What is wrong", "\n\nHuman: x", "empty", ""],
    ["a refused revision", "Rewrite", { text: "", finish: "refusal" }, "refusal", "fine"],
    ["an empty revision", "Rewrite", "", "empty", "fine"],
  ] as const)("keeps the reply and tells the state after %s", async (_, marker, given, finish, critique) => {
    const model = scriptedModel({
      reply: ({ messages }): ScriptedReply =>
        messages[0]?.content.includes("number 3:") && messages.at(-1)?.content.startsWith(marker)
          ? given
          : "fine",
    });
    const records = await gather({ model, rounds: 2, chunk: 5 });
    expect(records[3]?.steps.map((step) => [step.revision, step.finish, step.critique])).toEqual([
      ["Answer 3", finish, critique],
      ["Answer 3", finish, critique],
    ]);
    expect(records[4]?.steps.map((step) => step.revision)).toEqual(["fine", "fine"]);
    expect(records[4]?.steps.map((step) => step.finish)).toEqual(["stop", "stop"]);
  });

  it.each(["critique", "direct"] as const)("takes no critique for a revision: mode %s", async (mode) => {
    const written = "Critique: The reply is harmful.";
    const reply = ({ messages }: { messages: readonly { content: string }[] }): string =>
      messages.at(-1)!.content.startsWith("What is wrong")
        ? "It is harmful."
        : messages[0]!.content.includes("number 0:")
          ? written
          : "Fine.";
    const model = scriptedModel({ reply });
    for await (const { records, cuts } of reviseBatch({
      ...{ model, items: items.slice(0, 2), constitution, rounds: 2, runSeed: 1, stage: "s" },
      ...{ maxTokens: 50, mode, chunk: 2 },
    })) {
      const [lost, whole] = records;
      const critique = mode === "direct" ? "" : "It is harmful.";
      expect(lost!.steps.map((step) => [step.finish, step.revision, step.critique])).toEqual([
        ["critique", "Answer 0", critique],
        ["critique", "Answer 0", critique],
      ]);
      expect(lost!.steps[0]!.cuts?.revision).toEqual([{ rule: "critique", text: written }]);
      expect(whole!.steps.map(({ finish, revision }) => [finish, revision])).toEqual([
        ["stop", "Fine."],
        ["stop", "Fine."],
      ]);
      expect(cuts.critique).toBe(2);
      expect(revisionRecordSchema.parse(lost)).toEqual(lost);
      const { rows, leftOut } = sftRowsFromRevisions(records, { runSeed: 1, stage: "rows" });
      expect(rows.map(({ completion }) => completion)).toEqual(["Fine.", "Fine."]);
      expect(leftOut).toEqual({ ...nothing, critique: 2 });
    }
  });

  it("takes a critique for a revision that was presented as one, or asked for", async () => {
    const said = "The assistant's last response is harmful.";
    const asked = [{ role: "user" as const, content: "Critique the reply of this chatbot." }];
    for (const [reply, messages] of [
      [`Here is a revised response: ${said}`, items[0]!.messages],
      [said, asked],
    ] as const) {
      const model = scriptedModel({ reply: () => reply });
      const [record] = await gather({ model, items: [{ ...items[0]!, messages }], rounds: 1 });
      expect(record!.steps[0]).toMatchObject({ finish: "stop", revision: said });
    }
  });

  it("takes a critique that is written once more for no revision", async () => {
    const written = "The reply is rude, and nobody who was harmed is thought of.";
    for (const [mode, finish] of [
      ["critique", "critique"],
      ["direct", "stop"],
    ] as const) {
      const model = scriptedModel({ reply: () => written });
      const [record] = await gather({ model, items: items.slice(0, 1), rounds: 1, mode });
      expect(record!.steps[0]).toMatchObject({ finish });
    }
  });

  it("cleans what the model says and counts the cuts", async () => {
    const model = scriptedModel({
      reply: ({ messages }) =>
        messages.at(-1)?.content.startsWith("Rewrite")
          ? 'Here is a revised response: "No."\n\nHuman: ok'
          : "Critique: bad.",
    });
    const base = { model, items: items.slice(0, 2), constitution, runSeed: 1, stage: "s", maxTokens: 50 };
    for await (const { records, cuts, usage } of reviseBatch({ ...base, rounds: 1 })) {
      expect(records[0]?.steps[0]).toMatchObject({ critique: "bad.", revision: "No." });
      expect(cuts).toMatchObject({ heading: 2, announcement: 2, quotes: 2, "inner-turn": 2, "end-token": 0 });
      expect(usage.completionTokens).toBeGreaterThan(0);
    }
  });

  it("writes down what was cut where something was, and by which rule", async () => {
    const model = scriptedModel({
      reply: ({ messages }) =>
        messages.at(-1)?.content.startsWith("Rewrite") && messages[0]?.content.includes("number 1:")
          ? "Here is a revised response: No."
          : "fine",
    });
    const [clean, cut] = await gather({ model, items: items.slice(0, 2), rounds: 1 });
    expect(Object.keys(clean?.steps[0] ?? {})).not.toContain("cuts");
    expect(cut?.steps[0]?.cuts).toEqual({
      critique: [],
      revision: [{ rule: "announcement", text: "Here is a revised response:" }],
    });
  });

  it("shows worked examples first, the constitution's own where no others are given", async () => {
    const example = {
      messages: [
        { role: "user" as const, content: "Bye" },
        { role: "assistant" as const, content: "Finally." },
      ],
      critiqueRequest: "Is it warm?",
      critique: "It is cold.",
      revisionRequest: "Make it warm.",
      revision: "See you!",
    };
    const firstWords = async (options: Partial<RevisionOptions>): Promise<string[]> => {
      const model = seededModel();
      await gather({ model, items: items.slice(0, 1), rounds: 1, ...options });
      return model.calls.flatMap((call) => call.requests.map(({ messages }) => messages[0]!.content));
    };
    expect(await firstWords({ examples: [example] })).toEqual(["Bye", "Bye"]);
    expect(await firstWords({ constitution: { ...constitution, fewShots: [example] } })).toEqual([
      "Bye",
      "Bye",
    ]);
    const [critique, revision] = await firstWords({ examples: [example], form: "transcript" });
    expect(critique).toMatch(/^\n\nHuman: Bye\n\nAssistant: Finally\..*\n\nCritique:$/s);
    expect(revision).toMatch(/\n\nRevision:$/);
  });

  it("marks a revision cut by length and goes on from it", async () => {
    const model = scriptedModel({ reply: () => "a b c d e f" });
    const [record] = await gather({ model, maxTokens: 3 });
    expect(record?.steps.map((step) => [step.revision, step.finish])).toEqual([
      ["a b c", "length"],
      ["a b c", "length"],
    ]);
  });

  it("refuses rounds below one, stops on abort, and notices a model that loses replies", async () => {
    await expect(gather({ rounds: 0 })).rejects.toThrow(/Got 0 rounds of revision/);
    await expect(gather({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "interrupted" });
    const model = { ...seededModel(), generate: async () => [] };
    await expect(gather({ model })).rejects.toMatchObject({ code: "model-count" });
    expect(await gather({ items: [] })).toEqual([]);
  });
});

const prompts: readonly PromptRecord[] = items.map((item) => ({
  id: item.prompt,
  parents: [],
  stage: "prompts",
  seed: 1,
  messages: [...item.messages],
  split: "train",
}));

describe("sampleReplies", () => {
  const gatherReplies = async (chunk: number, samples: number): Promise<ReplyRecord[]> => {
    const records: ReplyRecord[] = [];
    const options = {
      model: seededModel(),
      prompts,
      runSeed: 3,
      stage: "answer",
      maxTokens: 9,
      chunk,
      samples,
    };
    for await (const part of sampleReplies(options)) records.push(...part.records);
    return records;
  };

  it("gives each prompt its samples in order, whatever the chunk", async () => {
    const records = await gatherReplies(5, 3);
    expect(records.map((record) => record.prompt)).toEqual(prompts.flatMap(({ id }) => [id, id, id]));
    expect(new Set(records.map((record) => record.id)).size).toBe(39);
    expect(new Set(records.map((record) => record.seed)).size).toBe(39);
    expect(await gatherReplies(1, 3)).toEqual(records);
    expect((await gatherReplies(4, 1))[2]).toMatchObject({
      id: "answer/p2",
      parents: ["p2"],
      finish: "stop",
    });
  });

  it("hands only answers on to revision", async () => {
    const replies = await gatherReplies(5, 1);
    const lost = replies.map((reply, index) =>
      index === 1 ? { ...reply, text: "", finish: "refusal" as const } : reply,
    );
    const items = prompts.map((prompt, index) => revisionItem(prompt, index < 12 ? lost[index] : undefined));
    const joined = items.filter((item) => item !== null);
    expect(items.length - joined.length).toBe(1 + Math.max(0, prompts.length - 12));
    expect(joined.map((item) => item.prompt)).not.toContain("p1");
    expect(joined[0]).toEqual({
      prompt: "p0",
      reply: "answer/p0",
      messages: prompts[0]?.messages,
      answer: replies[0]?.text,
    });
  });
});
