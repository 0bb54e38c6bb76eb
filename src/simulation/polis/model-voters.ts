// A model plays voters: it is asked about held-out votes, each in several orders of the options, and gives chances by
// log-probabilities or by what it writes. Before that it may describe each voter from the votes that are shown. An order that
// cannot be read makes the whole question missing, since what is left would favour whatever stands first.

import { deriveSeed, UserError } from "../../core/index.ts";
import type { CallOptions, GenerateRequest, LanguageModel } from "../../models/index.ts";
import {
  type ForecastRecord,
  type MissingReason,
  type StageName,
  type VoteKind,
  type VoterId,
  type VoterPersonaRecord,
  voteKinds,
} from "../../records/index.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import { kindOfVote, type VoteForecast } from "./held-out.ts";
import type { Statement } from "./vote-matrix.ts";
import { readChances, readDescription, readVoteReply } from "./vote-reading.ts";
import type { SampledVoter } from "./voter-sample.ts";
import {
  describeMessages,
  type OptionOrder,
  optionOrders,
  optionsIn,
  type ShownVote,
  voteMessages,
} from "./voter-wording.ts";

/** How a person wants votes to be asked for. auto: by log-probabilities where the model gives them. */
export type RequestedVoting = "auto" | ForecastRecord["method"];

/** answers: that are written in each order; temperature: of them; answerTokens: of one at most. orders: in brief always one. */
export type VotingProtocol = {
  readonly wording: Wording;
  readonly method: ForecastRecord["method"];
  readonly orders: 1 | 3;
  readonly answers: number;
  readonly temperature: number;
  readonly answerTokens: number;
};

/** A held-out vote to be told. told: what the model is told of the voter; null: there is no description to play by. */
export type VoteItem = {
  readonly id: string;
  readonly parents: readonly string[];
  readonly voter: VoterId;
  readonly statement: Statement;
  readonly vote: VoteKind;
  readonly told: string | null;
};

/** Where records belong. */
export type VotingStage = {
  readonly runSeed: number;
  readonly stage: StageName;
  readonly signal: AbortSignal;
};

/** Whether log-probabilities of a model can be read, found out by one small question. */
export const givesChances = async (
  model: LanguageModel,
  wording: Wording,
  { signal }: CallOptions = {},
): Promise<boolean> => {
  if (!model.capabilities.scores) return false;
  const [order] = optionOrders(1, 0, wording) as [OptionOrder];
  const messages = voteMessages("You like the sun.", "The sun is good.", order, wording);
  const request = { messages, continuations: optionsIn(order, wording), trial: true } as const;
  const [score] = await model.score([request], signal === undefined ? {} : { signal });
  return (
    model.capabilities.scores &&
    (score!.declined !== undefined || typeof readChances(score!, order) !== "string")
  );
};

/**
 * How a model is asked that gives log-probabilities, or gives none. notice: what differs from what is usual. Throws UserError
 * "voter-scores-nothing" where they are asked for and it gives none.
 */
export const votingMethod = (
  requested: RequestedVoting,
  { id }: Pick<LanguageModel, "id">,
  gives: boolean,
): { readonly method: ForecastRecord["method"]; readonly notice: string | null } => {
  if (requested !== "auto" && (requested === "answer" || gives)) return { method: requested, notice: null };
  if (requested === "choice")
    throw new UserError(
      "voter-scores-nothing",
      `${id} gives no log-probabilities of (A), (B) and (C) that can be read, and method is choice. Leave out --method to have it write its answers, or name a model that gives them.`,
      { model: id },
    );
  if (gives) return { method: "choice", notice: null };
  return {
    method: "answer",
    notice: `${id} gives no log-probabilities of (A), (B) and (C) that can be read: it writes its answers, and chances are their shares.`,
  };
};

/** What was read in one order. */
type OrderReading = {
  readonly chances: VoteForecast | MissingReason;
  readonly said?: readonly string[];
  readonly bounded: boolean;
};

type Question = { readonly item: VoteItem; readonly order: OptionOrder; readonly seed: number };

const messagesOf = ({ item, order }: Question, wording: Wording) =>
  voteMessages(item.told!, item.statement.text, order, wording);

const byChoice = async (
  model: LanguageModel,
  questions: readonly Question[],
  { wording }: VotingProtocol,
  call: CallOptions,
): Promise<OrderReading[]> => {
  const requests = questions.map((one) => ({
    messages: messagesOf(one, wording),
    continuations: optionsIn(one.order, wording),
  }));
  const scores = await model.score(requests, call);
  // Endpoints find out only when they are asked; this throws.
  if (!model.capabilities.scores) votingMethod("choice", model, false);
  return questions.map(({ order }, at) => {
    const score = scores[at]!;
    return { chances: readChances(score, order), bounded: score.bounded?.includes(true) === true };
  });
};

/** Shares of the answers that can be read; the reason of the first where none can. */
const sharesOf = (votes: readonly (VoteKind | MissingReason)[]): VoteForecast | MissingReason => {
  const count = (kind: VoteKind): number => votes.filter((vote) => vote === kind).length;
  const [agree, disagree, pass] = [count("agree"), count("disagree"), count("pass")];
  const read = agree + disagree + pass;
  if (read === 0) return votes.find((vote): vote is MissingReason => !isKind(vote)) ?? "empty";
  return { agree: agree / read, disagree: disagree / read, pass: pass / read };
};

const isKind = (vote: VoteKind | MissingReason): vote is VoteKind =>
  (voteKinds as readonly string[]).includes(vote);

