// The tables that a run's records become: which columns each shape has, and one row after the other from the files of
// the run, in their order. Shapes that begin with trl- have TRL's columns and no others; chain has those of
// HuggingFaceH4/cai-conversation-harmless. Knows no file format.

import { CovenantError, canonicalJson, hashText, readJsonLines, UserError } from "../../core/index.ts";
import { splitOf } from "../../feedback/index.ts";
import {
  comparisonRecordSchema,
  completionRowSchema,
  type LabelRecord,
  labelRecordSchema,
  type Message,
  type PreferenceRow,
  preferenceRowSchema,
  promptRecordSchema,
  type RevisionRecord,
  type RevisionStep,
  revisionRecordSchema,
} from "../../records/index.ts";
import type { TableRecord } from "../../tables/index.ts";
import { publicName } from "./public-names.ts";
import {
  asDialogue,
  column,
  isOfPairs,
  messagesType,
  placed,
  provenanceColumns,
  type Shaped,
  type ShapedRow,
  type ShapeName,
  type ShapeOptions,
  shapeNames,
  sides,
  valuesIn,
} from "./shaped-row.ts";
import { type DatasetSource, fileOf } from "./source.ts";

const supervised = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const path = fileOf(source, "supervised");
  const { type, prompt, reply } = valuesIn(options.style);
  const isPlain = options.shape === "trl-language-modeling";
  const whole = (messages: readonly Message[], text: string, id: string): TableRecord => {
    const chat: Message[] = [...messages, { role: "assistant", content: text }];
    return options.style === "standard" ? { text: asDialogue(chat, id) } : { messages: chat };
  };
  const columns = isPlain
    ? [options.style === "standard" ? column("text") : column("messages", messagesType)]
    : [column("prompt", type), column("completion", type)];
  return {
    from: "supervised",
    columns: [...columns, ...provenanceColumns(options)],
    splits: sides,
    async *rows() {
      for await (const { value } of readJsonLines(path, completionRowSchema, "drop")) {
        const { id, parents, completion } = value;
        const content = isPlain
          ? whole(value.prompt, completion, id)
          : { prompt: prompt(value.prompt, id), completion: reply(completion) };
        yield placed(options, value.prompt, { ...content, id, parents });
      }
    },
  };
};

/** TRL's margin of a soft label: its log-odds, bounded where the label is certain. */
const marginOf = (probability: number): number => {
  const bounded = Math.min(probability, 1 - 1e-6);
  return Math.log(bounded / (1 - bounded));
};

/** Each row with the label that it was made of. Both files are in the order of the comparisons. */
async function* withLabels(
  rowsFile: string,
  labelsFile: string,
): AsyncGenerator<{ readonly row: PreferenceRow; readonly label: LabelRecord }> {
  const labels = readJsonLines(labelsFile, labelRecordSchema, "drop");
  try {
    for await (const { value: row } of readJsonLines(rowsFile, preferenceRowSchema, "drop")) {
      let next = await labels.next();
      while (!next.done && next.value.value.id !== row.parents[0]) next = await labels.next();
      if (next.done === true)
        throw new CovenantError(
          "records-disagree",
          `${rowsFile}: the row ${row.id} was made of ${row.parents[0]}, which ${labelsFile} does not have in its place.`,
          { row: row.id },
        );
      yield { row, label: next.value.value };
    }
  } finally {
    await labels.return(undefined);
  }
}

const labelled = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const [rowsFile, labelsFile] = [fileOf(source, "preferences"), fileOf(source, "labels")];
  const { type, prompt, reply } = valuesIn(options.style);
  const own =
    options.shape === "preferences"
      ? [column("probability", "number"), column("principle"), column("judge")]
      : [];
  return {
    from: "preferences",
    columns: [
      ...[column("prompt", type), column("chosen", type), column("rejected", type), ...own],
      ...(options.margin ? [column("margin", "number")] : []),
      ...provenanceColumns(options),
    ],
    splits: sides,
    async *rows() {
      for await (const { row, label } of withLabels(rowsFile, labelsFile)) {
        const { id, parents, probability } = row;
        yield placed(options, row.prompt, {
          prompt: prompt(row.prompt, id),
          chosen: reply(row.chosen),
          rejected: reply(row.rejected),
          probability,
          principle: label.principle,
          judge: publicName(label.judge),
          margin: row.margin ?? marginOf(probability),
          ...{ id, parents },
        });
      }
    },
  };
};

