// Asking a model for the opposite of a principle that has none in its document: the request, and a strict reading of
// what comes back. Every text that the principle has must be there once, and differ from the original.

import { oneLine } from "../core/index.ts";
import type { Message, Principle } from "../records/index.ts";
import { loadTemplate, renderTemplate } from "./template.ts";

const oppositeTemplate = loadTemplate(new URL("./prompts/opposite.txt", import.meta.url), ["texts", "form"]);

export type Opposite = NonNullable<Principle["opposite"]>;

const parts = ["title", "critique", "revision", "preference"] as const;
type Part = (typeof parts)[number];

const labels = {
  title: "Title",
  critique: "Critique",
  revision: "Revision",
  preference: "Preference",
} as const satisfies Record<Part, string>;

/** The texts that a principle has. A title that only repeats the id says nothing that has an opposite. */
const partsOf = (principle: Principle): Part[] =>
  parts.filter((part) => principle[part] !== "" && !(part === "title" && principle.title === principle.id));

/** The request for a principle's opposite: one user message. */
export const renderOpposite = (principle: Principle): Message[] => {
  const own = partsOf(principle);
  return [
    {
      role: "user",
      content: renderTemplate(oppositeTemplate, {
        texts: own.map((part) => `${labels[part]}: ${oneLine(principle[part])}`).join("\n"),
        form: own.map((part) => `${labels[part]}: ...`).join("\n"),
      }),
    },
  ];
};

/** A line with its name, in whatever letters a model writes it. */
const labelled = /^(?:\*\*)?(title|critique|revision|preference) ?(?:\*\*)?:(?:\*\*)?\s*(.*)$/i;

/** An opposite that was read, or what is wrong with the text. */
export type OppositeReading =
  | { readonly type: "read"; readonly opposite: Opposite }
  | { readonly type: "unreadable"; readonly problem: string };

const unreadable = (problem: string): OppositeReading => ({ type: "unreadable", problem });

/** Reads a model's answer to renderOpposite. */
export const readOpposite = (text: string, principle: Principle): OppositeReading => {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    if (line === "") continue;
    const match = labelled.exec(line);
    if (match === null) return unreadable(`a line without a name: "${line.slice(0, 60)}"`);
    const [, name, said] = match;
    const label = labels[name!.toLowerCase() as Part];
    if (found.has(label)) return unreadable(`${label} is there twice`);
    if (said === "" || said === "...") return unreadable(`${label} has no text`);
    found.set(label, said!);
  }
  const own = partsOf(principle);
  const names = own.map((part) => labels[part] as string);
  const surplus = [...found.keys()].find((label) => !names.includes(label));
  if (surplus !== undefined) return unreadable(`${surplus} was not asked for`);
  const opposite: Opposite = {
    title: `opposite of ${principle.title}`,
    critique: "",
    revision: "",
    preference: "",
  };
  for (const part of own) {
    const said = found.get(labels[part]);
    if (said === undefined) return unreadable(`${labels[part]} is missing`);
    if (said.toLowerCase() === oneLine(principle[part]).toLowerCase())
      return unreadable(`${labels[part]} is the same as before`);
    opposite[part] = said;
  }
  return { type: "read", opposite };
};
