// What happens in an assembly, as scenes to train a model on: an assistant that keeps to principles and takes up comments,
// persons who rate and comment, support principles and propose them, and comments that amend a list of principles. A scene
// is data: how it is put to a model is the simulation's part. Scene i depends on (seed, i) alone.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import type { Persona, PromptKind } from "../../records/index.ts";
import { type Combination, combinationsOf, drawCombination } from "../lexicon/index.ts";
import { type ReplyForm, type WrittenReply, writeReply } from "../reply.ts";
import { writeRequest } from "../request.ts";
import { type AmendmentScene, drawAmendment } from "./amendment.ts";
import { describePerson, drawWishes } from "./persona.ts";
import {
  contentment,
  harmlessnessOf,
  type JudgedReply,
  openWishes,
  remarkOf,
  supportFor,
} from "./satisfaction.ts";
import { type SceneSource, type SceneSplit, say, sayRemark } from "./scene-source.ts";
import { allWishes, contradict, isSame, oppositeOf, topicOf, type Wish } from "./wish.ts";
import { type OtherComment, personNames } from "./wish-phrases.ts";

type Person = Pick<Persona, "name" | "description">;

/** A reply under principles; next: a comment on it, and the reply after that. */
export type GuidedScene = {
  readonly kind: "guided";
  readonly principles: readonly string[];
  readonly request: string;
  readonly reply: string;
  readonly next: { readonly comment: string; readonly reply: string } | null;
};

/** comment: null where only numbers are asked for. */
export type RatingScene = {
  readonly kind: "rating";
  readonly person: Person;
  readonly request: string;
  readonly draft: string;
  readonly ratings: Readonly<Record<string, number>>;
  readonly comment: string | null;
};

export type SupportScene = {
  readonly kind: "support";
  readonly person: Person;
  readonly principles: readonly string[];
  readonly support: number;
  readonly comment: string | null;
};

export type ProposalScene = {
  readonly kind: "proposal";
  readonly person: Person;
  readonly statement: string;
};

export type AssemblyScene = GuidedScene | RatingScene | SupportScene | ProposalScene | AmendmentScene;

const sceneShares: Readonly<Record<AssemblyScene["kind"], number>> = {
  guided: 0.34,
  rating: 0.32,
  support: 0.12,
  proposal: 0.04,
  amendment: 0.18,
};

const sceneKinds = Object.keys(sceneShares) as readonly AssemblyScene["kind"][];

const everyCombination = {
  train: Object.values(combinationsOf.train).flat(),
  test: Object.values(combinationsOf.test).flat(),
};

/** Kinds of requests that scenes are about. */
const matterShares: Readonly<Record<PromptKind, number>> = { harmful: 0.62, harmless: 0.2, lookalike: 0.18 };
const matterKinds = Object.keys(matterShares) as readonly PromptKind[];

/** A request and who may be named beside it. */
export type Matter = { readonly combination: Combination; readonly request: string };

/** Draws a request of a kind by its share. */
export const drawMatter = ({ random, split }: SceneSource): Matter => {
  const kind = matterKinds[random.weighted(matterKinds.map((one) => matterShares[one]))]!;
  const combination = drawCombination(random, split, kind);
  return { combination, request: writeRequest(random, combination, everyCombination[split]) };
};

const reply = ({ random, split }: SceneSource, { combination }: Matter, form: ReplyForm): WrittenReply =>
  writeReply(random, combination, form, combinationsOf[split][combination.action.kind]);

/** A reply as the measure takes it. */
export const judgedOf = ({ assessment, steps }: WrittenReply): JudgedReply => ({
  assessment,
  told: steps.length,
});

type FormWeights = Readonly<Partial<Record<ReplyForm, number>>>;

const drawForm = (random: Random, weights: FormWeights): ReplyForm => {
  const forms = Object.keys(weights) as ReplyForm[];
  return forms[random.weighted(forms.map((form) => weights[form]!))]!;
};

/** Forms of replies that help, in percent, by what is wanted of their length. */
const helpingShares = {
  any: { full: 60, short: 40 },
  brief: { full: 6, short: 94 },
  thorough: { full: 94, short: 6 },
} as const satisfies Readonly<Record<string, FormWeights>>;

const helpingForms = (wishes: readonly Wish[]): FormWeights => {
  const style = wishes.find((wish) => wish.type === "style")?.style;
  if (style === undefined) return helpingShares.any;
  return style === "brief" ? helpingShares.brief : helpingShares.thorough;
};

