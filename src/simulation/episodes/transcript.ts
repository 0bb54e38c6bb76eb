// What the meta-model sees of a run: every talk with its drafts, comments, the user's own ratings and the mean of others'.
// Comments are numbered, so that a principle can name those that argued for it. Drafts and comments stand as JSON texts: no
// line that a model or a person wrote can pass for one of ours. Personas and names are not shown.

import type { Metric } from "../../records/index.ts";
import type { Cast } from "./cast.ts";
import type { Exchange } from "./episode.ts";

/** A comment by its number, counted from 1. */
export type Comment = {
  readonly number: number;
  readonly record: string;
  readonly speaker: string;
  readonly said: string;
};

export type Transcript = { readonly text: string; readonly comments: readonly Comment[] };

const rounded = (value: number): string => String(Math.round(value * 100) / 100);

const scaleOf = ({ low, high }: Metric): string => `from ${low} to ${high}`;

const ownLine = ({ rating }: Exchange, metrics: readonly Metric[]): string =>
  metrics
    .map(({ id, ...metric }) => {
      const value = rating.ratings[id] ?? null;
      return `${id} ${value === null ? "not given" : rounded(value)} (${scaleOf({ id, ...metric })})`;
    })
    .join(", ");

const othersLine = ({ others }: Exchange, metrics: readonly Metric[]): string[] => {
  const told = metrics.flatMap((metric) => {
    const { sum, count } = others[metric.id] ?? { sum: 0, count: 0 };
    return count === 0 ? [] : [`${metric.id} ${rounded(sum / count)} (${scaleOf(metric)})`];
  });
  return told.length === 0 ? [] : [`    means of others' ratings: ${told.join(", ")}`];
};

/** The talks of a run, of each the last so many turns. */
export const talkTranscript = (
  cast: Cast,
  exchanges: readonly Exchange[],
  metrics: { readonly own: readonly Metric[]; readonly others: readonly Metric[] },
  turns = Number.POSITIVE_INFINITY,
): Transcript => {
  const lines: string[] = [];
  const comments: Comment[] = [];
  for (const talk of cast.talks) {
    const { id: speaker, label } = cast.users[talk.user]!;
    lines.push(`${talk.id}, of ${label} and ${cast.assistants[talk.assistant]!}:`);
    const own = exchanges.filter((exchange) => exchange.talk.id === talk.id);
    for (const exchange of own.slice(Math.max(0, own.length - turns))) {
      const { turn, draft, rating } = exchange;
      lines.push(`  turn ${turn}`);
      lines.push(`    draft: ${draft.text === "" ? "none came" : JSON.stringify(draft.text)}`);
      lines.push(`    ratings of ${label}: ${ownLine(exchange, metrics.own)}`);
      lines.push(...othersLine(exchange, metrics.others));
      if (rating.feedback === "") continue;
      const number = comments.length + 1;
      comments.push({ number, record: rating.id, speaker, said: rating.feedback });
      lines.push(`    [${number}] comment of ${label}: ${JSON.stringify(rating.feedback)}`);
    }
  }
  return { text: lines.join("\n"), comments };
};
