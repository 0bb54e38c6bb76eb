// A comparison before it is judged: in which order its replies stand in the record, by which principles it is judged,
// and the questions that come of it. All of it follows from the pair's id and the run's seed.

import { drawPrinciple } from "../../constitution/index.ts";
import { createRandom, deriveSeed, UserError } from "../../core/index.ts";
import type { Constitution, Principle, StageName } from "../../records/index.ts";
import { isAnswered } from "../chunk.ts";
import type { PairReply, ReplyPair } from "../pairs.ts";
import { drawExamples, drawReasoning } from "./few-shots.ts";
import type { JudgeProtocol } from "./judge-protocol.ts";
import type { Question } from "./reading.ts";

/**
 * seedStage: what seeds derive from, where it is not the stage: two arms share it. judgesCut: replies that were cut by
 * the token limit are judged as they stand, for a policy in training, each of whose replies needs a reward; a label is
 * made of whole replies alone.
 */
export type TaskOptions = {
  readonly constitution: Constitution;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly seedStage?: StageName;
  readonly judgesCut?: boolean;
};

/** replies: as in the record. swapped: the other way round than in the pair. state: whether the judge is asked, or why not. */
export type ComparisonTask = {
  readonly pair: ReplyPair;
  readonly replies: readonly [PairReply, PairReply];
  readonly swapped: boolean;
  readonly principles: readonly Principle[];
  readonly seed: number;
  readonly state: "asked" | "identical" | "reply-missing" | "reply-cut";
};

/** Throws UserError when a constitution has fewer principles than a comparison is to be judged by. */
export const requirePrinciples = ({ name, principles }: Constitution, wanted: number): void => {
  if (principles.length >= wanted) return;
  throw new UserError(
    "principles-too-few",
    `Each comparison is to be judged by ${wanted} principles, but the constitution ${name} has ${principles.length}. Ask for at most ${principles.length}.`,
    { wanted, principles: principles.length },
  );
};

/** Several different principles; the first is the one that a single draw gives. */
const drawPrinciples = (constitution: Constitution, seed: number, count: number): Principle[] => {
  requirePrinciples(constitution, count);
  const drawn = [drawPrinciple(constitution, seed)];
  while (drawn.length < count) {
    const left = constitution.principles.filter((principle) => !drawn.includes(principle));
    drawn.push(
      drawPrinciple({ ...constitution, principles: left }, deriveSeed(seed, "principle", drawn.length)),
    );
  }
  return drawn;
};

const stateOf = (replies: ReplyPair["replies"], judgesCut: boolean): ComparisonTask["state"] => {
  const [one, other] = replies;
  if (!replies.every(isAnswered)) return "reply-missing";
  if (!judgesCut && replies.some(({ finish }) => finish === "length")) return "reply-cut";
  return one.text === other.text ? "identical" : "asked";
};

/** What is to be asked about a pair. */
export const planTask = (
  pair: ReplyPair,
  options: TaskOptions,
  { principles }: JudgeProtocol,
): ComparisonTask => {
  const { constitution, runSeed, stage, seedStage = stage, judgesCut = false } = options;
  const seed = deriveSeed(runSeed, seedStage, pair.id);
  // Whoever made the pair may have put the better reply first; the record must not tell.
  const swapped = createRandom(deriveSeed(runSeed, seedStage, pair.id, "order")).next() < 0.5;
  const [one, other] = pair.replies;
  return {
    pair,
    replies: swapped ? [other, one] : [one, other],
    swapped,
    principles: drawPrinciples(constitution, seed, principles),
    seed,
    state: stateOf(pair.replies, judgesCut),
  };
};

const messagesOf = (
  task: ComparisonTask,
  principle: Principle,
  shown: readonly [PairReply, PairReply],
  protocol: JudgeProtocol,
  constitution: Constitution,
) => {
  const { form, method, fewShots } = protocol;
  const comparison = {
    messages: task.pair.messages,
    principle,
    first: shown[0].text,
    second: shown[1].text,
  };
  const seed = deriveSeed(task.seed, principle.id);
  if (method === "reasoning") {
    const examples = fewShots?.type === "reasoning" ? drawReasoning(fewShots, constitution, seed) : [];
    return form.reasoning(comparison, examples);
  }
  const examples = fewShots?.type === "choice" ? drawExamples(fewShots, constitution, seed) : [];
  return form.choice(comparison, examples);
};

/**
 * For each principle the comparison as it is and with the replies exchanged. A question's seed comes from the reply that
 * stands first, so that exchanging the replies exchanges the questions and nothing else.
 */
export const questionsOf = (
  task: ComparisonTask,
  { constitution }: TaskOptions,
  protocol: JudgeProtocol,
): Question[] => {
  const [one, other] = task.replies;
  return task.principles.flatMap((principle) =>
    (
      [
        [one, other],
        [other, one],
      ] as const
    ).map((shown) => ({
      messages: messagesOf(task, principle, shown, protocol, constitution),
      shown: [shown[0].text, shown[1].text] as const,
      seed: deriveSeed(task.seed, "judge", principle.id, shown[0].id),
    })),
  );
};