/** How often a model that nothing was said to helps with harm; else it answers in one of these forms, in percent. */
const unguidedHelp = 0.72;
const unguidedShares: FormWeights = { partial: 10, "refuse-reason": 8, "refuse-flat": 5, lecture: 5 };

/** Forms of replies where a principle protects what the request would harm, in percent. */
const protectingShares: FormWeights = { "refuse-reason": 88, "refuse-flat": 8, partial: 4 };

/** Replies to harmful requests on which no principle says anything: as a helpful-only model gives them. */
const unguidedForms = (wishes: readonly Wish[]): FormWeights => {
  const { full = 0, short = 0 } = helpingForms(wishes);
  return {
    full: unguidedHelp * full,
    short: unguidedHelp * short,
    ...unguidedShares,
  };
};

/** The forms of replies that keep to principles. */
const guidedForms = (principles: readonly Wish[], { action }: Combination): FormWeights => {
  if (action.kind !== "harmful") return helpingForms(principles);
  const concerned = principles.filter((wish) => wish.type !== "style" && action.areas.includes(wish.area));
  if (concerned.some(({ type }) => type === "protect")) return protectingShares;
  return concerned.length > 0 ? helpingForms(principles) : unguidedForms(principles);
};

const others = (chosen: readonly Wish[], wish: Wish): boolean =>
  !chosen.some((one) => topicOf(one) === topicOf(wish));

/** Up to so many wishes, each on a topic of its own; those in `first` come before all others. */
const drawPrinciples = (random: Random, count: number, first: readonly Wish[]): Wish[] => {
  const chosen: Wish[] = [];
  for (const wish of [...first, ...random.shuffle(allWishes)])
    if (chosen.length < count && others(chosen, wish)) chosen.push(wish);
  return random.shuffle(chosen);
};

/** How often no principle is on the request's own area, and how often one that is protects it. */
const unconcernedShare = 0.3;
const protectingShare = 0.5;

/** What a principle on the request's own area may want. */
const concerning = (random: Random, { action }: Combination): Wish[] => {
  if (action.areas.length === 0 || random.next() < unconcernedShare) return [];
  return [{ type: random.next() < protectingShare ? "protect" : "allow", area: random.pick(action.areas) }];
};

/** The reply after a remark on the first: the same where it pleased, else one that takes the remark up under the principles. */
export const takeUp = (
  source: SceneSource,
  matter: Matter,
  principles: readonly Wish[],
  first: WrittenReply,
  remark: Wish | OtherComment,
): WrittenReply => {
  if (remark === "pleased") return first;
  const taken =
    typeof remark === "string" || principles.some((one) => contradict(one, remark)) ? [] : [remark];
  const forms =
    remark === "help" && matter.combination.action.kind !== "harmful"
      ? helpingForms(principles)
      : guidedForms(
          [...principles.filter((one) => !taken.some((wish) => isSame(one, wish))), ...taken],
          matter.combination,
        );
  return reply(source, matter, drawForm(source.random, forms));
};

const followUp = (
  source: SceneSource,
  matter: Matter,
  principles: readonly Wish[],
  first: WrittenReply,
): GuidedScene["next"] => {
  const remark = remarkOf(drawWishes(source.random), matter.combination, judgedOf(first));
  const comment = sayRemark(source, remark);
  return { comment, reply: takeUp(source, matter, principles, first, remark).text };
};

/** How often somebody comments on a guided reply, and the shares of none, one, two, … principles with a comment and without. */
const commentedShare = 0.3;
const principleCounts = {
  commented: [0.4, 0.2, 0.2, 0.1, 0.1],
  plain: [0.03, 0.27, 0.25, 0.25, 0.2],
} as const;

const guided = (source: SceneSource): GuidedScene => {
  const { random } = source;
  const matter = drawMatter(source);
  const comments = random.next() < commentedShare;
  const count = random.weighted(principleCounts[comments ? "commented" : "plain"]);
  const principles = drawPrinciples(random, count, concerning(random, matter.combination));
  const first = reply(source, matter, drawForm(random, guidedForms(principles, matter.combination)));
  return {
    kind: "guided",
    principles: principles.map((wish) => say(source, wish)),
    request: matter.request,
    reply: first.text,
    next: comments ? followUp(source, matter, principles, first) : null,
  };
};

/** Forms of drafts that are rated, in percent. */
const helpfulDrafts: FormWeights = {
  full: 36,
  short: 32,
  partial: 6,
  "refuse-reason": 10,
  "refuse-flat": 4,
  lecture: 3,
  other: 4,
  malformed: 5,
};
const ratedForms: Readonly<Record<PromptKind, FormWeights>> = {
  harmful: {
    full: 24,
    short: 20,
    partial: 8,
    "refuse-reason": 28,
    "refuse-flat": 7,
    lecture: 5,
    other: 3,
    malformed: 4,
  },
  harmless: helpfulDrafts,
  lookalike: helpfulDrafts,
};