/**
 * The revisions of a chain that are whole, all of them or the last; with what made it no row. What was turned down is no
 * revision: its step repeats the reply that stood before it.
 */
const wholeSteps = ({ steps }: RevisionRecord, which: "all" | "last") => {
  const taken = steps.filter(({ rejected }) => rejected === undefined);
  const whole = taken.filter(({ finish }) => finish === "stop");
  const missing =
    which === "all" || whole.length === 0 ? taken.filter(({ finish }) => finish !== "stop") : [];
  return { whole: which === "all" ? whole : whole.slice(-1), missing };
};

/** One row of each whole revision, and of each that is none its reason. */
async function* revisionsIn(
  source: DatasetSource,
  { revisions: which }: ShapeOptions,
  toRow: (chain: RevisionRecord, step: RevisionStep, id: string) => ShapedRow,
): AsyncGenerator<ShapedRow> {
  const path = fileOf(source, "revisions");
  for await (const { value: chain } of readJsonLines(path, revisionRecordSchema, "drop")) {
    const { whole, missing } = wholeSteps(chain, which);
    for (const { finish } of missing) yield { leftOut: finish };
    for (const step of whole) yield toRow(chain, step, `${chain.id}/revision-${step.round}`);
  }
}

/** Pairs as Hugging Face's recipe makes them: a revision is better than the answer that it began with. */
const revised = (source: DatasetSource, options: ShapeOptions): Shaped => {
  fileOf(source, "revisions");
  const { type, prompt, reply } = valuesIn(options.style);
  return {
    from: "revisions",
    columns: [
      ...[column("prompt", type), column("chosen", type), column("rejected", type)],
      ...(options.shape === "preferences" ? [column("principle")] : []),
      ...provenanceColumns(options),
    ],
    splits: sides,
    rows: () =>
      revisionsIn(source, options, (chain, step, id) =>
        step.revision === chain.answer
          ? { leftOut: "identical" }
          : placed(options, chain.messages, {
              prompt: prompt(chain.messages, id),
              chosen: reply(step.revision),
              rejected: reply(chain.answer),
              principle: step.principle,
              ...{ id, parents: [chain.id] },
            }),
      ),
  };
};

/** Pairs of comparisons whose better reply is known: it with each of the others. */
const compared = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const path = fileOf(source, "comparisons");
  const { type, prompt, reply } = valuesIn(options.style);
  return {
    from: "comparisons",
    columns: [
      ...[column("prompt", type), column("chosen", type), column("rejected", type)],
      ...provenanceColumns(options),
    ],
    splits: sides,
    async *rows() {
      for await (const { value } of readJsonLines(path, comparisonRecordSchema, "drop")) {
        const { id: parent, messages, options: replies, correct } = value;
        const chosen = replies[correct]!;
        for (const [at, other] of replies.entries()) {
          if (at === correct) continue;
          const id = replies.length === 2 ? parent : `${parent}/${at}`;
          const row = { prompt: prompt(messages, parent), chosen: reply(chosen), rejected: reply(other) };
          yield other === chosen
            ? { leftOut: "identical" }
            : placed(options, messages, { ...row, id, parents: [parent] });
        }
      }
    },
  };
};

/** The pairs that a source has: of labels, of known comparisons, of chains; where it has the last two, one after the other. */
const pairsOf = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const { labels, comparisons, revisions } = source.files;
  if (labels !== undefined) return labelled(source, options);
  if (comparisons === undefined) return revised(source, options);
  const known = compared(source, options);
  if (revisions === undefined) return known;
  const made = revised(source, options);
  return {
    ...made,
    async *rows() {
      yield* known.rows();
      yield* made.rows();
    },
  };
};

/** Two rows of each pair, the better reply with the label true and the other one with false (TRL's unpaired preference). */
const unpaired = (pairs: Shaped): Shaped => ({
  ...pairs,
  columns: pairs.columns.flatMap(({ name, type }) => {
    if (name === "rejected") return [];
    return name === "chosen" ? [column("completion", type), column("label", "boolean")] : [{ name, type }];
  }),
  async *rows() {
    // a comparison of several replies is a pair for each of the others, with one better reply in them all
    let told = "";
    for await (const shaped of pairs.rows()) {
      if ("leftOut" in shaped) {
        yield shaped;
        continue;
      }
      const { split, row } = shaped;
      const better = canonicalJson([row["parents"], row["chosen"]]);
      const labels = [["chosen", true] as const, ["rejected", false] as const];
      for (const [name, label] of better === told ? labels.slice(1) : labels)
        yield { split, row: { ...row, completion: row[name], label, id: `${row["id"]}/${name}` } };
      told = better;
    }
  },
});

