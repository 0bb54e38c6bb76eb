// What a person reads of a sweep or of joined simulations in the terminal, and how alike the documents are that runs ended
// with. Which figures there are is the simulations' part.

import { alignColumns, counted } from "../../core/index.ts";
import type { GroupFigure } from "../../records/index.ts";
import type { GroupLikeness } from "../../report/index.ts";
import { mostCompared, similarityTable } from "../../simulation/index.ts";
import { atTheirEnd, decidedGroups, type Source } from "../stages/experiment-sources.ts";
import type { Simulation } from "./simulations.ts";

/** How alike the last documents of the first runs are, and how many runs have one; null where there are fewer than two. */
export const likenessOf = async (
  sources: readonly Source[],
  labelOf: (source: Source) => string,
): Promise<GroupLikeness | null> => {
  const labels: string[] = [];
  const texts: string[] = [];
  let all = 0;
  for (const source of sources) {
    const text = await source.document();
    if (text === null || ++all > mostCompared) continue;
    labels.push(labelOf(source));
    texts.push(text);
  }
  return texts.length < 2 ? null : { all, labels, values: similarityTable(texts) };
};

const two = (value: number | null): string => (value === null ? "–" : value.toFixed(2));

/** Groups that are shown; the others are in the table of groups. */
const shownGroups = 24;

/** What groups came to at their last step, a line for each measure of everybody. */
export const describeGroups = (
  figures: readonly GroupFigure[],
  { step, shown }: Pick<Simulation, "step" | "shown">,
): string[] => {
  const all = [...new Set(figures.map(({ group }) => group))];
  const decided = decidedGroups(figures);
  // Where votes of several cells are compared, what every rule would have chosen in each of them is too much to read.
  const groups = decided.length > 1 ? decided : all;
  const refused = figures.some(({ metric, value }) => metric === "accepted" && value < 1);
  const isShown = ({ metric, user }: GroupFigure): boolean =>
    shown.test(metric) && !user.includes(", ") && (refused || metric !== "accepted");
  const rows = groups.slice(0, shownGroups).flatMap((group) => {
    const own = figures.filter((one) => one.group === group && isShown(one));
    return atTheirEnd(own).map(({ metric, user, value, standardError, low, high, n, over }, at) => [
      at === 0 ? group : "",
      user === "all" ? metric : `${metric}, ${user}`,
      ...[two(value), two(standardError), low === null ? "–" : `${two(low)} to ${two(high)}`],
      `${n} ${n === 1 ? over.replace(/s$/, "") : over}`,
    ]);
  });
  const hidden = all.length - Math.min(groups.length, shownGroups);
  return [
    `At the last ${step.toLowerCase()} of each: means with standard errors and 95 % intervals (Student's t)`,
    ...alignColumns([["group", "measure", "mean", "error", "interval", "of"], ...rows]),
    ...(!refused && figures.some(({ metric }) => metric === "accepted") ? ["Every offer was accepted."] : []),
    ...(hidden > 0 ? [`and ${counted(hidden, "more group")} in groups.csv`] : []),
    "",
  ];
};
