// The figures of a decision by vote, from the files that its stages left: what the choice of every rule is worth to whom, what
// was decided by the vote and in each round after it, and how content people truly are where that was measured. Needs the run
// folder alone.

import { join } from "node:path";
import { collect } from "../../core/index.ts";
import { addValue, noValues, type Values } from "../../evaluation/index.ts";
import {
  type ChoiceRecord,
  choiceRecordSchema,
  type DecidedRecord,
  decidedName,
  decidedRecordSchema,
  type ExperimentFigure,
  supportRecordSchema,
} from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { nameSeparator } from "../stages/vote-benefit.ts";
import { roundNames, standingName } from "../stages/vote-rounds.ts";
import { decisiveOf } from "../stages/vote-run.ts";
import { readSatisfaction, satisfactionRows } from "./satisfaction-figures.ts";

/** The settings that tell what a vote left. */
export type VoteShape = { readonly rule: string; readonly rounds: number };

/** The stages in which something is decided: the vote, and the rounds after it. */
export const decidingStages = ({ rounds }: Pick<VoteShape, "rounds">): string[] => [
  "votes",
  ...roundNames(rounds),
];

/** The document that a stage came to. Throws UserError where its file is broken. */
export const readDecided = async (folder: string, stage: string): Promise<DecidedRecord> => {
  const [decided] = await collect(streamRecords(join(folder, stage, "decided.jsonl"), decidedRecordSchema));
  return decided!;
};

type Personas = ReadonlyMap<string, string>;

/** numbers: of each user, with how many are missing; standing: of the document that stood before, in rounds. */
type Support = {
  readonly personas: Personas;
  readonly numbers: ReadonlyMap<string, { n: number; missing: number }>;
  readonly candidates: number;
  readonly standing: Values;
};

const readSupport = async (folder: string, stage: string): Promise<Support> => {
  const personas = new Map<string, string>();
  const numbers = new Map<string, { n: number; missing: number }>();
  const candidates = new Set<string>();
  const standing = noValues();
  const rows = streamRecords(join(folder, stage, "support.jsonl"), supportRecordSchema);
  for await (const { user, persona, candidate, support } of rows) {
    personas.set(user, persona);
    candidates.add(candidate);
    const own = numbers.get(user) ?? { n: 0, missing: 0 };
    numbers.set(user, own);
    if (support === null) own.missing++;
    else own.n++;
    if (support !== null && candidate === standingName) addValue(standing, support);
  }
  return { personas, numbers, candidates: candidates.size, standing };
};

type Place = Pick<ExperimentFigure, "experiment" | "step">;

const everybody = { trial: null, user: "all", persona: null, statistic: "mean" } as const;

/**
 * What a choice is worth to users. The utilitarian welfare is the mean of what it is worth to each, which stands beside it.
 * Support of a whole document, in rounds, is another measure than the mean support of single principles, and named so.
 */
function* welfareRows(
  { welfare, leftOut }: ChoiceRecord,
  place: Place,
  personas: Personas,
  of: "principles" | "document",
): Generator<ExperimentFigure> {
  if (welfare === null) return;
  const { users, utilitarian, nash, rawlsian } = welfare;
  const named = (metric: string): string => (of === "document" ? `document.${metric}` : metric);
  for (const { voter, utility } of users)
    yield {
      ...{ ...everybody, ...place, user: voter, persona: personas.get(voter) ?? null },
      ...{ metric: named("utilitarian"), value: utility },
    };
  const figures = { utilitarian, nash, rawlsian, leftOut: leftOut.length };
  for (const [metric, value] of Object.entries(figures))
    if (value !== null) yield { ...everybody, ...place, metric: named(metric), value };
}

/** What holds after a stage, and how many numbers it was read from. */
function* decidedRows(
  choice: ChoiceRecord,
  { document }: DecidedRecord,
  { personas, numbers, candidates, standing }: Support,
  step: number,
): Generator<ExperimentFigure> {
  const place = { experiment: decidedName, step };
  yield* welfareRows(choice, place, personas, step === 1 ? "principles" : "document");
  yield { ...everybody, ...place, metric: "principles", value: document.principles.length };
  yield { ...everybody, ...place, metric: "candidates", value: candidates };
  if (standing.n > 0)
    yield { ...everybody, ...place, metric: standingName, value: standing.sum / standing.n };
  for (const [user, { n, missing }] of numbers) {
    const own = { ...everybody, ...place, user, persona: personas.get(user) ?? null, metric: "support" };
    yield { ...own, statistic: "n", value: n };
    if (missing > 0) yield { ...own, statistic: "missing", value: missing };
  }
}

/** Where the constitution of this name stands among the figures: a rule's choice at the vote, what holds after it. */
const placesOf = (name: string, { rule, rounds }: VoteShape): Place[] => {
  const last = decidingStages({ rounds }).length;
  if (name === "rounds") return [{ experiment: decidedName, step: last }];
  return [{ experiment: name, step: 1 }, ...(name === rule ? [{ experiment: decidedName, step: 1 }] : [])];
};

/** All figures of a vote's run folder, in long form. Step 1 is the vote, each round is a step after it. */
export async function* voteRows(folder: string, shape: VoteShape): AsyncGenerator<ExperimentFigure> {
  let personas: Personas = new Map();
  for (const [at, stage] of decidingStages(shape).entries()) {
    const support = await readSupport(folder, stage);
    personas = support.personas;
    const choices = await collect(streamRecords(join(folder, stage, "choices.jsonl"), choiceRecordSchema));
    const decisive = decisiveOf(choices);
    yield* decidedRows(decisive, await readDecided(folder, stage), support, at + 1);
    if (stage !== "votes") continue;
    for (const choice of choices) {
      const place = { experiment: choice.rule, step: at + 1 };
      yield* welfareRows(choice, place, personas, "principles");
      if (choice.welfare !== null)
        yield { ...everybody, ...place, metric: "principles", value: choice.chosen.length };
    }
  }
  // Equal sets were measured once, under all of their names.
  for (const [names, users] of await readSatisfaction(folder))
    for (const place of names.split(nameSeparator).flatMap((name) => placesOf(name, shape)))
      yield* satisfactionRows(users, { ...place, personas });
}
