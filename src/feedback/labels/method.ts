// Which way of asking fits a judge: log-probabilities where it gives them, votes where it does not. Asks an endpoint once,
// because it knows only when it is asked. What was chosen instead of what was requested is told.

import { drawPrinciple, ownForm, paperForm } from "../../constitution/index.ts";
import { counted, UserError } from "../../core/index.ts";
import { estimatePrompt, estimateTokens, type LanguageModel } from "../../models/index.ts";
import type { Clamp, Constitution, LabelMethod, LabelRecord } from "../../records/index.ts";
import { drawExamples, drawReasoning, type FewShots } from "./few-shots.ts";
import type { JudgeProtocol } from "./judge-protocol.ts";
import { givesChoice, scoresMissing } from "./reading.ts";

/**
 * How a person wants labels to be made. method "auto": choice where the judge gives log-probabilities, else votes. clamp:
 * "none", or lowest and highest; left out: the paper's 0.4 to 0.6 for chains of thought, none otherwise.
 */
export type RequestedProtocol = Omit<JudgeProtocol, "method" | "reading" | "form" | "clamp"> & {
  readonly method: "auto" | LabelMethod;
  readonly form: "own" | "paper";
  readonly clamp?: Clamp | "none" | undefined;
};

/**
 * What one comparison asks of a judge, in calls where nothing has to be asked again: both orders, by each principle. scored:
 * whether the judge gives log-probabilities; null: it is not asked for by calls, and does.
 */
export const callsEach = (
  { method, principles, chains, votes }: RequestedProtocol,
  scored: boolean | null,
): number => {
  const letters = method === "votes" || (method === "auto" && scored === false) ? votes : 1;
  return 2 * principles * (method === "reasoning" ? 2 * chains : letters);
};

/** The clamp of Bai et al. 2022 (section 4.1) for labels after chains of thought. */
const reasoningClamp: Clamp = [0.4, 0.6];

export type JudgeQuestion = {
  readonly judge: LanguageModel;
  readonly constitution: Constitution;
  readonly runSeed: number;
  readonly signal?: AbortSignal;
};

/**
 * Whether a judge gives log-probabilities that can be read, found out by one small comparison: one that answers it with
 * no letter will not answer the others.
 */
export const judgeGivesScores = async ({
  judge,
  constitution,
  runSeed,
  signal,
}: JudgeQuestion): Promise<boolean> => {
  const comparison = {
    messages: [{ role: "user" as const, content: "Hello." }],
    principle: drawPrinciple(constitution, runSeed),
    first: "Hello. How can I help?",
    second: "Go away.",
  };
  return givesChoice(judge, ownForm.choice(comparison, []), signal === undefined ? {} : { signal });
};

/** Throws UserError when examples are of another kind than the method shows. */
export const requireFewShots = (fewShots: FewShots | null, method: RequestedProtocol["method"]): void => {
  const wanted = method === "reasoning" ? "reasoning" : "choice";
  if (fewShots === null || fewShots.type === wanted) return;
  const shape = {
    choice: "{prompt, corrects, incorrects}",
    reasoning: '{prompt} with "{}" for the principle',
  };
  throw new UserError(
    "few-shots-kind",
    `The few-shots are ${shape[fewShots.type]}, but method ${method} takes ${shape[wanted]}. Name the other file, or set label.method=${fewShots.type}.`,
  );
};

const forms = { own: ownForm, paper: paperForm };

/**
 * Tokens of the examples that stand before every question, estimated; at most: each under the principle that says most.
 */
export const exampleTokens = (
  { fewShots, form: name }: Pick<RequestedProtocol, "fewShots" | "form">,
  constitution: Constitution,
): number => {
  if (fewShots === null) return 0;
  const [longest] = constitution.principles.toSorted(
    (one, other) => estimateTokens(other.preference) - estimateTokens(one.preference),
  );
  const principles = [longest!];
  const form = forms[name];
  const question = { messages: [], principle: longest!, first: "", second: "" };
  const [shown, bare] =
    fewShots.type === "choice"
      ? [
          form.choice(question, drawExamples(fewShots, { ...constitution, principles }, 0)),
          form.choice(question, []),
        ]
      : [
          form.reasoning(question, drawReasoning(fewShots, { ...constitution, principles }, 0)),
          form.reasoning(question, []),
        ];
  // One more, since the last token may be shared with the question.
  return estimatePrompt(shown) - estimatePrompt(bare) + 1;
};

/**
 * How a judge that gives log-probabilities (or gives none) is asked. notice: what differs from what was requested.
 * Throws UserError "judge-scores-nothing" where the method needs what the judge does not give.
 */
export const protocolFor = (
  requested: RequestedProtocol,
  judge: Pick<LanguageModel, "id">,
  givesScores: boolean,
): { readonly protocol: JudgeProtocol; readonly notice: string | null } => {
  const { method, clamp, form, ...rest } = requested;
  const usual = method === "reasoning" ? reasoningClamp : null;
  const chosen = method === "auto" ? (givesScores ? "choice" : "votes") : method;
  if (chosen === "choice" && !givesScores) throw scoresMissing(judge);
  const protocol: JudgeProtocol = {
    ...rest,
    method: chosen,
    reading: chosen === "votes" || (chosen === "reasoning" && !givesScores) ? "votes" : "scores",
    form: forms[form],
    clamp: clamp === undefined ? usual : clamp === "none" ? null : clamp,
  };
  const instead =
    chosen === "reasoning"
      ? "the letter that it writes after a chain of thought is its verdict"
      : `it votes ${counted(requested.votes, "time")} in each order, and the share of votes is the label, which takes ${callsEach(requested, false)} calls a comparison`;
  const isOther = protocol.reading === "votes" && method !== "votes";
  return {
    protocol,
    notice: isOther
      ? `The judge ${judge.id} gives no log-probabilities of (A) and (B) that can be read: ${instead}.`
      : null,
  };
};

/** Which method an interrupted stage was at, from a label that it left; undefined where there is none. */
export const methodOf = (label: LabelRecord | undefined): LabelMethod | undefined =>
  label === undefined ? undefined : (label.method ?? "choice");
