// A model as a data stage uses it: what it is asked is counted and written to the event log, what is to be
// known of it becomes a warning. The counts are for people and bills; no record depends on them.

import {
  type AskedRequest,
  isEndpoint,
  type LanguageModel,
  type LoadFormat,
  type OpenModel,
  type Reply,
  runsHere,
  type Score,
  type StageAccounts,
  sumAccounts,
} from "../../models/index.ts";
import type { RunEvent } from "../../records/index.ts";
import type { StageContext, StageHolder } from "../../runs/index.ts";
import type { RecipeContext } from "../recipe.ts";
import type { Calls } from "./calls.ts";
import { endOf, type NewEnd, openNewEnds } from "./ended-answers.ts";
import { withModel } from "./models.ts";

/**
 * A run, or a part of one, with the context of the recipe that made it. calls: what its models share. load: how models
 * that answer here hold their projections, where not in full; models elsewhere are not concerned. openModel: opens what
 * answers here, where that is not this process's part.
 */
export type Pipeline = {
  readonly run: StageHolder;
  readonly context: RecipeContext;
  readonly calls?: Calls;
  readonly load?: LoadFormat;
  readonly openModel?: OpenModel;
};

/** What was asked is written down at most so often, so that the log does not grow with every item. */
const usageMilliseconds = 250;

/** Counts what was asked, and now and then writes it down, with other things to count. */
export type CountUsage = (counts?: Readonly<Record<string, number>>) => void;

type Tally = { calls: number; promptTokens: number; completionTokens: number; repeats: number };

const emptyTally = (): Tally => ({ calls: 0, promptTokens: 0, completionTokens: 0, repeats: 0 });

/** Answers that were there already and took no call. */
export const fromCache = "from-cache";

/** asked: what was asked for each of the answers. */
type AddAnswers = (answers: readonly (Reply | Score)[], asked: (at: number) => AskedRequest) => void;

const counting = (model: LanguageModel, add: AddAnswers): LanguageModel => ({
  ...model,
  async generate(requests, options) {
    const replies = await model.generate(requests, options);
    add(replies, (at) => ({ type: "generate", request: requests[at]! }));
    return replies;
  },
  async score(requests, options) {
    const scores = await model.score(requests, options);
    add(scores, (at) => ({ type: "score", request: requests[at]! }));
    return scores;
  },
});

/** The count of answers of another model than the one that was asked, as their server says. */
export const fromOther = "from-another-model";

/**
 * Counts answers, and how those that are not whole ended, until it is emptied. newEnd: tells which of these the run has
 * not counted yet; without it each is counted, and none may have been there already.
 */
const createTally = (newEnd: NewEnd | undefined) => {
  let tally = emptyTally();
  let ends: Record<string, number> = {};
  let ended: string[] = [];
  const count = (name: string): void => {
    ends[name] = (ends[name] ?? 0) + 1;
  };
  const countEnd = (end: string, asked: AskedRequest): void => {
    const key = newEnd?.(asked);
    if (newEnd !== undefined && key === undefined) return;
    count(end);
    if (key !== undefined) ended.push(key);
  };
  const add: AddAnswers = (answers, asked) => {
    for (const [at, answer] of answers.entries()) {
      const end = endOf(answer);
      if (end !== undefined) countEnd(end, asked(at));
      if (answer.cached === true) {
        count(fromCache);
        continue;
      }
      tally.calls++;
      tally.promptTokens += answer.usage.promptTokens;
      tally.completionTokens += answer.usage.completionTokens;
    }
  };
  return {
    add,
    repeat: () => tally.repeats++,
    /** Whether it holds ends that are lost with a killed process: once there are records of them nobody asks again. */
    isUrgent: () => ended.length > 0,
    take() {
      const taken = { tally, ends, ended };
      tally = emptyTally();
      ends = {};
      ended = [];
      return taken;
    },
  };
};

/** What a run was told once and need not be told again by its next stage. */
const toldTo = new WeakMap<StageHolder, Set<string>>();

/**
 * Whether a run was not told of a model's notice yet; it is from now on. Which words were foreign differs from stage to
 * stage.
 */
export const isNews = (
  run: StageHolder,
  { code, text: words }: { readonly code: string; readonly text: string },
): boolean => {
  const text = code === "model-foreign-text" ? code : words;
  const told = toldTo.get(run) ?? new Set<string>();
  toldTo.set(run, told);
  const isNew = !told.has(text);
  told.add(text);
  return isNew;
};

/** A server that asks for a wait of so many milliseconds is told of each time, since all stands still. */
export const longWait = 5_000;

/** That a call is made again. wait: milliseconds that the server asks for. */
export const againIn = (wait: number): string =>
  `The call is made again${wait < longWait ? "" : ` in ${Math.ceil(wait / 1000)} s, as the server asks`}`;

/** The first is worth a warning, then every tenth power. */
const isTold = (count: number): boolean => Number.isInteger(Math.log10(count));

