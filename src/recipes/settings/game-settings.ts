// Settings of games between simulated players, and the experiments that they stand for: every group with every share of
// flexible seats, or every match of a trade. What comes of them is not known here.

import { z } from "zod";
import { UserError } from "../../core/index.ts";
import { gameNames } from "../../records/index.ts";
import {
  type Experiment,
  flexibleSeatsOf,
  type LearnedOn,
  type LearnerPrompts,
  learnerPrompts,
  learningVariants,
  learns,
  type Manner,
  type Match,
  manners,
  type Policy,
  policies,
  seatsOf,
  sights,
  type World,
  withOwnLearnerTexts,
  wordings,
} from "../../simulation/index.ts";
import { promptsSetting } from "./role-settings.ts";
import { callSettings, modelName, outSetting, seedSetting } from "./settings.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();

const words = (names: readonly string[]): string => names.join("|");
const memberForm = new RegExp(`^(${words(policies)})(?:/(${words(manners)}))?(?::(\\d+(?:\\.\\d+)?))?$`);

const readMember = (text: string): Experiment["members"][number] | null => {
  const match = memberForm.exec(text.trim());
  if (match === null) return null;
  const [, policy, manner, weight = "1"] = match;
  return {
    weight: Number(weight),
    policy: policy as Policy,
    ...(manner === undefined ? {} : { manner: manner as Manner }),
  };
};

const isGroup = (text: string): boolean => {
  const members = text.split("+").map(readMember);
  return members.every((member) => member !== null) && members.some((member) => member.weight > 0);
};

const groupSetting = z.union([
  z
    .string()
    .refine(
      isGroup,
      `expected a policy (${policies.join(", ")}) or several with weights, e.g. altruistic:80+selfish:20, a manner behind a slash: altruistic/rude`,
    ),
  z.strictObject({
    name: z.string().regex(/^[\w.:+-]+$/, "expected a name of letters, digits and . : + - _"),
    members: z
      .array(
        z.strictObject({
          weight: z.number().positive().default(1),
          policy: z.enum(policies),
          byUnit: z.record(z.string(), z.enum(policies)).default({}),
          manner: z.enum(manners).optional(),
        }),
      )
      .min(1),
  }),
]);

const share = z.number().min(0).max(1);
const unit = z.string().regex(/^[^\s,:][^,:\n]*$/, "expected a name without commas, colons and line breaks");
const matchForm = /^(0|2|flexible)v(1|3|flexible)$/;

