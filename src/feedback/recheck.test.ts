// The test of replies against every principle, and the further rounds that it brings about: nothing unread is a pass,
// no principle undoes what others did, and the records say all of it.

import { describe, expect, it } from "vitest";
import { type Script, scriptedModel } from "../models/index.ts";
import type { Constitution, RevisionRecord } from "../records/index.ts";
import {
  type RevisionEvent,
  type RevisionOptions,
  recheckReplies,
  reviseBatch,
  scoresRecheck,
  sftRowsFromRevisions,
} from "./index.ts";

const constitution: Constitution = {
  name: "test",
  version: "1",
  description: "",
  source: "test",
  licence: "CC0-1.0",
  principles: ["calm", "short", "warm"].map((id) => ({
    id,
    title: id,
    weight: 1,
    critique: `Is it ${id}?`,
    revision: `Make it ${id}.`,
    preference: "",
  })),
};

/** The reply and the principle that a question of the recheck is about, and whether yes is (A). */
const questionIn = (messages: readonly { readonly content: string }[]) => {
  const match =
    /\nAssistant: (.*)\nIs the last[\s\S]*Request: Make it (\w+)\.\nOptions:\n\(A\) (Yes|No)/.exec(
      messages[0]!.content,
    );
  return match === null ? null : { reply: match[1]!, principle: match[2]!, yesFirst: match[3] === "Yes" };
};

/** A reply keeps the principles that it names. Revisions are given by the principle that asks for them. */
const world = (revisionOf: (principle: string, reply: string) => string): Script => ({
  reply: ({ messages }) => {
    const asked = questionIn(messages);
    if (asked !== null) return asked.reply.includes(asked.principle) === asked.yesFirst ? "(A)" : "(B)";
    const last = messages.at(-1)!.content;
    const wanted = /^Make it (\w+)\.$/.exec(last)?.[1];
    return wanted === undefined ? "It could be better." : revisionOf(wanted, messages.at(-4)!.content);
  },
});

const scoring = (script: Script): Script => ({
  ...script,
  score: ({ messages }) => {
    const { reply, principle, yesFirst } = questionIn(messages)!;
    const share = reply.includes(principle) ? 0.9 : 0.2;
    return [yesFirst ? share : 1 - share, yesFirst ? 1 - share : share].map(Math.log);
  },
});

const revise = async (script: Script, more: Partial<RevisionOptions> = {}): Promise<RevisionRecord> => {
  const items = [
    { prompt: "p", reply: "answer/p", messages: [{ role: "user" as const, content: "Hi" }], answer: "none" },
  ];
  const options = {
    model: scriptedModel(script),
    items,
    constitution,
    rounds: 1,
    runSeed: 1,
    stage: "revise",
  };
  for await (const { records } of reviseBatch({ ...options, maxTokens: 50, recheck: 4, ...more }))
    return records[0]!;
  throw new Error("no record");
};

const addWord = (word: string, reply: string): string => `${reply} ${word}`;

describe("recheckReplies", () => {
  const test = async (script: Script, voteTokens = 16) => {
    const replies = [{ messages: [{ role: "user" as const, content: "Hi" }], reply: "calm warm", seed: 1 }];
    const model = scriptedModel(script);
    const scored = await scoresRecheck(model, constitution, {});
    return (await recheckReplies(model, replies, constitution, { scored, voteTokens })).verdicts[0]!;
  };

  it("gives the mean of both orders where the model scores", async () => {
    expect(await test(scoring(world(addWord)))).toEqual([
      { principle: "calm", verdict: "kept", kept: expect.closeTo(0.9) },
      { principle: "short", verdict: "violated", kept: expect.closeTo(0.2) },
      { principle: "warm", verdict: "kept", kept: expect.closeTo(0.9) },
    ]);
  });

  it("reads what other models write", async () => {
    expect((await test(world(addWord))).map(({ verdict }) => verdict)).toEqual(["kept", "violated", "kept"]);
  });

  it("takes a preference for a place for unknown, whatever the mean", async () => {
    const script: Script = { reply: () => "", score: () => [Math.log(0.9), Math.log(0.1)] };
    const unknown = { verdict: "unknown", kept: expect.closeTo(0.5) };
    expect(await test(script)).toEqual(
      ["calm", "short", "warm"].map((principle) => ({ principle, ...unknown })),
    );
  });

  it("reads what a model writes that gives log-probabilities and names no letter", async () => {
    const mute: Script = { ...world(addWord), score: () => [null, null] };
    expect((await test(mute)).map(({ verdict }) => verdict)).toEqual(["kept", "violated", "kept"]);
  });

  const silent: readonly (readonly [string, Script, string | undefined])[] = [
    ["one letter whatever stands there", { reply: () => "(A)" }, undefined],
    ["no letter", { reply: () => "It depends." }, "no-choice"],
    ["nothing", { reply: () => "" }, "empty"],
    ["a refusal", { reply: () => ({ text: "(A)", finish: "refusal" as const }) }, "refusal"],
    ["more than a verdict", { reply: () => ({ text: "(A)", finish: "length" as const }) }, "cut"],
    ["no log-probabilities", { reply: () => "", score: () => [null, -1] }, "empty"],
  ];

  it.each(silent)("takes %s for unknown, never for a pass, and says why", async (_, script, reason) => {
    const verdicts = await test(script);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["unknown", "unknown", "unknown"]);
    expect(verdicts.map((one) => one.reason)).toEqual([reason, reason, reason]);
  });

  it("lets a model think before its verdict, as far as voteTokens go", async () => {
    const thought = "<think>Is it as the principle wants it?</think>\n";
    const needed = 900;
    const thinking: Script = {
      reply: (request) => {
        const text = `${thought}${world(addWord).reply(request)}`;
        return request.maxTokens < needed ? { text: thought.slice(0, 20), finish: "length" } : text;
      },
    };
    const cut = { verdict: "unknown", reason: "cut" };
    expect(await test(thinking)).toEqual(
      ["calm", "short", "warm"].map((principle) => ({ principle, ...cut })),
    );
    expect((await test(thinking, needed)).map(({ verdict }) => verdict)).toEqual([
      "kept",
      "violated",
      "kept",
    ]);
  });
});

