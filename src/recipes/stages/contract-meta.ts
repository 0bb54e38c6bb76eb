// What the meta-model makes of a run (<run>/meta.jsonl): it is asked about the run's parts one after the other, each time to
// amend what came of the part before. Then the documents that come of it. How a part is asked about, by writing documents or by
// sorting comments, is not known here.

import { join } from "node:path";
import { collect, counted, deriveSeed } from "../../core/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import {
  type Constitution,
  type LearnedRecord,
  type MetaRecord,
  metaRecordSchema,
  type PrincipleCount,
} from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  type Comment,
  type Contract,
  changesBetween,
  documentOf,
  documentSimilarity,
  type Exchange,
  type MetaReading,
  type ReadPrinciple,
} from "../../simulation/index.ts";
import { countSentence, principleCount } from "./contract-count.ts";
import {
  type AskPart,
  type ContractPlay,
  learnedParts,
  type MetaTask,
  type Place,
  partWords,
  runName,
} from "./contract-part.ts";
import { sortingParts } from "./contract-sorting.ts";
import { writingParts } from "./contract-writing.ts";
import type { AskingContext } from "./phases.ts";
import { saysSame } from "./statements.ts";

/** What asking about a run needs. expect: told of calls that are known to be made only now. */
export type MetaContext = AskingContext & { readonly expect: (calls: number) => void };

/** In how many parts the meta-model is asked about a run, if every user comments on every draft. */
export const metaParts = ({ config, setup: { cast, wording } }: ContractPlay): number =>
  wording.partsOf(cast.talks.length * Math.min(config.turns, config.windows.meta ?? config.turns));

type LearnedPart = (typeof learnedParts)[number];

type Lists = Readonly<Record<LearnedPart, readonly ReadPrinciple[]>>;

/**
 * What was made of a run. lists: null where no reply could be read; from: numbers of comments, over all parts of the run.
 * asked: the records that parts were read from, and the last one of each part; count: where an exact number of principles is
 * wanted, and there is something to say of it.
 */
export type Learned = {
  readonly lists: Lists | null;
  readonly comments: readonly Comment[];
  readonly asked: readonly MetaRecord[];
  readonly count: PrincipleCount | null;
};

/**
 * Numbers of comments over the whole run; what stays word for word, in whichever document, keeps the comments that argued for
 * it in parts before.
 */
const amended = (
  before: Lists | null,
  read: Extract<MetaReading, { type: "read" }>,
  offset: number,
): Lists => {
  const written = before === null ? [] : [...before.constitution, ...before.contract];
  const listOf = (part: LearnedPart): ReadPrinciple[] =>
    read[part].map(({ text, users, from }) => {
      const earlier = written.find((one) => one.text === text)?.from ?? [];
      return { text, users, from: [...earlier, ...from.map((number) => number + offset)] };
    });
  return { constitution: listOf("constitution"), contract: listOf("contract") };
};

/** Sentences of a system message as the one principle that it is. */
const asMessage = (sentences: readonly ReadPrinciple[]): ReadPrinciple[] => [
  {
    text: sentences.map(({ text }) => text).join(" "),
    users: [],
    from: [...new Set(sentences.flatMap(({ from }) => from))].sort((one, other) => one - other),
  },
];

/** A document of what was read in a run. */
const documentFor = (
  { play: { setup }, state, run }: MetaTask,
  part: LearnedPart,
  principles: readonly ReadPrinciple[],
  {
    comments,
    model,
    count,
  }: { readonly comments: readonly Comment[]; readonly model: string; readonly count: PrincipleCount | null },
) =>
  documentOf(setup.metaPrompt.form === "rewrite" ? asMessage(principles) : principles, {
    ...{ part, previous: state.contract[part], given: state.given, comments, run, model },
    // a wish may become a clause where it was a principle, and the other way round
    ...(setup.wording.refers
      ? { beside: state.contract[part === "contract" ? "constitution" : "contract"] }
      : {}),
    says: saysSame(setup.speaking),
    description: `Learned in run ${run} of a simulation with ${setup.cast.users.length} users, by the meta-prompt ${setup.metaPrompt.name}.${count === null ? "" : ` There came ${countSentence(count)}`}`,
  });

/** The documents that a part of a run begins with: those of the run before, or what came of the parts before it. */
const currentFor = (
  task: MetaTask,
  lists: Lists | null,
  comments: readonly Comment[],
  model: string,
): Contract => {
  if (lists === null) return task.state.contract;
  const document = (part: LearnedPart) =>
    lists[part].length === 0 ? null : documentFor(task, part, lists[part], { comments, model, count: null });
  return {
    constitution: document("constitution"),
    contract: document("contract"),
    message: task.state.contract.message,
  };
};

/** What may help where a reply ended so. */
const adviceOn = (finish: MetaRecord["finish"]): string => {
  if (finish === "overflow") return "show it fewer turns (windows.meta)";
  return finish === "length" ? "raise roles.meta.maxTokens" : "ask it more often (roles.meta.attempts)";
};

