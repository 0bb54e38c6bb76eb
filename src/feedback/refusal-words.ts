// Refusals in words: a text that declines where an answer was asked for. Only how a text begins is looked at; what it
// speaks of is the part of who reads it.

const declining =
  /^(?:(?:unfortunately|regrettably),? )?(?:i(?:['’]?m| am) (?:very |so |really |truly )?sorry|sorry|i apologi[sz]e|i (?:can(?:not|['’]?t)|won['’]?t|will not|(?:would|['’]d) rather not|am (?:not able|unable|not comfortable)|['’]?m (?:not able|unable|not comfortable)|must (?:decline|refuse))|i['’](?:d rather not|m (?:not able|unable|not comfortable))|as an ai\b)/i;
const cannot =
  /\b(?:can(?:not|['’]?t)|won['’]?t|will not|rather not|unable|not (?:able|comfortable|appropriate)|against my|declin(?:e|ing)|refus(?:e|ing))\b/i;

/** So much of a text says whether it declines. */
const beginning = 240;

/** Whether a text begins as those do that decline: with an apology, or with what it cannot do. */
export const beginsToDecline = (text: string): boolean => declining.test(text);

/** Whether a text declines in plain words: it begins so, and says there that it cannot or will not. */
export const refusesInWords = (text: string): boolean => {
  const start = text.trim().slice(0, beginning);
  return declining.test(start) && cannot.test(start);
};
