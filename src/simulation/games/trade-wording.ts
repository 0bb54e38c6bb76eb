// What games say to buyers and sellers, and what fills the prompts of whoever learns their strategy, in both wordings. The brief
// one says what an item brings, and of a round what a strategy is learned from, so that a small model need not reckon. Knows no
// model and no reply.

import { loadTemplate, renderTemplate, type Template } from "../../constitution/index.ts";
import type { GamePrinciple } from "../../records/index.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import { otherItem } from "./buyer-seller.ts";
import type { View } from "./game.ts";
import type { BriefLessons, FullLessons } from "./learner-prompts.ts";
import type { Level } from "./player.ts";

const load = <Hole extends string>(name: string, ...holes: Hole[]): Template<Hole> =>
  loadTemplate(new URL(`./prompts/${name}.txt`, import.meta.url), holes);

const templates = {
  pick: load("pick", "worthA", "worthB", "priceA", "priceB", "stage"),
  price: load("price", "priceA", "priceB", "picked", "total"),
  briefPick: load("brief/pick", "worthA", "worthB", "priceA", "priceB", "gainA", "gainB", "stage"),
  briefPrice: load("brief/price", "priceA", "priceB", "picked", "total"),
};

export type Strategy = NonNullable<GamePrinciple["strategy"]>;

const strategyWords: Readonly<Record<Strategy, string>> = {
  honest: "Pick what you want at once.",
  deceptive: "Pick first what you do not want, so that the other is made cheaper, and then what you want.",
  none: "Set even prices, whatever was picked.",
  picked: "Raise the price of the item that was picked: it is the wanted one.",
  other: "Raise the price of the item that was not picked: the pick is a feint.",
};

/** A strategy as a principle. */
export const strategyPrinciple = (strategy: Strategy): GamePrinciple => ({
  text: strategyWords[strategy],
  strategy,
});

const strategyByLevel: Readonly<Record<Level, Strategy>> = {
  0: "honest",
  1: "picked",
  2: "deceptive",
  3: "none",
};

/** What a model-driven trader of a level holds to. */
export const levelText = (level: Level): string => strategyWords[strategyByLevel[level]];

type Item = 0 | 1;
const nameOf = (item: Item): string => `item ${item === 0 ? "A" : "B"}`;

/** What a buyer makes of an item: "gain 3", "loss 1". */
const gainText = (gain: number): string => (gain < 0 ? `loss ${-gain}` : `gain ${gain}`);

const stages = {
  full: {
    last: "This is your last pick.",
    first:
      "This is your first pick. The seller will see it, set both prices anew, and you will pick again; both picks count.",
  },
  brief: { last: "This is your last pick.", first: "This is your first pick, which the seller sees." },
};

type ViewOf<Type extends View["type"]> = Extract<View, { type: Type }>;

/** What a buyer or a seller is asked. */
export const tradeQuestion = (view: ViewOf<"pick"> | ViewOf<"price">, wording: Wording): string => {
  if (view.type === "price") {
    const [priceA, priceB] = view.costs.map(String) as [string, string];
    return renderTemplate(templates[wording === "brief" ? "briefPrice" : "price"], {
      ...{ priceA, priceB, total: String(view.total) },
      picked: view.picked === 0 ? "A" : "B",
    });
  }
  const { rewards, prices, last } = view;
  const [worthA, worthB, priceA, priceB] = [...rewards, ...prices].map(String) as [
    ...[string, string],
    ...[string, string],
  ];
  const asked = { worthA, worthB, priceA, priceB, stage: stages[wording][last ? "last" : "first"] };
  if (wording === "full") return renderTemplate(templates.pick, asked);
  const [gainA, gainB] = [rewards[0] - prices[0], rewards[1] - prices[1]].map(gainText) as [string, string];
  return renderTemplate(templates.briefPick, { ...asked, gainA, gainB });
};

/** A round in which everybody moved. */
export type Trade = {
  readonly rewards: readonly [number, number];
  readonly costs: readonly [number, number];
  readonly first: Item;
  readonly prices: readonly [number, number];
  readonly last: Item;
};

const sellerSaw = ({ first, last }: Trade): string =>
  `The buyer picked ${nameOf(first)}, and then ${nameOf(last)} ${first === last ? "again" : "instead"}.`;

/** What the first pick became by the new prices, and what one of the item that is not wanted costs, at first prices. */
const buyerSaw = ({ rewards, costs, first, prices }: Trade): string => {
  const dearer = prices[first] - prices[otherItem(first)];
  const became = dearer > 0 ? `${dearer} dearer than` : dearer < 0 ? `${-dearer} cheaper than` : "as dear as";
  const costsFeint = Math.abs(rewards[0] - costs[0] - rewards[1] + costs[1]);
  return `The first pick became ${became} the other. A feint costs ${costsFeint}.`;
};

/** What is asked, briefly, of a trader's strategy. rounds: in which everybody moved. */
export const briefStrategyText = (
  template: BriefLessons["strategy"],
  role: "buyer" | "seller",
  principle: string,
  rounds: readonly Trade[],
): string =>
  renderTemplate(template, {
    ...{ role, principle },
    rounds:
      rounds.length === 0 ? "(nothing)" : rounds.map(role === "buyer" ? buyerSaw : sellerSaw).join("\n"),
  });

/** The same in full. interactions: as JSON lines. */
export const strategyText = (
  template: FullLessons["strategy"],
  role: "buyer" | "seller",
  principle: string,
  interactions: string,
): string => renderTemplate(template, { role, principle, interactions });
