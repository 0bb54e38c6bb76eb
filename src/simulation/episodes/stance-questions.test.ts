// A meta-model that is asked to sort comments, one short question at a time: what it is asked and what it is not, what the records
// say, and what becomes of answers that cannot be read.

import { describe, expect, it } from "vitest";
import { parseTemplate } from "../../constitution/index.ts";
import { type Finish, type StanceRecord, stanceRecordSchema } from "../../records/index.ts";
import { type AskStances, type SortingOptions, sortComments } from "./stance-questions.ts";
import { episodeWordings } from "./wordings.ts";

const prompt = episodeWordings.brief.metaPrompts.contract;
if (prompt.sorts !== true) throw new Error("expected a meta-prompt that sorts");

const options: SortingOptions = {
  prompt,
  sampling: { temperature: 0.3, topP: 1, maxTokens: 10 },
  ...{ attempts: 3, runSeed: 7, stage: "run-2", name: "run-2/part-1" },
  ...{ place: { run: 2, part: 1 }, parents: ["run-1/contract"] },
};

/** Sorts comments by what is answered to each text of a question, as often as it is asked. */
const sort = async (
  standing: readonly string[],
  said: readonly string[],
  answer: (asked: string, time: number) => string,
  changes: Partial<SortingOptions> = {},
  finishOf: (asked: string) => Finish = () => "stop",
) => {
  const phases: string[][] = [];
  const times = new Map<string, number>();
  const ask: AskStances = async function* ({ count, tasks }) {
    const all = [...tasks()];
    expect(all).toHaveLength(count);
    if (count > 0) phases.push(all.map(({ request }) => request!.messages[0]!.content));
    for (const { request, record } of all) {
      const asked = request!.messages[0]!.content;
      times.set(asked, (times.get(asked) ?? 0) + 1);
      const usage = { promptTokens: 1, completionTokens: 1 };
      yield record({ text: answer(asked, times.get(asked)!), finish: finishOf(asked), usage }, "model-m");
    }
  };
  const comments = said.map((text, at) => ({ record: `rating-${at + 1}`, said: text }));
  return { ...(await sortComments({ ...options, ...changes }, { standing, comments }, ask)), phases };
};

const demand = (comment: string): string => `Comment: ${comment}\n\nDoes it ask for a change?`;
const stance = (first: string, second: string): string =>
  `First: ${first}\nSecond: ${second}\n\nIs the second for the first or against it?`;

/** Answers by what is told of questions; else comments ask for a change, and texts are about different things. */
const told =
  (answers: Readonly<Record<string, string>>) =>
  (asked: string): string =>
    answers[asked] ?? (asked.startsWith("Comment:") ? "yes" : "neither");

describe("comments that a model sorts", () => {
  it("are asked about alone, then, where they ask for a change, beside what stands and beside each other", async () => {
    const said = ["Be open.", "Thank you.", "Be nosy.", "Be brief.", "Tell all."];
    const { sorted, phases, questions, unread } = await sort(
      ["Be kind.", "Be discreet."],
      said,
      told({
        [demand("Thank you.")]: "No.",
        [stance("Be discreet.", "Be nosy.")]: "against",
        [stance("Be brief.", "Tell all.")]: "against",
      }),
    );
    expect(sorted).toEqual([
      "new",
      "nothing",
      { standing: 1, side: "against" },
      "new",
      { comment: 4, side: "against" },
    ]);
    const asking = said.filter((text) => text !== "Thank you.");
    expect(phases).toEqual([
      said.map(demand),
      [
        ...asking.flatMap((text) => [stance("Be kind.", text), stance("Be discreet.", text)]),
        ...asking.flatMap((text, at) => asking.slice(0, at).map((earlier) => stance(earlier, text))),
      ],
    ]);
    expect([questions, unread]).toEqual([5 + 8 + 6, 0]);
  });

  it("go with the first of the same words, and to what stands in the same words, unasked", async () => {
    const { sorted, phases } = await sort(
      ["Be kind.", "Be discreet."],
      ["Be open.", "be discreet.", " Be  open. ", "Be open."],
      told({}),
    );
    expect(sorted).toEqual([
      "new",
      { standing: 1, side: "for" },
      { comment: 1, side: "for" },
      { comment: 1, side: "for" },
    ]);
    expect(phases).toEqual([
      ["Be open.", "be discreet."].map(demand),
      ["Be kind.", "Be discreet."].map((first) => stance(first, "Be open.")),
    ]);
  });

  it("are no matter where nobody asks for a change, and then nothing more is asked", async () => {
    const { sorted, phases } = await sort(["Be kind."], ["Thank you.", "Well done."], () => "no");
    expect(sorted).toEqual(["nothing", "nothing"]);
    expect(phases).toHaveLength(1);
  });

  it("are asked about in a question of one's own", async () => {
    const stance = parseTemplate("own", "{second} / {first}?", ["first", "second"]);
    const texts = { ...prompt.texts, stance };
    const { phases } = await sort(["Be kind."], ["Be {first}."], told({}), { prompt: { texts } });
    expect(phases[1]).toEqual(["Be {first}. / Be kind.?"]);
  });
});