const warnOfUnreadable = (stage: StageContext, place: Place, meta: MetaRecord, sorts: boolean): void => {
  if (sorts) {
    stage.warn(
      "meta-unreadable",
      `Nothing follows from how the meta-model sorted the comments${partWords("of", place)}: ${meta.problem}. The documents stay as they were. See ${join(stage.folder, "stances.jsonl")} for what it said of each, or choose another roles.meta.model.`,
    );
    return;
  }
  stage.warn(
    "meta-unreadable",
    `The meta-model was asked ${counted(meta.attempt, "time")}${partWords("about", place)} and wrote nothing that can be used: ${meta.problem}. The constitution stays as it was. See ${join(stage.folder, "meta.jsonl")}; ${adviceOn(meta.finish)}, or choose another roles.meta.model.`,
  );
};

/** Asks the meta-model about a run, part by part. */
export const learnFrom = async (
  task: MetaTask,
  exchanges: readonly Exchange[],
  model: LanguageModel,
  context: MetaContext,
): Promise<Learned> => {
  const { play, state } = task;
  const { config, setup } = play;
  const { stage } = context;
  const transcripts = setup.wording.transcripts(setup.cast, exchanges, setup.metrics, {
    ...{ turns: config.windows.meta, contentFrom: config.contentFrom },
  });
  const comments = transcripts
    .flatMap((transcript) => transcript.comments)
    .map((comment, at) => ({ ...comment, number: at + 1 }));
  const file = await stage.records("meta.jsonl", metaRecordSchema);
  const askedBefore = await collect(file.rows());
  const askPart: AskPart =
    setup.metaPrompt.sorts === true
      ? await sortingParts(task, setup.metaPrompt, { model, file, ...context })
      : writingParts(task, setup.metaPrompt, { exchanges, model, stage, file });
  const asked: MetaRecord[] = [];
  let lists: Lists | null = null;
  let leftOut = 0;
  let parents = state.ids;
  let offset = 0;
  for (const [at, transcript] of transcripts.entries()) {
    const current = currentFor(task, lists, comments, model.id);
    const earlier = askedBefore.filter((row) => (row.part ?? 1) === at + 1);
    const question = { part: at + 1, parts: transcripts.length, transcript, current, parents, earlier };
    const { metas, reading } = await askPart(question);
    asked.push(...metas);
    if (reading.type === "read") {
      lists = amended(lists, reading, offset);
      leftOut += reading.leftOut ?? 0;
      parents = metas.filter(({ problem }) => problem === undefined).map(({ id }) => id);
    } else warnOfUnreadable(stage, question, metas.at(-1)!, setup.metaPrompt.sorts === true);
    offset += transcript.comments.length;
  }
  const count = principleCount(task, lists === null ? null : { ...lists, leftOut, asked });
  if (count !== null && lists !== null)
    stage.warn("principle-count", `Run ${task.run} has ${countSentence(count)}`);
  return { lists, comments, asked, count };
};

/** The record of a document that went, of which nothing is left. */
const droppedDocument = (
  document: Constitution,
): Pick<LearnedRecord, "state" | "document" | "similarity" | "changes"> => ({
  ...{ state: "dropped", document, similarity: 0 },
  changes: document.principles.map(({ id, title }) => ({ id, state: "removed", before: title, after: null })),
});

/** The documents of a run, as records: learned where a reply of the meta-model was readable, else those of before. */
export const documentsOf = (task: MetaTask, { lists, comments, asked, count }: Learned): LearnedRecord[] => {
  const { play, state, run } = task;
  const metas = asked.filter(({ problem }) => lists === null || problem === undefined).map(({ id }) => id);
  // Where nobody asked for a change there is no reply: what stays comes of what there was.
  const kept = metas.length === 0 ? state.ids : metas;
  return learnedParts.flatMap((part): LearnedRecord[] => {
    const previous = state.contract[part];
    const principles = lists?.[part] ?? [];
    const id = `${runName(run)}/${part}`;
    const fields = { stage: runName(run), seed: deriveSeed(play.config.seed, runName(run), id), run, part };
    const counted = count === null ? {} : { count };
    if (principles.length === 0) {
      if (previous === null) return [];
      // A contract without clauses is none; what could not be read leaves what there was.
      if (lists !== null)
        return [{ id, parents: [...metas], ...fields, ...droppedDocument(previous), ...counted }];
      const same = { state: "kept" as const, document: previous, similarity: 1, changes: [] };
      return [{ id, parents: [...kept], ...fields, ...same, ...counted }];
    }
    const document = documentFor(task, part, principles, { comments, model: asked.at(-1)!.model, count });
    const grounds = document.principles.flatMap((principle) => principle.grounds ?? []);
    return [
      {
        id,
        parents: [...metas, ...new Set(grounds.map(({ record }) => record))],
        ...fields,
        state: "learned",
        document,
        similarity: documentSimilarity(previous, document),
        changes: changesBetween(previous, document),
        ...counted,
      },
    ];
  });
};
