// What Anthropic published with Constitutional AI and HH-RLHF: multiple-choice questions with their right answers, sampled
// replies and critique-revision chains, red-team attempts; and cai-conversation-harmless, whose rows are chains as well.
// (HH-RLHF's own pairs are plain preference rows.)

import { z } from "zod";
import { canonicalJson, checkValue, sha256Text, type TextPlace } from "../../core/index.ts";
import { type Message, messageSchema } from "../../records/index.ts";
import { cleanReply } from "../cleaning.ts";
import { exactDialogue, mergeTurns, parseDialogue } from "../dialogue.ts";
import {
  asked,
  fieldFault,
  type GivenChain,
  type GivenComparison,
  type GivenPrompt,
  hasFields,
  type PromptFormat,
  replyEnds,
  rightChoice,
  targetsSchema,
  text,
  textOrTranscript,
  transcript,
  untilUser,
} from "./format.ts";

const choiceRow = z.object({
  prompt: text,
  corrects: z.array(text).min(1),
  incorrects: z.array(text).min(1),
  text_correct: text.optional(),
  text_incorrect: text.optional(),
});
type ChoiceRow = z.infer<typeof choiceRow>;

const letterOf = (answer: string): string | undefined => /^\s*\(([A-Z])\)\s*$/.exec(answer)?.[1];

/** The options " (A) ..." that a question lists, in its order, brackets around them taken off; and what stands above. */
const listedOptions = (prompt: string): { readonly above: string; readonly options: readonly string[] } => {
  const starts = [...prompt.matchAll(/\n ?\(([A-Z])\) /g)];
  const first = starts[0]?.index ?? prompt.length;
  const end = /\n\n[^\n]*:?\s*$/.exec(prompt)?.index ?? prompt.length;
  const options = starts.map((start, at) =>
    prompt
      .slice(start.index + start[0].length, starts[at + 1]?.index ?? Math.max(end, start.index))
      .trim()
      .replace(/^\[\[\[([\s\S]*)\]\]\]$/, "$1"),
  );
  return { above: prompt.slice(0, first), options };
};

/** The line before the options: what the set asks. */
const questionOf = (above: string): string | undefined => {
  const last = above.trimEnd().split("\n").at(-1)?.trim() ?? "";
  return last.endsWith(":") || last.endsWith("?") ? last : undefined;
};

/** Two dialogues that differ in their last reply alone. */
const dialogueEnds = (row: ChoiceRow, place: TextPlace) => {
  const { text_correct: right, text_incorrect: wrong } = row;
  if (right === undefined || wrong === undefined) return null;
  const [one, other] = [exactDialogue(right), exactDialogue(wrong)];
  const ends = one && other && replyEnds(one, other);
  if (ends !== null) return { messages: ends.messages, good: ends.replies[0], bad: ends.replies[1] };
  throw fieldFault(
    place,
    "text_correct, text_incorrect",
    "expected two dialogues that differ in the assistant's last reply alone.",
  );
};

const choiceComparison = (row: ChoiceRow, place: TextPlace): GivenComparison => {
  const { prompt, corrects, incorrects } = row;
  const letter = letterOf(corrects[0]!);
  if (letter === undefined) {
    // Few-shot examples: the replies themselves stand in place of letters.
    const options = [corrects[0]!, ...incorrects].map((option) => option.trim());
    return { messages: textOrTranscript(prompt), options, correct: 0, prompt };
  }
  const { above, options: listed } = listedOptions(prompt);
  const question = questionOf(above);
  const known = { ...(question === undefined ? {} : { question }), prompt };
  const correct = letter.charCodeAt(0) - "A".charCodeAt(0);
  const ends = dialogueEnds(row, place);
  if (ends !== null) {
    const options = correct === 0 ? [ends.good, ends.bad] : [ends.bad, ends.good];
    if (correct > 1) throw fieldFault(place, "corrects", `got (${letter}), expected (A) or (B).`);
    if (incorrects.length !== 1 || letterOf(incorrects[0]!) !== (correct === 0 ? "B" : "A"))
      throw fieldFault(
        place,
        "corrects, incorrects",
        `got ${corrects[0]} and ${incorrects.join(", ")}, expected (A) and (B), since there are two texts.`,
      );
    return { messages: ends.messages, options, correct, ...known };
  }
  if (correct >= listed.length)
    throw fieldFault(
      place,
      "corrects",
      `got (${letter}), but the prompt lists ${listed.length} options; expected one that it lists.`,
    );
  return { messages: textOrTranscript(prompt), options: listed, correct, ...known };
};

const trimmed = ({ role, content }: Message): Message => ({ role, content: content.trim() });

const multipleChoice: PromptFormat = {
  name: "cai-choice",
  what: "CAI evaluations: prompt, corrects, incorrects, text_correct, text_incorrect (438 HHH; sets of more options)",
  recognises: (row) => hasFields(row, "prompt", "corrects", "incorrects"),
  read(row, place) {
    const checked = checkValue(choiceRow, row, place);
    const turns = dialogueEnds(checked, place)?.messages.map(trimmed);
    return {
      messages: turns === undefined ? textOrTranscript(checked.prompt) : mergeTurns(turns),
      labels: {},
    };
  },
  comparison: (row, place) => choiceComparison(checkValue(choiceRow, row, place), place),
};

const sample = z.object({ sample: text });
const samplesRow = z.object({
  rl_prompt: text,
  initial_response: z.union([text, sample, z.array(sample).min(1)]).optional(),
  cst: z
    .array(
      z.object({
        cst_key: text,
        cst_value: z.object({ prompt: z.array(text).min(1), edit_request: text }),
        critique: sample,
        revision: sample,
      }),
    )
    .min(1)
    .optional(),
});

