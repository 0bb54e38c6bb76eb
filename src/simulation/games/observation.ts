// What flexible players saw of a game: what was done and said by whom, fixed or flexible. Policies, principles, manners,
// thoughts, payoffs and rewards that a seat could not see are not in it, so whoever learns from observations learns from
// play alone.

import type { GameRecord, GameSetup, InteractionKind, SeatMove, SeatType } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import { buyer, seller } from "./buyer-seller.ts";
import { type GameState, movesOf } from "./game.ts";
import { rulesOf } from "./rules.ts";
import { shareGiven } from "./split.ts";
import type { Trade } from "./trade-wording.ts";
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

/** A gift in words, and who gave it, who decided about it and how. */
type Play = {
  readonly text: string;
  readonly proposer: SeatType;
  readonly decision: { readonly by: SeatType; readonly accepts: boolean } | null;
};

/** What a move gave: "fixed kept 30 and gave 50 dollars". Nothing where it gives nothing or is none. */
const playOf = ({ setup, seats, moves }: Observation, { seat, move }: SeatMove): Play[] => {
  const parts =
    setup.type === "split" && move?.type === "offer"
      ? setup.resources.map(({ unit, amount }, at) => ({ unit, amount, given: move.given[at]! }))
      : setup.type === "public-goods" && move?.type === "contribution"
        ? [{ ...setup.endowment, given: move.units }]
        : [];
  if (parts.length === 0) return [];
  const decision = moves.find((one) => one.move?.type === "decision");
  const proposer = seats[seat]!;
  const shared = parts.map(({ unit, amount, given }) => `kept ${amount - given} and gave ${given} ${unit}`);
  return [
    {
      ...{ text: `${proposer} ${shared.join(", ")}`, proposer },
      decision:
        decision?.move?.type === "decision"
          ? { by: seats[decision.seat]!, accepts: decision.move.accepts }
          : null,
    },
  ];
};

const listed = (texts: readonly string[], most: number): string =>
  texts.length === 0 ? "(nothing)" : texts.slice(0, most).join("\n");

const allPlays = (observations: readonly Observation[]): Play[] =>
  observations.flatMap((observation) => observation.moves.flatMap((move) => playOf(observation, move)));

/** What was given and refused, a line each, briefly: so many gifts at most, those of fixed players first. */
export const playsOf = (observations: readonly Observation[], most: number): string => {
  const plays = allPlays(observations);
  const ordered = [
    ...plays.filter(({ proposer }) => proposer === "fixed"),
    ...plays.filter(({ proposer }) => proposer !== "fixed"),
  ];
  const texts = ordered.map(({ text, decision }) =>
    decision?.accepts === false ? `${text}, refused by ${decision.by}` : text,
  );
  return listed(texts, most);
};

/**
 * The same for whoever looks to the own gain, with what was accepted as well: gifts about which fixed players decided, those
 * of flexible players first, of whom there may be few; all gifts where fixed players decided about none.
 */
export const gainsOf = (observations: readonly Observation[], most: number): string => {
  const plays = allPlays(observations);
  const byFixed = plays.filter(({ decision }) => decision?.by === "fixed");
  const shown = byFixed.length > 0 ? byFixed : plays;
  const ordered = [
    ...shown.filter(({ proposer }) => proposer !== "fixed"),
    ...shown.filter(({ proposer }) => proposer === "fixed"),
  ];
  const texts = ordered.map(({ text, decision }) =>
    decision === null ? text : `${text}, ${decision.accepts ? "accepted" : "refused"} by ${decision.by}`,
  );
  return listed(texts, most);
};

/** The things of observations, in their order. */
export const thingsOf = (observations: readonly Observation[]): string[] => [
  ...new Set(
    observations.flatMap(({ setup }) =>
      setup.type === "split"
        ? setup.resources.map(({ unit }) => unit)
        : setup.type === "public-goods"
          ? [setup.endowment.unit]
          : [],
    ),
  ),
];

/** What was seen of one thing. Games about others are left out. */
export const seenOfThing = (observations: readonly Observation[], unit: string): Observation[] =>
  observations.flatMap((observation): Observation[] => {
    const { setup, moves } = observation;
    if (setup.type === "public-goods") return setup.endowment.unit === unit ? [observation] : [];
    if (setup.type !== "split") return [];
    const place = setup.resources.findIndex((resource) => resource.unit === unit);
    if (place < 0) return [];
    const ownMoves = moves.map(
      (made): SeatMove =>
        made.move?.type === "offer"
          ? { ...made, move: { type: "offer", given: [made.move.given[place]!] } }
          : made,
    );
    return [{ ...observation, setup: { ...setup, resources: [setup.resources[place]!] }, moves: ownMoves }];
  });

/** The rounds of trade in which everybody moved. */
export const tradesOf = (observations: readonly Observation[]): Trade[] =>
  observations.flatMap(({ setup, moves }): Trade[] => {
    const [first, reset, last] = movesOf({ setup, moves });
    return setup.type === "trade" &&
      first?.type === "pick" &&
      reset?.type === "prices" &&
      last?.type === "pick"
      ? [
          {
            rewards: setup.rewards,
            costs: setup.costs,
            first: first.item,
            prices: reset.prices,
            last: last.item,
          },
        ]
      : [];
  });

/** Which of a trade's seats is flexible. */
export const flexibleRole = ({ seats }: Observation): "buyer" | "seller" =>
  seats[seller] === "flexible" ? "seller" : "buyer";
