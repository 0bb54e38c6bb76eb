// One run: turns of phases. In a turn all assistants draft; then, and not before, all users rate the draft of their own
// talk; then they rate drafts of others, each in a call of its own. What a phase asks depends on the phases before it and
// on nothing within it, so a phase may be asked in any batches, and a broken one again.

import { collect, deriveSeed } from "../../core/index.ts";
import type { GenerateRequest, Reply } from "../../models/index.ts";
import type { DraftRecord, Metric, RatingRecord, Task } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import { type Cast, ratersOf, type Talk } from "./cast.ts";
import type { Exchange } from "./exchange.ts";
import { ratingForm, readRating, unaskedRating } from "./rating.ts";
import type { Contract, Said } from "./wording.ts";
import type { EpisodeWording } from "./wordings.ts";

/** How a role is sampled, and its real limit of tokens. */
export type RoleSampling = {
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
};

/** One thing that is asked. request: null where nobody is asked, and the record says so. */
export type PhaseTask<Row> = {
  readonly request: GenerateRequest | null;
  /** The record of what came; reply: null where nobody was asked. */
  record(reply: Reply | null, model: string): Row;
};

/** What can be asked at once. tasks: made when they are wanted, since there may be many. */
export type Phase<Row> = {
  readonly role: "assistant" | "user";
  readonly turn: number;
  readonly what: "drafts" | "own ratings" | "ratings of others";
  readonly count: number;
  tasks(): Iterable<PhaseTask<Row>>;
};

/** Asks models about a phase, or takes what was answered before: rows in the tasks' order. */
export type Ask = {
  drafts(phase: Phase<DraftRecord>): AsyncIterable<DraftRecord>;
  ratings(phase: Phase<RatingRecord>): AsyncIterable<RatingRecord>;
};

/**
 * taskOf: what a talk is about; one task for all of its turns. metrics: what users rate of their own talk and of others.
 * turns: of this run. windows: earlier turns of the own talk that each role is shown. contract: what assistants keep to, with the ids of its records. earlier: exchanges of runs
 * before this one, by talk, where memory is carried on. commentWords: of a comment, as users are told.
 */
export type EpisodeOptions = {
  readonly cast: Cast;
  readonly wording: EpisodeWording;
  readonly taskOf: (talk: Talk) => Task;
  readonly metrics: { readonly own: readonly Metric[]; readonly others: readonly Metric[] };
  readonly run: number;
  readonly turns: number;
  readonly windows: { readonly assistant: number; readonly user: number };
  readonly raters: "all" | number;
  readonly contract: Contract;
  readonly contractIds: readonly string[];
  readonly earlier: ReadonlyMap<string, readonly Exchange[]>;
  readonly sampling: { readonly assistant: RoleSampling; readonly user: RoleSampling };
  readonly commentWords: number;
  readonly runSeed: number;
  readonly stage: string;
};

type Place = { readonly turn: number; readonly talk: Talk };

const hasText = ({ text, finish }: Pick<DraftRecord, "text" | "finish">): boolean =>
  (finish === "stop" || finish === "length") && text !== "";

/** The last turns of a talk in which something was drafted: what is not there cannot be remembered. */
export const windowOf = (exchanges: readonly Exchange[], size: number): readonly Exchange[] =>
  size === 0 ? [] : exchanges.filter(({ draft }) => hasText(draft)).slice(-size);

const saidIn = (exchanges: readonly Exchange[]): Said[] =>
  exchanges.map(({ task, draft, rating }) => ({ task, draft: draft.text, comment: rating.feedback }));

const idsOf = (exchanges: readonly Exchange[]): string[] =>
  exchanges.flatMap(({ draft, rating }) => [draft.id, rating.id]);

