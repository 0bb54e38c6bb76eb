// Rows on their way to a training: what does not fit is told with its place, the settings to change are named as a user
// writes them, and nothing is begun with rows that teach nothing.

import { describe, expect, it } from "vitest";
import { UserError } from "../../core/index.ts";
import { sizedModel } from "../costs/sized-model.fixture.ts";
import { type RowReading, readyRows } from "./learned-rows.ts";

type Row = { readonly id: string; readonly tokens: number };
const rows = (...tokens: number[]): Row[] => tokens.map((count, at) => ({ id: `r${at}`, tokens: count }));
const settings: RowReading<Row>["settings"] = {
  ...{ batch: 2, epochs: 3, warmupSteps: 1, maxTokens: 10, keepBest: false },
  ...{ schedule: "cosine", overlong: "skip" },
};
const reading: RowReading<Row> = {
  block: "sft",
  settings,
  config: { ...sizedModel, maxPositions: 20 },
  share: ["evaluationShare", 0],
  encode: ({ tokens }) => [{ trunk: [1, 2], branches: [Array<number>(tokens - 2).fill(3)] }],
  answers: ({ id }) => id,
  placeOf: ({ id }) => `rows.jsonl, line ${Number(id.slice(1)) + 1}`,
  what: "text",
};
const codesOf = (given: readonly Row[], change: Partial<RowReading<Row>> = {}): string[] =>
  readyRows(given, { ...reading, ...change }).notices.map(({ code }) => code);
const messageOf = (given: readonly Row[], change: Partial<RowReading<Row>>): string => {
  try {
    readyRows(given, { ...reading, ...change });
    return "nothing was thrown";
  } catch (thrown) {
    return thrown instanceof UserError ? thrown.message : "no UserError";
  }
};

describe("rows on their way to a training", () => {
  it("are told where they are too long, too few, or fewer than the warm-up has steps", () => {
    const { learned, notices } = readyRows(rows(5, 12, 6, 7), reading);
    expect(learned.map(({ row }) => row.id)).toEqual(["r0", "r2", "r3"]);
    expect(notices).toEqual([
      {
        code: "rows-too-long",
        text: "1 of 4 rows is longer than 10 tokens and was left out: rows.jsonl, line 2 (12 tokens).",
      },
    ]);
    expect(codesOf(rows(5, 12), { settings: { ...settings, overlong: "cut" } })).toEqual(["rows-cut"]);
    expect(codesOf(rows(5))).toEqual(["rows-few"]);
    expect(codesOf(rows(5, 6), { settings: { ...settings, warmupSteps: 3 } })).toEqual(["warmup-too-long"]);
    expect(codesOf(rows(5, 6), { settings: { ...settings, warmupSteps: 2 } })).toEqual([]);
    expect(codesOf(rows(5, 6), { settings: { ...settings, epochs: 1 } })).toEqual(["nothing-learned"]);
  });

  it("that leave nothing to learn are refused, with the settings of the method", () => {
    expect(messageOf(rows(12, 13), {})).toBe(
      "sft: there is no row to train on (2 longer than 10 tokens, which is sft.maxTokens). Expected at least one: raise sft.maxTokens, or cut what is too long (sft.overlong=cut).",
    );
    const { overlong: _, maxTokens: __, ...bare } = settings;
    const reward: Partial<RowReading<Row>> = {
      block: "reward",
      settings: { ...bare, maxTokens: undefined },
      share: ["heldOutShare", 1],
    };
    expect(messageOf(rows(5, 30), reward)).toBe(
      "reward: there is no row to train on (1 longer than 20 tokens, the model's context; 1 kept out by reward.heldOutShare). Expected at least one: choose a model with a longer context; give more rows, or lower reward.heldOutShare.",
    );
    const unmade = { leftOut: { cut: 5, unscored: 0 } };
    expect(messageOf([], unmade)).toContain("(5 with a reply cut at the token limit)");
    expect(messageOf([], {})).toContain("(none was given)");
  });

  it("of which none is kept out choose no best weights", () => {
    const keepBest = { settings: { ...settings, keepBest: true } };
    expect(messageOf(rows(5, 6), keepBest)).toMatch(
      /sft\.keepBest .* no row is kept out \(sft\.evaluationShare is 0\)\. Raise sft\.evaluationShare, or leave/,
    );
  });

  it("of which some should be kept out and none is are told", () => {
    const share = (value: number) => ({ share: ["heldOutShare", value], block: "reward" }) as const;
    // which of rows are kept out, their hashes say: none of these by a thousandth
    const { heldOut, notices } = readyRows(rows(5, 6), { ...reading, ...share(0.001) });
    expect(heldOut).toEqual([]);
    expect(notices).toEqual([
      {
        code: "nothing-held-out",
        text: "reward.heldOutShare is 0.001 and keeps 0 of 2 rows out of training, so nothing is measured on rows kept out. Give more rows, or raise reward.heldOutShare.",
      },
    ]);
    expect(codesOf(rows(5, 6), share(0))).toEqual([]);
  });

  it("that cannot become tokens are refused with their place", () => {
    const encode = (row: Row) => {
      if (row.id === "r1") throw new UserError("chat-template-failed", "the template refuses it");
      return reading.encode(row);
    };
    expect(messageOf(rows(5, 6), { encode })).toBe("rows.jsonl, line 2: the template refuses it");
  });

  it("that become several are counted one by one, stand on one side of the split, and are told", () => {
    const encode = ({ tokens, id }: Row) =>
      [tokens, tokens + 3].flatMap((count) => reading.encode({ id, tokens: count }));
    const change = { encode, share: ["evaluationShare", 0.5] } as const;
    const { learned, heldOut, notices } = readyRows(rows(3, 4, 5, 8, 6, 7), { ...reading, ...change });
    const ids = (some: typeof learned) => [...new Set(some.map(({ row }) => row.id))];
    expect([...ids(learned), ...ids(heldOut)].sort()).toEqual(["r0", "r1", "r2", "r3", "r4", "r5"]);
    expect([learned.length, heldOut.length].every((count) => count > 1)).toBe(true);
    expect(learned.length + heldOut.length).toBe(11);
    expect(notices.slice(0, 2).map(({ text }) => text)).toEqual([
      expect.stringMatching(/the replies of a chat .* 6 rows became 12\.$/),
      "1 of 12 rows is longer than 10 tokens and was left out: rows.jsonl, line 4 (11 tokens).",
    ]);
  });

  it("of plain texts whose prompt grows together with what continues it are counted", () => {
    const encode = (row: Row) => reading.encode(row).map((item) => ({ ...item, merged: row.id === "r0" }));
    const { notices } = readyRows(rows(5, 6), { ...reading, encode });
    expect(notices.map(({ text }) => text)).toEqual([expect.stringMatching(/^In 1 of 2 rows the end of/)]);
  });
});
