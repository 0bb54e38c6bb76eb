// A stored social contract as messages, in the order in which they were said: the drafts of a turn, what users said of them,
// how others rated them; then what the meta-model wrote of the run, or how it sorted the comments, and what came of it. Reads the
// run folder; asks nobody.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { collect } from "../../core/index.ts";
import {
  type DraftRecord,
  draftRecordSchema,
  type LearnedRecord,
  learnedRecordSchema,
  type MetaRecord,
  metaRecordSchema,
  type Persona,
  type RatingRecord,
  type ReplaySpeaker,
  ratingRecordSchema,
  stanceRecordSchema,
} from "../../records/index.ts";
import { type RunReading, streamRecords } from "../../runs/index.ts";
import { contractSchema, contractTasks } from "../settings/contract-settings.ts";
import { choosePersonas } from "../settings/stakeholders.ts";
import { runName } from "../stages/contract-run.ts";
import type { ReplaySource, Said } from "./replay.ts";
import { type Remark, sortingSaid } from "./sorting.ts";

const meta: ReplaySpeaker = { id: "meta-model", name: "meta-model", role: "meta-model", about: "" };

/** A stream of rows that are in order, of which one takes those that a test holds for. */
const takingFrom = <Row>(rows: AsyncGenerator<Row>) => {
  let next: IteratorResult<Row> | undefined;
  return {
    async peek(): Promise<Row | undefined> {
      next ??= await rows.next();
      return next.done === true ? undefined : next.value;
    },
    async *while(test: (row: Row) => boolean): AsyncGenerator<Row> {
      for (let row = await this.peek(); row !== undefined && test(row); row = await this.peek()) {
        next = undefined;
        yield row;
      }
    },
  };
};

const missingNote = ({ missing = {}, reason }: RatingRecord): string =>
  reason !== undefined
    ? "was not asked, for want of a draft"
    : Object.entries(missing)
        .map(([metric, why]) => `${metric}: missing, ${why}`)
        .join("; ");

const ratingSaid = (rating: RatingRecord, assistant: string): Said => {
  const { id, run, turn, talk, of, user, ratings, feedback } = rating;
  const place = {
    step: run,
    turn,
    scene: talk,
    from: user,
    values: ratings,
    note: missingNote(rating),
    record: id,
  };
  return of === "own"
    ? { ...place, kind: "comment", to: [assistant], text: feedback }
    : { ...place, kind: "rating", to: [], text: "" };
};

const writtenSaid = ({ id, run, critique, problem, text }: MetaRecord): Said[] =>
  critique === undefined && problem === undefined
    ? []
    : [
        {
          ...{ step: run, turn: null, scene: "after the run", kind: "critique", from: meta.id, to: [] },
          ...{ text: critique ?? text, values: {}, record: id },
          note: problem === undefined ? "" : `not used: ${problem}`,
        },
      ];

const documentSaid = ({ id, run, part, state, document, similarity }: LearnedRecord): Said => ({
  ...{ step: run, turn: null, scene: part, kind: "document", from: meta.id, to: [], record: id },
  text: document.principles
    .map(
      ({ title, area }, at) =>
        `${at + 1}. ${part === "contract" ? `For ${area ?? "all users"}: ` : ""}${title}`,
    )
    .join("\n"),
  values: similarity === null ? {} : { similarity },
  note: { learned: "", kept: "kept from the run before", dropped: "gone: nothing of it is left" }[state],
});

/** What talks are about. questions: of tasks by id, none where their file is gone; ofTalks: every talk has its own. */
type Topics = { readonly questions: ReadonlyMap<string, string>; readonly ofTalks: boolean };

/** A question, before the first draft about it: to the one who asks it, or to nobody where it is everybody's. */
const taskSaid = ({ id, run, task, user }: DraftRecord, { questions, ofTalks }: Topics): Said => ({
  ...{ step: run, turn: null, scene: "the task", kind: "task", from: task, to: ofTalks ? [user] : [] },
  ...{ text: questions.get(task) ?? "", values: {}, note: "", record: id },
});