/** The half of the chains that a prompt belongs to: whatever else is in the set, and whatever side it is on. */
const halfOf = (messages: readonly Message[]): "sft" | "prefs" =>
  hashText(`half\u001f${canonicalJson(messages)}`) / 2 ** 32 < 0.5 ? "sft" : "prefs";

const chain = (source: DatasetSource, options: ShapeOptions): Shaped => {
  fileOf(source, "revisions");
  const texts = [
    ...["init_prompt", "init_response", "critic_prompt", "critic_response"],
    ...["revision_prompt", "revision_response", "prompt"],
  ];
  const lists = ["messages", "chosen", "rejected"];
  return {
    from: "revisions",
    columns: [
      ...texts.map((name) => column(name)),
      ...lists.map((name) => column(name, messagesType)),
      ...provenanceColumns(options),
    ],
    splits: ["train_sft", "train_prefs", "test_sft", "test_prefs"],
    rows: () =>
      revisionsIn(source, options, ({ messages, answer, id: parent }, step, id) => {
        const half = halfOf(messages);
        if (half === "prefs" && step.revision === answer) return { leftOut: "identical" };
        const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
        const ending = (text: string): Message[] => [...messages, { role: "assistant", content: text }];
        const row = {
          init_prompt: asked,
          init_response: answer,
          critic_prompt: step.critiqueRequest,
          critic_response: step.critique,
          revision_prompt: step.revisionRequest,
          revision_response: step.revision,
          prompt: asked,
          messages: ending(step.revision),
          chosen: ending(step.revision),
          rejected: ending(answer),
          ...{ id, parents: [parent] },
        };
        return { split: `${splitOf(messages, options.testShare)}_${half}`, row };
      }),
  };
};

const prompts = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const path = fileOf(source, "prompts");
  const { type, prompt } = valuesIn(options.style);
  return {
    from: "prompts",
    columns: [...[column("prompt", type), column("kind"), column("area")], ...provenanceColumns(options)],
    splits: sides,
    async *rows() {
      for await (const { value } of readJsonLines(path, promptRecordSchema, "drop")) {
        const { id, parents, messages, kind, area } = value;
        const row = { prompt: prompt(messages, id), kind, area, id, parents };
        yield value.split === "test" ? { split: "test", row } : placed(options, messages, row);
      }
    },
  };
};

/** What a run is exported as where nothing is said. */
export const usualShape = ({ files }: Pick<DatasetSource, "files">): ShapeName =>
  files.supervised !== undefined
    ? "sft"
    : files.labels !== undefined || files.comparisons !== undefined
      ? "preferences"
      : "trl-prompt-only";

/** Whether a run has the records that a shape is made of. */
const isOf = (shape: ShapeName, { files }: DatasetSource): boolean => {
  if (shape === "trl-prompt-only") return files.prompts !== undefined;
  if (shape === "chain") return files.revisions !== undefined;
  if (isOfPairs(shape))
    return [files.labels, files.comparisons, files.revisions].some((one) => one !== undefined);
  return files.supervised !== undefined;
};

/** A run's records in a shape. Throws UserError where the run has none of that kind, or has not finished them. */
export const shapeRows = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const { run } = source;
  if (!isOf(options.shape, source))
    throw new UserError(
      "dataset-shape",
      `${run.folder} was written by \`covenant ${run.name}\`, of which there is no shape ${options.shape}. Expected one of: ${shapeNames.filter((shape) => isOf(shape, source)).join(", ")}.`,
      { folder: run.folder, shape: options.shape },
    );
  switch (options.shape) {
    case "sft":
    case "trl-prompt-completion":
    case "trl-language-modeling":
      return supervised(source, options);
    case "preferences":
    case "trl-preference":
      return pairsOf(source, options);
    case "trl-unpaired":
      return unpaired(pairsOf(source, options));
    case "chain":
      return chain(source, options);
    case "trl-prompt-only":
      return prompts(source, options);
    default:
      return options.shape satisfies never;
  }
};
