// How a meta-model is asked about a part of a run where it writes the documents itself (meta.jsonl), and again where its reply
// cannot be read.

import { deriveSeed, throwIfAborted } from "../../core/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import type { MetaRecord } from "../../records/index.ts";
import type { RecordFile, StageContext } from "../../runs/index.ts";
import {
  type Exchange,
  type MetaReading,
  metaAnswerForm,
  metaMessages,
  readMeta,
  type WritingPrompt,
} from "../../simulation/index.ts";
import { type AskPart, type MetaTask, placeOf, type Question } from "./contract-part.ts";

/** How all parts are asked: about what, whom, and where it is written down. */
type Asking = {
  readonly exchanges: readonly Exchange[];
  readonly model: LanguageModel;
  readonly stage: StageContext;
  readonly file: RecordFile<MetaRecord>;
};

/** Makes what asks about a part until a reply can be read, or its attempts are used up. */
export const writingParts = (
  { play: { config, setup }, state, run }: MetaTask,
  metaPrompt: WritingPrompt,
  { exchanges, model, stage, file }: Asking,
): AskPart => {
  const { wording, cast } = setup;
  const answer = wording.json ? { answer: metaAnswerForm(metaPrompt.form) } : {};
  const readRecord = (
    { text, finish, numbers }: Pick<MetaRecord, "text" | "finish" | "numbers">,
    { transcript, current }: Question,
  ): MetaReading => {
    const referred = wording.referred(current, transcript.comments);
    return readMeta({ text, finish }, metaPrompt, {
      users: cast.users.length,
      comments: numbers.length,
      ...(referred === undefined ? {} : { referred }),
    });
  };
  const messagesFor = ({ transcript, current }: Question) =>
    metaMessages(metaPrompt, {
      users: cast.users.length,
      questions: [...new Set(exchanges.map(({ task }) => task.question))],
      current: wording.current(current),
      earlier: state.older.slice(-config.windows.documents || state.older.length),
      transcript,
      words: config.roles.meta.words,
    });
  return async (question) => {
    const { transcript, earlier } = question;
    const { place, name } = placeOf(stage.name, question);
    const messages = messagesFor(question);
    let last = earlier.at(-1);
    for (let attempt = earlier.length + 1; attempt <= config.roles.meta.attempts; attempt++) {
      if (last !== undefined && last.problem === undefined) break;
      throwIfAborted(stage.signal);
      const id = `${name}/meta-${attempt}`;
      const seed = deriveSeed(config.seed, stage.name, id);
      const [reply] = await model.generate([{ messages, ...setup.sampling.meta, seed, ...answer }], {
        signal: stage.signal,
      });
      const { text, finish } = reply!;
      const numbers = transcript.comments.map(({ record }) => record);
      const asked = { id, parents: [...question.parents, ...transcript.shown], stage: stage.name, seed };
      const said = { attempt, prompt: metaPrompt.name, model: model.id, text, finish, numbers };
      const row = { ...asked, run, ...place, ...said };
      const read = readRecord(row, question);
      const critique = read.type === "read" ? read.critique : null;
      last = {
        ...row,
        ...(critique === null ? {} : { critique }),
        ...(read.type === "read" ? {} : { problem: read.problem }),
      };
      await file.append([last]);
    }
    return { meta: last!, reading: readRecord(last!, question) };
  };
};
