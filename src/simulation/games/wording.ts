// What games say to players, in full or in the brief wording that a small model learns from its own documents, from files
// with named holes that are checked when they are loaded. What players said stands in it as JSON and is never read as
// template. Knows no model and no reply.

import { loadTemplate, renderTemplate, type Template } from "../../constitution/index.ts";
import type { InteractionKind, Resource } from "../../records/index.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import type { View } from "./game.ts";
import type { BriefLessons, FullLessons, LearningVariant } from "./learner-prompts.ts";
import type { FixedPlayer, Manner, Policy } from "./player.ts";
import { tradeQuestion } from "./trade-wording.ts";

const load = <Hole extends string>(name: string, ...holes: Hole[]): Template<Hole> =>
  loadTemplate(new URL(`./prompts/${name}.txt`, import.meta.url), holes);

const sharing = (folder: "" | "brief/") => ({
  fixed: load(`${folder}fixed`, "policy", "manner"),
  flexible: load(`${folder}flexible`, "principle"),
  propose: load(`${folder}propose`, "resources", "power", "before", "form"),
  decide: load(`${folder}decide`, "offer"),
  contribute: load(`${folder}contribute`, "players", "amount", "unit", "multiplier"),
});

const templates = {
  full: sharing(""),
  brief: sharing("brief/"),
  transfer: load("transfer", "units", "least", "most", "principle", "prior"),
  briefPrior: load("brief/transfer-prior", "principle", "prior"),
  askFirst: load("ask-first"),
  reasonFirst: load("reason-first"),
  oracle: load("oracle", "resources", "form"),
};

/** What is said of the kinds of interactions, by which of them there are. */
const seen: Readonly<Record<string, Template<never>>> = Object.fromEntries(
  [
    "fixed",
    "mixed",
    "flexible",
    "fixed-mixed",
    "fixed-flexible",
    "mixed-flexible",
    "fixed-mixed-flexible",
  ].map((kinds) => [kinds, load(`seen-${kinds}`)]),
);

const policyWords: Readonly<Record<Policy, readonly [gives: string, refuses: string]>> = {
  altruistic: [
    "give others as much as you can, whatever that costs you.",
    "Refuse every offer that gives you more than the other.",
  ],
  fair: ["share evenly, so that everybody gets the same.", "Refuse every offer that is not even."],
  selfish: [
    "keep as much as you can for yourself, whatever that costs others; give the least that is still something.",
    "Refuse every offer that gives the other more than you.",
  ],
};

const mannerWords = (manner: Manner): string =>
  manner === "neutral"
    ? ""
    : `\nSay one sentence in ${/^[aeiou]/.test(manner) ? "an" : "a"} ${manner} manner before each line that you are asked for. The manner changes your tone alone.`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A policy as a sentence that names no thing. */
export const policyText = (policy: Policy): string => capital(policyWords[policy][0]);

/** What a model-driven player is told that holds to a policy of these words. */
export const fixedPlayerText = (policy: string, wording: Wording, manner: Manner = "neutral"): string =>
  renderTemplate(templates[wording].fixed, { policy, manner: mannerWords(manner) });

/** What a model-driven player of a fixed policy is told it is. */
export const fixedText = (
  { policy, byUnit = {}, manner = "neutral", strict }: FixedPlayer,
  wording: Wording,
): string => {
  const own = Object.entries(byUnit).map(([unit, of]) => `\nOf ${unit}, however: ${policyWords[of][0]}`);
  const refusal = strict ? ` ${policyWords[policy][1]}` : "";
  return fixedPlayerText(`${policyText(policy)}${refusal}${own.join("")}`, wording, manner);
};

/** A principle, or that there is none. */
const orNone = (principle: string): string => (principle === "" ? "(none yet)" : principle);

/** What a model-driven flexible player is told it is. */
export const flexibleText = (principle: string, wording: Wording): string =>
  renderTemplate(templates[wording].flexible, { principle: orNone(principle) });

/** A principle taken beyond what it was learned on. prior: told beside it, where there is one. */
export const transferText = (
  principle: string,
  learned: LearnedOn,
  prior: string | null,
  wording: Wording,
): string => {
  const told = orNone(principle);
  if (wording === "brief") {
    const text = prior === null ? told : renderTemplate(templates.briefPrior, { principle: told, prior });
    return flexibleText(text, wording);
  }
  return renderTemplate(templates.transfer, {
    units: learned.units.join(", "),
    least: String(learned.least),
    most: String(learned.most),
    principle: told,
    prior: prior === null ? "" : `\nBefore it was learned, this one held: ${prior}`,
  });
};

