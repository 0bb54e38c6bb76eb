// The tables that a run's records become: which columns each shape has, and one row after the other from the files of
// the run, in their order. Shapes that begin with trl- have TRL's columns and no others; chain has those of
// HuggingFaceH4/cai-conversation-harmless. Knows no file format.

import { CovenantError, canonicalJson, hashText, readJsonLines, UserError } from "../../core/index.ts";
import { splitOf } from "../../feedback/index.ts";
import {
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
import type { ColumnType, TableColumn, TableRecord } from "../../tables/index.ts";
import { publicName } from "./public-names.ts";
import { type DatasetSource, fileOf, type SourceFiles } from "./source.ts";

export const shapeNames = [
  "sft",
  "preferences",
  "chain",
  "trl-prompt-only",
  "trl-prompt-completion",
  "trl-language-modeling",
  "trl-preference",
  "trl-unpaired",
] as const;
export type ShapeName = (typeof shapeNames)[number];

/** Whether a shape is made of pairs of replies. */
export const isOfPairs = (shape: ShapeName): boolean =>
  shape === "preferences" || shape === "trl-preference" || shape === "trl-unpaired";

/** Rows that a pair, or whatever else a row is made of, becomes. */
export const rowsEach = (shape: ShapeName): number => (shape === "trl-unpaired" ? 2 : 1);

export const styles = ["standard", "conversational"] as const;
export type Style = (typeof styles)[number];

/** How rows are made. testShare: of the prompts; revisions: of a chain; margin: TRL's, from the label. */
export type ShapeOptions = {
  readonly shape: ShapeName;
  readonly style: Style;
  readonly provenance: boolean;
  readonly margin: boolean;
  readonly revisions: "all" | "last";
  readonly testShare: number;
};

/** A row, the split that it belongs to; null in place of it: something that gives no row, for a reason. */
export type ShapedRow = { readonly split: string; readonly row: TableRecord } | { readonly leftOut: string };

/** from: the records; columns: in their order; splits: in theirs, of which a data set has those that got rows. */
export type Shaped = {
  readonly from: keyof SourceFiles;
  readonly columns: readonly TableColumn[];
  readonly splits: readonly string[];
  rows(): AsyncGenerator<ShapedRow>;
};

const messagesType: ColumnType = { list: { fields: { role: "text", content: "text" } } };

/** Messages as the text that they are. Throws UserError where they are more than one question. */
const asText = (messages: readonly Message[], id: string): string => {
  const [only, ...more] = messages;
  if (only?.role === "user" && more.length === 0) return only.content;
  throw new UserError(
    "dataset-style",
    `The prompt of ${id} is a conversation of ${messages.length} messages, which is no single text. Export with --style conversational (as JSONL or Parquet).`,
    { id },
  );
};

/** A conversation as one text in the form of HH-RLHF. */
const asDialogue = (messages: readonly Message[], id: string): string => {
  if (messages.some(({ role }) => role === "system")) asText(messages, id);
  return messages
    .map(({ role, content }) => `\n\n${role === "user" ? "Human" : "Assistant"}: ${content}`)
    .join("");
};

/** How prompts and replies stand in a row. */
const valuesIn = (style: Style) =>
  style === "standard"
    ? { type: "text" as const, prompt: asText, reply: (text: string): unknown => text }
    : {
        type: messagesType,
        prompt: (messages: readonly Message[]): unknown => messages,
        reply: (text: string): unknown => [{ role: "assistant", content: text }],
      };

const column = (name: string, type: ColumnType = "text"): TableColumn => ({ name, type });

const provenanceColumns = ({ provenance }: ShapeOptions): TableColumn[] =>
  provenance ? [column("id"), column("parents", { list: "text" })] : [];

const sides = ["train", "test"];

/** What the shapes share: the split by the prompt, and the records' own names. */
const placed = ({ testShare }: ShapeOptions, messages: readonly Message[], row: TableRecord): ShapedRow => ({
  split: splitOf(messages, testShare),
  row,
});

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

/** Two rows of each pair, the better reply with the label true and the other one with false (TRL's unpaired preference). */
const unpaired = (pairs: Shaped): Shaped => ({
  ...pairs,
  columns: pairs.columns.flatMap(({ name, type }) => {
    if (name === "rejected") return [];
    return name === "chosen" ? [column("completion", type), column("label", "boolean")] : [{ name, type }];
  }),
  async *rows() {
    for await (const shaped of pairs.rows()) {
      if ("leftOut" in shaped) {
        yield shaped;
        continue;
      }
      const { split, row } = shaped;
      for (const [name, label] of [["chosen", true] as const, ["rejected", false] as const])
        yield { split, row: { ...row, completion: row[name], label, id: `${row["id"]}/${name}` } };
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
  files.supervised !== undefined ? "sft" : files.labels !== undefined ? "preferences" : "trl-prompt-only";

/** Whether a run has the records that a shape is made of. */
const isOf = (shape: ShapeName, { files }: DatasetSource): boolean => {
  if (shape === "trl-prompt-only") return files.prompts !== undefined;
  if (shape === "chain") return files.revisions !== undefined;
  if (isOfPairs(shape)) return files.labels !== undefined || files.revisions !== undefined;
  return files.supervised !== undefined;
};

/** A run's records in a shape. Throws UserError where the run has none of that kind, or has not finished them. */
export const shapeRows = (source: DatasetSource, options: ShapeOptions): Shaped => {
  const { run } = source;
  const pairs = () =>
    source.files.labels === undefined ? revised(source, options) : labelled(source, options);
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
      return pairs();
    case "trl-unpaired":
      return unpaired(pairs());
    case "chain":
      return chain(source, options);
    case "trl-prompt-only":
      return prompts(source, options);
    default:
      return options.shape satisfies never;
  }
};
