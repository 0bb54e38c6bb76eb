// What is told of texts that a model's vocabulary does not know, before a model learns from them or answers them. Knows
// tokens, not where the texts are from.

import { createForeignTextCheck, createForeignTextWatch, isSmallLanguage } from "../../models/index.ts";
import { countSingleBytes, type Tokenizer } from "../../transformer/index.ts";
import type { Notice } from "./learned-rows.ts";

/** Above this share many words are broken: in covenant-tiny English has a tenth, German and French somewhat more than a third. */
const muchBroken = 1 / 3;
/** Of so few tokens nothing is said. */
const fewTokens = 20;

/** What to do where a model of a small language is talked with in other words. */
export const otherLocalModel =
  "An embedded model's words are those of the sandbox's prompts (docs/sandbox.md); for others name a model that knows them: ./folder or hf:owner/name.";

/** So many texts tell of which language they are. */
const readTexts = 500;

/** The words of texts that a model of a small language does not know, which a word in pieces is to it. */
const smallLanguageNotices = (
  tokenizer: Tokenizer,
  texts: Iterable<readonly number[]>,
  what: string,
): Notice[] => {
  const read = Array.from(texts)
    .slice(0, readTexts)
    .map((ids) => tokenizer.decode(ids, { skipSpecial: true }));
  const found = createForeignTextCheck(tokenizer)(read);
  if (found === null) return [];
  const text = `The model knows a small language only, and ${Math.round(100 * found.share)} % of the words of ${what} are not in it (${found.words.join(", ")}). What it learns of them is to write pieces of words; a model that reads this language learns it (--model ./folder or hf:owner/name).`;
  return [{ code: "vocabulary-foreign", text }];
};

/** Texts whose words are broken into single bytes; null: there are too few to tell. */
const brokenWordNotices = (
  tokenizer: Tokenizer,
  texts: Iterable<readonly number[]>,
  what: string,
): Notice[] | null => {
  const { letters, single } = countSingleBytes(tokenizer, texts);
  if (letters < fewTokens) return null;
  if (single <= muchBroken * letters) return [];
  const percent = Math.round((100 * single) / letters);
  const text = `The vocabulary of the model hardly knows the words of ${what}: ${percent} % of the tokens with letters stand for a single byte. Expect little of it there; a model whose vocabulary was made for this language reads and learns it better, in fewer tokens.`;
  return [{ code: "vocabulary-foreign", text }];
};

/** What people should know of texts as tokens. what: "the rows". */
export const vocabularyNotices = (
  tokenizer: Tokenizer,
  texts: Iterable<readonly number[]>,
  what: string,
): Notice[] => {
  const broken = brokenWordNotices(tokenizer, texts, what);
  if (broken === null || broken.length > 0 || !isSmallLanguage(tokenizer)) return broken ?? [];
  return smallLanguageNotices(tokenizer, texts, what);
};

/**
 * Makes what tells once where a model does not know the words of texts that it is given: a small model's language, or a
 * vocabulary. what: "what you write". A call may have many texts, and their tokens where they are known.
 */
export const createWordWatch = (
  model: string,
  tokenizer: Tokenizer,
  what: string,
  tell: (notice: Notice) => void,
): ((texts: readonly string[], tokens?: readonly (readonly number[])[]) => void) => {
  let told = false;
  const watchLanguage = createForeignTextWatch(tokenizer, model, otherLocalModel, (text) => {
    told = true;
    tell({ code: "model-foreign-text", text });
  });
  return (texts, tokens) => {
    if (!told) watchLanguage(texts.map((text) => [text]));
    if (told) return;
    const ids = tokens ?? texts.map((text) => tokenizer.encode(text, { specialTokens: false }));
    for (const notice of brokenWordNotices(tokenizer, ids, what) ?? []) {
      told = true;
      tell(notice);
    }
  };
};
