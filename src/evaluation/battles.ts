// Battles of models from files, counted: arena votes ({model_a, model_b, winner}, with conversations or without, or
// winner_model_a, winner_model_b, winner_tie) and MT-Bench's verdicts on pairs, where two orders that disagree are a tie.
// Of rows only counts of distinct outcomes are kept, so memory does not grow with them. Knows nothing of ratings.

import { z } from "zod";
import {
  checkValue,
  collectFaults,
  describeFields,
  describePlace,
  firstPlaces,
  oneLine,
  type TextPlace,
  UserError,
} from "../core/index.ts";
import {
  type BattleOutcome,
  gameWords,
  outcomeIn,
  outcomeOfVote,
  readRows,
  voteFields,
} from "../tables/index.ts";

/** An outcome of two models, as places in the list of names, first < second, and how often there was one. */
export type CountedOutcome = {
  readonly first: number;
  readonly second: number;
  readonly outcome: BattleOutcome;
  readonly times: number;
};

/** What is drawn again, whole, by a bootstrap. times: how many like it there are. */
export type BattleUnit = { readonly times: number; readonly outcomes: readonly CountedOutcome[] };

const reasons = {
  winner: "without a winner",
  verdict: "without a verdict of the judge in one of the orders",
  self: "of a model against itself",
} as const;
export type BattleReason = keyof typeof reasons;

/** Rows that give no battle: how many, and where the first of them stand. */
export type LeftOutBattles = { readonly count: number; readonly places: readonly TextPlace[] };

/** What a bootstrap draws: battles one by one, or questions with all their battles. */
export type Resampled = "battles" | "questions";

/** models: by name, in alphabetical order. by: what units are. */
export type BattleCounts = {
  readonly rows: number;
  readonly battles: number;
  readonly models: readonly string[];
  readonly by: Resampled;
  readonly units: readonly BattleUnit[];
  readonly leftOut: Readonly<Partial<Record<BattleReason, LeftOutBattles>>>;
};

/** With more the table of all pairs, and its fit, would take hours: so many are no names of models. */
const mostModels = 1000;
const shownPlaces = 10;

const name = z.string().refine((text) => text.trim() !== "", "it must hold a model's name");
const voteRow = z.object({ model_a: name, model_b: name, ...voteFields });
const verdictRow = z.object({
  model_1: name,
  model_2: name,
  g1_winner: z.string().nullish(),
  g2_winner: z.string().nullish(),
});
const questionRow = z.object({
  question_id: z.union([z.string().min(1), z.number()], "it must hold the question's id"),
});

type Found = {
  readonly first: string;
  readonly second: string;
  readonly outcome: BattleOutcome | BattleReason;
};

const faultOf =
  (place: TextPlace, field: string) =>
  (problem: string): UserError =>
    new UserError("battle-row", `${describePlace(place)}: ${field}: ${problem}.`, { ...place, field });

const readVote = (row: unknown, place: TextPlace): Found => {
  const { model_a: first, model_b: second, ...vote } = checkValue(voteRow, row, place);
  return { first, second, outcome: outcomeOfVote(vote, (field) => faultOf(place, field)) ?? "winner" };
};

const readVerdict = (row: unknown, place: TextPlace): Found => {
  const { model_1: first, model_2: second, ...games } = checkValue(verdictRow, row, place);
  const [one, other] = (["g1_winner", "g2_winner"] as const).map((field) =>
    outcomeIn(gameWords, games[field], faultOf(place, field)),
  );
  if (one == null || other == null) return { first, second, outcome: "verdict" };
  return { first, second, outcome: one === other ? one : 0.5 };
};

type Shape = { readonly fields: readonly string[]; read(row: unknown, place: TextPlace): Found };

const verdictShape: Shape = { fields: ["model_1", "model_2", "g1_winner", "g2_winner"], read: readVerdict };
const shapes: readonly Shape[] = [
  { fields: ["model_a", "model_b", "winner"], read: readVote },
  { fields: ["model_a", "model_b", "winner_model_a", "winner_model_b"], read: readVote },
  verdictShape,
];

const expectedFields =
  "model_a, model_b and winner, or model_a, model_b, winner_model_a, winner_model_b and winner_tie (arena battles), or model_1, model_2, g1_winner and g2_winner (MT-Bench's verdicts on pairs)";

/** The shape of a row. Throws UserError for one that is no battle. */
const shapeOf = (row: unknown, place: TextPlace): Shape => {
  const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
  const found = shapes.find(({ fields }) => isRow && fields.every((field) => field in row));
  if (found !== undefined) return found;
  throw new UserError("battle-row", `${describePlace(place)}: ${describeFields(row, expectedFields)}.`, {
    ...place,
  });
};

const questionOf = (row: unknown, place: TextPlace): string => {
  try {
    return `${checkValue(questionRow, row, place).question_id}`;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    const instead = 'Questions are drawn for the intervals; with "by=battles" the field is not needed.';
    throw new UserError(thrown.code, `${thrown.message}. ${instead}`, thrown.facts, thrown);
  }
};

/** Distinct outcomes by a number made of two places and the outcome, with how often there was one. */
type Tally = Map<number, number>;

const keyOf = (first: number, second: number, outcome: BattleOutcome): number =>
  first < second
    ? (first * mostModels + second) * 3 + 2 * outcome
    : (second * mostModels + first) * 3 + 2 * (1 - outcome);

