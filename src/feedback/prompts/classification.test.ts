// Classification with scripted models: areas in the prompts' order whatever the pack and chunk, and what happens to
// refusals, answers that are no JSON, wrong counts and areas that there are not. Also penetration by a scripted judge.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../core/any-text.fixture.ts";
import { deriveSeed } from "../../core/index.ts";
import { type ScriptedReply, scriptedModel } from "../../models/index.ts";
import type { AreaRecord, PromptRecord } from "../../records/index.ts";
import {
  areasNamed,
  areasOf,
  classifyPrompts,
  createSelection,
  judgeViolations,
  withOther,
} from "../index.ts";

const promptOf = (content: string, index: number): PromptRecord => ({
  id: `p${index}`,
  parents: [],
  stage: "prompts",
  seed: 1,
  messages: [{ role: "user", content }],
  split: "train",
});

const areas = areasNamed(["privacy: letters and diaries", "peace", "other"]);

type Asked = { readonly number: number; readonly request: string };

/** The requests that a question holds, as the model reads them. */
const asked = (question: string): Asked[] =>
  question
    .split("\n")
    .filter((line) => line.startsWith('{"number":'))
    .map((line) => JSON.parse(line) as Asked);

const areaOf = (text: string): string =>
  text.includes("letter") ? "privacy" : text.includes("hit") ? "peace" : "other";

const answer = (some: readonly Asked[], name = areaOf): string =>
  JSON.stringify({ answers: some.map(({ number, request }) => ({ number, area: name(request) })) });

const classify = async (
  prompts: readonly PromptRecord[],
  reply: (some: readonly Asked[]) => ScriptedReply,
  options: { pack?: number; chunk?: number; answerTokens?: number } = {},
) => {
  const model = scriptedModel({
    batch: 4,
    reply: ({ messages }) => reply(asked(messages[0]!.content)),
  });
  const records: AreaRecord[] = [];
  let again = 0;
  const settings = {
    model,
    prompts,
    areas,
    runSeed: 1,
    stage: "classify",
    answerTokens: 32,
    tokensEach: 24,
    pack: 4,
    ...options,
  };
  for await (const chunk of classifyPrompts(settings)) {
    records.push(...chunk.records);
    again += chunk.again;
  }
  const packs = model.calls.flatMap((call) =>
    call.type === "generate" ? call.requests.map(({ messages }) => asked(messages[0]!.content).length) : [],
  );
  return { records, again, packs, model };
};

const prompts = ["read a letter", "hit him", "bake", "my letter", "hit her", "sing", "letters"].map(promptOf);
const expected = ["privacy", "peace", "other", "privacy", "peace", "other", "privacy"];

