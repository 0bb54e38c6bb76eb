// Whoever learns for the flexible players: from the principle so far and what was seen of an iteration comes the next one.
// Two ways, one interface: counting (offers, decisions and prices that were seen) and asking a model by a meta-prompt.
// Neither is told a policy or a target.

import { deriveSeed, groupBy, throwIfAborted } from "../../core/index.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../../models/index.ts";
import type { GamePrinciple, GamePrincipleRecord, Message } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import { learnRules, learnStrategy, type RuleLearning } from "./counting.ts";
import type { BriefLessons, LearnerPrompts, LearningVariant } from "./learner-prompts.ts";
import {
  flexibleRole,
  gainsOf,
  type Observation,
  playsOf,
  seenOfThing,
  thingsOf,
  tradesOf,
  transcriptOf,
} from "./observation.ts";
import { statements } from "./statements.ts";
import { ofThing, withThing } from "./thing-principle.ts";
import { briefStrategyText, strategyText } from "./trade-wording.ts";
import { briefLearningText, learningText } from "./wording.ts";

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

/** A question to a model that learns. unit: of the thing that it is about, where things are learned apart. */
type LearningQuestion = { readonly unit: string | null; readonly messages: Message[] };

const asked = (content: string): Message[] => [{ role: "user", content }];

const briefQuestions = (task: LearningTask, texts: BriefLessons): LearningQuestion[] => {
  const { principle, observations, variant } = task;
  if (isTrade(task)) {
    const role = flexibleRole(observations[0]!);
    const content = briefStrategyText(texts.strategy, role, principle.text, tradesOf(observations));
    return [{ unit: null, messages: asked(content) }];
  }
  if (variant === "resource-specific")
    return thingsOf(observations).map((unit) => {
      const plays = playsOf(seenOfThing(observations, unit), briefPlays);
      return {
        unit,
        messages: asked(briefLearningText(texts[variant], ofThing(principle.text, unit), plays)),
      };
    });
  const plays = (variant === "own-gain" ? gainsOf : playsOf)(observations, briefPlays);
  return [{ unit: null, messages: asked(briefLearningText(texts[variant], principle.text, plays)) }];
};

/** The questions to a model that learns: one, or in brief one for each thing that is learned apart. */
const learningQuestions = (task: LearningTask, prompts: LearnerPrompts): LearningQuestion[] => {
  if (prompts.wording === "brief") return briefQuestions(task, prompts.texts);
  const { texts } = prompts;
  const { principle, observations, variant } = task;
  const shown = transcriptOf(observations);
  const content = isTrade(task)
    ? strategyText(texts.strategy, flexibleRole(observations[0]!), principle.text, shown)
    : learningText(texts[variant], principle.text, new Set(observations.map(({ kind }) => kind)), shown);
  return [{ unit: null, messages: asked(content) }];
};

/** The first question to a model that learns. */
export const learningTurns = (task: LearningTask, prompts: LearnerPrompts): Message[] =>
  learningQuestions(task, prompts)[0]!.messages;

/** What a reply makes of a principle, or why there is none to be read. */
const readReply = ({ text, finish }: Pick<Reply, "text" | "finish">, before: GamePrinciple): Learned => {
  if (finish !== "stop" && finish !== "length")
    return { principle: before, state: "missing", reason: finish };
  if (text.trim() === "") return { principle: before, state: "missing", reason: "empty" };
  if (finish === "length") return { principle: before, state: "unparseable", reason: "cut" };
  return readPrinciple(text, before);
};

/** What replies about things apart make of a principle: learned where one of them is, else as the first of them says. */
const readThingReplies = (
  before: GamePrinciple,
  replies: readonly { readonly unit: string; readonly reply: Reply }[],
): Learned => {
  const each = replies.map(({ unit, reply }) => ({
    unit,
    learned: readReply(reply, { text: ofThing(before.text, unit) }),
  }));
  const read = each.filter(
    ({ learned: { state, principle } }) => (state === "learned" || state === "kept") && principle.text !== "",
  );
  const text = read.reduce(
    (principle, { unit, learned }) => withThing(principle, unit, learned.principle.text),
    before.text,
  );
  const [first] = each;
  if (text !== before.text) return { principle: { text }, state: "learned" };
  return { ...first!.learned, principle: before };
};

/** A learner that asks a model. */
export const askingLearner =
  (
    model: LanguageModel,
    {
      maxTokens,
      temperature,
      prompts,
    }: { readonly maxTokens: number; readonly temperature: number; readonly prompts: LearnerPrompts },
  ): Learner =>
  async (tasks, signal) => {
    throwIfAborted(signal);
    const questions = tasks.flatMap((task) =>
      task.observations.length === 0
        ? []
        : learningQuestions(task, prompts).map((question) => ({ task, ...question })),
    );
    const requests = questions.map(
      ({ task, unit, messages }): GenerateRequest => ({
        ...{ messages, maxTokens, temperature },
        seed: unit === null ? deriveSeed(task.seed, "learn") : deriveSeed(task.seed, "learn", unit),
      }),
    );
    const replies =
      requests.length === 0 ? [] : await model.generate(requests, signal === undefined ? {} : { signal });
    const answered = questions.map(({ task, unit }, at) => ({ task, unit, reply: replies[at]! }));
    const byTask = groupBy(answered, ({ task }) => task);
    return tasks.map((task): Learned => {
      const { principle } = task;
      const own = byTask.get(task) ?? [];
      const [first] = own;
      if (first === undefined) return { principle, state: "kept", reason: "nothing was seen" };
      if (first.unit === null) return readReply(first.reply, principle);
      return readThingReplies(
        principle,
        own.map(({ unit, reply }) => ({ unit: unit!, reply })),
      );
    });
  };
