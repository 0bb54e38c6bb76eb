// What the meta-model sees of a run: every talk with its drafts, comments, the user's own ratings and the mean of others'.
// Comments are numbered, so that a principle can name those that argued for it. Drafts and comments stand as JSON texts: no
// line that a model or a person wrote can pass for one of ours. Personas and names are not shown.

import type { Metric } from "../../records/index.ts";
import type { Cast } from "./cast.ts";
import type { Exchange } from "./exchange.ts";
import { ratingText } from "./rating.ts";

/** A comment by its number, counted from 1. */
export type Comment = {
  readonly number: number;
  readonly record: string;
  readonly speaker: string;
  readonly said: string;
};

/** shown: ids of the ratings that it is made of. */
export type Transcript = {
  readonly text: string;
  readonly comments: readonly Comment[];
  readonly shown: readonly string[];
};

/** Of a run in which nothing was said. */
export const emptyTranscript: Transcript = { text: "", comments: [], shown: [] };

const scaleOf = ({ low, high }: Metric): string => `from ${low} to ${high}`;

const ownLine = ({ rating }: Exchange, metrics: readonly Metric[]): string =>
  metrics
    .map(({ id, ...metric }) => {
      const value = rating.ratings[id] ?? null;
      return `${id} ${value === null ? "not given" : ratingText(value)} (${scaleOf({ id, ...metric })})`;
    })
    .join(", ");

const othersLine = ({ others }: Exchange, metrics: readonly Metric[]): string[] => {
  const told = metrics.flatMap((metric) => {
    const { sum, count } = others[metric.id] ?? { sum: 0, count: 0 };
    return count === 0 ? [] : [`${metric.id} ${ratingText(sum / count)} (${scaleOf(metric)})`];
  });
  return told.length === 0 ? [] : [`    means of others' ratings: ${told.join(", ")}`];
};

/** The exchanges of a talk, of which the last so many are told. */
const lastOf = (exchanges: readonly Exchange[], talk: string, turns: number): readonly Exchange[] => {
  const own = exchanges.filter((exchange) => exchange.talk.id === talk);
  return own.slice(Math.max(0, own.length - turns));
};

/** The comments of a run, talk by talk, numbered from 1, each with what it is part of. */
export const commentsOf = (
  cast: Cast,
  exchanges: readonly Exchange[],
  turns = Number.POSITIVE_INFINITY,
): readonly { readonly comment: Comment; readonly exchange: Exchange }[] =>
  cast.talks
    .flatMap(({ id }) => lastOf(exchanges, id, turns))
    .filter(({ rating }) => rating.feedback !== "")
    .map((exchange, at) => {
      const { id: record, user: speaker, feedback: said } = exchange.rating;
      return { exchange, comment: { number: at + 1, record, speaker, said } };
    });

/** The talks of a run, of each the last so many turns. What a talk is about is said where not all are about the same. */
export const talkTranscript = (
  cast: Cast,
  exchanges: readonly Exchange[],
  metrics: { readonly own: readonly Metric[]; readonly others: readonly Metric[] },
  turns = Number.POSITIVE_INFINITY,
): Transcript => {
  const lines: string[] = [];
  const comments = commentsOf(cast, exchanges, turns).map(({ comment }) => comment);
  const numbers = new Map(comments.map(({ record, number }) => [record, number]));
  const hasTopics = new Set(exchanges.map(({ task }) => task.id)).size > 1;
  for (const talk of cast.talks) {
    const { label } = cast.users[talk.user]!;
    const own = lastOf(exchanges, talk.id, turns);
    const topic = hasTopics && own[0] !== undefined ? `, about ${JSON.stringify(own[0].task.question)}` : "";
    lines.push(`${talk.id}, of ${label} and ${cast.assistants[talk.assistant]!}${topic}:`);
    for (const exchange of own) {
      const { turn, draft, rating } = exchange;
      lines.push(`  turn ${turn}`);
      lines.push(`    draft: ${draft.text === "" ? "none came" : JSON.stringify(draft.text)}`);
      lines.push(`    ratings of ${label}: ${ownLine(exchange, metrics.own)}`);
      lines.push(...othersLine(exchange, metrics.others));
      if (rating.feedback !== "")
        lines.push(
          `    [${numbers.get(rating.id)!}] comment of ${label}: ${JSON.stringify(rating.feedback)}`,
        );
    }
  }
  return { text: lines.join("\n"), comments, shown: exchanges.map(({ rating }) => rating.id) };
};