const byAnswer = async (
  model: LanguageModel,
  questions: readonly Question[],
  { answers, temperature, answerTokens, wording }: VotingProtocol,
  call: CallOptions,
): Promise<OrderReading[]> => {
  const requests = questions.flatMap((question): GenerateRequest[] =>
    Array.from({ length: answers }, (_, answer) => ({
      ...{ messages: messagesOf(question, wording), maxTokens: answerTokens, temperature },
      seed: deriveSeed(question.seed, "answer", answer),
    })),
  );
  const replies = await model.generate(requests, call);
  return questions.map(({ order }, at) => {
    const own = replies.slice(at * answers, (at + 1) * answers);
    return {
      chances: sharesOf(own.map((reply) => readVoteReply(reply, order))),
      said: own.map(({ text }) => text),
      bounded: false,
    };
  });
};

const meanOf = (forecasts: readonly VoteForecast[]): VoteForecast => {
  const mean = (kind: VoteKind): number =>
    forecasts.reduce((sum, one) => sum + one[kind], 0) / forecasts.length;
  return { agree: mean("agree"), disagree: mean("disagree"), pass: mean("pass") };
};

/** The reason that says most: a declined order says more than one that could not be read. */
const weightiest = (reasons: readonly MissingReason[]): MissingReason =>
  reasons.find((reason) => ["refusal", "overflow", "rejected"].includes(reason)) ?? reasons[0]!;

/** The mean over the orders, or why there is none. */
const forecastOf = (readings: readonly OrderReading[]): Pick<ForecastRecord, "forecast" | "reason"> => {
  const chances = readings.map((one) => one.chances);
  const reasons = chances.filter((one) => typeof one === "string");
  if (readings.length === 0) return { forecast: null, reason: "reply-missing" };
  if (reasons.length > 0) return { forecast: null, reason: weightiest(reasons) };
  return { forecast: meanOf(chances.filter((one) => typeof one !== "string")) };
};

/** Asks about held-out votes, all in one batch. */
export const forecastVotes = async (
  model: LanguageModel,
  items: readonly VoteItem[],
  protocol: VotingProtocol,
  { runSeed, stage, signal }: VotingStage,
): Promise<ForecastRecord[]> => {
  const questionsOf = (item: VoteItem): Question[] => {
    const seed = deriveSeed(runSeed, stage, item.id);
    const orders = item.told === null ? [] : optionOrders(protocol.orders, seed, protocol.wording);
    return orders.map((order, at) => ({ item, order, seed: deriveSeed(seed, at) }));
  };
  const each = items.map(questionsOf);
  const questions = each.flat();
  const { method } = protocol;
  const ask = (): Promise<OrderReading[]> =>
    method === "choice"
      ? byChoice(model, questions, protocol, { signal })
      : byAnswer(model, questions, protocol, { signal });
  const readings = questions.length === 0 ? [] : await ask();
  let next = 0;
  return items.map((item, at): ForecastRecord => {
    const own = each[at]!.map((question) => ({ ...question, ...readings[next++]! }));
    return {
      ...{ id: item.id, parents: [...item.parents], stage, seed: deriveSeed(runSeed, stage, item.id) },
      ...{ voter: item.voter, statement: item.statement.id, vote: item.vote, model: model.id, method },
      messages: own.slice(0, 1).flatMap((one) => messagesOf(one, protocol.wording)),
      orders: own.map(({ order, chances }) => ({
        shown: [...order],
        chances: typeof chances === "string" ? null : chances,
      })),
      ...forecastOf(own),
      ...(method === "answer" ? { said: own.map(({ said }) => [...(said ?? [])]) } : {}),
      ...(own.some(({ bounded }) => bounded) ? { bounded: true as const } : {}),
    };
  });
};

/** A voter to be described. id: of the record; parents: the voter's. */
export type DescribedVoter = {
  readonly id: string;
  readonly parents: readonly string[];
  readonly voter: VoterId;
  readonly votes: readonly ShownVote[];
};

/** How descriptions are asked for. words: at most, as the model is told. */
export type DescriptionSettings = {
  readonly wording: Wording;
  readonly topic: string;
  readonly words: number;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
};

/** A model describes voters from the votes that are shown, all in one batch. */
export const describeVoters = async (
  model: LanguageModel,
  voters: readonly DescribedVoter[],
  { topic, words, temperature, topP, maxTokens, wording }: DescriptionSettings,
  { runSeed, stage, signal }: VotingStage,
): Promise<VoterPersonaRecord[]> => {
  const requests = voters.map(
    ({ id, votes }): GenerateRequest => ({
      ...{ messages: describeMessages(topic, votes, words, wording), temperature, topP, maxTokens },
      seed: deriveSeed(runSeed, stage, id),
    }),
  );
  const replies = await model.generate(requests, { signal });
  return voters.map(({ id, parents, voter }, at): VoterPersonaRecord => {
    const { messages, seed } = requests[at]!;
    const { text, finish } = replies[at]!;
    return {
      ...{ id, parents: [...parents], stage, seed, voter, model: model.id },
      ...{ messages: [...messages], text, finish, persona: null },
      ...readDescription({ text, finish }),
    };
  });
};

/** The votes that are shown of a voter, with the statements' texts. */
export const shownOf = ({ shown }: SampledVoter): ShownVote[] =>
  shown.map(({ statement, vote }) => ({ text: statement.text, vote }));

/** The kind of a held-out vote, by name. */
export const voteOf = ({ vote }: { readonly vote: number }): VoteKind => kindOfVote(vote);