/** Makes the tasks of a run's phases. remembered: the exchanges so far, by talk. */
const createTasks = (options: EpisodeOptions, remembered: ReadonlyMap<string, readonly Exchange[]>) => {
  const { cast, taskOf, metrics, run, windows, contract, contractIds, sampling, stage, runSeed } = options;
  const { wording } = options;
  const seeded = (id: string) => ({ id, stage, seed: deriveSeed(runSeed, stage, id), run });
  const draft = ({ turn, talk }: Place): PhaseTask<DraftRecord> => {
    const seat = cast.users[talk.user]!;
    const task = taskOf(talk);
    const earlier = windowOf(remembered.get(talk.id) ?? [], windows.assistant);
    const { id, stage: _, ...rest } = seeded(`${stage}/turn-${turn}/${talk.id}/draft`);
    return {
      request: {
        messages: wording.assistant(contract, seat.label, task, saidIn(earlier)),
        ...sampling.assistant,
        seed: rest.seed,
      },
      record: (reply, model) => ({
        ...{ id, parents: [...contractIds, ...idsOf(earlier)], stage, ...rest, turn, talk: talk.id },
        ...{ user: seat.id, assistant: cast.assistants[talk.assistant]!, task: task.id, model },
        text: withoutThought(reply!.text),
        finish: reply!.finish,
      }),
    };
  };
  const rating = (
    { turn, talk }: Place,
    of: "own" | "others",
    user: number,
    shown: DraftRecord,
  ): PhaseTask<RatingRecord> => {
    const { id: seat, persona } = cast.users[user]!;
    const earlier = of === "own" ? windowOf(remembered.get(talk.id) ?? [], windows.user) : [];
    const task = taskOf(talk);
    const asked = metrics[of];
    const name = of === "own" ? "rating" : `rating-of-${seat}`;
    const { id, stage: _, ...rest } = seeded(`${stage}/turn-${turn}/${talk.id}/${name}`);
    const messages = () =>
      of === "own"
        ? wording.ownRating(persona, task, saidIn(earlier), shown.text, {
            metrics: asked,
            words: options.commentWords,
          })
        : wording.othersRating(persona, task, shown.text, asked);
    const answer = wording.json ? { answer: ratingForm(asked, of === "own") } : {};
    return {
      request: hasText(shown) ? { messages: messages(), ...sampling.user, seed: rest.seed, ...answer } : null,
      record: (reply, model) => ({
        ...{ id, parents: [shown.id, ...idsOf(earlier)], stage, ...rest, turn, talk: talk.id },
        ...{ of, user: seat, persona: persona.id, draft: shown.id, model },
        ...(reply === null ? unaskedRating(asked) : readRating(reply, asked)),
        text: reply?.text ?? "",
        ...(reply === null ? { reason: "reply-missing" as const } : { finish: reply.finish }),
      }),
    };
  };
  return { draft, rating };
};

/** Every draft of a turn with those who rate it from outside of its talk. */
const outsiders = ({ cast, raters, runSeed, stage, metrics }: EpisodeOptions, turn: number) =>
  metrics.others.length === 0
    ? []
    : cast.talks.map((talk) => ratersOf(cast, talk, raters, deriveSeed(runSeed, stage, turn)));

const addRating = (sums: Record<string, { sum: number; count: number }>, { ratings }: RatingRecord): void => {
  for (const [metric, value] of Object.entries(ratings)) {
    if (value === null) continue;
    const { sum, count } = sums[metric] ?? { sum: 0, count: 0 };
    sums[metric] = { sum: sum + value, count: count + 1 };
  }
};

/** Plays one run. Resolves to its exchanges, turn by turn and in the order of the talks. */
export const playRun = async (options: EpisodeOptions, ask: Ask): Promise<Exchange[]> => {
  const { cast, run, turns, taskOf } = options;
  const { talks } = cast;
  const remembered = new Map(talks.map(({ id }) => [id, [...(options.earlier.get(id) ?? [])]]));
  const tasks = createTasks(options, remembered);
  const played: Exchange[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    const drafts = await collect(
      ask.drafts({
        ...{ role: "assistant", turn, what: "drafts", count: talks.length },
        *tasks() {
          for (const talk of talks) yield tasks.draft({ turn, talk });
        },
      }),
    );
    const own = await collect(
      ask.ratings({
        ...{ role: "user", turn, what: "own ratings", count: talks.length },
        *tasks() {
          for (const [at, talk] of talks.entries())
            yield tasks.rating({ turn, talk }, "own", talk.user, drafts[at]!);
        },
      }),
    );
    const rated = outsiders(options, turn);
    const others = new Map(
      drafts.map(({ id }) => [id, {} as Record<string, { sum: number; count: number }>]),
    );
    const rows = ask.ratings({
      ...{ role: "user", turn, what: "ratings of others" },
      count: rated.reduce((sum, users) => sum + users.length, 0),
      *tasks() {
        for (const [at, users] of rated.entries())
          for (const user of users)
            yield tasks.rating({ turn, talk: talks[at]! }, "others", user, drafts[at]!);
      },
    });
    for await (const row of rows) addRating(others.get(row.draft)!, row);
    for (const [at, talk] of talks.entries()) {
      const draft = drafts[at]!;
      const given = { rating: own[at]!, others: others.get(draft.id)! };
      const exchange = { run, turn, talk, task: taskOf(talk), draft, ...given };
      remembered.get(talk.id)!.push(exchange);
      played.push(exchange);
    }
  }
  return played;
};
