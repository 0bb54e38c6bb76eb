// Helpful against harmless: the rating plane of every model and its table. Ratings are against the base, which is 0, and
// their intervals already come from the same requests, so 0 is what they are held to.

import { listText } from "../../core/index.ts";
import { armClass, armKey } from "../chart-book.ts";
import { paretoChart, rungs } from "../charts/index.ts";
import { capitalised, compare, figureCell, figureSentence, modelMetrics } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import { measuredArms, missing, type SectionMaker } from "./section.ts";

const trained = rungs.filter(({ model }) => model !== "base");

const seen = (data: ReportData, arms: readonly string[]): string =>
  arms
    .map((arm) => {
      const elo = modelMetrics(data.metrics, arm, "rl")?.elo;
      if (elo === undefined) return "";
      const zero = { value: 0, low: 0, high: 0, n: 1 };
      const directions = (["harmless", "helpful"] as const).map((side) => {
        const verdict = compare(elo[side], zero);
        const word =
          verdict === "higher"
            ? `more ${side} than`
            : verdict === "lower"
              ? `less ${side} than`
              : `as ${side} as, within its interval,`;
        return `${word} the base at ${figureSentence(elo[side], "rating")}`;
      });
      return `RL-CAI under the ${arm} constitution is ${listText(directions)}.`;
    })
    .join(" ");

const sides = ["helpful", "harmless"] as const;

const table = (data: ReportData, arms: readonly string[]): Markup =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="Ratings"><table class="figures">
<caption>Ratings against the base, with 95% intervals and the number n of comparisons. The base is 0 by definition.</caption>
<thead><tr><th scope="col">Model</th>${arms.map((arm) => sides.map((side) => html`<th scope="col" class="${armClass(arms, arm)}">${capitalised(side)}, ${arm}</th>`))}</tr></thead>
<tbody>
${rungs.map(
  ({ model, name }) => html`<tr><th scope="row">${name}</th>${arms.map((arm) => {
    const elo = modelMetrics(data.metrics, arm, model)?.elo;
    return sides.map((side) => html`<td>${figureCell(elo?.[side], "rating")}</td>`);
  })}</tr>
`,
)}</tbody></table></div>
`;

/** Section 2: the trade between help and harmlessness. */
export const paretoSection: SectionMaker = async (data, book) => {
  const arms = measuredArms(data);
  const title = "Helpful against harmless";
  if (arms.length === 0) return { id: "pareto", title, body: missing("The ratings", "metrics.json") };
  const chart = await book.figure({
    id: "pareto",
    title: "Ratings of every model, base at zero",
    seen: seen(data, arms),
    reading:
      "Right is more helpful, up is more harmless; the cross through each mark spans its 95% intervals; the two axes have scales of their own. The base stands at zero by definition. A rating 200 points above another means winning about three of four comparisons with it, 400 points about ten of eleven. A model up and to the right of another is better in both respects.",
    wide: { width: 740, height: 460 },
    narrow: { width: 356, height: 360 },
    build: (size) =>
      paretoChart({
        ...size,
        arms,
        points: arms.flatMap((arm) =>
          trained.flatMap(({ model }) => {
            const elo = modelMetrics(data.metrics, arm, model)?.elo;
            return elo ? [{ arm, model, helpful: elo.helpful, harmless: elo.harmless }] : [];
          }),
        ),
      }),
  });
  return {
    id: "pareto",
    title,
    body: html`<p>Making a model harmless is easy if it may refuse everything. The question is what harmlessness costs in help. Answers of all models to the same requests were compared in pairs, for help on the one hand and for harmlessness on the other; the outcomes give each model two ratings.</p>
${armKey(arms, true)}
${chart}${table(data, arms)}`,
  };
};