/** A draft to rate, of whatever form. */
export const drawDraft = (source: SceneSource, matter: Matter): WrittenReply =>
  reply(source, matter, drawForm(source.random, ratedForms[matter.combination.action.kind]));

/** A person with these wishes: a name and a description. */
export const drawPerson = ({ random, split }: SceneSource, wishes: readonly Wish[]): Person => ({
  name: random.pick(personNames),
  description: describePerson(random, wishes, split),
});

/** How often a person gets a wish on the request's own area. */
const concernedShare = 0.5;
/** How often such a wish is to protect, and how often a principle is what its person wants, and not the opposite. */
const agreeingShare = 0.65;

/** Wishes of a person, most often with one on the request's own area. */
export const drawConcerned = (random: Random, { action }: Combination): Wish[] => {
  const wishes = drawWishes(random);
  const area = random.next() < concernedShare ? action.areas[0] : undefined;
  if (area === undefined || wishes.some((wish) => topicOf(wish) === area)) return wishes;
  const at = wishes.findIndex(({ type }) => type !== "style");
  return wishes.with(at, { type: random.next() < agreeingShare ? "protect" : "allow", area });
};

/** What is asked of a draft: satisfaction, harmlessness, or both; and how often a comment with satisfaction. */
const askedShares = [0.7, 0.15, 0.15] as const;
const ratedCommentShare = 0.8;

const rating = (source: SceneSource): RatingScene => {
  const { random } = source;
  const matter = drawMatter(source);
  const { combination, request } = matter;
  const wishes = drawConcerned(random, combination);
  const draft = drawDraft(source, matter);
  const judged = judgedOf(draft);
  const satisfaction = contentment(wishes, combination, judged);
  const harmlessness = harmlessnessOf(draft.assessment);
  const asked = random.weighted(askedShares);
  const withComment = asked !== 1 && random.next() < ratedCommentShare;
  return {
    kind: "rating",
    person: drawPerson(source, wishes),
    request,
    draft: draft.text,
    ratings: { ...(asked === 1 ? {} : { satisfaction }), ...(asked === 0 ? {} : { harmlessness }) },
    comment: withComment ? sayRemark(source, remarkOf(wishes, combination, judged)) : null,
  };
};

/** Shares of one, two, … principles that are supported together, and how often there is a comment. */
const supportedCounts = [0.62, 0.12, 0.13, 0.13] as const;
const supportCommentShare = 0.5;

const support = (source: SceneSource): SupportScene => {
  const { random } = source;
  const wishes = drawWishes(random);
  const own = random.shuffle(wishes).slice(0, random.integer(wishes.length + 1));
  const first = own.map((wish) => (random.next() < agreeingShare ? wish : oppositeOf(wish)));
  const principles = drawPrinciples(random, 1 + random.weighted(supportedCounts), first);
  const open = openWishes(wishes, principles);
  const remark = open.length === 0 ? ("pleased" as const) : random.pick(open);
  return {
    kind: "support",
    person: drawPerson(source, wishes),
    principles: principles.map((wish) => say(source, wish)),
    support: supportFor(wishes, principles),
    comment: random.next() < supportCommentShare ? sayRemark(source, remark) : null,
  };
};

const proposal = (source: SceneSource): ProposalScene => {
  const wishes = drawWishes(source.random);
  return {
    kind: "proposal",
    person: drawPerson(source, wishes),
    statement: say(source, source.random.pick(wishes)),
  };
};

const draw = (source: SceneSource, kind: AssemblyScene["kind"]): AssemblyScene => {
  switch (kind) {
    case "guided":
      return guided(source);
    case "rating":
      return rating(source);
    case "support":
      return support(source);
    case "proposal":
      return proposal(source);
    case "amendment":
      return drawAmendment(source);
    default:
      return kind satisfies never;
  }
};

/**
 * Scenes of an assembly by number. split train: requests, statements and comments that are held out never occur; test: they
 * alone.
 */
export const createAssembly = ({ seed, split }: { readonly seed: number; readonly split: SceneSplit }) => {
  const shares = sceneKinds.map((kind) => sceneShares[kind]);
  return {
    scene(index: number): AssemblyScene {
      const random = createRandom(deriveSeed(seed, `assembly-${split}`, index));
      return draw({ random, split }, sceneKinds[random.weighted(shares)]!);
    },
  };
};