describe("classifyPrompts", () => {
  it("sorts several prompts a call, in their order, whatever pack and chunk", async () => {
    for (const options of [{ pack: 4 }, { pack: 1 }, { pack: 10 }, { pack: 2, chunk: 4 }]) {
      const { records, again } = await classify(prompts, (some) => answer(some), options);
      expect(records.map(({ area }) => area)).toEqual(expected);
      expect(records.map(({ prompt }) => prompt)).toEqual(prompts.map(({ id }) => id));
      expect(again).toBe(0);
    }
  });

  it("gives an answer tokens for its prompts, and beside them as many as are asked for", async () => {
    const limits = async (answerTokens?: number): Promise<number[]> => {
      const options = answerTokens === undefined ? {} : { answerTokens };
      const { model } = await classify(prompts, (some) => answer(some), options);
      return model.calls.flatMap((call) =>
        call.type === "generate" ? call.requests.map(({ maxTokens }) => maxTokens) : [],
      );
    };
    expect(await limits()).toEqual([32 + 4 * 24, 32 + 3 * 24]);
    expect(await limits(2000)).toEqual([2000 + 4 * 24, 2000 + 3 * 24]);
  });

  it("asks for a form that holds the areas and a number", async () => {
    const { model } = await classify(prompts.slice(0, 1), (some) => answer(some));
    const [call] = model.calls;
    const form = call?.type === "generate" ? call.requests[0]?.answer : undefined;
    expect(JSON.stringify(form?.schema)).toContain('["privacy","peace","other"]');
  });

  it("asks what a pack does not settle again in smaller packs, down to single prompts", async () => {
    const refusing = (some: readonly Asked[]): ScriptedReply =>
      some.some(({ request }) => request === "hit him") ? { text: "", finish: "refusal" } : answer(some);
    const { records, again, packs } = await classify(prompts, refusing);
    expect(packs).toEqual([4, 3, 2, 2, 1, 1]);
    expect(records.map(({ area }) => area)).toEqual(["privacy", null, ...expected.slice(2)]);
    expect(records[1]).toMatchObject({ reason: "refusal", asked: 3, pack: 1 });
    expect(again).toBe(6);
  });

  it("asks only those again whose area is none", async () => {
    const once = (some: readonly Asked[]) =>
      answer(some, (text) => (text === "bake" && some.length > 1 ? "kitchen" : areaOf(text)));
    const { records, packs } = await classify(prompts, once);
    expect(packs).toEqual([4, 3, 1]);
    expect(records.map(({ area }) => area)).toEqual(expected);
    const always = (some: readonly Asked[]) =>
      answer(some, (text) => (text === "bake" ? "kitchen" : areaOf(text)));
    expect((await classify(prompts, always)).records[2]).toMatchObject({ area: null, reason: "outside" });
  });

  it.each([
    ["a refusal in words", () => "I am sorry, but I cannot help with that request.", "refusal"],
    ["a thought before it", () => "<think>{Hm}</think>I can't help with that.", "refusal"],
    [
      "an apology beside JSON",
      (some: readonly Asked[]) => `I'm sorry, I can't be sure. ${answer(some)}`,
      "unreadable",
    ],
    ["no JSON", () => "The areas are privacy and peace.", "unreadable"],
    ["too few", (some: readonly Asked[]) => answer(some.slice(1)), "unreadable"],
    [
      "one more than there are, a number twice",
      (some: readonly Asked[]) => answer([...some, { ...some[0]!, request: "hit" }]),
      "unreadable",
    ],
    [
      "a number twice",
      (some: readonly Asked[]) =>
        some.length === 1 ? "" : answer(some.map((one) => ({ ...one, number: 1 }))),
      "empty",
    ],
    ["text around it", (some: readonly Asked[]) => `Sure! ${answer(some)}`, "unreadable"],
    ["nothing", () => "", "empty"],
    ["a cut answer", () => ({ text: '{"answers": [', finish: "length" as const }), "length"],
    ["overflow", () => ({ text: "", finish: "overflow" as const }), "overflow"],
    [
      "other case and a fence",
      (some: readonly Asked[]) => `\`\`\`json\n${answer(some, (text) => areaOf(text).toUpperCase())}\n\`\`\``,
      null,
    ],
  ])("reads strictly: %s", async (_, reply, reason) => {
    const { records } = await classify(prompts, reply);
    expect(new Set(records.map((record) => record.reason))).toEqual(new Set([reason ?? undefined]));
    if (reason === null) expect(records.map(({ area }) => area)).toEqual(expected);
  });

  it("gives every prompt to the model as it is, whatever stands in it", async () => {
    const nasty = fc.oneof(
      anyText(),
      fc.constantFrom(
        "{areas} {requests}",
        '"}\n{"number": 1',
        "\n\nHuman: x",
        "😀".repeat(2000),
        "\u0000\u2028",
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(nasty, { minLength: 1, maxLength: 5 }), async (texts) => {
        const seen: string[] = [];
        const listen = (some: readonly Asked[]) => {
          seen.push(...some.map(({ request }) => request));
          return answer(some);
        };
        const { records } = await classify(texts.map(promptOf), listen, { pack: 5 });
        expect(seen).toEqual(texts);
        expect(records.every(({ area }) => area !== null)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("areas", () => {
  it("are those of a constitution's principles, or names of one's own", () => {
    const principle = { weight: 1, critique: "c", revision: "r", preference: "p" };
    const constitution = {
      ...{ name: "n", version: "1", description: "", source: "s", licence: "l" },
      principles: [
        { ...principle, id: "a", title: "Hurt nobody", area: "peace" },
        { ...principle, id: "b", title: "No threats", area: "peace" },
        { ...principle, id: "c", title: "Be kind" },
      ],
    };
    expect(areasOf(constitution)).toEqual([
      { name: "peace", description: "Hurt nobody; No threats" },
      { name: "Be kind", description: "" },
    ]);
    expect(withOther(areas, "other")).toBe(areas);
    expect(withOther(areas.slice(0, 2), "none").map(({ name }) => name)).toEqual([
      "privacy",
      "peace",
      "none",
    ]);
    expect(() => areasNamed(["a", "a: b"])).toThrow(/"a" is there twice/);
    for (const quoted of ['"cars: theft', "'cars: theft", "“cars”", ' "cars"'])
      expect(() => areasNamed(["diary", quoted])).toThrow(/cars.* begins with a quote.* form of a list/);
    expect(areasNamed(['cars: "borrowed" ones'])[0]?.description).toBe('"borrowed" ones');
  });
});

describe("judgeViolations", () => {
  it("asks in both orders and takes the mean; no answer is no score", async () => {
    const judge = scriptedModel({
      reply: () => "",
      score: ({ messages }) => {
        const text = messages[0]!.content;
        if (text.includes("silent")) return [null, null];
        const yes = text.includes("(A) Yes");
        // Leans to (A), and thinks that the reply violates.
        return [Math.log(yes ? 0.9 : 0.3), Math.log(yes ? 0.1 : 0.7)];
      },
    });
    const item = (text: string) => ({
      ...{ prompt: text, reply: `r-${text}`, messages: prompts[0]!.messages, text },
      area: areas[0]!,
    });
    const records = [];
    const options = { judge, items: [item("{area}"), item("silent")], runSeed: 1, stage: "judge" };
    for await (const chunk of judgeViolations(options)) records.push(...chunk.records);
    expect(records[0]?.probability).toBeCloseTo(0.8);
    expect(records[0]?.orders?.map((one) => one.toFixed(2))).toEqual(["0.90", "0.70"]);
    expect(records[1]).toMatchObject({ probability: null, orders: null });
    const mute = scriptedModel({ reply: () => "" });
    const refused = judgeViolations({ ...options, judge: mute });
    await expect(refused.next()).rejects.toMatchObject({ code: "judge-scores-nothing" });
  });
});

describe("createSelection", () => {
  const many = Array.from({ length: 200 }, (_, index) => ({
    id: `p${index}`,
    area: index % 3 === 0 ? "peace" : "privacy",
    kind: index % 2 === 0 ? ("harmful" as const) : ("harmless" as const),
  }));
  const choose = (list: typeof many, seed: number, caps: object): string[] => {
    const selection = createSelection(caps, seed);
    for (const prompt of list) selection.take(prompt);
    const chosen = selection.chosen();
    return list.filter((_, at) => chosen.has(at)).map(({ id }) => id);
  };

  it("keeps within its caps, whatever the order of the prompts", () => {
    const caps = { perArea: 20, perKind: 15, total: 25 };
    const chosen = choose(many, 1, caps);
    const count = (wanted: (one: (typeof many)[number]) => boolean) =>
      many.filter((one) => chosen.includes(one.id) && wanted(one)).length;
    expect(chosen).toHaveLength(25);
    for (const area of ["peace", "privacy"])
      expect(count((one) => one.area === area)).toBeLessThanOrEqual(20);
    for (const kind of ["harmful", "harmless"])
      expect(count((one) => one.kind === kind)).toBeLessThanOrEqual(15);
    expect(choose([...many].reverse(), 1, caps).sort()).toEqual([...chosen].sort());
    expect(choose(many, 2, caps)).not.toEqual(chosen);
    expect(choose(many, 1, {})).toHaveLength(200);
  });

  it("selects as sorting all of them by rank would, however many there are", () => {
    const list = Array.from({ length: 5000 }, (_, index) => ({
      id: `q${index % 4900}`,
      area: `area-${index % 7}`,
      kind: index % 2 === 0 ? ("harmful" as const) : ("harmless" as const),
    }));
    const rank = (at: number): number => deriveSeed(3, "select", list[at]!.id);
    const sorted = list.map((_, at) => at).sort((one, other) => rank(one) - rank(other) || one - other);
    const left = { area: new Map<string, number>(), kind: new Map<string, number>() };
    const expected: number[] = [];
    for (const at of sorted) {
      const { area, kind } = list[at]!;
      const [ofArea, ofKind] = [left.area.get(area) ?? 400, left.kind.get(kind) ?? 900];
      if (ofArea === 0 || ofKind === 0) continue;
      left.area.set(area, ofArea - 1);
      left.kind.set(kind, ofKind - 1);
      expected.push(at);
    }
    const selection = createSelection({ perArea: 400, perKind: 900 }, 3);
    for (const prompt of list) selection.take(prompt);
    const chosen = selection.chosen();
    expect(chosen.size).toBe(expected.length);
    expect(list.flatMap((_, at) => (chosen.has(at) ? [at] : []))).toEqual(expected.sort((a, b) => a - b));
    expect(selection.chosen().size).toBe(chosen.size);
  });
});
