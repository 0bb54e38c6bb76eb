// The revision curve: what critique and revision do to the answers before any weight changes, round by round on the same
// requests.

import { changeBetween, changeClause } from "../changes.ts";
import { armClass, armKey } from "../chart-book.ts";
import { estimateCurveChart } from "../charts/index.ts";
import { capitalised, figureCell, figureSentence } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import { measuredArms, missing, type SectionMaker } from "./section.ts";

const roundsOf = (data: ReportData, arm: string) => data.metrics?.arms[arm]?.revisions ?? [];

const seen = (data: ReportData, arms: readonly string[], measure: "harmRate" | "helpfulRate"): string =>
  arms
    .map((arm) => {
      const rounds = roundsOf(data, arm);
      const first = rounds[0];
      const last = rounds.at(-1);
      if (first === undefined || last === undefined || first === last) return "";
      const change = changeBetween(first[measure], last[measure], last.change?.[measure]);
      const clause = change === null ? "" : `: ${changeClause(change)}`;
      return `${capitalised(arm)}: ${figureSentence(first[measure])} before revision, ${figureSentence(last[measure])} after round ${last.round}${clause}.`;
    })
    .filter((text) => text !== "")
    .join(" ");

/** Whether any revised prompt was one where help is measured: red-team prompts alone are not. */
const helpMeasured = (data: ReportData, arms: readonly string[]): boolean =>
  arms.some((arm) => roundsOf(data, arm).some(({ helpfulRate }) => helpfulRate.n > 0));

const table = (data: ReportData, arms: readonly string[]): Markup => {
  const help = helpMeasured(data, arms);
  const rounds = [...new Set(arms.flatMap((arm) => roundsOf(data, arm).map(({ round }) => round)))].sort(
    (a, b) => a - b,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Revision rounds"><table class="figures">
<caption>Answers after each round, with 95% intervals and n.</caption>
<thead><tr><th scope="col">Round</th>${arms.map((arm) => html`<th scope="col" class="${armClass(arms, arm)}">Harmful, ${arm}</th>${help ? html`<th scope="col" class="${armClass(arms, arm)}">Helpful, ${arm}</th>` : ""}`)}</tr></thead>
<tbody>
${rounds.map(
  (round) => html`<tr><th scope="row">${round === 0 ? "0 (answer)" : round}</th>${arms.map((arm) => {
    const at = roundsOf(data, arm).find((one) => one.round === round);
    return html`<td>${figureCell(at?.harmRate)}</td>${help ? html`<td>${figureCell(at?.helpfulRate)}</td>` : ""}`;
  })}</tr>
`,
)}</tbody></table></div>
`;
};

/** Section 3: revisions. */
export const revisionsSection: SectionMaker = async (data, book) => {
  const arms = measuredArms(data).filter((arm) => roundsOf(data, arm).length > 0);
  const title = "What criticism alone does";
  if (arms.length === 0)
    return { id: "revisions", title, body: missing("The revision curve", "metrics.json") };
  const curve = (measure: "harmRate" | "helpfulRate", name: string, reading: string): Promise<Markup> =>
    book.figure({
      id: `revision-${measure}`,
      title: `${name} by revision round`,
      seen: seen(data, arms, measure),
      reading,
      wide: { width: 356, height: 260 },
      build: (size) =>
        estimateCurveChart({
          ...size,
          measure: name,
          along: "Revision round",
          arms,
          points: arms.flatMap((arm) =>
            roundsOf(data, arm).map((at) => ({ arm, at: at.round, estimate: at[measure] })),
          ),
        }),
    });
  return {
    id: "revisions",
    title,
    body: html`<p>Before anything is trained, the model reads its own answer, criticises it under one principle drawn from the constitution, and rewrites it. That is repeated, each round under a newly drawn principle. The rewritten answers are what SL-CAI learns from.</p>
${armKey(arms, false)}
<div class="pair">
${await curve("harmRate", "Harmful answers", "Round 0 is the first answer; the band is the 95% interval. Under a constitution against harm the curve should fall, under its inversion it should not.")}
${helpMeasured(data, arms) ? await curve("helpfulRate", "Helpful answers", "The same answers, judged for help. A falling curve is the price of revision.") : ""}
</div>
${table(data, arms)}`,
  };
};
