// `covenant polis predict` in the brief wording, on a conversation of the sandbox's people: what a model is asked in, that one which
// had learned to vote from what it is told tells held-out votes nearly all, and that models without these words are refused.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { scriptedModel } from "../models/index.ts";
import { forecastRecordSchema, type VoteKind } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import {
  conversationFiles,
  nameOf,
  oppositeOf,
  plainDescription,
  readStatement,
  sandboxConversation,
  topicOf,
  type Wish,
  wishesOf,
} from "../sandbox/index.ts";
import {
  computeGroups,
  describeVoters,
  forecastVotes,
  majorityPredictor,
  measureForecasts,
  measurePredictor,
  readConversation,
  sampleVoters,
  shownOf,
  splitVotes,
  voteOf,
  voterByPersona,
  voterByVotes,
} from "../simulation/index.ts";
import { recipe } from "./polis-predict.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "covenant-brief-predict-"));
afterAll(() => rmSync(folder, { recursive: true }));

const files = {
  comments: at("examples/polis-sandbox/comments.csv"),
  votes: at("examples/polis-sandbox/participants-votes.csv"),
};

/** What is said to be wanted, by votes in lines or by a description. */
const wishesIn = (told: readonly string[]): Wish[] => {
  const described = wishesOf(told.join(" "));
  if (described !== null) return described;
  const found = new Map<string, Wish>();
  for (const line of told) {
    const [, vote, text] = /^(agree|disagree): (.+)$/.exec(line) ?? [];
    const wish = text === undefined ? null : readStatement(text);
    if (wish !== null) found.set(topicOf(wish), vote === "agree" ? wish : oppositeOf(wish));
  }
  return [...found.values()];
};

/** A model that has learned all polls: it answers from what it is told alone. */
const learned = scriptedModel({
  reply: ({ messages }) => {
    const lines = messages.at(-1)!.content.split("\n");
    if (lines.at(-1) === "Describe the person who voted so.") return plainDescription(wishesIn(lines));
    const wishes = wishesIn(messages[0]!.content.split("\n").slice(1));
    const asked = readStatement(lines[0]!)!;
    const own = wishes.find((one) => topicOf(one) === topicOf(asked));
    if (own === undefined) return "pass" satisfies VoteKind;
    return nameOf(own) === nameOf(asked) ? "agree" : "disagree";
  },
});

describe("the sandbox's conversation", () => {
  it("is in examples as it is drawn", () => {
    const conversation = sandboxConversation({
      seed: 0,
      voters: 60,
      statements: 30,
      seen: 0.7,
      split: "all",
    });
    expect(conversationFiles(conversation)).toEqual({
      comments: readFileSync(files.comments, "utf8"),
      votes: readFileSync(files.votes, "utf8"),
    });
  });

  it.each(["votes", "persona"])("can be told nearly whole by whoever learned its polls: %s", async (fit) => {
    const { matrix } = await readConversation(files, {
      minVotes: 0,
      strict: false,
      leaveOut: [],
      agreeSign: 1,
    });
    const split = splitVotes(matrix, 0.2, 3);
    const sample = sampleVoters(split, computeGroups(split.known, 1, 2), {
      ...{ voters: "all", shown: 12, choose: "drawn", seed: 1 },
    });
    const stage = { runSeed: 1, stage: "personas", signal: new AbortController().signal };
    const personas = await describeVoters(
      learned,
      sample.map((voter) => ({ id: voter.id, parents: [], voter: voter.id, votes: shownOf(voter) })),
      { topic: "", words: 1, temperature: 0, topP: 1, maxTokens: 60, wording: "brief" },
      stage,
    );
    const items = sample.flatMap((voter, place) =>
      voter.heldOut.map((heldOut) => ({
        ...{ id: `${voter.id}/${heldOut.statement}`, parents: [], voter: voter.id, vote: voteOf(heldOut) },
        statement: split.known.statements[heldOut.statement]!,
        told:
          fit === "votes"
            ? voterByVotes("", shownOf(voter), "brief")
            : voterByPersona("", personas[place]!.persona!, "brief"),
      })),
    );
    const protocol = {
      ...({ method: "answer", orders: 3, answers: 1, temperature: 0 } as const),
      ...({ answerTokens: 4, wording: "brief" } as const),
    };
    const records = await forecastVotes(learned, items, protocol, { ...stage, stage: "forecasts" });
    const { accuracy } = measureForecasts(
      split.heldOut,
      records.map(({ forecast }) => forecast!),
    );
    expect(accuracy).toBeGreaterThan(0.85);
    const majority = await measurePredictor(split, majorityPredictor);
    expect(majority.accuracy).toBeLessThan(0.6);
  });
});

describe("polis predict in the brief wording", () => {
  const given = (changes: Partial<z.input<typeof recipe.schema>>) =>
    recipe.schema.parse({ ...files, out: join(folder, "run"), wording: "brief", voters: 6, ...changes });

  it("asks once for each vote, by the options' words, in short lines", async () => {
    const script = join(folder, "agree.json");
    writeFileSync(
      script,
      JSON.stringify({ rules: [{ when: "Describe", reply: "You hate spying." }, { reply: "agree" }] }),
    );
    const { lines } = await recipe.run(given({ model: `scripted:${script}`, shown: 5 }), contextFor());
    expect(lines.join("\n")).toContain("(1 written answer in each order, one order of the options)");
    const records = await readRecords(join(folder, "run/forecasts/forecasts.jsonl"), forecastRecordSchema);
    expect(records.length).toBeGreaterThan(6);
    for (const { messages, orders, forecast } of records) {
      expect(messages[0]!.content).toMatch(
        /^You vote as one person does\.(?:\n(?:agree|disagree|pass): .+){5}$/,
      );
      expect(messages[1]!.content).toMatch(/^.+\nVote: agree, disagree, or pass\?$/);
      expect(orders).toHaveLength(1);
      expect(forecast).toEqual({ agree: 1, disagree: 0, pass: 0 });
    }
  });

  it.each([
    ["an embedded model that was made without polls", { model: "embedded:covenant-assembly" }, /--model/],
    [
      "the full wording",
      { model: "embedded:covenant-assembly", wording: "full" as const },
      /--wording brief/,
    ],
    [
      "a describer that was made without polls",
      {
        model: `scripted:${at("examples/predict-script.yaml")}`,
        fit: "persona" as const,
        persona: { model: "embedded:covenant-tiny" },
      },
      /persona\.model/,
    ],
  ])("refuses %s before anything is asked", async (_, changes, said) => {
    await expect(
      recipe.plan!(given({ ...changes, out: join(folder, "none") }), contextFor()),
    ).rejects.toThrow(said);
  });
});