describe("records of what was asked", () => {
  it("say of what, and what was answered", async () => {
    const { records } = await sort(["Be kind."], ["Be open.", "Be brief."], told({}));
    for (const record of records) expect(stanceRecordSchema.parse(record)).toEqual(record);
    const row = (at: number): Partial<StanceRecord> => records[at]!;
    expect(row(0)).toMatchObject({
      ...{ id: "run-2/part-1/demand-1-1", parents: ["rating-1"], stage: "run-2", run: 2, part: 1 },
      ...{ kind: "demand", comment: "rating-1", attempt: 1, model: "model-m" },
      ...{ text: "yes", finish: "stop", answer: "yes" },
    });
    expect(row(2)).toMatchObject({
      ...{ id: "run-2/part-1/stance-1-on-A-1", parents: ["run-1/contract", "rating-1"] },
      ...{ kind: "stance", comment: "rating-1", standing: "A", answer: "neither" },
    });
    expect(row(4)).toMatchObject({
      ...{ id: "run-2/part-1/stance-2-on-1-1", parents: ["rating-1", "rating-2"] },
      ...{ kind: "stance", comment: "rating-2", earlier: "rating-1" },
    });
    expect(new Set(records.map(({ seed }) => seed)).size).toBe(5);
  });

  it("hold answers that cannot be read, after which the question is asked again by another seed, and then counts as no", async () => {
    const said = ["Be open.", "Be brief.", "Be kind."];
    const { sorted, records, phases, unread } = await sort([], said, (asked, time) => {
      if (asked === demand("Be open.")) return time < 3 ? "Perhaps." : "yes";
      if (asked === demand("Be kind.")) return "Perhaps.";
      return asked.startsWith("Comment:") ? "yes" : "it depends";
    });
    expect(sorted).toEqual(["new", "new", "nothing"]);
    expect(unread).toBe(2);
    expect(phases.map((phase) => phase.length)).toEqual([3, 2, 2, 1, 1, 1]);
    const first = records.filter(({ comment, kind }) => comment === "rating-1" && kind === "demand");
    expect(first.map(({ attempt, answer, problem }) => [attempt, answer, problem !== undefined])).toEqual([
      [1, undefined, true],
      [2, undefined, true],
      [3, "yes", false],
    ]);
    expect(new Set(first.map(({ seed }) => seed)).size).toBe(3);
  });

  it.each([
    ["stop", 3],
    ["length", 3],
    ["empty", 3],
    ["refusal", 1],
    ["overflow", 1],
    ["rejected", 1],
  ] as const)(
    "of an answer that ended as %s are %d: what another seed does not change is not asked again",
    async (finish, times) => {
      const { sorted, records, questions, unread } = await sort(
        [],
        ["Be open.", "Be brief."],
        (asked) => (asked === demand("Be open.") ? "" : "yes"),
        {},
        (asked) => (asked === demand("Be open.") ? finish : "stop"),
      );
      expect(records.map(({ comment, attempt }) => [comment, attempt])).toEqual([
        ["rating-1", 1],
        ["rating-2", 1],
        ...(times === 1 ? [] : [2, 3].map((attempt) => ["rating-1", attempt])),
      ]);
      expect([sorted, questions, unread]).toEqual([["nothing", "new"], 2, 1]);
    },
  );
});
