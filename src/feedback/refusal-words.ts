// Refusals in words: a text that declines where an answer was asked for. Only how a text begins is looked at; what it
// speaks of is the part of who reads it.

/** "can't", "can not" and no "canter"; "I declined", below, tells of a refusal and is none. */
const cannotDo = "can(?: ?not|['’]?t)\\b|won['’]?t\\b|will not\\b";
const unwilling = "unable|not (?:able|comfortable|willing|going to)";
const declines = "(?:decline|refuse)\\b";
const declining = new RegExp(
  "^(?:(?:unfortunately|regrettably),? )?" +
    "(?:i(?:['’]?m| am) (?:very |so |really |truly )?sorry|sorry|i apologi[sz]e" +
    `|(?:i|we) (?:${cannotDo}|(?:would|['’]d) rather not|(?:am|are) (?:${unwilling})|(?:(?:must|have to) )?${declines}` +
    "|do(?: not|n['’]?t) feel comfortable)" +
    `|(?:i|we)['’]d rather not|(?:i ?['’]?m|we['’]re) (?:${unwilling})|as an ai\\b)`,
  "i",
);
const cannot =
  /\b(?:can(?: ?not|['’]?t)|won['’]?t|will not|rather not|unable|not (?:able|comfortable|appropriate|willing|going to)|do(?: not|n['’]?t) feel comfortable|against my|declin(?:e|ing)|refus(?:e|ing))\b/i;

/** So much of a text says whether it declines. */
const beginning = 240;

/** Whether a text begins as those do that decline: with an apology, or with what it cannot do. */
export const beginsToDecline = (text: string): boolean => declining.test(text);

/** Whether a text declines in plain words: it begins so, and says there that it cannot or will not. */
export const refusesInWords = (text: string): boolean => {
  const start = text.trim().slice(0, beginning);
  return declining.test(start) && cannot.test(start);
};
