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

function* tasksFrom<Row>({ tasks }: Phase<Row>, first: number): Generator<PhaseTask<Row>> {
  let place = 0;
  for (const task of tasks()) if (place++ >= first) yield task;
}

/** What asking needs: models by role, files, and whom to tell how many rows there are. */
export type PhaseContext = {
  readonly models: Readonly<Record<"assistant" | "user", LanguageModel>>;
  readonly drafts: RecordFile<DraftRecord>;
  readonly ratings: RecordFile<RatingRecord>;
  readonly stage: StageContext;
  readonly countUsage: CountUsage;
  readonly onRows: (rows: number, what: string) => void;
};

/** A way of asking that goes on behind what is in the files. */
export const askInPhases = ({ models, drafts, ratings, stage, countUsage, onRows }: PhaseContext): Ask => {
  async function* asking<Row extends Rejectable>(
    phase: Phase<Row>,
    file: ReturnType<typeof inPhases<Row>>,
  ): AsyncGenerator<Row> {
    const note = `turn ${phase.turn}: ${phase.what}`;
    let kept = 0;
    for await (const row of file.take(phase.count)) {
      kept++;
      yield row;
    }
    onRows(kept, note);
    if (kept === phase.count) return;
    const model = models[phase.role];
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
  }
  const [draftFile, ratingFile] = [inPhases(drafts), inPhases(ratings)];
  return {
    drafts: (phase) => asking(phase, draftFile),
    ratings: (phase) => asking(phase, ratingFile),
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
