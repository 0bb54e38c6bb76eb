// Whether what a model wrote where it was asked to revise is a critique and nothing else. It is no reply to anybody, so
// nothing may be learned from it. Strict: a text is one only where it is labelled or announced as a critique, or speaks of
// a reply from its first words on; and never where the conversation itself asks for that, or where the reply
// that was to be revised reads so already.

import type { Message } from "../records/index.ts";
import { earlierReply, ofFault, ofHarm, ofReply, opening, replyWord } from "./reply-words.ts";

/** What was asked to be revised: the conversation, and the reply before. */
export type ToRevise = { readonly messages: readonly Message[]; readonly answer: string };

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
/** "The assistant's last response is", "In its last reply, the AI encourages": nobody says that to whom they reply. */
const ofAssistant = new RegExp(
  `${start}(?:I think )?(?:(?:the|this) ${speaker}['’]s (?:[-\\w]+ )?${replyWord}\\b|in (?:its|the|this|their) (?:${earlierReply} )?${replyWord},? the ${speaker} \\w)`,
  "i",
);
/** "The assistant did …", and then of those who spoke and what they said. */
const theAssistant = new RegExp(`${start}(?:I think )?the (?:AI )?assistant [a-z]+\\b`, "i");
const ofDialogue =
  /\b(?:the (?:human|user)\b|(?:its|the|this|their) (?:\w+ )?(?:response|reply)\b|the assistant\b)/i;

const fault =
  "(?:harmful|hurtful|hateful|toxic|offensive|unethical|immoral|illegal|dangerous|racist|sexist|insulting|rude|unkind|impolite|disrespectful|judge?mental|discriminatory|stereotyp\\w+|problematic|inappropriate|misleading|dismissive|insensitive|irresponsible|unhelpful|unsafe|biased|harsh)";
const isFaulty = `(?:is|was|could be|may be|might be|can be|seems) (?:(?:very|quite|extremely|highly|potentially|both|somewhat|deeply|clearly|also|not only|overly) )?${fault}\\b`;
const says =
  "(?:contain(?:s|ed)|impli(?:es|ed)|encourage[sd]|promote[sd]|provide[sd]|suggest(?:s|ed)|gives|gave|fails to|failed to|assume[sd]|reinforce[sd]|perpetuate[sd])";
/** "The response is harmful", "My last reply encourages …", "The assistant suggests …": said of a reply's faults and doings. */
const ofFaults = new RegExp(
  `${start}(?:(?:the|my|your|this) (?:${earlierReply} )?(?:response|reply|answer)|the (?:AI )?assistant) (?:${isFaulty}|${says} )`,
  "i",
);
const harm = new RegExp(
  `\\b(?:${fault}|harm(?:s|ing)?|violen(?:t|ce)|stereotypes?|insults?|crimes?|theft|steal(?:ing)?)\\b`,
  "i",
);

/** Words to somebody, or of what the speaker does: a critique has none of its own. */
const addressing =
  /\b(?:you|your|yours|yourself|please|let['’]?s|I(?:['’](?:m|d|ll)| am| can| ?can['’]?t| cannot| won['’]?t| would| will| do| don['’]t| encourage| suggest| recommend| understand| apologi[sz]e| hope| strongly))\b/i;
const quotes = /"[^"]*"|“[^”]*”|(?<!\w)['‘][^'’\n]*['’](?!\w)/g;

/** A conversation in which somebody wants a critique, or whose subject is one. */
const wantsCritique =
  /\b(?:critiqu\w*|critici[sz]\w*|criticisms?|critics?|reviews?|feedback|evaluat\w*|assess\w*|analy[sz]\w*|opinions?|rate|judge\w*|proof-?read\w*|weakness\w*|shortcomings?|flaws?|wrong with|comments?|peer)\b/i;
const ofMachines =
  /\b(?:assistants?|AIs?|A\.I\.|artificial|bots?|chat-?bots?|robots?|models?|GPT\w*|LLMs?|Siri|Alexa|Claude|Gemini|Grok|algorithms?)\b/i;
const ofReplies =
  /\b(?:respon[ds]\w*|repl(?:y|ies|ied)|answer\w*|messages?|statements?|comments?|e-?mails?|letters?|texts?|said|wrote)\b/i;

/** What of the conversation was said to the model. */
const askedIn = (messages: readonly Message[]): string =>
  messages.flatMap(({ role, content }) => (role === "user" ? [content] : [])).join("\n");

const reads = (text: string, asked: string): boolean => {
  const label = labelled.exec(text) ?? announced.exec(text);
  if (label !== null) {
    const said = text.slice(label[0].length);
    return !wantsCritique.test(asked) && [ofHarm, ofReply, ofFault].some((words) => words.test(said));
  }
  if (ofMachines.test(asked)) return false;
  if (ofAssistant.test(text)) return true;
  const [said = ""] = text.trimStart().split(/\n[^\S\n]*\n/, 1);
  if (addressing.test(text.replace(quotes, " "))) return false;
  const subject = theAssistant.exec(text)?.[0];
  if (subject !== undefined && ofDialogue.test(said.slice(subject.length))) return true;
  return ofFaults.test(text) && harm.test(said) && !ofReplies.test(asked) && !wantsCritique.test(asked);
};

/**
 * Whether a revision, cleaned of all that stood around it, is a critique in its place. revised: what it was to be a revision
 * of.
 */
export const isWholeCritique = (text: string, { messages, answer }: ToRevise): boolean => {
  const asked = askedIn(messages);
  return reads(text, asked) && !reads(answer, asked);
};
