// Principles that are missing of an exact number: how a meta-model that wrote too few is asked for more, with what it was asked
// and what it wrote before its eyes, and what of its reply is taken. One that is there already is refused; nothing is made up.

import { z } from "zod";
import { renderTemplate, type Template } from "../../constitution/index.ts";
import type { AnswerForm, Reply } from "../../models/index.ts";
import type { Message } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { MoreHole } from "./meta-prompt.ts";
import { type MetaBounds, type ReadPrinciple, readMeta } from "./meta-reading.ts";

const { $schema: _, ...schema } = z.toJSONSchema(
  z.strictObject({
    principles: z.array(z.strictObject({ text: z.string(), from: z.array(z.number()) })),
  }),
);

/** The form of a reply, for servers that can hold a model to one. */
export const moreAnswerForm: AnswerForm = { name: "principles", schema };

/** The request for what is missing, in the words of a template. asked: what was asked before; said: the reply to it; there: the principles so far. */
export const moreMessages = (
  template: Template<MoreHole>,
  asked: readonly Message[],
  said: string,
  there: readonly ReadPrinciple[],
  wanted: number,
): Message[] => [
  ...asked,
  { role: "assistant", content: withoutThought(said) },
  {
    role: "user",
    content: renderTemplate(template, {
      came: String(there.length),
      wanted: String(wanted),
      principles: there.map(({ text }, at) => `${at + 1}. ${JSON.stringify(text)}`).join("\n"),
      missing: String(wanted - there.length),
    }),
  },
];

/** What a text says, whatever its capitals, marks and white space. */
const wordsOf = (text: string): string =>
  (text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).join(" ") || text;

/** added: the new ones, in the model's order, as many as are missing at most; problem: why there is none. */
export type MorePrinciples = { readonly added: readonly ReadPrinciple[]; readonly problem?: string };

/** Reads the reply to a request for what is missing. */
export const readMore = (
  reply: Pick<Reply, "text" | "finish">,
  there: readonly ReadPrinciple[],
  wanted: number,
  bounds: MetaBounds,
): MorePrinciples => {
  const missing = wanted - there.length;
  const read = readMeta(reply, { form: "critique" }, bounds);
  if (read.type === "unreadable") return { added: [], problem: read.problem };
  const seen = new Set(there.map(({ text }) => wordsOf(text)));
  const fresh = read.constitution.filter(({ text }) => {
    const isNew = !seen.has(wordsOf(text));
    seen.add(wordsOf(text));
    return isNew;
  });
  return fresh.length === 0
    ? { added: [], problem: "none of its principles says anything new" }
    : { added: fresh.slice(0, missing) };
};
