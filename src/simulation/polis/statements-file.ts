// The statements of a Polis export: comments.csv of any age, or one that somebody cleaned. What is needed is an id and a
// text; counts of votes are read too, but only to tell whether the votes file says agree with 1 or with -1.

import { collectFaults, describePlace, UserError } from "../../core/index.ts";
import type { StatementId } from "../../records/index.ts";
import { readRows } from "../../tables/index.ts";
import {
  createFieldReader,
  type FieldReader,
  fieldFault,
  lackingFields,
  numberField,
  requiredField,
} from "./row-fields.ts";
import type { Statement } from "./vote-matrix.ts";

/** text: "" where the file has none. agrees, disagrees: as the file counts them, where it does. */
export type CountedStatement = Statement & {
  readonly agrees?: number | undefined;
  readonly disagrees?: number | undefined;
};

const expected = "comment-id and comment-body, as in comments.csv of a Polis export";

const moderationOf = (row: FieldReader): number => {
  const said = numberField(row, "moderated");
  if (said === undefined) return 0;
  if (said === -1 || said === 0 || said === 1) return said;
  throw fieldFault(row.place, "moderated", said, "-1 (left out), 0 (not looked at) or 1 (accepted)");
};

const metaOf = (row: FieldReader): boolean => {
  const said = row.of("is-meta")?.toLowerCase() ?? "";
  if (["", "false", "0", "f"].includes(said)) return false;
  if (["true", "1", "t"].includes(said)) return true;
  throw fieldFault(row.place, "is-meta", said, "true or false");
};

const readStatement = (row: FieldReader): CountedStatement => ({
  id: requiredField(row, "comment-id", "the number of a statement"),
  text: row.of("comment-body") ?? "",
  moderation: moderationOf(row),
  isMeta: metaOf(row),
  agrees: numberField(row, "agrees"),
  disagrees: numberField(row, "disagrees"),
});

/** The statements of a file, in its order. Throws UserError with every fault by file, line and field. */
export const readStatements = async (file: string): Promise<CountedStatement[]> => {
  const statements = new Map<StatementId, CountedStatement>();
  const faults = collectFaults(file);
  const fieldsOf = createFieldReader(expected);
  let isFirst = true;
  for await (const row of readRows(file, { onFault: faults.add })) {
    const fields = fieldsOf(row);
    if (isFirst && (fields.of("comment-id") === undefined || fields.of("comment-body") === undefined))
      throw lackingFields(fields, file, expected);
    isFirst = false;
    faults.attempt(() => {
      const statement = readStatement(fields);
      if (statements.has(statement.id))
        throw new UserError(
          "polis-row",
          `${describePlace(row.place)}: comment-id: got "${statement.id}" for the second time; expected each statement once.`,
          { ...row.place, field: "comment-id" },
        );
      statements.set(statement.id, statement);
    });
  }
  faults.end();
  if (statements.size > 0) return [...statements.values()];
  throw new UserError("polis-empty", `${file} holds no statements. Expected ${expected}.`, { file });
};
