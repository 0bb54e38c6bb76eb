// Stored games as messages: what flexible players begin with, every move in words (a model's own, where one moved), what came
// of the game, and what was learned. Reads the run folder; asks nobody.

import { join } from "node:path";
import { z } from "zod";
import {
  type GamePrincipleRecord,
  type GameRecord,
  gamePrincipleRecordSchema,
  gameRecordSchema,
  type ReplaySpeaker,
  type SeatMove,
} from "../../records/index.ts";
import { type RunReading, streamRecords } from "../../runs/index.ts";
import { nobodyLearns } from "../../simulation/index.ts";
import { iterationStage } from "../stages/games.ts";
import type { ReplaySource, Said } from "./replay.ts";

const settings = z.looseObject({
  iterations: z.number(),
  game: z.string(),
  publicGoods: z.looseObject({ players: z.number() }),
});

const learner: ReplaySpeaker = { id: "learner", name: "what is learned", role: "meta-model", about: "" };
const table: ReplaySpeaker = { id: "table", name: "outcome", role: "meta-model", about: "" };

const seatId = ({ seats }: Pick<GameRecord, "seats">, seat: number): string =>
  `${seats[seat]!.type}-${seat + 1}`;

const given = (units: number, of: number, unit: string): string => `${units} of ${of} ${unit}`;

/** A move as one would say it. */
export const moveText = (setup: GameRecord["setup"], { move }: Pick<SeatMove, "move">): string => {
  switch (move?.type) {
    case undefined:
      return "";
    case "offer": {
      const resources = setup.type === "split" ? setup.resources : [];
      return `I offer ${resources.map(({ unit, amount }, at) => given(move.given[at] ?? 0, amount, unit)).join(" and ")}.`;
    }
    case "decision":
      return move.accepts ? "I accept." : "I refuse.";
    case "contribution":
      return setup.type === "public-goods"
        ? `I put ${given(move.units, setup.endowment.amount, setup.endowment.unit)} into the pot.`
        : "";
    case "pick":
      return `I pick item ${move.item === 0 ? "A" : "B"}.`;
    case "prices":
      return `Item A costs ${move.prices[0]}, item B costs ${move.prices[1]}.`;
    default:
      return move satisfies never;
  }
};

const noteOf = ({ state, fault, questions = 0 }: SeatMove, policy: string | undefined): string =>
  [
    ...(policy === undefined ? [] : [`holds to: ${policy}`]),
    ...(questions === 0 ? [] : [`asked ${questions} before`]),
    ...(state === "made" ? [] : [`${state}${fault === undefined ? "" : `: ${fault}`}`]),
  ].join("; ");

const payoffText = (game: string, payoff: number): string =>
  game === "buyer-seller" ? `${payoff} points` : `${(100 * payoff).toFixed(0)} %`;

function* sayGame(record: GameRecord, number: number): Generator<Said> {
  const { id, experiment, repetition, iteration, game, setup, seats, moves, payoffs, reason } = record;
  const place = {
    ...{ step: iteration, experiment, repetition: repetition + 1, record: id },
    scene: `${experiment}, repetition ${repetition + 1}, game ${number}`,
  };
  const ids = seats.map((_, seat) => seatId(record, seat));
  for (const [at, move] of moves.entries())
    yield {
      ...{ ...place, turn: at + 1, kind: "move", from: ids[move.seat]!, values: {} },
      to: ids.filter((_, seat) => seat !== move.seat),
      text: move.text ?? moveText(setup, move),
      note: noteOf(move, seats[move.seat]!.policy),
    };
  const paid = payoffs?.map((payoff, seat) => `player ${seat + 1}: ${payoffText(game, payoff)}`);
  yield {
    ...{ ...place, turn: null, kind: "outcome", from: table.id, to: [] },
    text: paid === undefined ? "The game is void." : paid.join(", "),
    values: Object.fromEntries(ids.map((seat, at) => [seat, payoffs?.[at] ?? null])),
    note: reason ?? "",
  };
}

const principleSaid = (record: GamePrincipleRecord, step: number): Said => {
  const { id, experiment, repetition, principle, state, reason } = record;
  return {
    ...{ step, turn: null, experiment, repetition: repetition + 1, kind: "principle", from: learner.id },
    scene: `${experiment}, repetition ${repetition + 1}`,
    ...{ to: ["flexible players"], text: principle.text === "" ? "(nothing)" : principle.text, values: {} },
    note: [state, ...(reason === undefined ? [] : [reason])].join(": "),
    record: id,
  };
};

/** Games of a repetition are told by numbers, in their order. */
async function* sayIteration(folder: string, stage: string, step: number): AsyncGenerator<Said> {
  if (step > 0) {
    let [number, before] = [0, ""];
    for await (const record of streamRecords(join(folder, stage, "games.jsonl"), gameRecordSchema)) {
      const here = `${record.experiment}\n${record.repetition}`;
      number = here === before ? number + 1 : 1;
      before = here;
      yield* sayGame(record, number);
    }
  }
  for await (const record of streamRecords(
    join(folder, stage, "principles.jsonl"),
    gamePrincipleRecordSchema,
  ))
    if (record.reason !== nobodyLearns) yield principleSaid(record, step);
}

const speakersOf = (game: string, players: number): ReplaySpeaker[] => [
  ...(["fixed", "flexible"] as const).flatMap((type) =>
    Array.from({ length: game === "public-goods" ? players : 2 }, (_, seat): ReplaySpeaker => {
      const role = game === "buyer-seller" ? (seat === 0 ? "buyer" : "seller") : `player ${seat + 1}`;
      return { id: `${type}-${seat + 1}`, name: `${role}, ${type}`, role: `${type} player`, about: "" };
    }),
  ),
  learner,
  table,
];

/** A folder of games as a replay. */
export const gamesReplay = async ({ folder, config, has }: RunReading): Promise<ReplaySource> => {
  const { iterations, game, publicGoods } = settings.parse(config);
  const stages = ["priors", ...Array.from({ length: iterations }, (_, at) => iterationStage(at + 1))];
  const played = stages.filter((stage) => has(`${stage}/principles.jsonl`));
  // Before the first iteration there are the priors.
  const steps = Math.max(0, played.length - 1);
  return {
    title: `The ${game === "public-goods" ? "public goods" : game} game, ${steps} of ${iterations} iterations`,
    steps,
    stepName: "Iteration",
    speakers: speakersOf(game, publicGoods.players),
    async *said() {
      for (const [step, stage] of played.entries()) yield* sayIteration(folder, stage, step);
    },
  };
};