/** Everything that `covenant simulate games` can be told. */
export const gamesSchema = z.strictObject({
  out: outSetting("runs/games"),
  game: z.enum(gameNames).default("ultimatum").describe("what is played"),
  groups: z
    .array(groupSetting)
    .min(1)
    .default(["altruistic", "fair", "selfish"])
    .describe("what fixed players hold to: a policy each, or a mixture such as altruistic:80+selfish:20"),
  flexible: z
    .array(share)
    .min(1)
    .default([0.1])
    .describe("shares of seats that learn; every group is played with each"),
  repetitions: positive.default(20).describe("how often each experiment is repeated, with other chance"),
  iterations: positive.default(5).describe("rounds of play, with learning after each"),
  interactions: positive.default(10).describe("games an iteration"),
  currencies: z.array(unit).min(1).default(["dollars", "apples", "blankets"]).describe("what is split"),
  amounts: z
    .strictObject({
      least: positive.default(10).describe("least amount of a thing"),
      most: positive.default(100).describe("greatest amount of a thing"),
    })
    .prefault({}),
  resources: positive.default(1).describe("kinds of things that are split in one offer"),
  variance: share.max(0.5).default(0).describe("by what share of the amount scripted offers stray at most"),
  strict: z.boolean().default(false).describe("fixed players also refuse offers against their policy"),
  priors: z
    .array(z.enum([...policies, "none"]))
    .min(1)
    .default([...policies])
    .describe("what flexible players may begin with, drawn for each repetition; none: nothing"),
  variant: z
    .enum(learningVariants)
    .default("imitation")
    .describe(
      "what is learned: what the group does, what pays most, or what the group does with each thing apart",
    ),
  sight: z
    .enum(sights)
    .default("all")
    .describe("what flexible players see: all games of an iteration, or those with one of them"),
  priorWeight: z
    .number()
    .nonnegative()
    .default(1)
    .describe("how many gifts that are seen the principle so far counts as (scripted learning)"),
  heldOut: z
    .strictObject({
      currencies: z
        .array(unit)
        .default(["grams of medicine"])
        .describe("things that nobody learned on, asked about at the end; an empty list asks nothing"),
      prior: z.array(z.boolean()).min(1).default([false, true]).describe("whether the prior is told, too"),
      reasons: z.array(z.boolean()).min(1).default([false]).describe("whether a reason is asked for first"),
    })
    .prefault({}),
  publicGoods: z
    .strictObject({
      players: z.number().int().min(2).default(4).describe("players of a pot"),
      multiplier: z.number().positive().default(1.6).describe("what the pot is multiplied by"),
    })
    .prefault({}),
  trade: z
    .strictObject({
      matches: z
        .array(
          z.string().regex(matchForm, "expected a buyer (0, 2 or flexible), v, a seller (1, 3 or flexible)"),
        )
        .min(1)
        .default(["0v1", "2v1", "2v3", "0vflexible", "2vflexible", "flexiblev1"])
        .describe("buyer and seller by their levels, one of them may be flexible"),
      rewards: z.tuple([count, count]).default([0, 10]).describe("what the items are worth to the buyer"),
      costs: z.tuple([count, count]).default([1, 9]).describe("first prices, whose sum all prices have"),
      markup: count.default(1).describe("by how much a scripted seller raises a price above the even one"),
    })
    .prefault({}),
  model: modelName.optional().describe("model that moves for the players; default: scripts, without a model"),
  wording: z
    .enum(wordings)
    .default("full")
    .describe(
      "full: for models that follow instructions; brief: what embedded models are made with that play games",
    ),
  fixed: z
    .enum(["script", "model"])
    .optional()
    .describe("who moves for fixed players; default: the model where there is one, and in trades scripts"),
  prompts: promptsSetting,
  learner: modelName.optional().describe("model that writes principles; default: the players' model"),
  questions: count.default(0).describe("questions that a flexible player may ask before an offer (models)"),
  temperature: z.number().nonnegative().default(0).describe("0: always the likeliest token"),
  maxTokens: positive.default(300).describe("tokens of a move at most"),
  learnerTokens: positive.default(400).describe("tokens of a principle with its reason at most"),
  seed: seedSetting,
  ...callSettings,
});
export type GamesConfig = z.output<typeof gamesSchema>;

/** What all experiments have in common. */
export const worldOf = (config: GamesConfig): World => {
  const { game, interactions, currencies, amounts, resources, variance, strict, publicGoods, trade } = config;
  const { rewards, costs, markup } = trade;
  return {
    ...{ game, interactions, currencies, ...amounts, resources, variance, strict, publicGoods },
    trade: { rewards, costs, markup, levelsBy: config.fixed ?? "script" },
    fixedBy: config.fixed ?? (config.model === undefined ? "script" : "model"),
    flexibleBy: config.model === undefined ? "script" : "model",
  };
};

/** What principles are learned on. */
export const learnedOn = ({ currencies, amounts }: GamesConfig): LearnedOn => ({
  units: currencies,
  ...amounts,
});

const groupOf = (group: GamesConfig["groups"][number]): Pick<Experiment, "name" | "members"> => {
  if (typeof group === "string")
    return {
      name: group.replaceAll("/", "-"),
      members: group.split("+").flatMap((part) => readMember(part) ?? []),
    };
  const members = group.members.map(({ manner, ...member }) => ({
    ...member,
    ...(manner === undefined ? {} : { manner }),
  }));
  return { name: group.name, members };
};

const seatOf = <Level extends number>(text: string | undefined): Level | "flexible" =>
  text === "flexible" ? text : (Number(text) as Level);

