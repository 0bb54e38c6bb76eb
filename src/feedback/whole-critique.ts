// Whether what a model wrote where it was asked to revise is a critique and nothing else. It is no reply to anybody, so
// nothing may be learned from it. Strict: a text is one only where it is labelled or announced as a critique, or speaks of
// a reply from its first words on and shows by more than them that it is one that was given (critique-signs.ts): one
// that is missed costs less than a good revision that is thrown away. Never where the conversation itself asks for that, or
// where the reply that was to be revised reads so already.

import type { Message } from "../records/index.ts";
import { countSigns, type Given, isOfGiven, ofHuman, ofTalk, ofUser, quotes } from "./critique-signs.ts";
import { earlierReply, faultWord, ofFault, ofHarm, ofReply, opening, replyWord } from "./reply-words.ts";

/** What was asked to be revised: the conversation, the reply before, and what was said of it in this round, where anything was. */
export type ToRevise = {
  readonly messages: readonly Message[];
  readonly answer: string;
  readonly critique?: string | null;
};

const start = `^\\s*(?:[-*•]\\s+|\\d+[.)]\\s+)?[*_]{0,2}${opening}`;
const ofOne = `(?: (?:of|on) (?:(?:the|my|your|its|this|${earlierReply}|(?:AI )?(?:assistant|AI|model)['’]s) ){0,4}${replyWord})?`;
/** "Critique:", "## Critique of the response", "Here is my critique of it:", "My critique:" */
const labelled = new RegExp(
  `^\\s*(?:(?:#+ )?[*_]{0,2}(?:my |the )?(?:critique|criticism)${ofOne}(?:[*_]{0,2}:|[*_]{1,2}(?=\\s*\\n))|#+ (?:critique|criticism)${ofOne}[^\\S\\n]*(?=\\n))`,
  "i",
);
const announced = new RegExp(
  `${start}(?:here(?:['’]s| is)|below is|this is) (?:my|a|the|an) (?:[-\\w]+ ){0,2}(?:critique|criticism)\\b[^:.\\n]{0,100}(?:[:.]|\\n)`,
  "i",
);

const speaker = "(?:AI |language |virtual )?(?:assistant|AI|model|chatbot)";
/** "The assistant's last response is", "In its last reply, the AI encourages": who says that to whom they reply? */
const ofAssistant = new RegExp(
  `${start}(?:I think )?(?:(?:the|this) ${speaker}['’]s (?:[-\\w]+ )?${replyWord}\\b(?! (?:times?|rates?)\\b)|in (?:its|the|this|their) (?:${earlierReply} )?${replyWord},? the ${speaker} \\w)`,
  "i",
);
/** "The assistant encourages …" */
const theAssistant = new RegExp(`${start}(?:I think )?(?:the|this) (?:AI )?assistant [a-z]+\\b`, "i");

const isFaulty = `(?:is|was|seems|appears|(?:can|could|may|might) be(?: (?:considered|seen as|viewed as|regarded as|interpreted as|perceived as))?) (?:(?:very|quite|extremely|highly|potentially|both|somewhat|deeply|clearly|also|not only|overly) )?${faultWord}\\b`;
const says =
  "(?:contain(?:s|ed)|impli(?:es|ed)|encourage[sd]|promote[sd]|provide[sd]|suggest(?:s|ed)|gives|gave|fails to|failed to|assume[sd]|reinforce[sd]|perpetuate[sd])";
/** "The response is harmful", "My last reply encourages …", "The answer above suggests …": said of a reply's faults and doings. */
const ofFaults = new RegExp(
  `${start}(?:the|my|your|this) (?:${earlierReply} )?(?:response|reply|answer)(?: above)?(?= (?:${isFaulty}|${says} ))`,
  "i",
);
/** Which reply it is, in a text's first words: one that was given before. */
const ofEarlier = new RegExp(
  `^[^.:,\\n]{0,60}\\b(?:${earlierReply} ${replyWord}|${replyWord} above)\\b`,
  "i",
);
/** What stands above is no part of what is said. */
const ofAbove = new RegExp(`^[^.:,\\n]{0,60}\\b(?:above ${replyWord}|${replyWord} above)\\b`, "i");
const ofMachine = /^[^.:\n]{0,60}\b(?:AI|chatbot)\b/;
/** "I think the assistant …": nobody has an opinion of somebody nobody has named. */
const ofOpinion = new RegExp(`${start}I think (?:the|this)\\b`, "i");
const harm = new RegExp(
  `\\b(?:${faultWord}|harm(?:s|ing)?|violen(?:t|ce)|stereotypes?|insults?|crimes?|theft|steal(?:ing)?|laws?)\\b`,
  "i",
);

