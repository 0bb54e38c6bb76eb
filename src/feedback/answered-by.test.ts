// Records of answers that came from other models than the one that was asked: each says which, and is otherwise the record
// of the same answer from the model itself, byte for byte.

import { describe, expect, it } from "vitest";
import type { z } from "zod";
import {
  type GenerateRequest,
  type LanguageModel,
  type Reply,
  type Score,
  type ScoreRequest,
  scriptedModel,
} from "../models/index.ts";
import {
  areaRecordSchema,
  generationRecordSchema,
  labelRecordSchema,
  type PromptRecord,
  replyRecordSchema,
  revisionRecordSchema,
  violationRecordSchema,
} from "../records/index.ts";
import {
  areasNamed,
  classifyPrompts,
  generateCalls,
  type JudgeProtocol,
  judgeViolations,
  labelBatch,
  plainProtocol,
  reviseBatch,
  sampleReplies,
} from "./index.ts";
import { constitution, optionsIn, pairs, scoringJudge, writingJudge } from "./labels/labels.fixture.ts";

type Naming = (asked: string, request: GenerateRequest | ScoreRequest) => string | undefined;

/** A model some of whose answers come under another name. asked: all that it was told. */
const named = (model: LanguageModel, name: Naming): LanguageModel => {
  const mark = <Answer extends Reply | Score>(
    answer: Answer,
    request: GenerateRequest | ScoreRequest,
  ): Answer => {
    const other = name(request.messages.map(({ content }) => content).join("\n"), request);
    return other === undefined ? answer : { ...answer, answeredBy: [other] };
  };
  return {
    ...model,
    generate: async (requests, options) =>
      (await model.generate(requests, options)).map((reply, at) => mark(reply, requests[at]!)),
    score: async (requests, options) =>
      (await model.score(requests, options)).map((score, at) => mark(score, requests[at]!)),
  };
};

/** Everything without the names of other models. */
const unnamed = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, part: unknown) => (key === "answeredBy" ? undefined : part));

/**
 * The records of a model some of whose answers are others'; checked to be, without the names, those of the same model
 * alone, and to come back whole through their schema.
 */
const recordsOf = async <Row>(
  schema: z.ZodType<Row>,
  model: LanguageModel,
  name: Naming,
  make: (model: LanguageModel) => AsyncIterable<{ readonly records: readonly Row[] }>,
): Promise<Row[]> => {
  const gather = async (asked: LanguageModel): Promise<Row[]> => {
    const records: Row[] = [];
    for await (const chunk of make(asked)) records.push(...chunk.records);
    return records;
  };
  const [plain, marked] = [await gather(model), await gather(named(model, name))];
  expect(plain.length).toBeGreaterThan(0);
  expect(JSON.stringify(plain)).not.toContain("answeredBy");
  expect(JSON.stringify(unnamed(marked))).toBe(JSON.stringify(plain));
  for (const record of marked) expect(schema.parse(record)).toEqual(record);
  return marked;
};

const namesOf = (records: readonly { readonly answeredBy?: readonly string[] | undefined }[]) =>
  records.map(({ answeredBy }) => answeredBy);

const prompts = [0, 1, 2, 3].map(
  (at): PromptRecord => ({
    ...{ id: `p${at}`, parents: [], stage: "prompts", seed: 1, kind: "harmful", split: "train" },
    messages: [{ role: "user", content: `Question ${at}?` }],
  }),
);
const run = { runSeed: 1, stage: "stage" };

describe("a label", () => {
  const few = pairs.slice(0, 3);
  const label = (protocol: JudgeProtocol) => (judge: LanguageModel) =>
    labelBatch({ ...run, judge, pairs: few, constitution, protocol });
  const judge = scoringJudge((first) => (first.startsWith("good") ? 0.8 : 0.3));

  it("names who answered either order", async () => {
    const name: Naming = (_, request) =>
      ["good 0", "bad 1", "good 1"].includes(optionsIn(request)[0]) ? optionsIn(request)[0] : undefined;
    const labels = await recordsOf(labelRecordSchema, judge, name, label(plainProtocol));
    expect(namesOf(labels)).toEqual([["good 0"], ["bad 1", "good 1"], undefined]);
  });

  it("names who wrote chains of thought, and who gave the verdicts after them", async () => {
    const name: Naming = (asked, request) => {
      const isVerdict = "continuations" in request;
      if (asked.includes("good 0")) return isVerdict ? undefined : "writer";
      return asked.includes("good 1") ? (isVerdict ? "reader" : "writer") : undefined;
    };
    const protocol: JudgeProtocol = { ...plainProtocol, method: "reasoning", chains: 2 };
    const labels = await recordsOf(labelRecordSchema, judge, name, label(protocol));
    expect(namesOf(labels)).toEqual([["writer"], ["reader", "writer"], undefined]);
  });

  it("names who cast a single vote, and who wrote what was none", async () => {
    const writer = writingJudge((first) => (first.startsWith("good 2") ? "Neither." : "(A)"));
    let votes = 0;
    const name: Naming = (asked) => (asked.includes("good 1") && votes++ === 5 ? "voter" : undefined);
    const protocol: JudgeProtocol = { ...plainProtocol, method: "votes", reading: "votes", votes: 3 };
    const labels = await recordsOf(labelRecordSchema, writer, name, label(protocol));
    expect(namesOf(labels)).toEqual([undefined, ["voter"], undefined]);
    const lost: Naming = (_, request) => (optionsIn(request)[0] === "good 2" ? "silent" : undefined);
    const unscored = await recordsOf(labelRecordSchema, writer, lost, label(protocol));
    expect(unscored[2]).toMatchObject({ state: "unscored", answeredBy: ["silent"] });
  });
});

