// A dialogue with critique and revision as one text, the form in which Bai et al. 2022 put it to a model that continues
// texts: every turn after a blank line and its speaker's name. Words are never changed, so a turn that holds such a
// marker itself reads as two: the form has no way to tell them apart.

import type { Message, RevisionExample } from "../records/index.ts";

const speakers = { system: "System", user: "Human", assistant: "Assistant" } as const;

/** Where a reply in this form ends: what begins the next turn. */
export const transcriptStops = [
  "\n\nHuman:",
  "\n\nAssistant:",
  "\n\nCritiqueRequest:",
  "\n\nRevisionRequest:",
] as const;

const turn = (speaker: string, text: string): string => `\n\n${speaker}: ${text}`;

/** "\n\nHuman: ...\n\nAssistant: ...". */
export const transcriptOf = (messages: readonly Message[]): string =>
  messages.map(({ role, content }) => turn(speakers[role], content)).join("");

/** What asks for a critique, or with the critique for the revision; direct: for the revision without a critique. */
export type Asked =
  | { readonly type: "critique"; readonly request: string }
  | { readonly type: "revision"; readonly request: string; readonly after: Critiqued | null };

/** A critique that came before. */
export type Critiqued = { readonly request: string; readonly text: string };

const critiqued = ({ request, text }: Critiqued): string =>
  `${turn("CritiqueRequest", request)}${turn("Critique", text)}`;

/** The end of a transcript, open for the reply. */
export const askedInTranscript = (asked: Asked): string => {
  if (asked.type === "critique") return `${turn("CritiqueRequest", asked.request)}\n\nCritique:`;
  const before = asked.after === null ? "" : critiqued(asked.after);
  return `${before}${turn("RevisionRequest", asked.request)}\n\nRevision:`;
};

/** A worked example as a piece of transcript. direct: without its critique. */
export const exampleTranscript = (example: RevisionExample, direct: boolean): string => {
  const { messages, critiqueRequest, critique, revisionRequest, revision } = example;
  const judged = direct ? "" : critiqued({ request: critiqueRequest, text: critique });
  return `${transcriptOf(messages)}${judged}${turn("RevisionRequest", revisionRequest)}${turn("Revision", revision)}`;
};

const marker = /\n\n(Human|Assistant|CritiqueRequest|Critique|RevisionRequest|Revision):/g;

const closing = ["CritiqueRequest", "Critique", "RevisionRequest", "Revision"];

/**
 * A worked example from its transcript; an empty "Human:" at the end, which only opens the next dialogue, is left out.
 * null: the text does not have the form.
 */
export const parseExampleTranscript = (text: string): RevisionExample | null => {
  const source = text.startsWith("\n\n") ? text : `\n\n${text.trimStart()}`;
  const starts = [...source.matchAll(marker)];
  if (starts[0]?.index !== 0) return null;
  const turns = starts.map((start, at) => ({
    speaker: start[1]!,
    text: source.slice(start.index + start[0].length, starts[at + 1]?.index ?? source.length).trim(),
  }));
  const last = turns.at(-1);
  if (last?.speaker === "Human" && last.text === "") turns.pop();
  const dialogue = turns.slice(0, -closing.length);
  const [critiqueRequest, critique, revisionRequest, revision] = turns.slice(-closing.length);
  const isWhole =
    dialogue.length >= 2 &&
    dialogue.at(-1)?.speaker === "Assistant" &&
    dialogue.every(({ speaker }) => speaker === "Human" || speaker === "Assistant") &&
    turns.slice(-closing.length).every(({ speaker }, at) => speaker === closing[at]) &&
    turns.every((one) => one.text !== "");
  if (!isWhole) return null;
  return {
    messages: dialogue.map(({ speaker, text: content }) => ({
      role: speaker === "Human" ? "user" : "assistant",
      content,
    })),
    critiqueRequest: critiqueRequest!.text,
    critique: critique!.text,
    revisionRequest: revisionRequest!.text,
    revision: revision!.text,
  };
};
