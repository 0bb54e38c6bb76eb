// Reading a proposal: the sentence alone. JSON where that was asked for, else one line; several lines are no proposal, since
// nobody can say which of them was meant. Support and comments are read as ratings are.

import { z } from "zod";
import type { AnswerForm, Reply } from "../../models/index.ts";
import type { ProposalRecord } from "../../records/index.ts";
import { readLabels, readObject, withoutThought } from "../reply-text.ts";

const mostCharacters = 400;

const { $schema: _, ...schema } = z.toJSONSchema(z.strictObject({ principle: z.string() }));
/** The form of a proposal, for servers that can hold a model to one. */
export const proposalForm: AnswerForm = { name: "proposal", schema };

const lineIn = (text: string): string | null => {
  const labelled = readLabels(text, ["principle"], () => false).get("principle");
  if (labelled !== undefined) return labelled.length === 1 ? labelled[0]! : null;
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.length === 1 ? lines[0]!.replace(/^\s*(?:\d+[.)]|[-*•])\s+/, "") : null;
};

/** The proposal that a reply holds, or why it holds none. */
export const readProposal = ({
  text,
  finish,
}: Pick<Reply, "text" | "finish">): Pick<ProposalRecord, "statement" | "problem"> => {
  const bad = (problem: string) => ({ statement: null, problem });
  if (finish === "length") return bad("the reply was cut at its limit of tokens");
  if (finish !== "stop") return bad(`the reply ended as ${finish}`);
  const said = withoutThought(text);
  const object = readObject(said);
  if (object?.repeated.has("principle") === true) return bad('"principle" stands there more than once');
  const value = object === null ? lineIn(said) : object.value["principle"];
  if (typeof value !== "string") return bad(said === "" ? "the reply is empty" : "there is no one principle");
  const statement = value
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/^["“](.*)["”]$/, "$1")
    .trim();
  if (statement === "" || /^\.*$/.test(statement)) return bad("the principle has no text");
  return statement.length > mostCharacters
    ? bad(`the principle has ${statement.length} characters, expected at most ${mostCharacters}`)
    : { statement };
};
