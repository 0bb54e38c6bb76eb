// What flexible players saw of a game: what was done and said by whom, fixed or flexible. Policies, principles, manners,
// thoughts, payoffs and rewards that a seat could not see are not in it, so whoever learns from observations learns from
// play alone.

import type { GameRecord, GameSetup, InteractionKind, SeatMove, SeatType } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import { buyer, seller } from "./buyer-seller.ts";
import type { GameState } from "./game.ts";
import { rulesOf } from "./rules.ts";
import { shareGiven } from "./split.ts";
import { offerText } from "./wording.ts";

/** all: flexible players watch every game of the iteration; own: those in which one of them sits. */
export const sights = ["all", "own"] as const;
export type Sight = (typeof sights)[number];

export type Observation = {
  readonly kind: InteractionKind;
  readonly setup: GameSetup;
  readonly seats: readonly SeatType[];
  readonly moves: readonly SeatMove[];
};

const seenSetup = (setup: GameSetup, seats: readonly SeatType[]): GameSetup =>
  setup.type === "trade" && seats[buyer] !== "flexible" ? { ...setup, rewards: [0, 0] } : setup;

/** What is seen of a game. */
export const observe = ({
  kind,
  setup,
  seats,
  moves,
}: Pick<GameRecord, "kind" | "setup" | "seats" | "moves">): Observation => {
  const types = seats.map(({ type }) => type);
  return { kind, setup: seenSetup(setup, types), seats: types, moves };
};

/** Whether flexible players see a game. */
export const isSeen = ({ kind }: Pick<Observation, "kind">, sight: Sight): boolean =>
  sight === "all" || kind !== "fixed";

/** A seat's gift as shares, of each resource and by its unit; null where the move is none. */
export const sharesOf = (setup: GameSetup, { move }: SeatMove): ReadonlyMap<string, number> | null => {
  if (setup.type === "split" && move?.type === "offer")
    return new Map(
      setup.resources.map((resource, at) => [
        resource.unit,
        shareGiven({ resources: [resource] }, [move.given[at]!]),
      ]),
    );
  if (setup.type === "public-goods" && move?.type === "contribution")
    return new Map([[setup.endowment.unit, move.units / setup.endowment.amount]]);
  return null;
};

/** A move as what was said, without what was thought; as words, where a script made it or nothing was said. */
const moveText = (setup: GameSetup, { move, text = "", fault }: SeatMove): string => {
  const said = withoutThought(text);
  if (said !== "") return said;
  if (move === null) return `(no move: ${fault ?? "unknown"})`;
  switch (move.type) {
    case "offer":
      return setup.type === "split" ? offerText(setup.resources, move.given, "full") : "";
    case "decision":
      return `Decision: ${move.accepts ? "accept" : "reject"}`;
    case "contribution":
      return `Give: ${move.units} of ${setup.type === "public-goods" ? `${setup.endowment.amount} ${setup.endowment.unit}` : "all"}`;
    case "pick":
      return `Pick: item ${move.item === 0 ? "A" : "B"}`;
    case "prices":
      return `Prices: item A ${move.prices[0]}, item B ${move.prices[1]}`;
    default:
      return move satisfies never;
  }
};

/** Observations as lines of JSON, for whoever reads. */
export const transcriptOf = (observations: readonly Observation[]): string =>
  observations
    .map(({ kind, setup, seats, moves }, at) => {
      const state: GameState = { setup, moves };
      const roles = rulesOf(setup).roles(state.setup);
      const prices = setup.type === "trade" ? { firstPrices: setup.costs } : {};
      const worth = setup.type === "trade" && seats[buyer] === "flexible" ? { worth: setup.rewards } : {};
      const said = moves.map((move) => ({
        [roles[move.seat]!]: seats[move.seat],
        says: moveText(setup, move),
      }));
      return JSON.stringify({ interaction: at + 1, kind, ...prices, ...worth, moves: said });
    })
    .join("\n");

/** What a move gave: "fixed kept 30 and gave 50 dollars". Empty where it gives nothing or is none. */
const playText = ({ setup, seats, moves }: Observation, { seat, move }: SeatMove): string => {
  const parts =
    setup.type === "split" && move?.type === "offer"
      ? setup.resources.map(({ unit, amount }, at) => ({ unit, amount, given: move.given[at]! }))
      : setup.type === "public-goods" && move?.type === "contribution"
        ? [{ ...setup.endowment, given: move.units }]
        : [];
  if (parts.length === 0) return "";
  const decision = moves.find((one) => one.move?.type === "decision");
  const isRefused = decision?.move?.type === "decision" && !decision.move.accepts;
  const shared = parts.map(({ unit, amount, given }) => `kept ${amount - given} and gave ${given} ${unit}`);
  return `${seats[seat]} ${shared.join(", ")}${isRefused ? `, refused by ${seats[decision.seat]}` : ""}`;
};

/** What was given and refused, a line each, briefly: so many gifts at most, those of fixed players first. */
export const playsOf = (observations: readonly Observation[], most: number): string => {
  const plays = observations.flatMap((observation) =>
    observation.moves.flatMap((move) => {
      const text = playText(observation, move);
      return text === "" ? [] : [{ text, isFixed: observation.seats[move.seat] === "fixed" }];
    }),
  );
  const ordered = [...plays.filter(({ isFixed }) => isFixed), ...plays.filter(({ isFixed }) => !isFixed)];
  return plays.length === 0
    ? "(nothing)"
    : ordered
        .slice(0, most)
        .map(({ text }) => text)
        .join("\n");
};

/** Which of a trade's seats is flexible. */
export const flexibleRole = ({ seats }: Observation): "buyer" | "seller" =>
  seats[seller] === "flexible" ? "seller" : "buyer";