describe("further rounds", () => {
  it.each([
    ["written", world(addWord)],
    ["scored", scoring(world(addWord))],
  ])("go on until every principle is kept (%s verdicts)", async (_, script) => {
    const record = await revise(script);
    expect(record.steps.map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(record.steps.at(-1)?.revision.split(" ").sort()).toEqual(["calm", "none", "short", "warm"]);
    expect(
      record.checks?.map(({ round, verdicts }) => [
        round,
        verdicts.filter((one) => one.verdict === "kept").length,
      ]),
    ).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(record.failing).toEqual([]);
  });

  it("end at the given number and say what still fails", async () => {
    const record = await revise(world(addWord), { recheck: 1 });
    expect(record.steps).toHaveLength(2);
    expect(record.failing).toHaveLength(1);
    const tested = await revise(world(addWord), { recheck: 0 });
    expect([tested.steps.length, tested.checks?.length, tested.failing?.length]).toEqual([1, 1, 2]);
  });

  it("never let one principle undo what another did", async () => {
    const record = await revise(world((word) => word));
    const first = record.steps[0]!.revision;
    expect(record.steps.map(({ revision }) => revision)).toEqual(Array(5).fill(first));
    const rejected = record.steps.slice(1).map((step) => step.rejected);
    expect(rejected.every((text) => text !== undefined && text !== first)).toBe(true);
    // Both of the violated principles are tried, in turn.
    expect(new Set(rejected).size).toBe(2);
    expect(record.failing).toHaveLength(2);
    expect(record.checks).toHaveLength(5);
  });

  it("take no reply that keeps more principles and loses one", async () => {
    const record = await revise(
      world((_, reply) => (reply === "none" ? "calm" : "short warm")),
      { recheck: 1 },
    );
    expect(record.steps.map(({ revision, rejected }) => [revision, rejected])).toEqual([
      ["calm", undefined],
      ["calm", "short warm"],
    ]);
    expect(record.failing).toEqual(["short", "warm"]);
  });

  it("take no reply in other words that keeps no more than the one before", async () => {
    const record = await revise(world((_, reply) => (reply === "none" ? "calm" : `${reply} again`)));
    expect(record.steps.map(({ revision, rejected }) => [revision, rejected])).toEqual([
      ["calm", undefined],
      ...Array(4).fill(["calm", "calm again"]),
    ]);
    expect(record.checks).toHaveLength(5);
  });

  it("turn a reply down that only repeats itself, so that it is learned once", async () => {
    const record = await revise(world(() => "calm"));
    expect(record.steps.map(({ revision, rejected }) => [revision, rejected])).toEqual([
      ["calm", undefined],
      ...Array(4).fill(["calm", "calm"]),
    ]);
    expect(record.checks).toHaveLength(1);
    const { rows } = sftRowsFromRevisions([record], { runSeed: 1, stage: "sft" });
    expect(rows.map(({ completion }) => completion)).toEqual(["calm"]);
  });

  it("do not chase what the model gives no verdict on", async () => {
    const record = await revise({ reply: () => "It depends." });
    expect(record.steps).toHaveLength(1);
    expect(record.failing).toEqual(["calm", "short", "warm"]);
  });

  it("give verdicts the tokens that are asked for, and no others", async () => {
    const limits: number[] = [];
    const counting: Script = {
      reply: (request) => {
        limits.push(request.maxTokens);
        return world(addWord).reply(request);
      },
    };
    await revise(counting, { recheck: 0 });
    expect(new Set(limits.splice(0))).toEqual(new Set([50, 16]));
    await revise(counting, { recheck: 0, voteTokens: 900 });
    expect(new Set(limits)).toEqual(new Set([50, 900]));
  });

  it("tell every step in its order", async () => {
    const events: RevisionEvent[] = [];
    await revise(world(addWord), { recheck: 1, onEvent: (event) => events.push(event) });
    expect(events.map(({ type }) => type)).toEqual([
      ...["critique-written", "revision-written", "reply-checked"],
      ...["critique-written", "revision-written", "reply-checked"],
    ]);
    expect(events.find((event) => event.type === "revision-written")).toMatchObject({ before: "none" });
  });
});
