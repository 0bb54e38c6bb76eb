// What models say before the choice that they were asked for ("The better response is:"): a closed list, one for choices
// that are read from tokens and for votes that are read from text. Whatever else stands before a letter makes it no
// choice: "Neither (A)", "Not (A)", "I cannot choose between (A)".

const lead =
  "(?:(?:so|therefore|thus)[,:]?\\s+)?(?:i\\s+(?:would\\s+)?(?:choose|prefer|pick|vote\\s+for)\\s+)?(?:(?:the|my)\\s+)?" +
  "(?:(?:final|better|best|preferred)\\s+)?(?:answer|choice|verdict|vote|option|response|reply)?(?:\\s+is)?\\s*:?\\s*";
const leading = new RegExp(`^${lead}`, "i");
const whole = new RegExp(`^${lead}$`, "i");

/** Models that may think and did not begin with an empty thought. */
const emptyThought = /^\s*<think>\s*<\/think>/;

/** A text without the emphasis, quotes and white space that models put round a letter. */
export const unwrapped = (text: string): string =>
  text
    .trim()
    .replace(/[*_`"“”]+/g, "")
    .trim();

/** A text without what may stand before a choice. */
export const withoutLead = (text: string): string => text.replace(leading, "");

/** Whether a text is nothing but what may stand before a choice. */
export const isLead = (text: string): boolean =>
  whole.test(`${unwrapped(text.replace(emptyThought, ""))} `.trimStart());