describe("a chain of revisions", () => {
  const items = prompts.map(({ id, messages }) => ({
    prompt: id,
    reply: `a/${id}`,
    messages,
    answer: "No.",
  }));
  const model = scriptedModel({
    reply: ({ messages, seed }) => {
      const last = messages.at(-1)!.content;
      if (last.includes("(A)")) return last.includes("Question 2") ? "Well." : "(A)";
      return last === "c" && messages[0]!.content.includes("3") ? "" : `reply ${seed}`;
    },
  });
  const revise = (recheck?: number) => (asked: LanguageModel) =>
    reviseBatch({
      ...{ ...run, model: asked, items, constitution, rounds: 1, maxTokens: 50 },
      ...(recheck === undefined ? {} : { recheck }),
    });

  it("names in each step who wrote the critique and who the revision", async () => {
    const name: Naming = (asked) => {
      if (!asked.includes("Question 1")) return asked.endsWith("\nc") ? "critic" : undefined;
      return asked.endsWith("\nc") ? undefined : "author";
    };
    const chains = await recordsOf(revisionRecordSchema, model, name, revise());
    expect(chains.map(({ steps }) => namesOf(steps))).toEqual([
      [["critic"]],
      [["author"]],
      [["critic"]],
      // a critique that did not come is an answer of somebody, too
      [["critic"]],
    ]);
    const both = await recordsOf(revisionRecordSchema, model, (asked) => asked.slice(-1), revise());
    expect(both[0]!.steps[0]!.answeredBy).toEqual(["c", "r"]);
  });

  it("names in each verdict who tested the reply, also where nothing could be read", async () => {
    const name: Naming = (asked) => (/Question [02][\s\S]*\(A\)/.test(asked) ? "tester" : undefined);
    const chains = await recordsOf(revisionRecordSchema, model, name, revise(1));
    const verdicts = chains.map(({ checks = [] }) => checks.flatMap((check) => check.verdicts));
    const told = verdicts.map((own) => [...new Set(own.map(({ reason }) => reason))]);
    expect(told).toEqual([[undefined], [undefined], ["no-choice"], [undefined]]);
    const names = verdicts.map((own) => [...new Set(own.map(({ answeredBy }) => answeredBy?.join()))]);
    expect(names).toEqual([["tester"], [undefined], ["tester"], [undefined]]);
  });
});

describe("other records", () => {
  const second: Naming = (asked) => (asked.includes("Question 1") ? "other" : undefined);

  it("of replies name who gave them", async () => {
    const model = scriptedModel({ reply: ({ seed }) => `reply ${seed}` });
    const sample = (asked: LanguageModel) =>
      sampleReplies({ ...run, model: asked, prompts, maxTokens: 20, samples: 2 });
    const replies = await recordsOf(replyRecordSchema, model, second, sample);
    expect(namesOf(replies)).toEqual([undefined, undefined, ["other"], ["other"], ...Array(4)]);
  });

  it("of areas name who gave the answer that settled them", async () => {
    // of a pack of two nothing can be read, so that each is asked about once more alone
    const model = scriptedModel({
      reply: ({ messages }) =>
        messages[0]!.content.match(/^\{"number":/gm)!.length > 1
          ? "I would rather not."
          : '{"answers": [{"number": 1, "area": "peace"}]}',
    });
    const classify = (asked: LanguageModel) =>
      classifyPrompts({
        ...{ ...run, model: asked, prompts, areas: areasNamed(["peace", "other"]) },
        ...{ pack: 2, answerTokens: 50, tokensEach: 10 },
      });
    const name: Naming = (asked, request) => (/"number":2/.test(asked) ? "first" : second(asked, request));
    const areas = await recordsOf(areaRecordSchema, model, name, classify);
    expect(areas.map(({ asked }) => asked)).toEqual([2, 2, 2, 2]);
    expect(namesOf(areas)).toEqual([undefined, ["other"], undefined, undefined]);
  });

  it("of violations name who gave either verdict", async () => {
    const [area] = areasNamed(["peace"]);
    const items = prompts.map(({ id, messages }) => ({
      ...{ prompt: id, reply: `r/${id}`, messages, text: "Never.", area: area! },
    }));
    const judge = scriptedModel({ reply: () => "", score: () => [-0.5, -1] });
    const violations = await recordsOf(
      violationRecordSchema,
      judge,
      (asked, request) => (asked.includes("(A) Yes") ? undefined : second(asked, request)),
      (asked) => judgeViolations({ ...run, judge: asked, items }),
    );
    expect(namesOf(violations)).toEqual([undefined, ["other"], undefined, undefined]);
  });

  it("of calls for new prompts name who wrote these", async () => {
    const model = scriptedModel({ reply: ({ seed }) => `{"prompts": ["new ${seed}"]}` });
    const options = {
      ...{ ...run, kind: "harmful" as const, shots: 1, each: 1, temperature: 1, topP: 1 },
      ...{ answerTokens: 50, tokensEach: 10, examples: { count: 4, at: (at: number) => prompts[at]! } },
    };
    const ask = (asked: LanguageModel) => generateCalls({ ...options, model: asked }, 0, 12);
    const calls = await recordsOf(generationRecordSchema, model, second, ask);
    const shown = calls.map(({ parents }) => parents.includes("p1"));
    expect(new Set(shown).size).toBe(2);
    expect(namesOf(calls)).toEqual(shown.map((isShown) => (isShown ? ["other"] : undefined)));
  });
});