/** The things and amounts that a principle was learned on. */
export type LearnedOn = { readonly units: readonly string[]; readonly least: number; readonly most: number };

const amountText = ({ unit, amount }: Resource): string => `${amount} ${unit}`;

const resourcesText = (resources: readonly Resource[]): string => resources.map(amountText).join(" and ");

/** What an offer begins with: the brief form names no thing and no total, and has a line for each thing in order. */
const offerStart = (resource: Resource, wording: Wording): string =>
  wording === "brief" ? "Offer:" : `Offer: total ${amountText(resource)},`;

const offerForm = (resources: readonly Resource[], wording: Wording): string =>
  resources.map((resource) => `${offerStart(resource, wording)} keep K, give G`).join("\n");

/** An offer in the form in which it is asked for. */
export const offerText = (
  resources: readonly Resource[],
  given: readonly number[],
  wording: Wording,
): string =>
  resources
    .map(
      (resource, at) =>
        `${offerStart(resource, wording)} keep ${resource.amount - given[at]!}, give ${given[at]}`,
    )
    .join("\n");

/** A contribution in the brief form. */
export const briefContribution = (units: number): string => `Give: ${units}`;

/** What the decider reads: the same offer from the other side. */
const offerReceived = (resources: readonly Resource[], given: readonly number[]): string =>
  resources
    .map(
      ({ unit, amount }, at) =>
        `Of ${amount} ${unit}, you get ${given[at]} and the other player ${amount - given[at]!}.`,
    )
    .join("\n");

/** asks: an offer may be preceded by a question; reasons: it is, by a reason. */
export type Asking = { readonly asks: boolean; readonly reasons: boolean };

const powerWords = {
  full: {
    dictator: "The other player has no say in it.",
    ultimatum: "The other player then accepts, or rejects; then neither of you gets anything.",
  },
  brief: { dictator: "who has no say", ultimatum: "who may refuse" },
};

/** What a player is asked, from what it may see. */
export const questionText = (view: View, { asks, reasons }: Asking, wording: Wording): string => {
  switch (view.type) {
    case "propose": {
      const before = [
        ...(reasons ? [renderTemplate(templates.reasonFirst, {})] : []),
        ...(asks ? [renderTemplate(templates.askFirst, {})] : []),
      ].map((line) => `${line}\n`);
      return renderTemplate(templates[wording].propose, {
        resources: resourcesText(view.resources),
        power: powerWords[wording][view.power],
        before: before.join(""),
        form: offerForm(view.resources, wording),
      });
    }
    case "decide":
      return renderTemplate(templates[wording].decide, { offer: offerReceived(view.resources, view.given) });
    case "contribute":
      return renderTemplate(templates[wording].contribute, {
        players: String(view.players),
        ...{ amount: String(view.endowment.amount), unit: view.endowment.unit },
        multiplier: String(view.multiplier),
      });
    case "pick":
    case "price":
      return tradeQuestion(view, wording);
    default:
      return view satisfies never;
  }
};

/** The answer to any question before an offer: that what was learned applies. */
export const oracleText = (resources: readonly Resource[], wording: Wording): string =>
  renderTemplate(templates.oracle, {
    resources: resourcesText(resources),
    form: offerForm(resources, wording),
  });

/** What is asked of whoever learns. kinds: that are among the interactions, at least one. */
export const learningText = (
  template: FullLessons[LearningVariant],
  principle: string,
  kinds: ReadonlySet<InteractionKind>,
  interactions: string,
): string => {
  const named = (["fixed", "mixed", "flexible"] as const).filter((kind) => kinds.has(kind)).join("-");
  return renderTemplate(template, {
    principle: orNone(principle),
    seen: renderTemplate(seen[named]!, {}),
    interactions,
  });
};

/** The same, briefly: of imitation, of any thing or of one, or of the own gain. plays: a line each. */
export const briefLearningText = (
  template: BriefLessons[LearningVariant],
  principle: string,
  plays: string,
): string => renderTemplate(template, { principle: orNone(principle), plays });