/** A sampled text without what the sampling left at its end: the next turn's marker, an end token, a ruled line. */
const sampled = (value: string): string =>
  cleanReply(value, "answer")
    .text.replace(/(?:\s*\n-{5,}\s*)+$/, "")
    .trim();

/** What stands between the markers "\n\nCritiqueRequest:" and "\n\nCritique:". */
const betweenMarkers = (value: string): string =>
  value
    .replace(/^\s*(?:CritiqueRequest|RevisionRequest):/, "")
    .replace(/(?:Critique|Revision):\s*$/, "")
    .trim();

const promptOf = (value: string, field: string, place: TextPlace): Message[] => {
  const until = untilUser(transcript(value, field, place));
  if (until.length > 0) return until;
  throw fieldFault(place, field, "the dialogue has no turn of the human, so there is no prompt.");
};

const readSamplesChain = (row: unknown, place: TextPlace): GivenChain | null => {
  const { rl_prompt, initial_response: initial, cst } = checkValue(samplesRow, row, place);
  if (cst === undefined) return null;
  const first = Array.isArray(initial) ? initial[0] : initial;
  if (first === undefined)
    throw fieldFault(
      place,
      "initial_response",
      "got nothing, expected the answer that the chain begins with.",
    );
  return {
    messages: promptOf(rl_prompt, "rl_prompt", place),
    answer: sampled(typeof first === "string" ? first : first.sample),
    steps: cst.map(({ cst_key, cst_value, critique, revision }) => ({
      principle: cst_key,
      critiqueRequest: betweenMarkers(cst_value.prompt[0]!),
      critique: sampled(critique.sample),
      revisionRequest: betweenMarkers(cst_value.edit_request),
      revision: sampled(revision.sample),
    })),
  };
};

const samples: PromptFormat = {
  name: "cai-samples",
  what: "CAI samples: rl_prompt with sampled_answers, or initial_response and cst, a critique-revision chain",
  recognises: (row) => hasFields(row, "rl_prompt"),
  read(row, place) {
    const { rl_prompt } = checkValue(samplesRow, row, place);
    return { messages: promptOf(rl_prompt, "rl_prompt", place), labels: {} };
  },
  chain: readSamplesChain,
  notTaken: (row) =>
    hasFields(row, "sampled_answers")
      ? "sampled_answers, the answers of one model with their pm_scores: a preference model scored them, and nobody said which of them is better"
      : undefined,
};

const attemptRow = z.object({ transcript: text, tags: z.union([z.array(text), text]).nullish() });

const redTeamAttempts: PromptFormat = {
  name: "red-team-attempts",
  what: "HH-RLHF's red-team-attempts: transcript, tags (harmful; all turns up to the human's last)",
  recognises: (row) => hasFields(row, "transcript", "task_description"),
  read(row, place): GivenPrompt {
    const { transcript: whole, tags } = checkValue(attemptRow, row, place);
    const area = (Array.isArray(tags) ? tags[0] : tags)?.trim();
    return {
      messages: promptOf(whole, "transcript", place),
      labels: { kind: "harmful", ...(area === undefined || area === "" ? {} : { area }) },
    };
  },
};

const conversationRow = z.object({
  init_prompt: text,
  init_response: text,
  critic_prompt: text,
  critic_response: text,
  revision_prompt: text,
  revision_response: text,
  messages: z.array(messageSchema).optional(),
});

/** The set does not name its principles: each is called by a hash of its two requests. */
const principleOf = (...requests: readonly string[]): string =>
  `principle-${sha256Text(canonicalJson(requests)).slice(0, 8)}`;

const caiConversation: PromptFormat = {
  name: "cai-conversation",
  what: "cai-conversation-harmless: init_prompt to revision_response, a chain of one revision",
  // a row may have a pair beside its chain
  messageColumns: ["messages", "prompt", "chosen", "rejected"],
  recognises: (row) => hasFields(row, "init_prompt", "init_response"),
  read(row, place) {
    return { messages: asked(checkValue(conversationRow, row, place).init_prompt), labels: {} };
  },
  chain(row, place) {
    const read = checkValue(conversationRow, row, place);
    const step = {
      principle: principleOf(read.critic_prompt, read.revision_prompt),
      critiqueRequest: read.critic_prompt,
      critique: read.critic_response,
      revisionRequest: read.revision_prompt,
      revision: read.revision_response,
    };
    return { messages: asked(read.init_prompt), answer: read.init_response, steps: [step] };
  },
};

const alignmentRow = z.object({
  input: text,
  targets: targetsSchema,
});

/** "Human: ..." without the blank line that a transcript begins with. */
const alignmentPrompt = (input: string): Message[] => {
  const turns = parseDialogue(/^\s*(?:Human|Assistant):/.test(input) ? `\n\n${input.trimStart()}` : input);
  const until = turns === null ? [] : untilUser(turns);
  return until.length === 0 ? asked(input) : until;
};

const hhhAlignment: PromptFormat = {
  name: "hhh-alignment",
  what: "HHH-alignment (BIG-bench): input, targets {choices, labels}, a comparison",
  recognises: (row) => hasFields(row, "input", "targets"),
  read(row, place) {
    return { messages: alignmentPrompt(checkValue(alignmentRow, row, place).input), labels: {} };
  },
  comparison(row, place) {
    const { input, targets } = checkValue(alignmentRow, row, place);
    const correct = rightChoice(targets, place, "targets");
    return { messages: alignmentPrompt(input), options: targets.choices, correct, prompt: input };
  },
};

/** The sets of this file. */
export const anthropicFormats: readonly PromptFormat[] = [
  multipleChoice,
  samples,
  redTeamAttempts,
  caiConversation,
  hhhAlignment,
];