const matchOf = (text: string): Experiment => {
  const [, buyer, seller] = matchForm.exec(text) ?? [];
  const match: Match = { buyer: seatOf(buyer), seller: seatOf(seller) };
  return { name: text, members: [], flexible: 0, match };
};

/** The experiments of a configuration, in order, each with a name of its own. */
export const experimentsOf = ({ game, groups, flexible, trade }: GamesConfig): Experiment[] =>
  game === "buyer-seller"
    ? trade.matches.map(matchOf)
    : groups.flatMap((group) => {
        const { name, members } = groupOf(group);
        return flexible.map((share) => ({
          name: `${name}-${Number((100 * share).toFixed(2))}`,
          members,
          flexible: share,
        }));
      });

const wrong = (code: string, text: string): UserError => new UserError(code, text);

/** Where a share of seats is to learn, some seat must. */
const checkSeats = (config: GamesConfig): void => {
  if (config.game === "buyer-seller") return;
  const world = worldOf(config);
  const seats = seatsOf(world);
  const none = config.flexible.find((one) => one > 0 && flexibleSeatsOf(world, one) === 0);
  if (none === undefined) return;
  const least = Math.ceil(10_000 / (2 * seats)) / 10_000;
  const games = Math.ceil(config.interactions / (2 * seats) / none);
  throw wrong(
    "flexible-nobody",
    `flexible is ${none}, and of the ${seats} seats of an iteration that is nobody. Expected a share of at least ${least}, or 0 for none: raise it, or play at least ${games} games an iteration (interactions).`,
  );
};

/** Throws UserError for settings that mean nothing together. */
export const checkGames = (config: GamesConfig): void => {
  const { amounts, currencies, resources, heldOut, trade, model, fixed, learner, questions } = config;
  if (amounts.least > amounts.most)
    throw wrong(
      "amounts-order",
      `amounts.least is ${amounts.least} and amounts.most ${amounts.most}; expected the least not above the most.`,
    );
  if (new Set(currencies).size < currencies.length)
    throw wrong(
      "currencies-double",
      `currencies names one thing twice (${currencies.join(", ")}); expected each once.`,
    );
  if (resources > currencies.length)
    throw wrong(
      "resources-many",
      `resources is ${resources}, and there are ${currencies.length} currencies. Name more of them, or split fewer at a time.`,
    );
  const learned = heldOut.currencies.find((one) => currencies.includes(one));
  if (learned !== undefined)
    throw wrong(
      "held-out-learned",
      `heldOut.currencies names ${learned}, which is among the currencies that are learned on; expected others.`,
    );
  if (trade.matches.includes("flexiblevflexible"))
    throw wrong(
      "match-flexible",
      "trade.matches has flexiblevflexible; expected a level on one side: a run learns for one of them.",
    );
  if (model === undefined && (fixed === "model" || learner !== undefined || questions > 0))
    throw wrong(
      "players-without-model",
      "fixed=model, learner and questions are for players that a model moves for, and no model is named. Add --model NAME, or leave them out.",
    );
  checkSeats(config);
  const names = experimentsOf(config).map(({ name }) => name);
  const double = names.find((name, at) => names.indexOf(name) !== at);
  if (double !== undefined)
    throw wrong(
      "experiments-double",
      `Two experiments would be called ${double}: a group or a share is named twice. Name each once.`,
    );
};

/** The settings with what they name. */
export type Games = { readonly config: GamesConfig; readonly prompts: LearnerPrompts };

/** Loads what the settings name. Throws UserError as checkGames does, and where a file has a text that is not asked. */
export const loadGames = async (config: GamesConfig): Promise<Games> => {
  checkGames(config);
  const { model, game, variant } = config;
  const known = learnerPrompts[config.wording];
  if (config.prompts === undefined) return { config, prompts: known };
  const isAsked = model !== undefined && experimentsOf(config).some(learns);
  const lesson = game === "buyer-seller" ? "strategy" : variant;
  return { config, prompts: await withOwnLearnerTexts(known, config.prompts, isAsked ? [lesson] : []) };
};
