// From what the meta-model wrote to documents: ordinary constitutions, whose principles keep their ids from run to run where
// they say the same or nearly so, and point to what was said that argued for them.

import { difference, textsOfLearned } from "../../constitution/index.ts";
import { listText } from "../../core/index.ts";
import type { Constitution, Ground, LearnedRecord, Principle } from "../../records/index.ts";
import type { ReadPrinciple } from "./meta-reading.ts";
import { similarities, similarity } from "./similarity.ts";
import type { Comment } from "./transcript.ts";

/**
 * Where a document comes from. previous: the document of the run before, or that the first run began with; given: ids of
 * all principles that ever were, of which none is given to another. beside: the other document of the run before, from which a
 * text may come with its grounds. says: whether a comment says what a principle says, where
 * that can be told; else one that shares a word with it may.
 */
export type LearnedSource = {
  readonly part: LearnedRecord["part"];
  readonly previous: Constitution | null;
  readonly beside?: Constitution | null;
  readonly given?: readonly string[];
  readonly says?: (principle: string, comment: string) => boolean | null;
  readonly comments: readonly Comment[];
  readonly run: number;
  readonly model: string;
  readonly description: string;
};

/** Principles at least so alike are one principle that was worded anew. */
const sameFrom = 0.5;
/** Where no comment was cited: so many of the most similar ones at most. */
const mostSimilar = 2;

/** Ids for principles: of the earlier ones that they continue, the most alike first; new numbers for the others. */
const idsFor = (
  texts: readonly string[],
  previous: readonly Principle[],
  { part, given = [] }: LearnedSource,
): string[] => {
  const found = similarities(
    texts,
    previous.map(({ title }) => title),
  );
  const pairs = found
    .flatMap((row, at) => row.map((alike, column) => ({ at, column, alike })))
    .filter(({ alike }) => alike >= sameFrom)
    .sort((one, other) => other.alike - one.alike || one.at - other.at || one.column - other.column);
  const ids = new Map<number, string>();
  const taken = new Set<string>();
  for (const { at, column } of pairs) {
    const { id } = previous[column]!;
    if (ids.has(at) || taken.has(id)) continue;
    ids.set(at, id);
    taken.add(id);
  }
  const word = part === "contract" ? "clause" : "principle";
  const pattern = new RegExp(`^${word}-(\\d+)$`);
  const before = [...given, ...previous.map(({ id }) => id)];
  let last = Math.max(0, ...before.map((id) => Number(pattern.exec(id)?.[1] ?? 0)));
  return texts.map((_, at) => ids.get(at) ?? `${word}-${++last}`);
};

const asGround = ({ record, speaker, said }: Comment, by: Ground["by"]): Ground => ({
  record,
  speaker,
  said,
  by,
});

/**
 * What argued for a principle now: what was cited. Where nothing was, now or before, the most similar comments, marked as
 * such, of which none says something else. What was cited and does, or may, is marked as doubtful.
 */
const groundsOf = (
  { text, from }: ReadPrinciple,
  { comments, says = () => null }: LearnedSource,
  alike: readonly number[],
  before: readonly Ground[],
): Ground[] => {
  if (from.length > 0)
    return from.map((number): Ground => {
      const comment = comments[number - 1]!;
      const ground = asGround(comment, "cited");
      const told = says(text, comment.said);
      if (told ?? (alike[number - 1] ?? 0) > 0) return ground;
      return { ...ground, doubtful: told === null ? "shares-no-word" : "says-other" };
    });
  if (before.length > 0) return [];
  return comments
    .map((comment, at) => ({ comment, alike: alike[at] ?? 0 }))
    .filter((one) => one.alike > 0 && says(text, one.comment.said) !== false)
    .sort((one, other) => other.alike - one.alike || one.comment.number - other.comment.number)
    .slice(0, mostSimilar)
    .map(({ comment }) => asGround(comment, "similar"));
};

/** "user 3", "users 1 and 3", "users 1, 2 and 3"; undefined for all. */
const areaOf = (users: readonly number[]): string | undefined => {
  if (users.length === 0) return undefined;
  if (users.length === 1) return `user ${users[0]}`;
  return `users ${listText(users.map(String))}`;
};

/** A document of what was read. A principle that says what it said before stays as it is, with its earlier grounds. */
export const documentOf = (read: readonly ReadPrinciple[], source: LearnedSource): Constitution => {
  const { part, previous, beside, comments, run, model } = source;
  const texts = read.map(({ text }) => text);
  const earlier = previous?.principles ?? [];
  const ids = idsFor(texts, earlier, source);
  const alike = similarities(
    texts,
    comments.map(({ said }) => said),
  );
  const principles = read.map((one, at): Principle => {
    const same = earlier.find(({ id, title }) => id === ids[at] && title === one.text);
    const elsewhere = beside?.principles.find(({ title }) => title === one.text);
    const before = (same ?? elsewhere)?.grounds ?? [];
    const now = groundsOf(one, source, alike[at]!, before);
    const known = new Set(now.map(({ record }) => record));
    const grounds = [...before.filter(({ record }) => !known.has(record)), ...now];
    const area = areaOf(one.users);
    const { area: earlierArea, ...texts } = same ?? {
      ...{ id: ids[at]!, title: one.text, weight: 1, ...textsOfLearned(one.text), author: model },
      area: undefined,
    };
    const named = area ?? (part === "constitution" ? earlierArea : undefined);
    return {
      ...texts,
      ...(named === undefined ? {} : { area: named }),
      ...(grounds.length === 0 ? {} : { grounds }),
    };
  });
  return {
    name: part === "contract" ? "learned-contract" : "learned-constitution",
    version: String(run),
    description: source.description,
    source: "covenant simulate contract",
    licence: "not stated",
    principles,
  };
};

/** What documents are compared by: the words of their principles, and whom these are for. */
export const documentText = (document: Constitution): string =>
  document.principles.map(({ title, area = "" }) => `${area} ${title}`).join("\n");

/** How alike two documents are by the words of their principles, 0 to 1; null where one is missing. */
export const documentSimilarity = (one: Constitution | null, other: Constitution | null): number | null =>
  one === null || other === null ? null : similarity(documentText(one), documentText(other));

/** Whether two documents say the same, principle by principle. */
export const saysTheSame = (one: Constitution | null, other: Constitution | null): boolean =>
  one === null || other === null ? one === other : documentText(one) === documentText(other);

/** What came, went or was worded anew between two documents. */
export const changesBetween = (
  before: Constitution | null,
  after: Constitution,
): LearnedRecord["changes"] => {
  const { principles } = difference(before ?? { ...after, principles: [] }, after);
  const titleIn = (document: Constitution | null, id: string): string | null =>
    document?.principles.find((principle) => principle.id === id)?.title ?? null;
  return principles.flatMap(({ id, state }) =>
    state === "same" ? [] : [{ id, state, before: titleIn(before, id), after: titleIn(after, id) }],
  );
};
