// Meta-prompts: how a model is asked to turn what happened in a run into a constitution. Three forms: one message written
// anew (rewrite), a critique and a list of principles (critique), principles for everybody and a contract with clauses for
// single users (contract). Each prompt is a file with named holes. One that sorts asks no such question: its texts are asked of
// one comment, and of two texts at a time.

import { loadTemplate, renderTemplate, type Template } from "../../constitution/index.ts";
import type { Message } from "../../records/index.ts";
import { withOwnTexts } from "../own-prompts.ts";
import type { Transcript } from "./transcript.ts";
import { type Contract, listOf, messageOf } from "./wording.ts";

export const metaForms = ["rewrite", "critique", "contract"] as const;
export type MetaForm = (typeof metaForms)[number];

/**
 * exactly, most: how many principles, and how many clauses, there are to be. Where comments are sorted, an exact number is what
 * there is at most, and a run says why there are fewer.
 */
type WantedOfMeta = {
  readonly name: string;
  readonly form: MetaForm;
  readonly exactly?: number;
  readonly most?: number;
};

/** The model writes documents. more: how principles are asked for that are missing of an exact number. */
export type WritingPrompt = WantedOfMeta & {
  readonly texts: { readonly meta: Template<MetaHole>; readonly more?: Template<MoreHole> };
  readonly sorts?: never;
};

/**
 * The model says whether a comment asks for a change (demand), and of two texts at a time whether the second is for the first
 * (stance); a rule sorts comments by that and makes the documents.
 */
export type SortingPrompt = WantedOfMeta & {
  readonly texts: { readonly demand: Template<"comment">; readonly stance: Template<StanceHole> };
  readonly sorts: true;
};

export type MetaPrompt = WritingPrompt | SortingPrompt;

const holes = ["users", "question", "current", "earlier", "transcript", "words"] as const;
type MetaHole = (typeof holes)[number];
type StanceHole = "first" | "second";
const moreHoles = ["came", "wanted", "principles", "missing"] as const;
export type MoreHole = (typeof moreHoles)[number];

const load = (file: URL): Template<MetaHole> => loadTemplate(file, holes);

/** The meta-prompts that come with Covenant, by name. */
export const metaPrompts = {
  rewrite: {
    name: "rewrite",
    form: "rewrite",
    texts: { meta: load(new URL("./prompts/meta-rewrite.txt", import.meta.url)) },
  },
  critique: {
    name: "critique",
    form: "critique",
    texts: { meta: load(new URL("./prompts/meta-critique.txt", import.meta.url)) },
    most: 10,
  },
  contract: {
    name: "contract",
    form: "contract",
    texts: { meta: load(new URL("./prompts/meta-contract.txt", import.meta.url)) },
    most: 10,
  },
  "contract-five": {
    name: "contract-five",
    form: "contract",
    texts: {
      meta: load(new URL("./prompts/meta-contract-five.txt", import.meta.url)),
      more: loadTemplate(new URL("./prompts/meta-more.txt", import.meta.url), moreHoles),
    },
    exactly: 5,
  },
} as const satisfies Readonly<Record<string, WritingPrompt>>;
export type MetaPromptName = keyof typeof metaPrompts;
export const metaPromptNames = Object.keys(metaPrompts) as readonly MetaPromptName[];

/** A meta-prompt with the texts of a file in place of its own. Throws UserError as withOwnTexts does. */
export const withOwnMetaTexts = (prompt: MetaPrompt, file: string): Promise<MetaPrompt> =>
  prompt.sorts === true
    ? withOwnTexts(prompt, file, ["demand", "stance"])
    : withOwnTexts(prompt, file, prompt.texts.more === undefined ? ["meta"] : ["meta", "more"]);

/** The documents as text, for a person or a model: "none yet" where there are none. */
export const contractText = (given: Contract): string => {
  const message = messageOf(given);
  if (message !== null) return JSON.stringify(message);
  const { constitution, contract } = given;
  if (constitution === null && contract === null) return "none yet";
  return [
    ...(constitution === null ? [] : [`Principles:\n${listOf(constitution, false)}`]),
    ...(contract === null ? [] : [`Contract:\n${listOf(contract, true)}`]),
  ].join("\n");
};

/**
 * What a run has come to, as the meta-model is asked about it. questions: what the talks were about; current: the documents
 * so far as a text; earlier: older documents, oldest first.
 */
export type MetaQuestion = {
  readonly users: number;
  readonly questions: readonly string[];
  readonly current: string;
  readonly earlier: readonly string[];
  readonly transcript: Transcript;
  readonly words: number;
};

/** The request to the meta-model: one message. */
export const metaMessages = ({ texts }: WritingPrompt, question: MetaQuestion): Message[] => [
  {
    role: "user",
    content: renderTemplate(texts.meta, {
      users: String(question.users),
      question: question.questions.join(" / "),
      current: question.current,
      earlier:
        question.earlier.length === 0
          ? "none"
          : question.earlier.map((text, at) => `(${at + 1}) ${text}`).join("\n"),
      transcript: question.transcript.text,
      words: String(question.words),
    }),
  },
];
