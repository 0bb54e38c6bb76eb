// Reading what a user said of a draft: a number for every metric, and a comment. A number that is not there, is none, lies
// outside of its scale, or contradicts another is missing, with the reason: never zero, never brought to the scale's end.

import { z } from "zod";
import type { AnswerForm, Reply } from "../../models/index.ts";
import type { Metric, MissingReason, RatingRecord } from "../../records/index.ts";
import { readLabels, readObject, withoutThought } from "../reply-text.ts";

/** What a reply says: as in its record. */
export type Rating = Pick<RatingRecord, "ratings" | "missing" | "feedback">;

/** The form of a reply, for servers that can hold a model to one. */
export const ratingForm = (metrics: readonly Metric[], withFeedback: boolean): AnswerForm => {
  const shape = Object.fromEntries(metrics.map(({ id }) => [id, z.number()]));
  const { $schema: _, ...schema } = z.toJSONSchema(
    z.strictObject({ ...shape, ...(withFeedback ? { feedback: z.string() } : {}) }),
  );
  return { name: "rating", schema };
};

/** A number of a rating as it is written: two digits behind the point at most. */
export const ratingText = (value: number): string => String(Math.round(value * 100) / 100);

type Found = { readonly value: number } | { readonly reason: MissingReason };

const missing = (reason: MissingReason): Found => ({ reason });

/** "7", "7.5", "7/10" and "7 out of 10", where 10 is the scale's end. */
const readNumber = (said: string, { low, high }: Metric): Found => {
  const text = said
    .trim()
    .replace(/^"(.*)"$/s, "$1")
    .trim()
    .replace(/\.$/, "");
  if (text === "" || text === "...") return missing("not-given");
  const match = /^([-+]?\d+(?:\.\d+)?)(?:\s*(?:\/|out of|of)\s*([-+]?\d+(?:\.\d+)?))?$/i.exec(text);
  if (match === null) return missing("unreadable");
  if (match[2] !== undefined && Number(match[2]) !== high) return missing("unreadable");
  const value = Number(match[1]);
  return value < low || value > high ? missing("out-of-range") : { value };
};

const readValue = (said: unknown, metric: Metric): Found => {
  if (said === undefined || said === null) return missing("not-given");
  if (typeof said === "number") return readNumber(String(said), metric);
  return typeof said === "string" ? readNumber(said, metric) : missing("unreadable");
};

const feedbackName = "feedback";

const fromObject = (text: string, metrics: readonly Metric[]): [Map<string, Found>, string] | null => {
  const object = readObject(text);
  if (object === null) return null;
  const byName = new Map(Object.entries(object.value).map(([key, value]) => [key.toLowerCase(), value]));
  // An object without any of the names is part of what somebody says, not the reply's form.
  if (!byName.has(feedbackName) && !metrics.some(({ id }) => byName.has(id))) return null;
  const repeated = new Set([...object.repeated].map((key) => key.toLowerCase()));
  const found = new Map(
    metrics.map((metric): [string, Found] => [
      metric.id,
      repeated.has(metric.id) ? missing("contradictory") : readValue(byName.get(metric.id), metric),
    ]),
  );
  const said = byName.get(feedbackName);
  return [found, typeof said === "string" ? said.trim() : ""];
};

const fromLabels = (text: string, metrics: readonly Metric[]): [Map<string, Found>, string] => {
  const names = [...metrics.map(({ id }) => id), feedbackName];
  const values = readLabels(text, names, (name) => name === feedbackName);
  const found = new Map(
    metrics.map((metric): [string, Found] => {
      const said = [...new Set(values.get(metric.id) ?? [])];
      if (said.length > 1) return [metric.id, missing("contradictory")];
      return [metric.id, said.length === 0 ? missing("not-given") : readNumber(said[0]!, metric)];
    }),
  );
  const comments = [...new Set(values.get(feedbackName) ?? [])];
  return [found, comments.length === 1 ? comments[0]! : ""];
};

const nothing = (metrics: readonly Metric[], reason: MissingReason): Rating => ({
  ratings: Object.fromEntries(metrics.map(({ id }) => [id, null])),
  missing: Object.fromEntries(metrics.map(({ id }) => [id, reason])),
  feedback: "",
});

/** The rating where nobody was asked, for want of a draft. */
export const unaskedRating = (metrics: readonly Metric[]): Rating => nothing(metrics, "reply-missing");

/** The metric whose number stands at the very end of a reply, where more of it may have been to come. */
const openMetric = (text: string, metrics: readonly Metric[]): string | undefined => {
  const names = metrics.map(({ id }) => id);
  const [name] = readLabels(text.slice(text.lastIndexOf("\n") + 1), names, () => false).keys();
  return name;
};

/** Reads a user's reply. A reply that was cut may lack what would have come later: that is then missing as cut. */
export const readRating = (
  { text, finish }: Pick<Reply, "text" | "finish">,
  metrics: readonly Metric[],
): Rating => {
  if (finish !== "stop" && finish !== "length") return nothing(metrics, finish);
  const said = withoutThought(text);
  if (said === "") return nothing(metrics, finish === "length" ? "cut" : "empty");
  const object = fromObject(said, metrics);
  const [found, feedback] = object ?? fromLabels(said, metrics);
  const open = object === null && finish === "length" ? openMetric(text, metrics) : undefined;
  if (open !== undefined) found.set(open, missing("not-given"));
  const ratings: Record<string, number | null> = {};
  const reasons: Record<string, MissingReason> = {};
  for (const [id, one] of found) {
    ratings[id] = "value" in one ? one.value : null;
    if ("reason" in one) reasons[id] = one.reason === "not-given" && finish === "length" ? "cut" : one.reason;
  }
  return { ratings, ...(Object.keys(reasons).length === 0 ? {} : { missing: reasons }), feedback };
};
