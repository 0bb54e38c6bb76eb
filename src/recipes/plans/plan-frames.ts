// What every question holds but for the texts that it is about, in tokens, for plans: the templates themselves with
// nothing in their holes, and the words of principles. Knows no stage and no model.

import { ownForm, paperForm, type RevisionPrompts, renderRecheck } from "../../constitution/index.ts";
import { estimatePrompt, estimateTokens } from "../../models/index.ts";
import type { Constitution } from "../../records/index.ts";

const nothing = { messages: [], answer: "" };
const noPrinciple = { critique: "", revision: "", preference: "" };
const comparison = { messages: [], principle: noPrinciple, first: "", second: "" };

/** Which words of principles count: those of the longest, or of all on average, weighed as they are drawn. */
export type PrincipleWords = "longest" | "mean";

/** Tokens of what the principles say. */
export const principleTokens = (
  { principles }: Constitution,
  field: "critique" | "revision" | "preference",
  words: PrincipleWords,
): number => {
  const tokens = principles.map((principle) => estimateTokens(principle[field]));
  if (words === "longest") return Math.max(...tokens);
  const weight = principles.reduce((sum, principle) => sum + principle.weight, 0);
  return principles.reduce((sum, principle, at) => sum + principle.weight * tokens[at]!, 0) / weight;
};

/** Frames of the requests of a round, worked examples in them. direct: of a revision without a critique. */
export const revisionFrames = ({ critique, revision }: RevisionPrompts) => ({
  critique: estimatePrompt(critique(nothing, noPrinciple)),
  revision: estimatePrompt(revision(nothing, noPrinciple, "")),
  direct: estimatePrompt(revision(nothing, noPrinciple, null)),
});

/** The frame of a question whether a reply is as a principle wants it. */
export const recheckFrame = (): number =>
  estimatePrompt(renderRecheck({ messages: [], reply: "", principle: noPrinciple, order: 0 }));

/** question: the frame of a comparison; verdict: what a question for the letter behind a chain of thought adds to it. */
export const comparisonFrames = (name: "own" | "paper", reasons: boolean) => {
  const form = name === "own" ? ownForm : paperForm;
  const asked = reasons ? form.reasoning(comparison, []) : form.choice(comparison, []);
  const question = estimatePrompt(asked);
  return { question, verdict: estimatePrompt(form.verdict(asked, "")) - question };
};
