// Who takes part in a simulation and what it is about: personas and tasks of the library, of a file, or of the sandbox's
// language, by their number, their ids, or all. Settings and their reading; what is done with them is not known here.

import { z } from "zod";
import { counted, createRandom, deriveSeed, UserError } from "../../core/index.ts";
import type { Persona, Task } from "../../records/index.ts";
import { sandboxPersonas, sandboxTasks, wishesOf } from "../../sandbox/index.ts";
import { libraryName, loadPersonas, loadTasks, withIds } from "../../simulation/index.ts";

/** The name that stands for people and requests of the sandbox's language, made by the seed. */
export const sandboxName = "sandbox";

const name = z.string().trim().min(1);

/** Several names, as a list or with commas between. */
const names = z.string().transform((text) =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean),
);

/** So many, all, or these ids. what: "personas", for the message. */
export const chosen = (what: string) =>
  z.union([z.number().int().positive(), z.literal("all"), z.array(name).min(1), names], {
    error: `expected a number, "all", or ids of ${what}`,
  });
export type Chosen = number | "all" | readonly string[];

/** Whether a setting names what lies in a file. */
export const isFile = (source: string): boolean => source !== libraryName && source !== sandboxName;

/** How many are to be made of the sandbox's language. Throws UserError where ids are given, or all. */
const countOf = (count: Chosen, setting: string, what: string): number => {
  if (typeof count === "number") return count;
  throw new UserError(
    "sandbox-number",
    `${setting}: got ${count === "all" ? '"all"' : count.join(", ")}, and ${what} of the sandbox are made by the seed, as many as one likes. Expected a number.`,
    { setting },
  );
};

type Choice = {
  readonly setting: string;
  readonly what: "persona" | "task";
  readonly source: string;
  readonly count: Chosen;
  readonly seed: number;
};

const choose = <Item extends { readonly id: string }>(
  all: readonly Item[],
  { setting, what, source, count, seed }: Choice,
): Item[] => {
  if (count === "all") return [...all];
  if (typeof count !== "number") return withIds(all, count, what);
  if (count <= all.length) return createRandom(deriveSeed(seed, setting)).shuffle(all).slice(0, count);
  const place = source === libraryName ? "the library" : source;
  throw new UserError(
    `${what}s-too-few`,
    `${setting} is ${count}, and ${place} has ${all.length} ${what}s. Give a smaller number, or a file with more (--${what}s).`,
    { [setting]: count, [`${what}s`]: all.length },
  );
};

/** The personas that take part. minority: of the sandbox's. Throws UserError where there are too few, or one is not there. */
export const choosePersonas = async (settings: {
  readonly personas: string;
  readonly users: Chosen;
  readonly seed: number;
  readonly minority?: number;
}): Promise<Persona[]> => {
  const { personas: source, users: count, seed, minority = 0 } = settings;
  if (source === sandboxName)
    return sandboxPersonas({ seed, count: countOf(count, "users", "personas"), minority });
  const all = await loadPersonas(source);
  return choose(all, { setting: "users", what: "persona", source, count, seed });
};

/** The tasks that are talked about. split: of the sandbox's requests. Throws UserError as choosePersonas does. */
export const chooseTasks = async (settings: {
  readonly tasks: string;
  readonly task: Chosen;
  readonly split: "train" | "test";
  readonly seed: number;
}): Promise<Task[]> => {
  const { tasks: source, task: count, split, seed } = settings;
  if (source === sandboxName) return sandboxTasks({ seed, split, count: countOf(count, "task", "tasks") });
  const all = await loadTasks(source);
  return choose(all, { setting: "task", what: "task", source, count, seed });
};

/** In which language people speak: personas is "sandbox" where all of them are told in its language, wherever they come from. */
export type Speaking = { readonly personas: string; readonly wording: string };

/** Whether the sandbox's oracle reads all that is told of a person. */
const isOfSandbox = ({ description, traits, views }: Persona): boolean =>
  Object.keys(traits).length + Object.keys(views).length === 0 && wishesOf(description) !== null;

export const speakingOf = ({ personas, wording }: Speaking, people: readonly Persona[]): Speaking => ({
  personas: isFile(personas) && people.every(isOfSandbox) ? sandboxName : personas,
  wording,
});

/** What is to be said of people of a file where the brief wording is spoken and the sandbox's oracle does not read them all. */
export const describeUnread = ({ personas, wording }: Speaking, people: readonly Persona[]): string[] => {
  const unread = people.filter((person) => !isOfSandbox(person));
  const [first] = unread;
  if (first === undefined || wording !== "brief" || !isFile(personas)) return [];
  return [
    `True satisfaction was not measured, and what comments say is told by their words alone: of ${counted(people.length, "person", "persons")} of ${personas} the sandbox's oracle cannot read ${unread.length}, the first of them ${first.id} (${JSON.stringify(first.description)}). Expected descriptions of sentences of its language, without traits and views, as \`covenant persona generate --wording brief\` writes them.`,
  ];
};
