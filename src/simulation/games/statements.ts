// What readers of players' replies share: a move or why there is none, the lines of a reply in the form "Name: value", and
// the others.

import type { Move } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";

/** A move, or in one word why the text is none. */
export type ReadMove = { readonly move: Move } | { readonly fault: string };

/** A line without the marks of a list and of emphasis. */
const bare = (line: string): string =>
  line
    .replaceAll("**", "")
    .replace(/^\s*(?:[-*•]\s+)?/, "")
    .trim();

/** The values of the lines "Name: value", and the other lines. */
export const statements = (text: string, name: string): { inForm: string[]; others: string[] } => {
  const inForm: string[] = [];
  const others: string[] = [];
  const start = `${name.toLowerCase()}:`;
  for (const line of text.split(/\r?\n/).map(bare)) {
    if (line.toLowerCase().startsWith(start)) inForm.push(line.slice(start.length).trim());
    else if (line !== "") others.push(line);
  }
  return { inForm, others };
};

/** The one value of the lines of this name; a fault where there is none, or where they differ. */
export const oneStatement = (text: string, name: string): { value: string } | { fault: string } => {
  const values = [...new Set(statements(withoutThought(text), name).inForm)];
  if (values.length === 1) return { value: values[0]! };
  return {
    fault: values.length === 0 ? `${name.toLowerCase()}-missing` : `${name.toLowerCase()}-contradictory`,
  };
};
