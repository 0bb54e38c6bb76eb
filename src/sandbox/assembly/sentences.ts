// The sentences of the assembly, by what they say, and their reading: statements, sentences about persons and traits for every wish,
// of which a fifth is kept out of training by hash, and other remarks. Exact: no nearest match.

import { CovenantError } from "../../core/index.ts";
import { expandAll } from "../phrase.ts";
import { fillForm, isHeldOutText } from "../principle.ts";
import { principleWords } from "../principle-phrases.ts";
import { allWishes, nameOf, type Wish } from "./wish.ts";
import {
  allowForms,
  biographies,
  type OtherComment,
  otherComments,
  protectForms,
  styleForms,
  type WishForms,
} from "./wish-phrases.ts";

const formsOf = (wish: Wish): WishForms =>
  wish.type === "style" ? styleForms[wish.style] : wish.type === "protect" ? protectForms : allowForms;

const textsOf = (wish: Wish, part: keyof WishForms): readonly string[] => {
  const texts = expandAll(formsOf(wish)[part]);
  return wish.type === "style" ? texts : texts.flatMap((text) => fillForm(text, principleWords[wish.area]));
};

/** train: what training may hold; test: what it may not; all: both. Of every wish and part some are kept out. */
export type SentenceSplit = "train" | "test" | "all";
type Sentences = Readonly<Record<SentenceSplit, readonly string[]>>;

const tableOf = (part: keyof WishForms): ReadonlyMap<string, Sentences> =>
  new Map(
    allWishes.map((wish) => {
      const all = textsOf(wish, part);
      const heldOut = all.filter(isHeldOutText);
      const train = all.filter((text) => !isHeldOutText(text));
      if (heldOut.length === 0)
        throw new CovenantError(
          "sandbox-held-out",
          `Nothing that says "${nameOf(wish)}" is kept out of training.`,
        );
      return [nameOf(wish), { all, train, test: heldOut }];
    }),
  );

const tables = {
  statement: tableOf("statement"),
  description: tableOf("description"),
  trait: tableOf("trait"),
} as const satisfies Readonly<Record<keyof WishForms, ReadonlyMap<string, Sentences>>>;

/** The sentences that say a wish. */
export const sentencesOf = (
  wish: Wish,
  part: keyof WishForms,
  split: SentenceSplit = "all",
): readonly string[] => tables[part].get(nameOf(wish))![split];

const meaningsOf = (part: keyof WishForms): ReadonlyMap<string, Wish> =>
  new Map(allWishes.flatMap((wish) => sentencesOf(wish, part).map((text): [string, Wish] => [text, wish])));

const meanings = {
  statement: meaningsOf("statement"),
  description: meaningsOf("description"),
};

/** What a principle of the assembly wants; null when the text is no statement of the language. */
export const readStatement = (text: string): Wish | null => meanings.statement.get(text) ?? null;

const plainComments: ReadonlyMap<string, OtherComment> = new Map(
  (Object.keys(otherComments) as OtherComment[]).flatMap((kind) =>
    expandAll(otherComments[kind]).map((text): [string, OtherComment] => [text, kind]),
  ),
);

/** All comments of a kind that say no wish. */
export const otherCommentTexts = (kind: OtherComment): readonly string[] => expandAll(otherComments[kind]);

/** What a user's comment says: a wish (a statement), or another remark; null when it is not of the language. */
export const readComment = (text: string): Wish | OtherComment | null =>
  readStatement(text) ?? plainComments.get(text) ?? null;

export const biographyTexts: readonly string[] = expandAll(biographies);

const known = new Set(biographyTexts);

/** What a sentence about a person says: a wish, nothing of the kind (none), or null when it is not of the language. */
export const readTrait = (sentence: string): Wish | "none" | null =>
  meanings.description.get(sentence) ?? (known.has(sentence) ? "none" : null);
