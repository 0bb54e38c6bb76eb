// Reads offers, contributions, picks and prices out of replies, strictly: in the form that was asked for, in whole numbers,
// in the right units, with parts that sum to the total. What does not fit is a fault, never a number. The brief wording asks
// for offers and contributions without units, a line for each thing in order.

import type { Resource } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import type { View } from "./game.ts";
import { oneStatement, type ReadMove, statements } from "./statements.ts";

type ViewOf<Type extends View["type"]> = Extract<View, { type: Type }>;

/** "total 100 dollars, keep 30, give 70": whole numbers as they are written, without signs, points or thousands. */
const offerForm = /^total (\d{1,9}) ([^,]+), keep (\d{1,9}), give (\d{1,9})\.?$/i;

type Part = { readonly unit: string; readonly given: number } | { readonly fault: string };

const readPart = (value: string, resources: readonly Resource[]): Part => {
  const match = offerForm.exec(value.trim());
  if (match === null) return { fault: "offer-malformed" };
  const [total, kept, given] = [match[1], match[3], match[4]].map(Number) as [number, number, number];
  const resource = resources.find(({ unit }) => unit.toLowerCase() === match[2]!.trim().toLowerCase());
  if (resource === undefined) return { fault: "unit-unknown" };
  if (total !== resource.amount) return { fault: "total-wrong" };
  return kept + given === total ? { unit: resource.unit, given } : { fault: "sum-wrong" };
};

/** "keep 30, give 70". */
const briefOfferForm = /^keep (\d{1,9}), give (\d{1,9})\.?$/i;

const readBriefOffer = (inForm: readonly string[], resources: readonly Resource[]): ReadMove => {
  const lines = resources.length === 1 ? [...new Set(inForm)] : inForm;
  if (lines.length < resources.length) return { fault: "unit-missing" };
  if (lines.length > resources.length) return { fault: "offer-contradictory" };
  const given: number[] = [];
  for (const [at, line] of lines.entries()) {
    const match = briefOfferForm.exec(line.trim());
    if (match === null) return { fault: "offer-malformed" };
    if (Number(match[1]) + Number(match[2]) !== resources[at]!.amount) return { fault: "sum-wrong" };
    given.push(Number(match[2]));
  }
  return { move: { type: "offer", given } };
};

/**
 * An offer of every resource. Faults: offer-missing, offer-malformed, unit-unknown, unit-missing, total-wrong, sum-wrong,
 * offer-contradictory.
 */
export const readOffer = (reply: string, resources: readonly Resource[], wording: Wording): ReadMove => {
  const { inForm } = statements(withoutThought(reply), "offer");
  if (inForm.length === 0) return { fault: "offer-missing" };
  if (wording === "brief") return readBriefOffer(inForm, resources);
  const given = new Map<string, number>();
  for (const part of inForm.map((value) => readPart(value, resources))) {
    if ("fault" in part) return part;
    if (given.has(part.unit) && given.get(part.unit) !== part.given) return { fault: "offer-contradictory" };
    given.set(part.unit, part.given);
  }
  if (given.size < resources.length) return { fault: "unit-missing" };
  return { move: { type: "offer", given: resources.map(({ unit }) => given.get(unit)!) } };
};

/** A contribution, "30 dollars". Faults: give-missing, give-contradictory, give-malformed, unit-unknown, too-much. */
export const readContribution = (
  reply: string,
  { endowment }: ViewOf<"contribute">,
  wording: Wording,
): ReadMove => {
  const read = oneStatement(reply, "Give");
  if ("fault" in read) return read;
  const match = (wording === "brief" ? /^(\d{1,9})\.?$/ : /^(\d{1,9}) (.+?)\.?$/).exec(read.value);
  if (match === null) return { fault: "give-malformed" };
  const unit = match[2]?.trim() ?? endowment.unit;
  if (unit.toLowerCase() !== endowment.unit.toLowerCase()) return { fault: "unit-unknown" };
  const units = Number(match[1]);
  return units > endowment.amount ? { fault: "too-much" } : { move: { type: "contribution", units } };
};

/** A pick, "item A". Faults: pick-missing, pick-contradictory, pick-malformed. */
export const readPick = (reply: string): ReadMove => {
  const read = oneStatement(reply, "Pick");
  if ("fault" in read) return read;
  const match = /^(?:item )?([ab])\.?$/i.exec(read.value);
  if (match === null) return { fault: "pick-malformed" };
  return { move: { type: "pick", item: match[1]!.toLowerCase() === "a" ? 0 : 1 } };
};

/** Both prices, "item A 4, item B 6". Faults: prices-missing, prices-contradictory, prices-malformed, sum-wrong. */
export const readPrices = (reply: string, { total }: ViewOf<"price">): ReadMove => {
  const read = oneStatement(reply, "Prices");
  if ("fault" in read) return read;
  const match = /^item A (\d{1,9}), item B (\d{1,9})\.?$/i.exec(read.value);
  if (match === null) return { fault: "prices-malformed" };
  const prices: [number, number] = [Number(match[1]), Number(match[2])];
  return prices[0] + prices[1] === total ? { move: { type: "prices", prices } } : { fault: "sum-wrong" };
};
