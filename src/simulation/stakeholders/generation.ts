// Personas written by a model from what is to be known of each, for a person to look through and edit before they take part. A
// reply that cannot be read is asked for again under another seed; what stays missing is named with its problem.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { counted, deriveSeed, oneLine, throwIfAborted } from "../../core/index.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../../models/index.ts";
import { type Message, type Persona, personaSchema, type Task } from "../../records/index.ts";
import { readLabels, readObject, withoutThought } from "../reply-text.ts";
import type { Wording } from "./persona-text.ts";

const template = loadTemplate(new URL("./prompts/persona.txt", import.meta.url), ["traits", "tasks", "form"]);
const briefTemplate = loadTemplate(new URL("./prompts/brief/persona.txt", import.meta.url), ["traits"]);

/**
 * traits: what is known of each person, one text a person. tasks: matters to have views on; none in the brief wording. attempts: calls a person
 * at most.
 */
export type PersonaGeneration = {
  readonly model: LanguageModel;
  readonly wording: Wording;
  readonly traits: readonly string[];
  readonly tasks: readonly Task[];
  readonly seed: number;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly attempts: number;
  readonly signal?: AbortSignal;
};

/** A person that no reply described, with what was wrong with the last one. */
export type MissingPersona = { readonly traits: string; readonly problem: string };

/** The request for a person: one user message. The brief wording asks for no views. */
export const personaMessages = (traits: string, tasks: readonly Task[], wording: Wording): Message[] => [
  {
    role: "user",
    content:
      wording === "brief"
        ? renderTemplate(briefTemplate, { traits: oneLine(traits) })
        : renderTemplate(template, {
            traits,
            tasks: tasks.map(({ id, question }) => `- ${id}: ${question}`).join("\n"),
            form: `{${tasks.map(({ id }) => `${JSON.stringify(id)}: "..."`).join(", ")}}`,
          }),
  },
];

/** A person who is made of traits in the brief wording, and the answer as readPersona reads it. */
export const briefPersonaScene = (
  traits: string,
  { name, description }: Pick<Persona, "name" | "description">,
): { readonly messages: readonly Message[]; readonly answer: string } => ({
  messages: personaMessages(traits, [], "brief"),
  answer: `name: ${oneLine(name)}\ndescription: ${oneLine(description)}`,
});

/** A name as an id: lower-case letters and digits with hyphens between; "persona" where nothing is left. */
const slugOf = (name: string): string =>
  name
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "") || "persona";

const briefNames = ["name", "description"] as const;

/** Two lines, each once and with something behind it, and nothing else. */
const readBriefPersona = (text: string): Persona | { readonly problem: string } => {
  const found = readLabels(text, briefNames, () => true);
  for (const name of briefNames) {
    const said = found.get(name) ?? [];
    if (said.length !== 1)
      return { problem: `"${name}" stands there ${counted(said.length, "time")}, expected once` };
    if (said[0] === "" || said[0]!.includes("\n")) return { problem: `"${name}" is not one line of text` };
  }
  const [name, description] = briefNames.map((one) => found.get(one)![0]!);
  if (text.split("\n").length !== briefNames.length)
    return { problem: "there is more than a name and a description" };
  return { id: slugOf(name!), name: name!, traits: {}, description: description!, views: {} };
};

/**
 * The person that a reply describes, or what is wrong with it. Every task must have a view, and no other; in the brief
 * wording there are no views.
 */
export const readPersona = (
  { text, finish }: Pick<Reply, "text" | "finish">,
  tasks: readonly Task[],
  wording: Wording,
): Persona | { readonly problem: string } => {
  if (finish !== "stop") return { problem: `the reply ended as ${finish}` };
  if (wording === "brief") return readBriefPersona(withoutThought(text));
  const object = readObject(withoutThought(text));
  if (object === null) return { problem: "the reply holds no JSON object" };
  const { name } = object.value;
  const read = personaSchema.safeParse({ id: slugOf(String(name)), ...object.value });
  if (!read.success) {
    const { path, message } = read.error.issues[0]!;
    return { problem: `${path.join(".") || "the reply"}: ${message}` };
  }
  const wanted = tasks.map(({ id }) => id);
  const lacking = wanted.find((id) => (read.data.views[id] ?? "...") === "...");
  if (lacking !== undefined) return { problem: `there is no view on ${lacking}` };
  const stray = Object.keys(read.data.views).find((id) => !wanted.includes(id));
  return stray === undefined ? read.data : { problem: `views.${stray}: there is no such task` };
};

/** Persons in the order of their traits, with ids that differ from each other and from those taken. */
const withOwnIds = (personas: readonly Persona[]): Persona[] => {
  const taken = new Set<string>();
  return personas.map((persona) => {
    let id = persona.id;
    for (let number = 2; taken.has(id); number++) id = `${persona.id}-${number}`;
    taken.add(id);
    return { ...persona, id };
  });
};

/** Lets a model write personas. */
export const writePersonas = async (
  options: PersonaGeneration,
): Promise<{ readonly personas: readonly Persona[]; readonly missing: readonly MissingPersona[] }> => {
  const { model, wording, traits, tasks, seed, temperature, topP, maxTokens, attempts, signal } = options;
  const results = new Map<number, Persona | { readonly problem: string }>();
  for (let attempt = 1; attempt <= attempts; attempt++) {
    throwIfAborted(signal);
    const open = [...traits.keys()].filter((at) => !("name" in (results.get(at) ?? {})));
    if (open.length === 0) break;
    const requests = open.map((at): GenerateRequest => {
      const messages = personaMessages(traits[at]!, tasks, wording);
      return { messages, temperature, topP, maxTokens, seed: deriveSeed(seed, "persona", at, attempt) };
    });
    const replies = await model.generate(requests, signal === undefined ? {} : { signal });
    for (const [place, at] of open.entries()) results.set(at, readPersona(replies[place]!, tasks, wording));
  }
  const all = [...traits.keys()].map((at) => results.get(at)!);
  return {
    personas: withOwnIds(all.filter((one): one is Persona => "name" in one)),
    missing: all.flatMap((one, at) => ("name" in one ? [] : [{ traits: traits[at]!, problem: one.problem }])),
  };
};
