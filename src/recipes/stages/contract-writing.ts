// How a meta-model is asked about a part of a run where it writes the documents itself (meta.jsonl), again where its reply
// cannot be read, and for what is missing where it wrote fewer principles than an exact number that is wanted.

import { deriveSeed, throwIfAborted } from "../../core/index.ts";
import type { LanguageModel, Reply } from "../../models/index.ts";
import type { MetaRecord } from "../../records/index.ts";
import type { RecordFile, StageContext } from "../../runs/index.ts";
import {
  type Exchange,
  type MetaBounds,
  type MetaReading,
  metaAnswerForm,
  metaMessages,
  moreAnswerForm,
  moreMessages,
  readMeta,
  readMore,
  type WritingPrompt,
} from "../../simulation/index.ts";
import { type AskedPart, type AskPart, type MetaTask, placeOf, type Question } from "./contract-part.ts";

/** How all parts are asked: about what, whom, and where it is written down. */
type Asking = {
  readonly exchanges: readonly Exchange[];
  readonly model: LanguageModel;
  readonly stage: StageContext;
  readonly file: RecordFile<MetaRecord>;
};

type Readable = Extract<MetaReading, { type: "read" }>;

/** What the replies about a part have come to. used: those that the reading is made of; all: with one that cannot be used. */
type Progress = {
  readonly used: readonly MetaRecord[];
  readonly reading: Readable | null;
  readonly all: AskedPart | null;
};

/** What a reply says, before it is written down and again when it is read on. */
type Said = Pick<MetaRecord, "text" | "finish" | "missing">;

const sayingsOf = (
  { play: { setup } }: MetaTask,
  metaPrompt: WritingPrompt,
  { transcript, current }: Question,
) => {
  const { exactly } = metaPrompt;
  const referred = setup.wording.referred(current, transcript.comments);
  const bounds: MetaBounds = {
    users: setup.cast.users.length,
    comments: transcript.comments.length,
    ...(referred === undefined ? {} : { referred }),
  };
  return {
    /** How many principles are missing of those that are wanted. */
    missingOf: ({ reading }: Progress): number =>
      reading === null || exactly === undefined ? 0 : exactly - reading.constitution.length,
    /** A reply beside those before it: what it comes to with them, or why nothing comes of it. */
    readBeside: ({ reading }: Progress, { text, finish, missing }: Said): MetaReading => {
      if (reading === null || missing === undefined) return readMeta({ text, finish }, metaPrompt, bounds);
      const { added, problem } = readMore({ text, finish }, reading.constitution, exactly!, bounds);
      if (problem !== undefined) return { type: "unreadable", problem };
      return { ...reading, constitution: [...reading.constitution, ...added] };
    },
  };
};

/** What it has come to with one more record. */
const withRecord = (before: Progress, meta: MetaRecord, read: MetaReading): Progress => {
  const metas = [...before.used, meta] as const;
  if (read.type === "read" && meta.problem === undefined)
    return { used: metas, reading: read, all: { metas, reading: read } };
  return { ...before, all: { metas, reading: before.reading ?? read } };
};

/** Makes what asks about a part until a reply can be read and nothing is missing in it, or its attempts are used up. */
export const writingParts = (
  task: MetaTask,
  metaPrompt: WritingPrompt,
  { exchanges, model, stage, file }: Asking,
): AskPart => {
  const { play, state, run } = task;
  const { config, setup } = play;
  const { wording, cast } = setup;
  const { attempts, words } = config.roles.meta;
  const messagesFor = ({ transcript, current }: Question) =>
    metaMessages(metaPrompt, {
      users: cast.users.length,
      questions: [...new Set(exchanges.map(({ task }) => task.question))],
      current: wording.current(current),
      earlier: state.older.slice(-config.windows.documents || state.older.length),
      ...{ transcript, words },
    });
  const requestFor = (question: Question, { used: [written], reading }: Progress) => {
    const asked = messagesFor(question);
    const form = written === undefined ? metaAnswerForm(metaPrompt.form) : moreAnswerForm;
    const messages =
      written === undefined
        ? asked
        : moreMessages(
            metaPrompt.texts.more!,
            asked,
            written.text,
            reading!.constitution,
            metaPrompt.exactly!,
          );
    return { messages, ...setup.sampling.meta, ...(wording.json ? { answer: form } : {}) };
  };
  return async (question) => {
    const { transcript, earlier } = question;
    const { place, name } = placeOf(stage.name, question);
    const { missingOf, readBeside } = sayingsOf(task, metaPrompt, question);
    const numbers = transcript.comments.map(({ record }) => record);
    let progress: Progress = { used: [], reading: null, all: null };
    for (const row of earlier) progress = withRecord(progress, row, readBeside(progress, row));
    for (let attempt = earlier.length + 1; attempt <= attempts; attempt++) {
      const missing = missingOf(progress);
      if (progress.reading !== null && missing === 0) break;
      throwIfAborted(stage.signal);
      const id = `${name}/meta-${attempt}`;
      const seed = deriveSeed(config.seed, stage.name, id);
      const request = { ...requestFor(question, progress), seed };
      const [reply] = (await model.generate([request], { signal: stage.signal })) as [Reply];
      const { text, finish } = reply;
      const shown = [...question.parents, ...transcript.shown, ...progress.used.map((one) => one.id)];
      const asked = { id, parents: shown, stage: stage.name, seed };
      const said = { attempt, prompt: metaPrompt.name, model: model.id, text, finish, numbers };
      const row = { ...asked, run, ...place, ...said, ...(missing === 0 ? {} : { missing }) };
      const read = readBeside(progress, row);
      const critique = read.type === "read" && missing === 0 ? read.critique : null;
      const meta = {
        ...row,
        ...(critique === null ? {} : { critique }),
        ...(read.type === "read" ? {} : { problem: read.problem }),
      };
      await file.append([meta]);
      progress = withRecord(progress, meta, read);
    }
    return progress.all!;
  };
};
