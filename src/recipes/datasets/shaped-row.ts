// What all shapes of a data set share: their names, how they are made, one row and its split, and how prompts and replies
// stand in it. Reads no file of a run.

import { UserError } from "../../core/index.ts";
import { splitOf } from "../../feedback/index.ts";
import type { Message } from "../../records/index.ts";
import type { ColumnType, TableColumn, TableRecord } from "../../tables/index.ts";
import type { SourceFiles } from "./source.ts";

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

export const messagesType: ColumnType = { list: { fields: { role: "text", content: "text" } } };

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
export const asDialogue = (messages: readonly Message[], id: string): string => {
  if (messages.some(({ role }) => role === "system")) asText(messages, id);
  return messages
    .map(({ role, content }) => `\n\n${role === "user" ? "Human" : "Assistant"}: ${content}`)
    .join("");
};

/** How prompts and replies stand in a row. */
export const valuesIn = (style: Style) =>
  style === "standard"
    ? { type: "text" as const, prompt: asText, reply: (text: string): unknown => text }
    : {
        type: messagesType,
        prompt: (messages: readonly Message[]): unknown => messages,
        reply: (text: string): unknown => [{ role: "assistant", content: text }],
      };

export const column = (name: string, type: ColumnType = "text"): TableColumn => ({ name, type });

export const provenanceColumns = ({ provenance }: ShapeOptions): TableColumn[] =>
  provenance ? [column("id"), column("parents", { list: "text" })] : [];

export const sides = ["train", "test"];

/** What the shapes share: the split by the prompt, and the records' own names. */
export const placed = (
  { testShare }: ShapeOptions,
  messages: readonly Message[],
  row: TableRecord,
): ShapedRow => ({
  split: splitOf(messages, testShare),
  row,
});