/** What was said in a run. */
async function* sayRun(folder: string, run: number, topics: Topics): AsyncGenerator<Said> {
  const path = (file: string): string => join(folder, runName(run), file);
  const drafts = takingFrom(streamRecords(path("drafts.jsonl"), draftRecordSchema));
  const ratings = takingFrom(streamRecords(path("ratings.jsonl"), ratingRecordSchema));
  // one's own folder may be of a meta-prompt that sorts nothing
  const sorts = existsSync(path("stances.jsonl"));
  const stances = takingFrom(streamRecords(path("stances.jsonl"), stanceRecordSchema));
  const remarks = new Map<string, Remark>();
  const assistants = new Map<string, string>();
  let lastTask = "";
  for (let first = await drafts.peek(); first !== undefined; first = await drafts.peek()) {
    const { turn } = first;
    for await (const draft of drafts.while((row) => row.turn === turn)) {
      const { id, talk, user, assistant, task, text, finish } = draft;
      if (turn === 1 && (topics.ofTalks || task !== lastTask)) yield taskSaid(draft, topics);
      lastTask = task;
      assistants.set(talk, assistant);
      const note = finish === "stop" ? "" : finish;
      const place = { step: run, turn, scene: talk, from: assistant, to: [user], record: id };
      yield { ...place, kind: "draft", text, values: {}, note };
    }
    for await (const rating of ratings.while((row) => row.turn === turn)) {
      const { id, of, user, feedback: said } = rating;
      if (sorts && of === "own") remarks.set(id, { user, said });
      yield ratingSaid(rating, assistants.get(rating.talk) ?? "");
    }
  }
  for await (const record of streamRecords(path("meta.jsonl"), metaRecordSchema)) {
    const own = sorts ? await collect(stances.while((row) => row.part === record.part)) : [];
    if (own.length === 0) yield* writtenSaid(record);
    else yield { ...sortingSaid(record, own, (rating) => remarks.get(rating)), from: meta.id };
  }
  for await (const record of streamRecords(path("learned.jsonl"), learnedRecordSchema))
    yield documentSaid(record);
}

/** Seats with who sits in them, from the first run's ratings, and assistants from its drafts. */
const readSpeakers = async (
  folder: string,
  personas: ReadonlyMap<string, Persona>,
): Promise<ReplaySpeaker[]> => {
  const path = (file: string): string => join(folder, runName(1), file);
  const speakers = new Map<string, ReplaySpeaker>();
  for (const { assistant } of await collect(streamRecords(path("drafts.jsonl"), draftRecordSchema)))
    speakers.set(assistant, {
      id: assistant,
      name: assistant.replace("-", " "),
      role: "assistant",
      about: "",
    });
  for await (const { user, persona } of streamRecords(path("ratings.jsonl"), ratingRecordSchema)) {
    const known = personas.get(persona);
    const name = `${user.replace("-", " ")}, ${known?.name ?? persona}`;
    speakers.set(user, { id: user, name, role: "user", about: known?.description ?? "" });
  }
  return [...speakers.values(), meta];
};

/** A contract's folder as a replay. Where its personas' or tasks' file is gone, they go by their ids. */
export const contractReplay = async ({ folder, config, has }: RunReading): Promise<ReplaySource> => {
  const settings = contractSchema.parse(config);
  const { runs } = settings;
  const personas = await choosePersonas(settings).catch(() => []);
  const tasks = await contractTasks(settings).catch(() => []);
  const topics: Topics = {
    questions: new Map(tasks.map(({ id, question }) => [id, question])),
    ofTalks: settings.tasksPer === "talk",
  };
  // Runs after one that converged were not played; those of a run that is under way are not there yet.
  const played = Array.from({ length: runs }, (_, at) => at + 1).filter((run) =>
    has(`${runName(run)}/learned.jsonl`),
  );
  return {
    title: `A social contract in ${played.length} of ${runs} runs`,
    steps: played.length,
    stepName: "Run",
    speakers: played.includes(1)
      ? await readSpeakers(folder, new Map(personas.map((one) => [one.id, one])))
      : [],
    async *said() {
      for (const run of played) yield* sayRun(folder, run, topics);
    },
  };
};
