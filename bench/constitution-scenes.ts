// What a model of the sandbox's language makes of comments and of traits: system messages written anew and principles with
// contracts, by the questions that sort comments as in a run, and persons. Measured on scenes whose sentences are kept out of
// training, against what the oracle makes of them.

import type { LanguageModel, Reply } from "../src/models/index.ts";
import type { Message, StanceRecord } from "../src/records/index.ts";
import {
  type ConstitutionScene,
  contradict,
  createConstitutionScenes,
  createPersonaScenes,
  nameOf,
  readComment,
  readStatement,
  wishesOf,
} from "../src/sandbox/index.ts";
import {
  briefPersonaScene,
  documentsOfSorted,
  episodeWordings,
  type PhaseTask,
  type ReadPrinciple,
  readPersona,
  referredTo,
  type Sorting,
  type SortingPrompt,
  sortComments,
} from "../src/simulation/index.ts";

type Said = Pick<Reply, "text" | "finish">;

/** How a bench asks and notes figures; count: scenes of each kind. */
export type Measuring = {
  readonly seed: number;
  readonly count: number;
  ask(model: LanguageModel, questions: readonly (readonly Message[])[], maxTokens?: number): Promise<Said[]>;
  note(name: string, value: number | boolean): void;
};

/** What a comment, a principle or a clause says, in a word; "?" where it is not of the language. */
export const meaningOf = (text: string): string => {
  const read = readComment(text);
  return read === null ? "?" : typeof read === "string" ? read : nameOf(read);
};

/** The first scenes that are wanted; null: another one. */
export const scenesOf = <Scene>({ count }: Measuring, scene: (index: number) => Scene | null): Scene[] => {
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

type Name = "rewrite" | "contract" | "contract-five";

/** A scene as it is asked about, and the documents that it makes. */
type Asked = {
  readonly principles: readonly string[];
  readonly clauses: readonly string[];
  readonly comments: readonly string[];
  readonly wanted: Readonly<Record<"constitution" | "contract", ConstitutionScene["principles"]>>;
};

const askedOf = (scene: ConstitutionScene): Asked =>
  scene.kind === "rewrite"
    ? {
        ...{ principles: scene.current, clauses: [], comments: scene.comments },
        wanted: { constitution: scene.principles, contract: [] },
      }
    : {
        ...{ ...scene.current, comments: scene.comments },
        wanted: { constitution: scene.principles, contract: scene.clauses },
      };

const nameOfScene = (scene: ConstitutionScene): Name =>
  scene.kind === "rewrite" ? "rewrite" : scene.five ? "contract-five" : "contract";

/** What a text is to another one, by the oracle. */
const trueStance = (first: string, second: string): "for" | "against" | "neither" => {
  const [one, other] = [readStatement(first)!, readStatement(second)!];
  if (nameOf(one) === nameOf(other)) return "for";
  return contradict(one, other) ? "against" : "neither";
};

type Answer = NonNullable<StanceRecord["answer"]>;

/** The right answer to what a record asks about. */
const rightAnswer = (
  { kind, comment, standing, earlier }: Pick<StanceRecord, "kind" | "comment" | "standing" | "earlier">,
  { principles, clauses, comments }: Asked,
): Answer => {
  const said = comments[Number(comment) - 1]!;
  if (kind === "demand") return typeof readComment(said) === "object" ? "yes" : "no";
  const letters = [...principles, ...clauses];
  const first =
    earlier === undefined
      ? letters["ABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(standing!)]!
      : comments[Number(earlier) - 1]!;
  // what asks for nothing, and is asked about all the same, is about nothing else
  return readStatement(first) === null || readStatement(said) === null ? "neither" : trueStance(first, said);
};

/** Sorts a scene's comments as a run does. */
const sortScene = (
  asked: Asked,
  prompt: SortingPrompt,
  answers: (tasks: readonly PhaseTask<StanceRecord>[]) => Promise<readonly StanceRecord[]>,
): Promise<Sorting> =>
  sortComments(
    {
      ...{ prompt, sampling: { temperature: 0, topP: 1, maxTokens: 8 }, attempts: 1, runSeed: 1 },
      ...{ stage: "bench", name: "bench", place: { run: 1 }, parents: [] },
    },
    {
      standing: [...asked.principles, ...asked.clauses],
      comments: asked.comments.map((said, at) => ({ record: String(at + 1), said })),
    },
    async function* ({ tasks }) {
      yield* await answers([...tasks()]);
    },
  );

const usage = { promptTokens: 0, completionTokens: 0 };

const measureScene = async (
  model: LanguageModel,
  measuring: Measuring,
  scene: ConstitutionScene,
): Promise<void> => {
  const { note } = measuring;
  const name = nameOfScene(scene);
  const prompt = episodeWordings.brief.metaPrompts[name];
  if (prompt.sorts !== true) throw new Error(`${name} is expected to sort`);
  const asked = askedOf(scene);
  const found = await sortScene(asked, prompt, async (tasks) => {
    if (tasks.length === 0) return [];
    const replies = await model.generate(tasks.map(({ request }) => request!));
    return tasks.map(({ record }, at) => record(replies[at]!, model.id));
  });
  for (const record of found.records) {
    const right = rightAnswer(record, asked);
    note(
      `${name}: ${record.kind === "demand" ? "demand" : `stance ${right}`} right`,
      record.answer === right,
    );
  }
  note(`${name}: questions a scene`, found.questions);
  const right = await sortScene(asked, prompt, async (tasks) =>
    tasks.map(({ record }) => {
      const text = rightAnswer(record({ text: "", finish: "stop", usage }, "oracle"), asked);
      return record({ text, finish: "stop", usage }, "oracle");
    }),
  );
  for (const [at, one] of right.sorted.entries())
    note(`${name}: comments sorted right`, JSON.stringify(one) === JSON.stringify(found.sorted[at]));
  const { principles, clauses, comments, wanted } = asked;
  const read = documentsOfSorted(found.sorted, prompt, referredTo(principles, comments, { clauses }));
  const { constitution, contract } = read.type === "read" ? read : { constitution: [], contract: [] };
  const what = name === "rewrite" ? "sentences" : "principles";
  noteOverlap(measuring, `${name}: ${what}`, meanings(wanted.constitution), meanings(constitution));
  if (name !== "rewrite")
    noteOverlap(measuring, `${name}: clauses`, meanings(wanted.contract), meanings(contract));
  noteCitations(measuring, name, [...constitution, ...contract], comments);
  note(
    `${name}: all as it should be`,
    sameItems(wanted.constitution, constitution) && sameItems(wanted.contract, contract),
  );
};

/** Messages, contracts and contracts of five, of each as many. */
export const measureConstitutionScenes = async (
  model: LanguageModel,
  measuring: Measuring,
): Promise<void> => {
  const source = createConstitutionScenes({ seed: measuring.seed, split: "test" });
  for (const name of ["rewrite", "contract", "contract-five"] as const) {
    const scenes = scenesOf(measuring, (at) => {
      const scene = source.scene(at);
      return nameOfScene(scene) === name ? scene : null;
    });
    for (const scene of scenes) await measureScene(model, measuring, scene);
  }
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
