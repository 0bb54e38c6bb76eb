// What games come to, for fixed and flexible seats apart: shares given, offers accepted, payoffs, questions, and moves that
// could not be read or never came, which count as such and as nothing else. Sums here, so that games may come one by one;
// means over repetitions are made of them by whoever knows statistics.

import type { GameRecord, NoMoveState, ProbeRecord, SeatMove, SeatType } from "../../records/index.ts";
import { sharesOf } from "./observation.ts";

/** total of so many values; the mean of none is null. */
export type Sum = { total: number; n: number };

/** The mean of what was summed; null where it is nothing. */
export const meanOf = ({ total, n }: Sum): number | null => (n === 0 ? null : total / n);

/** Of the seats of one type (of a trade: of one role). */
export type SeatMeasures = {
  /** Share of what there was that they gave: to the other, or into the pot. */
  readonly given: Sum;
  /** Whether their offers were accepted. */
  readonly accepted: Sum;
  /** Payoffs: shares of what was at stake, of a trade points. */
  readonly income: Sum;
  /** Questions that they asked before an offer, where they could. */
  readonly questions: Sum;
  readonly moves: Record<"made" | NoMoveState, number>;
};

/** Figures of no game. */
export const emptyMeasures = (): SeatMeasures => ({
  given: { total: 0, n: 0 },
  accepted: { total: 0, n: 0 },
  income: { total: 0, n: 0 },
  questions: { total: 0, n: 0 },
  moves: { made: 0, unparseable: 0, missing: 0 },
});

const add = (sum: Sum, value: number): void => {
  sum.total += value;
  sum.n++;
};

/** The mean share that a move gives over all resources; null where it gives nothing or is none. */
export const shareOfMove = (setup: GameRecord["setup"], move: SeatMove): number | null => {
  const shares = [...(sharesOf(setup, move)?.values() ?? [])];
  return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length;
};

/** Whom a seat's figures are of. */
export type Who = SeatType | "buyer" | "seller";

const whoOf = ({ game, seats }: GameRecord, seat: number): Who => {
  if (game === "buyer-seller") return seat === 0 ? "buyer" : "seller";
  return seats[seat]!.type;
};

/** Figures of a repetition's iteration, by seats. */
export type Measures = Map<Who, SeatMeasures>;

const measuresOf = (into: Measures, who: Who): SeatMeasures => {
  const found = into.get(who) ?? emptyMeasures();
  into.set(who, found);
  return found;
};

/** Adds a game to figures. */
export const addGame = (into: Measures, record: GameRecord): void => {
  const { moves, payoffs, setup, seats } = record;
  const decision = moves.find(({ move }) => move?.type === "decision")?.move;
  for (const made of moves) {
    const own = measuresOf(into, whoOf(record, made.seat));
    own.moves[made.state]++;
    const share = shareOfMove(setup, made);
    if (share !== null) add(own.given, share);
    if (made.move?.type === "offer" && decision?.type === "decision")
      add(own.accepted, decision.accepts ? 1 : 0);
    if (made.questions !== undefined) add(own.questions, made.questions);
  }
  if (payoffs !== null)
    for (const seat of seats.keys()) add(measuresOf(into, whoOf(record, seat)).income, payoffs[seat]!);
};

/** The share that a probe's answer offers; null where it is none. */
export const shareOfProbe = ({ resource, answer }: ProbeRecord): number | null =>
  shareOfMove({ type: "split", power: "dictator", resources: [resource] }, answer);
