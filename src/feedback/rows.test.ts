// Rows for training: which revisions, answers and labels become rows, in which order, and what is left out and counted.
// Scripted records only; no model is asked.

import { describe, expect, it } from "vitest";
import type {
  CompletionRow,
  Finish,
  PromptKind,
  PromptRecord,
  ReplyRecord,
  RevisionRecord,
} from "../records/index.ts";
import { type LearnedRevisions, mixSftRows, sftRowsFromReplies, sftRowsFromRevisions } from "./index.ts";

const options = { runSeed: 1, stage: "ethical/sl" };

const revisionOf = (prompt: string, finishes: readonly Finish[]): RevisionRecord => ({
  id: `revise/${prompt}`,
  parents: [prompt],
  stage: "revise",
  seed: 1,
  prompt,
  messages: [{ role: "user", content: `ask ${prompt}` }],
  answer: "answer",
  steps: finishes.map((finish, index) => ({
    round: index + 1,
    principle: "p",
    critiqueRequest: "c",
    critique: "c",
    revisionRequest: "r",
    revision: `revision ${index + 1}`,
    finish,
  })),
});

describe("sftRowsFromRevisions", () => {
  const revisions = [
    revisionOf("a", ["stop", "stop", "stop"]),
    revisionOf("b", ["stop", "refusal", "length"]),
    revisionOf("c", ["empty", "length"]),
  ];
  const completions = (which: LearnedRevisions) =>
    sftRowsFromRevisions(revisions, { ...options, which }).rows.map(
      (row) => `${row.prompt[0]?.content}: ${row.completion}`,
    );

  it("takes every whole revision, or the last of each chain", () => {
    expect(completions("all")).toEqual([
      "ask a: revision 1",
      "ask a: revision 2",
      "ask a: revision 3",
      "ask b: revision 1",
    ]);
    expect(completions("last")).toEqual(["ask a: revision 3", "ask b: revision 1"]);
  });

  it("takes the revisions up to the n-th (SL-CAI-n), and none that was turned down", () => {
    expect(completions(1)).toEqual(["ask a: revision 1", "ask b: revision 1"]);
    expect(completions(2)).toEqual(["ask a: revision 1", "ask a: revision 2", "ask b: revision 1"]);
    expect(completions(3)).toEqual(completions("all"));
    const turnedDown = revisionOf("d", ["stop", "stop"]);
    turnedDown.steps[1]!.rejected = "worse";
    const { rows } = sftRowsFromRevisions([turnedDown], { ...options, which: "last" });
    expect(rows.map(({ completion }) => completion)).toEqual(["revision 1"]);
  });

  it("counts what it leaves out, and names where rows come from", () => {
    const { rows, leftOut } = sftRowsFromRevisions(revisions, options);
    expect(leftOut).toEqual({ length: 2, refusal: 1, overflow: 0, rejected: 0, empty: 1, critique: 0 });
    expect(rows[1]).toMatchObject({
      id: "ethical/sl/a/revision-2",
      parents: ["revise/a"],
      stage: "ethical/sl",
    });
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  });
});

describe("sftRowsFromReplies", () => {
  it("takes whole replies to prompts where a good reply helps", () => {
    const prompt = (id: string, kind?: PromptKind): PromptRecord => ({
      id,
      parents: [],
      stage: "prompts",
      seed: 1,
      messages: [{ role: "user", content: id }],
      ...(kind === undefined ? {} : { kind }),
      split: "train",
    });
    const reply = (id: string, finish: Finish = "stop"): ReplyRecord => ({
      id: `answer/${id}`,
      parents: [id],
      stage: "answer",
      seed: 1,
      prompt: id,
      model: "m",
      text: `reply to ${id}`,
      finish,
    });
    const prompts = [prompt("h", "harmful"), prompt("n", "harmless"), prompt("l", "lookalike"), prompt("u")];
    const replies = [reply("h"), reply("n"), reply("l", "length"), reply("u"), reply("gone")];
    const { rows, leftOut } = sftRowsFromReplies(prompts, replies, options);
    expect(rows.map((row) => [row.prompt[0]?.content, row.completion, row.parents])).toEqual([
      ["n", "reply to n", ["answer/n"]],
    ]);
    expect(leftOut).toEqual({ length: 1, refusal: 0, overflow: 0, rejected: 0, empty: 0, critique: 0 });
  });
});

describe("mixSftRows", () => {
  const rowsOf = (name: string, count: number): CompletionRow[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `${name}${index}`,
      parents: [],
      stage: "s",
      seed: 1,
      prompt: [{ role: "user", content: "x" }],
      completion: name,
    }));
  it("keeps every row once", () => {
    const mixed = mixSftRows(rowsOf("fix", 3), rowsOf("help", 5), options);
    expect(new Set(mixed.map((row) => row.id)).size).toBe(8);
  });

  it("mixes by the seed alone", () => {
    const mixed = (runSeed: number) =>
      mixSftRows(rowsOf("fix", 30), rowsOf("help", 50), { runSeed, stage: "s" }).map((row) => row.id);
    expect(mixed(1)).toEqual(mixed(1));
    expect(mixed(1)).not.toEqual(mixed(2));
  });
});