/** Words to somebody, or of what the speaker does: a critique has none of its own. */
const addressing =
  /\b(?:you|your|yours|yourself|please|let['’]?s|I(?:['’](?:m|d|ll)| am| can| ?can['’]?t| cannot| won['’]?t| would| will| do| don['’]t| encourage| suggest| recommend| understand| apologi[sz]e| hope| strongly))\b/i;

/** A conversation in which somebody wants a critique, or whose subject is one. */
const wantsCritique =
  /\b(?:critiqu\w*|critici[sz]\w*|criticisms?|critics?|reviews?|feedback|evaluat\w*|assess\w*|analy[sz]\w*|opinions?|rate|judge\w*|proof-?read\w*|weakness\w*|shortcomings?|flaws?|wrong with|comments?|peer)\b/i;
const ofMachines =
  /\b(?:assistants?|AIs?|A\.I\.|artificial|bots?|chat-?bots?|robots?|models?|GPT\w*|LLMs?|Siri|Alexa|Claude|Gemini|Grok|algorithms?)\b/i;
const ofReplies =
  /\b(?:respon[ds]\w*|repl(?:y|ies|ied)|answer\w*|messages?|statements?|comments?|e-?mails?|letters?|texts?|said|wrote)\b/i;

/** In a reply to be revised: an assistant, or a response, that the conversation itself is about. */
const ofSomebody =
  /\b(?:the|his|her|their|whose|my|our) (?:(?!(?:AI|language|virtual)\b)[-\w]+ )?(?:assistant|model)\b/i;
const ofSomething =
  /\b(?:the|this|that|its|his|her|their|whose) (?:[-\w]+ )?(?:responses?|repl(?:y|ies)|answers?)\b/i;

/** A text without a label that is longer than this is read no further, and is no critique: characters. */
export const longestUnlabelled = 8_000;

/** What of the conversation was said to the model. */
const askedIn = (messages: readonly Message[]): string =>
  messages.flatMap(({ role, content }) => (role === "user" ? [content] : [])).join("\n");

/** Whether a text that begins as a critique may begin shows enough else that it is one. */
const isShown = (text: string, asked: string, given: Given): boolean => {
  const isPossessive = ofAssistant.test(text);
  const isNamed = !isPossessive && theAssistant.test(text);
  const faults = isPossessive || isNamed ? null : ofFaults.exec(text);
  if (!isPossessive && !isNamed && faults === null) return false;
  if (ofMachines.test(asked)) return false;
  const own = isPossessive || isNamed ? ofSomebody : ofSomething;
  if (own.test(given.answer) || addressing.test(text.replace(quotes, " "))) return false;
  const signs =
    countSigns(text.slice(faults?.[0].length ?? 0), given) +
    [ofEarlier, ofMachine, ofOpinion].filter((sign) => sign.test(text)).length;
  if (isPossessive) return signs + (ofUser.test(text) ? 1 : 0) >= 1;
  if (isNamed) return signs >= 2;
  const [said = ""] = text.trimStart().split(/\n[^\S\n]*\n/, 1);
  const all = signs + (ofAbove.test(text) ? 1 : 0) + (ofUser.test(text) ? 1 : 0);
  // a government, a body and a crowd give responses, too, and "the answer" is one to anything
  const isThis =
    /\b(?:this|my|your|reply)\b/i.test(faults?.[0] ?? "") ||
    isOfGiven(text, given) ||
    [ofEarlier, ofAbove, ofMachine, ofOpinion, ofUser, ofHuman, ofTalk].some((sign) => sign.test(text));
  return isThis && all >= 2 && harm.test(said) && !ofReplies.test(asked) && !wantsCritique.test(asked);
};

const reads = (text: string, asked: string, given: Given): boolean => {
  const label = labelled.exec(text) ?? announced.exec(text);
  if (label !== null) {
    const said = text.slice(label[0].length);
    return !wantsCritique.test(asked) && [ofHarm, ofReply, ofFault].some((words) => words.test(said));
  }
  return text.length <= longestUnlabelled && isShown(text, asked, given);
};

/**
 * Whether a revision, cleaned of all that stood around it, is a critique in its place. revised: what it was to be a revision
 * of.
 */
export const isWholeCritique = (text: string, { messages, answer, critique = null }: ToRevise): boolean => {
  const asked = askedIn(messages);
  if (!reads(text, asked, { answer, critique })) return false;
  return !reads(answer, asked, { answer: "", critique: null });
};