/** The outcomes of a tally with places in the order of names, so that the order of rows decides nothing. */
const outcomesOf = (tally: Tally, placeOf: readonly number[]): CountedOutcome[] =>
  [...tally]
    .map(([key, times]) => {
      const pair = Math.floor(key / 3);
      const outcome = ((key % 3) / 2) as BattleOutcome;
      const first = placeOf[Math.floor(pair / mostModels)]!;
      const second = placeOf[pair % mostModels]!;
      if (first < second) return { first, second, outcome, times };
      return { first: second, second: first, outcome: (1 - outcome) as BattleOutcome, times };
    })
    .sort(
      (one, other) => one.first - other.first || one.second - other.second || one.outcome - other.outcome,
    );

const createTally = (file: string) => {
  const places = new Map<string, number>();
  const byUnit = new Map<string, Tally>();
  const leftOut: Partial<Record<BattleReason, { count: number; places: TextPlace[] }>> = {};
  let rows = 0;
  let battles = 0;
  const placeOf = (model: string): number => {
    const known = places.get(model);
    if (known !== undefined) return known;
    if (places.size === mostModels)
      throw new UserError(
        "battle-models",
        `${file} names more than ${mostModels.toLocaleString("en-US")} models, "${oneLine(model).slice(0, 60)}" among them. Expected names of models in its fields, each of many rows.`,
        { file },
      );
    places.set(model, places.size);
    return places.size - 1;
  };
  return {
    add({ first, second, outcome }: Found, unit: string, place: TextPlace): void {
      rows++;
      const reason = typeof outcome === "string" ? outcome : first === second ? "self" : undefined;
      if (reason !== undefined) {
        leftOut[reason] ??= { count: 0, places: [] };
        leftOut[reason].count++;
        if (leftOut[reason].places.length < shownPlaces) leftOut[reason].places.push(place);
        return;
      }
      battles++;
      const tally: Tally = byUnit.get(unit) ?? new Map();
      byUnit.set(unit, tally);
      const key = keyOf(placeOf(first), placeOf(second), outcome as BattleOutcome);
      tally.set(key, (tally.get(key) ?? 0) + 1);
    },
    counts(by: Resampled): BattleCounts {
      const models = [...places.keys()].sort();
      const sorted = new Map(models.map((model, at) => [model, at]));
      const order = [...places.keys()].map((model) => sorted.get(model)!);
      const tallies = [...byUnit.keys()].sort().map((unit) => outcomesOf(byUnit.get(unit)!, order));
      const units =
        by === "questions"
          ? tallies.map((outcomes) => ({ times: 1, outcomes }))
          : tallies.flat().map((one) => ({ times: one.times, outcomes: [{ ...one, times: 1 }] }));
      return { rows, battles, models, by, units, leftOut };
    },
  };
};

/**
 * The battles of a file, counted. by: what a bootstrap is to draw; auto: the questions of MT-Bench's verdicts, whose
 * battles are not independent, and battles otherwise. Throws UserError with every fault as file, line and field, when
 * there are no battles, and when there are too many models.
 */
export const countBattles = async (file: string, by: Resampled | "auto" = "auto"): Promise<BattleCounts> => {
  const faults = collectFaults(file);
  const tally = createTally(file);
  let chosen = by;
  let isFirst = true;
  for await (const { place, value } of readRows(file, { onFault: faults.add })) {
    // a first row that is no battle is another file, and says so once
    if (isFirst) {
      const isVerdict = shapeOf(value, place) === verdictShape;
      if (chosen === "auto") chosen = isVerdict ? "questions" : "battles";
    }
    isFirst = false;
    const found = faults.attempt(() => ({
      battle: shapeOf(value, place).read(value, place),
      unit: chosen === "questions" ? questionOf(value, place) : "",
    }));
    if (found !== undefined) tally.add(found.battle, found.unit, place);
  }
  faults.end();
  const counts = tally.counts(chosen === "auto" ? "battles" : chosen);
  if (counts.battles > 0) return counts;
  throw new UserError(
    "battles-empty",
    `${leftOutBattles(file, counts) ?? `${file} holds no battles.`} Expected a row for each, e.g. {"model_a": "one", "model_b": "other", "winner": "model_a"}.`,
    { file },
  );
};

/** What is said of rows that give no battle, by reason and line; null where all do. */
export const leftOutBattles = (file: string, { rows, leftOut }: BattleCounts): string | null => {
  const told = (Object.keys(reasons) as BattleReason[]).flatMap((reason) => {
    const { count, places } = leftOut[reason] ?? { count: 0, places: [] };
    if (count === 0) return [];
    const more = count > places.length ? `, and ${(count - places.length).toLocaleString("en-US")} more` : "";
    return [`${count.toLocaleString("en-US")} ${reasons[reason]} (${firstPlaces(places)}${more})`];
  });
  if (told.length === 0) return null;
  const left = Object.values(leftOut).reduce((sum, { count }) => sum + count, 0);
  const read = `${rows.toLocaleString("en-US")} ${rows === 1 ? "row" : "rows"}`;
  return `${file}: ${left.toLocaleString("en-US")} of ${read} ${left === 1 ? "was" : "were"} left out: ${told.join(", ")}.`;
};