/** Opens a model for one piece of a stage's work. id: how records name it, where not by its name. */
export const withStageModel = async (
  { run, context, calls, load, openModel }: Pipeline,
  stage: StageContext,
  name: string,
  work: (model: LanguageModel, countUsage: CountUsage) => Promise<void>,
  id = name,
): Promise<void> => {
  const counts = createTally(isEndpoint(name) ? await openNewEnds(run, name) : undefined);
  let others: Record<string, number> = {};
  let told = Number.NEGATIVE_INFINITY;
  let repeats = 0;
  let waitedUntil = 0;
  let rejected = 0;
  const options = (await calls?.optionsFor(name, stage.name)) ?? {};
  const inLedger = options.ledger === undefined ? {} : { ledger: true as const };
  const tell = (): void => {
    const { tally, ends, ended: keys } = counts.take();
    const ended = keys.length > 0 ? { ended: keys } : {};
    const all = Object.fromEntries(Object.entries({ ...others, ...ends }).filter(([, count]) => count > 0));
    others = {};
    told = context.clock.now();
    // what the account took: calls without an answer, too
    const { money = 0, ...tokens } = (options.ledger && calls?.booked(stage.name)) ?? {};
    const used = { ...tally, ...tokens };
    const isUsed = used.calls + used.repeats + used.promptTokens + used.completionTokens > 0;
    if (isUsed || Object.keys(all).length > 0) {
      stage.emit({
        type: "stage-usage",
        stage: stage.name,
        ...used,
        ...(money > 0 ? { money } : {}),
        ...inLedger,
        counts: all,
        ...ended,
      });
    }
  };
  const countUsage: CountUsage = (more = {}) => {
    for (const [name, count] of Object.entries(more)) others[name] = (others[name] ?? 0) + count;
    if (counts.isUrgent() || context.clock.now() - told >= usageMilliseconds) tell();
  };
  try {
    // told as answers come, not as what is made of them does: a killed process has said what it was given
    const add: AddAnswers = (answers, asked) => {
      counts.add(answers, asked);
      countUsage();
    };
    const opened = (model: LanguageModel) => work(counting(model, add), countUsage);
    const openHere = openModel === undefined || !runsHere(name) ? {} : { openModel };
    await withModel(name, { ...context, ...openHere }, stage.signal, opened, id, {
      ...options,
      ...(load === undefined || !runsHere(name) ? {} : { load }),
      onNotice({ code, text, wait = 0 }) {
        if (code === "model-rejected") {
          rejected++;
          const times = rejected === 1 ? "" : ` (${rejected} so far)`;
          if (isTold(rejected))
            stage.warn(code, `${text} Other requests are answered, so this one is left out${times}.`);
          return;
        }
        if (code !== "model-retry") {
          if (code === "model-other") others[fromOther] = (others[fromOther] ?? 0) + 1;
          if (isNews(run, { code, text })) stage.warn(code, text);
          return;
        }
        counts.repeat();
        repeats++;
        const times = repeats === 1 ? "" : ` (${repeats} calls so far)`;
        const now = context.clock.now();
        const isLong = wait >= longWait && now >= waitedUntil;
        if (isLong) waitedUntil = now + wait;
        if (isLong || isTold(repeats)) stage.warn(code, `${text} ${againIn(wait)}${times}.`);
      },
    });
  } finally {
    tell();
  }
};

/**
 * What stages asked of models, over all attempts of the run. calls: those with an answer; repeats: those without one;
 * money: where prices are given; estimated: calls, of both, whose tokens nobody told, and what of the money they are;
 * counts by name.
 */
export type Spent = Tally & {
  readonly money?: number;
  readonly estimated?: { readonly calls: number; readonly money: number };
  readonly counts: Readonly<Record<string, number>>;
};

/** What usage events say with what is in the account, which holds for all calls that are in it. */
export const withAccount = (
  { money: told = 0, ...spent }: Spent,
  accounts: StageAccounts,
  stages: readonly string[],
): Spent => {
  const account = sumAccounts(stages.flatMap((stage) => accounts.get(stage) ?? []));
  const money = told + account.money;
  return {
    ...spent,
    calls: spent.calls + account.calls - account.failed,
    promptTokens: spent.promptTokens + account.promptTokens,
    completionTokens: spent.completionTokens + account.completionTokens,
    repeats: spent.repeats + account.failed,
    ...(money > 0 ? { money } : {}),
    ...(account.estimated > 0
      ? { estimated: { calls: account.estimated, money: account.estimatedMoney } }
      : {}),
  };
};

/**
 * Adds up usage events of the named stages, one after the other, but for calls, tokens and money that are in the run's
 * account.
 */
export const countSpent = (stages: readonly string[]) => {
  const sum = emptyTally();
  const counts: Record<string, number> = {};
  let money = 0;
  return {
    add(event: RunEvent): void {
      if (event.type !== "stage-usage" || !stages.includes(event.stage)) return;
      if (event.ledger !== true) {
        for (const key of ["calls", "promptTokens", "completionTokens", "repeats"] as const)
          sum[key] += event[key];
        money += event.money ?? 0;
      }
      for (const [name, count] of Object.entries(event.counts)) counts[name] = (counts[name] ?? 0) + count;
    },
    total: (): Spent => ({ ...sum, ...(money > 0 ? { money } : {}), counts }),
  };
};
