// How a stage asks models about the phases of an episode: rows that an earlier attempt left are taken as they are, and the
// chunk they break off in is asked again, of which only the missing rows are written. So the bytes are those of an unbroken
// run. What a phase asks is not known here.

import { takeFirst, throwIfAborted } from "../../core/index.ts";
import { inOrder, paceOf, piecesOf } from "../../feedback/index.ts";
import type { GenerateRequest, LanguageModel } from "../../models/index.ts";
import type { DraftRecord, RatingRecord } from "../../records/index.ts";
import type { RecordFile, StageContext } from "../../runs/index.ts";
import type { Ask, Phase, PhaseTask } from "../../simulation/index.ts";
import { holdRejected, type Rejectable } from "./rejections.ts";
import { type CountUsage, type Pipeline, withStageModel } from "./stage-model.ts";

/** A record file read from its beginning, phase by phase, and then appended to. */
const inPhases = <Row>(file: Pick<RecordFile<Row>, "existing" | "rows" | "append">) => {
  const earlier = takeFirst(file.rows(), file.existing);
  return {
    /** The next rows that are there, at most so many. */
    async *take(most: number): AsyncGenerator<Row> {
      for (let taken = 0; taken < most; taken++) {
        const next = await earlier.next();
        if (next.done === true) return;
        yield next.value;
      }
    },
    append: file.append,
  };
};

/** Rows for some tasks, in their order. Whoever need not be asked is not. */
const answer = async <Row>(
  model: LanguageModel,
  tasks: readonly PhaseTask<Row>[],
  signal: AbortSignal,
): Promise<Row[]> => {
  throwIfAborted(signal);
  const requests = tasks.flatMap(({ request }): GenerateRequest[] => (request === null ? [] : [request]));
  const replies = requests.length === 0 ? [] : await model.generate(requests, { signal });
  let next = 0;
  return tasks.map(({ request, record }) => record(request === null ? null : replies[next++]!, model.id));
};

/** What can be asked at once. */
type Asked<Row> = Pick<Phase<Row>, "count" | "tasks">;

function* tasksFrom<Row>({ tasks }: Asked<Row>, first: number): Generator<PhaseTask<Row>> {
  let place = 0;
  for (const task of tasks()) if (place++ >= first) yield task;
}

/** What asking needs: whom to tell how many rows there are, and what was asked. */
export type AskingContext = {
  readonly stage: StageContext;
  readonly countUsage: CountUsage;
  readonly onRows: (rows: number, what: string) => void;
};

/** A way of asking, phase by phase, that goes on behind what is in a file. note: what the phase is, for progress. */
export const askPhases = <Row extends Rejectable>(
  whole: RecordFile<Row>,
  { stage, countUsage, onRows }: AskingContext,
) => {
  const file = inPhases(whole);
  return async function* (phase: Asked<Row>, model: LanguageModel, note: string): AsyncGenerator<Row> {
    let kept = 0;
    for await (const row of file.take(phase.count)) {
      kept++;
      yield row;
    }
    onRows(kept, note);
    if (kept === phase.count) return;
    const { chunk, window } = paceOf(model);
    const from = Math.floor(kept / chunk) * chunk;
    let skip = kept - from;
    const { take, rest } = holdRejected<Row>();
    const left = piecesOf(tasksFrom(phase, from), chunk);
    const answers = inOrder(left, window, (tasks) => answer(model, tasks, stage.signal));
    for await (const pieces of answers) {
      const rows = pieces.flat();
      const ready = take(rows.slice(skip));
      skip = Math.max(0, skip - rows.length);
      await file.append(ready);
      countUsage();
      onRows(ready.length, note);
      yield* ready;
    }
    const last = rest();
    await file.append(last);
    onRows(last.length, note);
    yield* last;
  };
};

/** Models by role, and the files of a run of episodes. */
export type PhaseContext = AskingContext & {
  readonly models: Readonly<Record<"assistant" | "user", LanguageModel>>;
  readonly drafts: RecordFile<DraftRecord>;
  readonly ratings: RecordFile<RatingRecord>;
};

/** A way of asking about the phases of episodes. */
export const askInPhases = ({ models, drafts, ratings, ...context }: PhaseContext): Ask => {
  const [toDrafts, toRatings] = [askPhases(drafts, context), askPhases(ratings, context)];
  const noteOf = ({ turn, what }: Pick<Phase<unknown>, "turn" | "what">): string => `turn ${turn}: ${what}`;
  return {
    drafts: (phase) => toDrafts(phase, models[phase.role], noteOf(phase)),
    ratings: (phase) => toRatings(phase, models[phase.role], noteOf(phase)),
  };
};

/** Opens the models of several roles, each name once. */
export const withRoleModels = async <Role extends string>(
  pipeline: Pipeline,
  stage: StageContext,
  names: Readonly<Record<Role, string>>,
  work: (models: Readonly<Record<Role, LanguageModel>>, countUsage: CountUsage) => Promise<void>,
): Promise<void> => {
  const opened = new Map<string, LanguageModel>();
  const counters: CountUsage[] = [];
  const open = async (left: readonly string[]): Promise<void> => {
    const [name, ...others] = left;
    if (name === undefined) {
      const models = Object.fromEntries(
        (Object.keys(names) as Role[]).map((role) => [role, opened.get(names[role])!]),
      ) as Record<Role, LanguageModel>;
      return work(models, () => {
        for (const count of counters) count();
      });
    }
    await withStageModel(pipeline, stage, name, async (model, countUsage) => {
      opened.set(name, model);
      counters.push(countUsage);
      await open(others);
    });
  };
  await open([...new Set(Object.values<string>(names))]);
};
