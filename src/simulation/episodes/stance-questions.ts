// How a meta-model is asked to sort comments, one short question at a time: of each comment whether it asks for a change, then of
// those that do what they are to each text that stands and to each other. Each step is a phase, which may be asked in any batches,
// and a broken one again. Who made a comment is never shown. The same words are not asked about twice: a comment that repeats
// another goes with it, and one that says word for word what stands is for it.

import { deriveSeed, oneLine } from "../../core/index.ts";
import type { Message, StanceRecord } from "../../records/index.ts";
import { briefForms } from "./brief-forms.ts";
import type { PhaseTask, RoleSampling } from "./episode.ts";
import { letterAt } from "./letters.ts";
import type { SortingPrompt } from "./meta-prompt.ts";
import type { Sorted } from "./sorting.ts";
import { readDemand, readStance, type Stance, sortByStances } from "./stances.ts";
import type { Comment } from "./transcript.ts";

/** Asks a model about a phase, or takes what was answered before: rows in the tasks' order. */
export type AskStances = (phase: {
  readonly what: string;
  readonly count: number;
  tasks(): Iterable<PhaseTask<StanceRecord>>;
}) => AsyncIterable<StanceRecord>;

/**
 * How comments are asked about. name: what ids begin with; parents: records of what stands; attempts: how often a question is
 * asked whose answer cannot be read, but might be of another seed.
 */
export type SortingOptions = {
  readonly prompt: Pick<SortingPrompt, "texts">;
  readonly sampling: RoleSampling;
  readonly attempts: number;
  readonly runSeed: number;
  readonly stage: string;
  readonly name: string;
  readonly place: Pick<StanceRecord, "run" | "part">;
  readonly parents: readonly string[];
};

/** What stands, and comments, by their numbers from 1. */
export type Sortable = {
  readonly standing: readonly string[];
  readonly comments: readonly Pick<Comment, "record" | "said">[];
};

/** questions: how many were asked; unread: of how many no answer could be read. */
export type Sorting = {
  readonly sorted: readonly Sorted[];
  readonly records: readonly StanceRecord[];
  readonly questions: number;
  readonly unread: number;
};

type Question = {
  readonly name: string;
  readonly parents: readonly string[];
  readonly messages: readonly Message[];
  readonly about: Pick<StanceRecord, "kind" | "comment" | "standing" | "earlier">;
};

const taskOf = (
  { sampling, runSeed, stage, name, place }: SortingOptions,
  question: Question,
  attempt: number,
): PhaseTask<StanceRecord> => {
  const id = `${name}/${question.name}-${attempt}`;
  const seed = deriveSeed(runSeed, stage, id);
  return {
    request: { messages: question.messages, ...sampling, seed },
    record: (reply, model) => {
      const { text, finish } = reply!;
      const read = (question.about.kind === "demand" ? readDemand : readStance)({ text, finish });
      return {
        ...{ id, parents: [...question.parents], stage, seed, ...place, ...question.about, attempt },
        ...{ model, text, finish },
        ...(typeof read === "string" ? { answer: read } : read),
      };
    },
  };
};

type Answer = NonNullable<StanceRecord["answer"]>;

/** Whether another seed may bring an answer; what was refused, rejected or too long is so again. */
const mayDiffer = ({ finish, answer }: StanceRecord): boolean =>
  answer === undefined && (finish === "stop" || finish === "length" || finish === "empty");

/** Makes what asks questions, one phase after the other, and keeps count. */
const createAsking = (options: SortingOptions, ask: AskStances) => {
  const records: StanceRecord[] = [];
  let questions = 0;
  let unread = 0;
  return {
    /** The answers to questions, in their order; null where none can be read. */
    async answersTo(asked: readonly Question[], what: string): Promise<(Answer | null)[]> {
      const answers = asked.map((): Answer | null => null);
      let open = asked.map((_, at) => at);
      for (let attempt = 1; attempt <= options.attempts && open.length > 0; attempt++) {
        const places = open;
        const rows = ask({
          ...{ what, count: places.length },
          *tasks() {
            for (const at of places) yield taskOf(options, asked[at]!, attempt);
          },
        });
        open = [];
        let next = 0;
        for await (const row of rows) {
          const at = places[next++]!;
          records.push(row);
          answers[at] = row.answer ?? null;
          if (mayDiffer(row)) open.push(at);
        }
      }
      questions += asked.length;
      unread += answers.filter((answer) => answer === null).length;
      return answers;
    },
    told: (): Omit<Sorting, "sorted"> => ({ records, questions, unread }),
  };
};

