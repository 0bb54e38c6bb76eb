// How a meta-model is asked about a part of a run where a rule makes the documents: short questions about each comment and about
// pairs of texts (stances.jsonl), and the sorting that follows from the answers, as the part's record in meta.jsonl.

import { join } from "node:path";
import { counted, deriveSeed } from "../../core/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import { type MetaRecord, stanceRecordSchema } from "../../records/index.ts";
import type { RecordFile, StageContext } from "../../runs/index.ts";
import {
  type AskStances,
  documentsOfSorted,
  type Sorting,
  type SortingPrompt,
  sortComments,
  sortingText,
} from "../../simulation/index.ts";
import { type AskPart, type MetaTask, type Place, partWords, placeOf } from "./contract-part.ts";
import { type AskingContext, askPhases } from "./phases.ts";

/** Whom all parts are asked of, where it is written down, and whom to tell of calls that are known to be made only now. */
type Asking = AskingContext & {
  readonly model: LanguageModel;
  readonly file: RecordFile<MetaRecord>;
  readonly expect: (calls: number) => void;
};

const warnOfUnread = (
  stage: StageContext,
  place: Place,
  { questions, unread }: Sorting,
  attempts: number,
): void => {
  if (unread === 0) return;
  stage.warn(
    "stances-unreadable",
    `${counted(unread, "question")} of ${counted(questions, "short question")} to the meta-model${partWords("about", place)} got no answer that can be read in up to ${counted(attempts, "attempt")}, and count${unread === 1 ? "s" : ""} as "no" (of a comment) or "neither" (of two texts). See ${join(stage.folder, "stances.jsonl")}; choose another roles.meta.model where these are many.`,
  );
};

/** Makes what asks about a part and sorts its comments. The run's stances.jsonl is read on from part to part. */
export const sortingParts = async (
  { play: { config, setup }, run }: MetaTask,
  prompt: SortingPrompt,
  { model, file, expect, ...context }: Asking,
): Promise<AskPart> => {
  const { stage } = context;
  const { attempts } = config.roles.meta;
  const toRows = askPhases(await stage.records("stances.jsonl", stanceRecordSchema), context);
  const ask: AskStances = (phase) => {
    expect(phase.count);
    return toRows(phase, model, phase.what);
  };
  return async (question) => {
    const { transcript, current, parents, earlier } = question;
    const { place, name } = placeOf(stage.name, question);
    const referred = setup.wording.referred(current, transcript.comments)!;
    const sorting = await sortComments(
      {
        ...{ prompt, sampling: setup.sampling.meta, attempts, runSeed: config.seed, stage: stage.name, name },
        ...{ place: { run, ...place }, parents },
      },
      { standing: [...referred.principles, ...(referred.clauses ?? [])], comments: transcript.comments },
      ask,
    );
    warnOfUnread(stage, question, sorting, attempts);
    const reading = documentsOfSorted(sorting.sorted, prompt, referred);
    const id = `${name}/meta-1`;
    const meta: MetaRecord = earlier[0] ?? {
      ...{ id, parents: [...parents, ...transcript.shown, ...sorting.records.map((row) => row.id)] },
      ...{ stage: stage.name, seed: deriveSeed(config.seed, stage.name, id), run, ...place },
      ...{ attempt: 1, prompt: prompt.name, model: model.id },
      ...{ text: sortingText(sorting.sorted), finish: "stop" },
      numbers: transcript.comments.map(({ record }) => record),
      ...(reading.type === "read" ? {} : { problem: reading.problem }),
    };
    if (earlier.length === 0) await file.append([meta]);
    return { metas: [meta], reading };
  };
};
