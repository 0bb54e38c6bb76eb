// Whoever learns for the flexible players: from the principle so far and what was seen of an iteration comes the next one.
// Two ways, one interface: counting (offers, decisions and prices that were seen) and asking a model by a meta-prompt.
// Neither is told a policy or a target.

import { deriveSeed, throwIfAborted } from "../../core/index.ts";
import type { GenerateRequest, LanguageModel } from "../../models/index.ts";
import type { GamePrinciple, GamePrincipleRecord, Message } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import { learnRules, learnStrategy, type RuleLearning } from "./counting.ts";
import { flexibleRole, type Observation, playsOf, transcriptOf } from "./observation.ts";
import { statements } from "./statements.ts";
import { briefLearningText, type LearningVariant, learningText, strategyText } from "./wording.ts";

/** observations: of one iteration, in the order in which they are shown. seed: of this learning alone. */
export type LearningTask = {
  readonly seed: number;
  readonly principle: GamePrinciple;
  readonly observations: readonly Observation[];
  readonly variant: LearningVariant;
};

/** kept: the principle stays, because it need not change, nothing was seen, or (the last two) no principle came. */
export type Learned = Pick<GamePrincipleRecord, "principle" | "state" | "reason">;

/** Learns for several repetitions at once; results in the tasks' order. */
export type Learner = (tasks: readonly LearningTask[], signal?: AbortSignal) => Promise<Learned[]>;

const isTrade = ({ observations }: LearningTask): boolean => observations[0]?.setup.type === "trade";

/** A learner that counts. */
export const countingLearner =
  (learning: Pick<RuleLearning, "priorWeight">): Learner =>
  async (tasks) =>
    tasks.map((task) => {
      const { principle, observations, variant } = task;
      const next = isTrade(task)
        ? learnStrategy(principle, observations)
        : learnRules(principle, observations, { ...learning, variant });
      return next === null ? { principle, state: "kept" } : { principle: next, state: "learned" };
    });

const describe = (reply: string): { principle: string; reason: string | undefined } | { fault: string } => {
  const text = withoutThought(reply);
  const at = /^\W{0,4}principle\W{0,3}:\W{0,3}/im.exec(text);
  if (at === null) return { fault: "principle-missing" };
  const principle = text.slice(at.index + at[0].length).trim();
  if (/^\W{0,4}principle\W{0,3}:/im.test(principle)) return { fault: "principle-contradictory" };
  const reason = statements(text.slice(0, at.index), "reason").inForm.join(" ");
  return principle === ""
    ? { fault: "principle-missing" }
    : { principle, reason: reason === "" ? undefined : reason };
};

const stays = "(?:(?:(?:the|this) principle|it) (?:is|stays|remains) )?";
/** Also with emphasis, in brackets, or followed by why. */
const unchanged = new RegExp(
  `^${stays}(?:unchanged(?:[.!]?|\\s*\\(.*|[\\s.,;:–—-]+(?:since|because|as|for)\\b.*)|the same\\.?)$`,
  "is",
);

const isUnchanged = (text: string): boolean =>
  unchanged.test(text.replaceAll("*", "").replace(/^[\s_"'“([]+|[\s_"'”)\]]+$/g, ""));

/** What a reply makes of a principle. */
export const readPrinciple = (reply: string, before: GamePrinciple): Learned => {
  const read = describe(reply);
  if ("fault" in read) return { principle: before, state: "unparseable", reason: read.fault };
  const because = read.reason === undefined ? {} : { reason: read.reason };
  if (isUnchanged(read.principle) || read.principle === before.text)
    return { principle: before, state: "kept", ...because };
  return { principle: { text: read.principle }, state: "learned", ...because };
};

/** Plays that the brief question shows at most. */
const briefPlays = 8;

/** The question to a model that learns. The brief one is of imitation. */
export const learningTurns = (task: LearningTask, wording: Wording): Message[] => {
  const { principle, observations, variant } = task;
  if (wording === "brief")
    return [{ role: "user", content: briefLearningText(principle.text, playsOf(observations, briefPlays)) }];
  const shown = transcriptOf(observations);
  const content = isTrade(task)
    ? strategyText(flexibleRole(observations[0]!), principle.text, shown)
    : learningText(variant, principle.text, new Set(observations.map(({ kind }) => kind)), shown);
  return [{ role: "user", content }];
};

/** A learner that asks a model. */
export const askingLearner =
  (
    model: LanguageModel,
    {
      maxTokens,
      temperature,
      wording,
    }: { readonly maxTokens: number; readonly temperature: number; readonly wording: Wording },
  ): Learner =>
  async (tasks, signal) => {
    throwIfAborted(signal);
    const asked = tasks.filter(({ observations }) => observations.length > 0);
    const requests = asked.map(
      (task): GenerateRequest => ({
        messages: learningTurns(task, wording),
        ...{ maxTokens, temperature, seed: deriveSeed(task.seed, "learn") },
      }),
    );
    const replies =
      requests.length === 0 ? [] : await model.generate(requests, signal === undefined ? {} : { signal });
    return tasks.map((task): Learned => {
      const reply = replies[asked.indexOf(task)];
      const { principle } = task;
      if (reply === undefined) return { principle, state: "kept", reason: "nothing was seen" };
      if (reply.finish !== "stop" && reply.finish !== "length")
        return { principle, state: "missing", reason: reply.finish };
      if (reply.text.trim() === "") return { principle, state: "missing", reason: "empty" };
      if (reply.finish === "length") return { principle, state: "unparseable", reason: "cut" };
      return readPrinciple(reply.text, principle);
    });
  };
