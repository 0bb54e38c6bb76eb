// Meta-prompts: how a model is asked to turn what happened in a run into a constitution. Three forms: one message written
// anew (rewrite), a critique and a list of principles (critique), principles for everybody and a contract with clauses for
// single users (contract). Each prompt is a file with named holes; one's own is checked when it is loaded. One that sorts asks no
// such question: its text is asked of two texts at a time.

import { loadTemplate, parseTemplate, renderTemplate, type Template } from "../../constitution/index.ts";
import { CovenantError, readText, UserError } from "../../core/index.ts";
import type { Message } from "../../records/index.ts";
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

/** The model writes documents. */
export type WritingPrompt = WantedOfMeta & { readonly template: Template<MetaHole>; readonly sorts?: never };

/**
 * The model says of two texts at a time whether the second is for the first, and a rule sorts comments by that and makes the
 * documents.
 */
export type SortingPrompt = WantedOfMeta & { readonly template: Template<StanceHole>; readonly sorts: true };

export type MetaPrompt = WritingPrompt | SortingPrompt;

const holes = ["users", "question", "current", "earlier", "transcript", "words"] as const;
type MetaHole = (typeof holes)[number];
type StanceHole = "first" | "second";

const load = (file: URL): Template<MetaHole> => loadTemplate(file, holes);

/** The meta-prompts that come with Covenant, by name. */
export const metaPrompts = {
  rewrite: {
    name: "rewrite",
    form: "rewrite",
    template: load(new URL("./prompts/meta-rewrite.txt", import.meta.url)),
  },
  critique: {
    name: "critique",
    form: "critique",
    template: load(new URL("./prompts/meta-critique.txt", import.meta.url)),
    most: 10,
  },
  contract: {
    name: "contract",
    form: "contract",
    template: load(new URL("./prompts/meta-contract.txt", import.meta.url)),
    most: 10,
  },
  "contract-five": {
    name: "contract-five",
    form: "contract",
    template: load(new URL("./prompts/meta-contract-five.txt", import.meta.url)),
    exactly: 5,
  },
} as const satisfies Readonly<Record<string, WritingPrompt>>;
export type MetaPromptName = keyof typeof metaPrompts;
export const metaPromptNames = Object.keys(metaPrompts) as readonly MetaPromptName[];

/** What a text of one's own is to be where a prompt sorts. */
const stanceTold = (name: string): string =>
  ` In the brief wording --meta-prompt ${name} has no text about all comments: the text is a question about two, {first} and {second}, and the answer is to be "for", "against" or "neither" (of the second to the first).`;

/** A meta-prompt with the text of a file. Throws UserError when the file's holes are not the ones wanted. */
export const withOwnText = async (prompt: MetaPrompt, file: string): Promise<MetaPrompt> => {
  const text = (await readText(file)).replaceAll("\r\n", "\n").replace(/\n$/, "");
  try {
    return prompt.sorts === true
      ? { ...prompt, template: parseTemplate(file, text, prompt.template.holes) }
      : { ...prompt, template: parseTemplate(file, text, prompt.template.holes) };
  } catch (thrown) {
    if (!(thrown instanceof CovenantError)) throw thrown;
    const told = prompt.sorts === true ? stanceTold(prompt.name) : "";
    throw new UserError("meta-prompt-holes", `${thrown.message}${told} Correct ${file}.`, {
      ...thrown.facts,
      file,
    });
  }
};

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
export const metaMessages = ({ template }: WritingPrompt, question: MetaQuestion): Message[] => [
  {
    role: "user",
    content: renderTemplate(template, {
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
