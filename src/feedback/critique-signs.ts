// Signs that a text speaks of a reply that was given to somebody, and not of the many other responses, answers and assistants
// that there are: each is one thing that a critique says and an ordinary reply hardly does. Knows nothing of how the
// text begins, and not how many signs are enough.

import { earlierReply, faultWord, replyWord } from "./reply-words.ts";

/** What a text is held against: the reply before it, and what was said of that in the same round (null: nothing). */
export type Given = { readonly answer: string; readonly critique: string | null };

const speaker = "(?:AI |language |virtual )?(?:assistant|AI|model|chatbot)";
/** The reply or who gave it; never a person. */
const it = `(?:it|the ${speaker}|(?:the|this) (?:${earlierReply} )?${replyWord})`;
const somehow = "(?:(?:also|instead|simply|just|at least|rather|even|specifically|only) )*";

/** What is done with words. */
const told =
  "(?:said|told|asked|answered|responded|replied|declined|refused|mentioned|acknowledged|explained|specified|warned|condemned|discouraged|encouraged|avoided|assumed|suggested|recommended|advised|provided|given|addressed|pointed|respected|stated|expressed|emphasi[sz]ed|clarified|been more|been less)";
const tell =
  "(?:say|tell|ask|answer|mention|acknowledge|explain|specify|warn|condemn|discourage|encourage|suggest|recommend|advise|offer|point|state|express|emphasi[sz]e|clarify|consider|take into account)";
const tells =
  "(?:promote|encourage|impl(?:ie|y)|suggest|assume|condone|endorse|normali[sz]e|perpetuate|reinforce|glorif(?:ie|y))(?:s|d)?";

/** What is said of replies in a conversation, and hardly of other responses. */
export const ofTalk = new RegExp(
  `\\bin (?:this|its|that|the assistant['’]s) (?:${earlierReply} )?(?:response|reply|answer)\\b|\\b(?:harmless(?:ly)?|harmful (?:content|language|assumptions?|statements?|suggestions?))\\b|\\ba (?:response|reply) that is\\b`,
  "i",
);

/** Each counts once, however often it shows. */
const signs: readonly RegExp[] = [
  new RegExp(
    `\\bin (?:this|its|that|the assistant['’]s) (?:${earlierReply} )?(?:response|reply|answer)\\b`,
    "i",
  ),
  new RegExp(
    `\\b(?:${it}|they|but|and|which) ${somehow}(?:should|could|ought to) ${somehow}(?:not )?${somehow}have ${somehow}${told}\\b`,
    "i",
  ),
  new RegExp(
    `\\b(?:better|safer|kinder|more \\w+) (?:${replyWord}|one) (?:would|could|might) ${somehow}(?:be:|be to ${tell}|have ${told}|decline|refuse|${tell})`,
    "i",
  ),
  new RegExp(
    `\\b${it} ${somehow}(?:(?:could|should|can|must|needs to|has to) be (?:improved|revised|rewritten|reworded|rephrased)|(?:does not|doesn['’]t) (?:need|require) )|\\bno (?:changes?|revisions?) (?:is|are|was|were) (?:needed|necessary)|\\bdoes not require (?:a )?revision`,
    "i",
  ),
  new RegExp(`\\b${it} ${somehow}${tells}\\b`, "i"),
  new RegExp(
    `\\b(?:${it}|and|which|that) ${somehow}(?:(?:tells?|told|explains?|explained|describe[sd]?|shows?|showed|teach(?:es)?) (?:\\w+ )?how to|(?:gives?|gave|provide[sd]?|offers?) (?:\\w+ ){0,3}(?:steps|instructions|advice|suggestions|tips|guidance)|help(?:s|ed)? (?:(?:\\w+ )?to )?(?:break (?:the|a) law|commit|steal|spy|deceive|cheat|harm (?:another|other|some|people|others)))\\b`,
    "i",
  ),
  new RegExp(
    `\\b(?:${it}|and|but) ${somehow}(?:(?:does not|doesn['’]t|did not|didn['’]t|fail(?:s|ed) to|never) ${somehow}${tell}(?:s|ed)?|ignore[sd]?)\\b`,
    "i",
  ),
  new RegExp(
    `\\b(?:could|can|may|might) (?:also |easily )?(?:be (?:considered|seen as|viewed as|regarded as|interpreted as|perceived as|construed as|taken as)|come (?:across|off) as) (?:\\w+ )?${faultWord}\\b`,
    "i",
  ),
  // "gives a very thoughtful response", "provided a response that is harmless"
  /\b(?:gives?|gave|provide[sd]?|providing|present(?:s|ed)|offers?|offered) (?:an?|the) (?:\w+[, ]+){1,5}(?<=\w )(?:response|reply)\b|\ba (?:response|reply) that is\b/i,
  // what is asked of the replies of a model, and said of those of people in other words
  /\b(?:harmless(?:ly)?|unharmful|(?:un)?ethical(?:ly)?|unbiased|misogyn\w+|stereotyp\w+|discriminat\w+|harmful (?:content|language|assumptions?|statements?|behaviou?rs?|actions?|suggestions?|manner)|objectionable|controversial)\b/i,
];

/** "The human asks", "the human's question"; but "the human cost" is said of anything. */
export const ofHuman =
  /\bthe human(?:['’]s (?:question|request|prompt|statement|message|intent\w*)|[,.;]|['’]s\b| (?:is|was|asks|asked|wants|wanted|says|said|may|might|who|to|into|in|with|for|that|and|or|towards?)\b)/i;
export const ofUser = /\bthe user(?:['’]s)?\b/i;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Runs of so many words that stand in both texts tell that one repeats the other. */
const runLength = 4;
const runsOf = (words: readonly string[]): Set<string> =>
  new Set(
    Array.from({ length: Math.max(0, words.length - runLength + 1) }, (_, at) =>
      words.slice(at, at + runLength).join(" "),
    ),
  );

/** Whether half of what a text says stands word for word in the critique of the same round. */
const repeats = (text: string, critique: string): boolean => {
  const runs = runsOf(wordsOf(text));
  const known = runsOf(wordsOf(critique));
  const shared = [...runs].filter((run) => known.has(run)).length;
  return runs.size > 0 && shared * 2 >= runs.size;
};

/** What stands in quotation marks; no pattern of it can begin anew inside of itself, so the work grows with the text alone. */
export const quotes = /"[^"]*"|“[^“”]*”|(?<!\w)['‘][^'‘’\n]*['’](?!\w)/g;
const fewestQuoted = 3;

/** Whether a text quotes words that the reply before it said without quotation marks. */
const quotesReply = (text: string, answer: string): boolean => {
  const own = ` ${wordsOf(answer.replace(quotes, " | ")).join(" ")} `;
  return [...text.matchAll(quotes)].some(([quoted]) => {
    const words = wordsOf(quoted);
    return words.length >= fewestQuoted && own.includes(` ${words.join(" ")} `);
  });
};

/** How many signs a text shows; what it repeats of the critique, and quotes of the reply, count for two. */
export const countSigns = (text: string, given: Given): number =>
  signs.filter((sign) => sign.test(text)).length +
  (ofHuman.test(text) ? 1 : 0) +
  (isOfGiven(text, given) ? 2 : 0);

/** Whether a text repeats the critique, or quotes the reply: then it is this reply that it speaks of, and no other. */
export const isOfGiven = (text: string, { answer, critique }: Given): boolean =>
  (critique !== null && repeats(text, critique)) || quotesReply(text, answer);