const keyOf = (text: string): string => oneLine(text).toLowerCase();

/** A question about a comment and another text, and where their answer belongs. */
type Pair = { readonly other: number; readonly number: number };

/** Makes the questions about comments. */
const createQuestions = ({ prompt, parents }: SortingOptions, { standing, comments }: Sortable) => {
  const commentAt = (number: number) => comments[number - 1]!;
  const stance = (first: string, second: string) => briefForms.stance(first, second, prompt.texts.stance);
  return {
    demand: (number: number): Question => {
      const { record, said } = commentAt(number);
      return {
        ...{
          name: `demand-${number}`,
          parents: [record],
          messages: briefForms.demand(said, prompt.texts.demand),
        },
        about: { kind: "demand", comment: record },
      };
    },
    /** other: a place of what stands. */
    onStanding: ({ other, number }: Pair): Question => {
      const { record, said } = commentAt(number);
      const letter = letterAt(other);
      return {
        ...{ name: `stance-${number}-on-${letter}`, parents: [...parents, record] },
        messages: stance(standing[other]!, said),
        about: { kind: "stance", comment: record, standing: letter },
      };
    },
    /** other: the number of an earlier comment. */
    onComment: ({ other, number }: Pair): Question => {
      const { record, said } = commentAt(number);
      const earlier = commentAt(other);
      return {
        ...{ name: `stance-${number}-on-${other}`, parents: [earlier.record, record] },
        messages: stance(earlier.said, said),
        about: { kind: "stance", comment: record, earlier: earlier.record },
      };
    },
  };
};

const asStance = (answer: Answer | null): Stance =>
  answer === null || answer === "yes" || answer === "no" ? "neither" : answer;

/** Sorts comments by what a model says of each and of pairs. */
export const sortComments = async (
  options: SortingOptions,
  sortable: Sortable,
  ask: AskStances,
): Promise<Sorting> => {
  const { standing, comments } = sortable;
  const asking = createAsking(options, ask);
  const questions = createQuestions(options, sortable);
  const keys = comments.map(({ said }) => keyOf(said));
  const standingKeys = standing.map(keyOf);
  const sorted = new Map<number, Sorted>();

  const distinct = comments.flatMap((_, at) => (keys.indexOf(keys[at]!) === at ? [at + 1] : []));
  const demands = await asking.answersTo(distinct.map(questions.demand), "demands");
  const demanding = distinct.filter((_, at) => demands[at] === "yes");

  const unlike = demanding.filter((number) => {
    const place = standingKeys.indexOf(keys[number - 1]!);
    if (place >= 0) sorted.set(number, { standing: place, side: "for" });
    return place < 0;
  });
  const onStanding = unlike.flatMap((number) => standing.map((_, other): Pair => ({ other, number })));
  const onEarlier = unlike.flatMap((number, at) =>
    unlike.slice(0, at).map((other): Pair => ({ other, number })),
  );
  const asked = [...onStanding.map(questions.onStanding), ...onEarlier.map(questions.onComment)];
  const stances = await asking.answersTo(asked, "stances");
  // by places: what stands first, then these comments
  const placeOf = (number: number): number => standing.length + unlike.indexOf(number);
  const pairs = [
    ...onStanding.map(({ other, number }) => [other, placeOf(number)]),
    ...onEarlier.map(({ other, number }) => [placeOf(other), placeOf(number)]),
  ];
  const byPair = new Map(pairs.map((pair, at) => [pair.join(" "), asStance(stances[at]!)]));
  const places = sortByStances(standing.length, unlike, (one, other) => byPair.get(`${one} ${other}`));
  for (const [at, number] of unlike.entries()) sorted.set(number, places[at]!);

  return {
    sorted: comments.map((_, at): Sorted => {
      const first = keys.indexOf(keys[at]!) + 1;
      const one = sorted.get(first) ?? "nothing";
      return one === "new" && first !== at + 1 ? { comment: first, side: "for" } : one;
    }),
    ...asking.told(),
  };
};
