// Cleaning of prompts before they are used: white space and control characters at the ends, prompts that are empty or too
// long, and those that say what another one says. Every rule is counted. What stands inside of a prompt is never changed.

import { type Message, type PromptRecord, promptKinds } from "../../records/index.ts";
import { createDigestMap } from "./digests.ts";
import { createNearMap } from "./near-duplicates.ts";

/**
 * ends: take white space and control characters off both ends of the last message. maxCharacters: longer prompts are left
 * out. duplicates: "words" leaves out prompts of the same words as an earlier one (letters and digits alone count, in
 * whatever case and form), "exact" those of the same text. near: leaves out prompts whose shingles overlap with those of
 * an earlier one by this share (Jaccard) or more.
 */
export type TidySettings = {
  readonly ends: boolean;
  readonly maxCharacters?: number | undefined;
  readonly duplicates: "exact" | "words";
  readonly near?: number | undefined;
};

export const tidyRules = [
  "ends",
  "empty",
  "overlong",
  "repeated",
  "same-words",
  "near",
  "other-kind",
] as const;
export type TidyRule = (typeof tidyRules)[number];

/**
 * How often each rule applied: "ends" to prompts that were kept, the others to prompts that were left out; "other-kind" to
 * those of "repeated" and "same-words" that are marked as another kind than the one that is kept.
 */
export type TidyCounts = Record<TidyRule, number>;

/** Nothing counted yet. */
export const noTidyCounts = (): TidyCounts =>
  Object.fromEntries(tidyRules.map((rule) => [rule, 0])) as TidyCounts;

// Control characters (C0, DEL, C1), the byte order mark and zero-width spaces; tabs and line ends are white space.
const outside = "[\\s\\u0000-\\u001f\\u007f-\\u009f\\u200b\\u2060\\ufeff]";
const before = new RegExp(`^${outside}+`);
const isOutside = new RegExp(`^${outside}$`);

/**
 * A text without white space and control characters around it. By hand at the end, where one expression would take
 * quadratic time on long runs of white space inside.
 */
export const trimEnds = (text: string): string => {
  let end = text.length;
  while (end > 0 && isOutside.test(text[end - 1]!)) end--;
  return text.slice(0, end).replace(before, "");
};

/** The words of a conversation, whatever their case, form and punctuation. */
export const wordsKey = (messages: readonly Message[]): string =>
  messages
    .map(({ role, content }) => {
      const words = content
        .normalize("NFKC")
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu);
      // A prompt without any word (of emoji, say) is told by its own text.
      return `${role} ${words === null ? content.trim() : words.join(" ")}`;
    })
    .join("\u001f");

/** A kind as a number; 0: none is said. */
const kindNumber = ({ kind }: PromptRecord): number =>
  kind === undefined ? 0 : 1 + promptKinds.indexOf(kind);

/**
 * Cleans prompts one after the other; null: left out, by the rule that was counted. Prompts repeated exactly are the
 * reader's part.
 */
export const createTidy = (settings: TidySettings, counts: TidyCounts) => {
  const words = createDigestMap();
  const near = settings.near === undefined ? null : createNearMap(settings.near);
  const leaveOut = (rule: TidyRule): null => {
    counts[rule]++;
    return null;
  };
  return (prompt: PromptRecord): PromptRecord | null => {
    const last = prompt.messages.at(-1)!;
    const content = settings.ends ? trimEnds(last.content) : last.content;
    if (trimEnds(content) === "") return leaveOut("empty");
    const messages =
      content === last.content ? prompt.messages : [...prompt.messages.slice(0, -1), { ...last, content }];
    const characters = messages.reduce((sum, message) => sum + message.content.length, 0);
    if (characters > (settings.maxCharacters ?? Number.POSITIVE_INFINITY)) return leaveOut("overlong");
    const key = settings.duplicates === "words" ? wordsKey(messages) : JSON.stringify(messages);
    const kind = kindNumber(prompt);
    const earlier = words.add(key, kind);
    if (earlier !== undefined) {
      if (earlier !== kind) counts["other-kind"]++;
      return leaveOut(settings.duplicates === "words" ? "same-words" : "repeated");
    }
    if (near?.isNear(wordsKey(messages)) === true) return leaveOut("near");
    if (messages === prompt.messages) return prompt;
    counts.ends++;
    return { ...prompt, messages };
  };
};
