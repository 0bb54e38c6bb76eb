// What a model of the sandbox's language makes of comments and of traits: system messages written anew, principles with
// contracts, persons. Measured on scenes whose sentences are kept out of training, against what the oracle makes of them.

import type { LanguageModel, Reply } from "../src/models/index.ts";
import type { Message } from "../src/records/index.ts";
import {
  type AccordScene,
  createConstitutionScenes,
  createPersonaScenes,
  nameOf,
  type RewriteScene,
  readComment,
  wishesOf,
} from "../src/sandbox/index.ts";
import {
  briefForms,
  briefPersonaScene,
  episodeWordings,
  type MetaReading,
  type ReadPrinciple,
  readMeta,
  readPersona,
  referredTo,
} from "../src/simulation/index.ts";

type Said = Pick<Reply, "text" | "finish">;

/** How a bench asks and notes figures; count: scenes of each kind. */
export type Measuring = {
  readonly seed: number;
  readonly count: number;
  ask(model: LanguageModel, questions: readonly (readonly Message[])[], maxTokens?: number): Promise<Said[]>;
  note(name: string, value: number | boolean): void;
};

const mostTokens = 160;

/** What a comment, a principle or a clause says, in a word; "?" where it is not of the language. */
const meaningOf = (text: string): string => {
  const read = readComment(text);
  return read === null ? "?" : typeof read === "string" ? read : nameOf(read);
};

const scenesOf = <Scene>({ count }: Measuring, scene: (index: number) => Scene | null): Scene[] => {
  const found: Scene[] = [];
  for (let at = 0; found.length < count; at++) {
    const one = scene(at);
    if (one !== null) found.push(one);
  }
  return found;
};

/** What is wanted and what came, as words: of what was wanted, found; and of what came, such as belong there. */
const noteOverlap = (
  { note }: Measuring,
  what: string,
  wanted: readonly string[],
  found: readonly string[],
) => {
  const shareOf = (some: readonly string[], others: readonly string[]): number =>
    some.filter((one) => others.includes(one)).length / some.length;
  if (wanted.length > 0) note(`${what} found`, shareOf(wanted, found));
  if (found.length > 0) note(`${what} that belong`, shareOf(found, wanted));
};

const noteCitations = (
  { note }: Measuring,
  what: string,
  items: readonly Pick<ReadPrinciple, "text" | "from">[],
  comments: readonly string[],
): void => {
  for (const { text, from } of items)
    for (const number of from)
      note(`${what}: citations right`, meaningOf(comments[number - 1]!) === meaningOf(text));
};

type Read = Extract<MetaReading, { type: "read" }>;

/** A scene as it is asked about. */
type Asked = {
  readonly name: keyof typeof episodeWordings.brief.metaPrompts;
  readonly principles: readonly string[];
  readonly clauses: readonly string[];
  readonly comments: readonly string[];
};

/** The reading of a reply; notes whether there is one, and how many of its lines are right. */
const readingOf = (
  { note }: Measuring,
  { name, principles, clauses, comments }: Asked,
  reply: Said,
  right: string,
): Read | null => {
  const referred = referredTo(principles, comments, { clauses });
  const bounds = { users: 10, comments: comments.length, referred };
  const read = readMeta(reply, episodeWordings.brief.metaPrompts[name], bounds);
  note(`${name}: readable`, read.type === "read");
  const lines = reply.text.split("\n");
  for (const [at, line] of right.split("\n").entries())
    note(`${name}: comments sorted right`, lines[at] === line);
  return read.type === "read" ? read : null;
};

const meanings = (items: readonly { readonly text: string }[]): string[] =>
  items.map(({ text }) => meaningOf(text));

const sameItems = (
  wanted: readonly { readonly text: string; readonly from: readonly number[] }[],
  found: readonly ReadPrinciple[],
): boolean => {
  const told = (items: readonly { readonly text: string; readonly from: readonly number[] }[]): string =>
    items
      .map(({ text, from }) => `${meaningOf(text)} ${from.join(",")}`)
      .sort()
      .join("\n");
  return told(wanted) === told(found);
};

const measureRewrites = async (model: LanguageModel, measuring: Measuring): Promise<void> => {
  const { seed } = measuring;
  const source = createConstitutionScenes({ seed, split: "test", fewShare: 0 });
  const scenes = scenesOf(measuring, (at): RewriteScene | null => {
    const scene = source.scene(at);
    return scene.kind === "rewrite" ? scene : null;
  });
  const asked = scenes.map(
    ({ current: principles, comments }): Asked => ({ name: "rewrite", principles, clauses: [], comments }),
  );
  const replies = await measuring.ask(model, asked.map(briefForms.meta), mostTokens);
  for (const [at, { comments, principles, sorted }] of scenes.entries()) {
    const read = readingOf(measuring, asked[at]!, replies[at]!, briefForms.sortingAnswer(sorted));
    if (read === null) continue;
    noteOverlap(measuring, "rewrite: sentences", meanings(principles), meanings(read.constitution));
    noteCitations(measuring, "rewrite", read.constitution, comments);
    measuring.note("rewrite: all as it should be", sameItems(principles, read.constitution));
  }
};

const measureContracts = async (model: LanguageModel, measuring: Measuring, five: boolean): Promise<void> => {
  const { seed, note } = measuring;
  const what = five ? "contract-five" : "contract";
  const source = createConstitutionScenes({ seed, split: "test", fewShare: 0 });
  const scenes = scenesOf(measuring, (at): AccordScene | null => {
    const scene = source.scene(at);
    return scene.kind === "accord" && scene.five === five ? scene : null;
  });
  const asked = scenes.map(({ current, comments }): Asked => ({ name: what, ...current, comments }));
  const replies = await measuring.ask(model, asked.map(briefForms.meta), mostTokens);
  for (const [at, { comments, principles, clauses, sorted }] of scenes.entries()) {
    const read = readingOf(measuring, asked[at]!, replies[at]!, briefForms.sortingAnswer(sorted));
    if (read === null) continue;
    noteOverlap(measuring, `${what}: principles`, meanings(principles), meanings(read.constitution));
    noteOverlap(measuring, `${what}: clauses`, meanings(clauses), meanings(read.contract));
    noteCitations(measuring, what, [...read.constitution, ...read.contract], comments);
    note(
      `${what}: all as it should be`,
      sameItems(principles, read.constitution) && sameItems(clauses, read.contract),
    );
  }
};

/** Messages, contracts and contracts of five. */
export const measureConstitutionScenes = async (
  model: LanguageModel,
  measuring: Measuring,
): Promise<void> => {
  await measureRewrites(model, measuring);
  await measureContracts(model, measuring, false);
  await measureContracts(model, measuring, true);
};

/** Persons who are made of traits. */
export const measurePersonaScenes = async (model: LanguageModel, measuring: Measuring): Promise<void> => {
  const { seed, note } = measuring;
  const source = createPersonaScenes({ seed, split: "test", oneTraitShare: 0 });
  const scenes = scenesOf(measuring, (at) => source.scene(at));
  const asked = scenes.map(({ traits, person }) => briefPersonaScene(traits, person).messages);
  const replies = await measuring.ask(model, asked);
  for (const [at, { person }] of scenes.entries()) {
    const read = readPersona(replies[at]!, [], "brief");
    note("persona: readable", "name" in read);
    if (!("name" in read)) continue;
    const wishes = wishesOf(read.description);
    note("persona: of the language", wishes !== null);
    if (wishes === null) continue;
    noteOverlap(measuring, "persona: wishes", wishesOf(person.description)!.map(nameOf), wishes.map(nameOf));
  }
};
