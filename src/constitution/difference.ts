// What distinguishes two constitutions, principle by principle and word by word, as data that a report can draw.
// Words are aligned by their longest common subsequence; principles are matched by id.

import { alignSequences } from "../core/index.ts";
import type { Constitution, Principle, PrincipleId } from "../records/index.ts";

/** A stretch of words: in both texts, only in the first (removed), or only in the second (added). */
export type WordRun = { readonly kind: "same" | "removed" | "added"; readonly text: string };

/** Two texts compared. The same and added runs together are exactly the second text; counts are of words. */
export type TextDifference = {
  readonly runs: readonly WordRun[];
  readonly kept: number;
  readonly removed: number;
  readonly added: number;
};

const comparedFields = ["title", "critique", "revision", "preference"] as const;
export type ComparedField = (typeof comparedFields)[number];

/** One principle in both documents. A principle that is missing in one counts as empty text there. */
export type PrincipleDifference = {
  readonly id: PrincipleId;
  readonly state: "same" | "changed" | "added" | "removed";
  readonly area: string | null;
  /** The weight in each document; null where the principle is missing. */
  readonly weights: readonly [number | null, number | null];
  readonly texts: Readonly<Record<ComparedField, TextDifference>>;
};

export type ConstitutionDifference = {
  readonly names: readonly [string, string];
  /** In the first document's order, followed by what only the second has. */
  readonly principles: readonly PrincipleDifference[];
  readonly counts: Readonly<Record<PrincipleDifference["state"], number>>;
  readonly words: { readonly kept: number; readonly removed: number; readonly added: number };
};

// A token is a word or a single other character, together with the white space after it; words alone are compared.
type Token = { readonly word: string; readonly text: string };

const tokensOf = (text: string): Token[] =>
  Array.from(text.matchAll(/^\s+|([\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[^\s])\s*/gu), (match) => ({
    word: match[1] ?? "",
    text: match[0],
  }));

const wordOf = ({ word }: Token): string => word;

const isWord = (token: Token): boolean => /[\p{L}\p{N}]/u.test(token.word);

/** Compares two texts word by word; white space alone is no difference. */
export const differenceOfTexts = (before: string, after: string): TextDifference => {
  const one = tokensOf(before);
  const other = tokensOf(after);
  const runs: { kind: WordRun["kind"]; text: string }[] = [];
  const counts = { same: 0, removed: 0, added: 0 };
  const push = (kind: WordRun["kind"], token: Token): void => {
    if (isWord(token)) counts[kind]++;
    const last = runs.at(-1);
    if (last?.kind === kind) last.text += token.text;
    else runs.push({ kind, text: token.text });
  };
  for (const item of alignSequences(one.map(wordOf), other.map(wordOf))) {
    push(item.kind, item.kind === "removed" ? one[item.before]! : other[item.after]!);
  }
  return { runs, kept: counts.same, removed: counts.removed, added: counts.added };
};

const compare = (before: Principle | undefined, after: Principle | undefined): PrincipleDifference => {
  const texts = Object.fromEntries(
    comparedFields.map((field) => [field, differenceOfTexts(before?.[field] ?? "", after?.[field] ?? "")]),
  ) as Record<ComparedField, TextDifference>;
  const either = (after ?? before) as Principle;
  const equal =
    before?.weight === after?.weight &&
    before?.area === after?.area &&
    comparedFields.every((field) => texts[field].runs.every((run) => run.kind === "same"));
  const state = before === undefined ? "added" : after === undefined ? "removed" : equal ? "same" : "changed";
  return {
    id: either.id,
    state,
    area: either.area ?? null,
    weights: [before?.weight ?? null, after?.weight ?? null],
    texts,
  };
};

/** The difference of two constitutions, e.g. of one and its inversion. */
export const difference = (before: Constitution, after: Constitution): ConstitutionDifference => {
  const later = new Map(after.principles.map((principle) => [principle.id, principle]));
  const earlier = new Set(before.principles.map((principle) => principle.id));
  const principles = [
    ...before.principles.map((principle) => compare(principle, later.get(principle.id))),
    ...after.principles
      .filter((principle) => !earlier.has(principle.id))
      .map((principle) => compare(undefined, principle)),
  ];
  const counts = { same: 0, changed: 0, added: 0, removed: 0 };
  const words = { kept: 0, removed: 0, added: 0 };
  for (const principle of principles) {
    counts[principle.state]++;
    for (const field of comparedFields) {
      words.kept += principle.texts[field].kept;
      words.removed += principle.texts[field].removed;
      words.added += principle.texts[field].added;
    }
  }
  return { names: [before.name, after.name], principles, counts, words };
};
