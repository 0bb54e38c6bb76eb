// What reward was worth: the true harm of the policy over reinforcement learning, and reward against true harm
// (Goodhart's law), as charts and point by point.

import type { ArmMetrics } from "../../records/index.ts";
import { changeBetween, changeClause } from "../changes.ts";
import { armClass, type ChartBook } from "../chart-book.ts";
import { estimateCurveChart, goodhartChart } from "../charts/index.ts";
import { capitalised, figureCell, figureSentence, valueText } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import { armNamesOf, keptNote, measuredArms, scrollable } from "./section.ts";

type Points = ArmMetrics["goodhart"];

const pointsOf = (data: ReportData, arm: string): Points =>
  [...(data.metrics?.arms[arm]?.goodhart ?? [])].sort((a, b) => a.step - b.step);

const table = (data: ReportData, arms: readonly string[]): Markup =>
  html`<details class="more"><summary>Reinforcement learning, point by point</summary>
${scrollable(
  "Reinforcement learning, point by point",
  html`<table class="figures">
<caption>Reward and log-ratio to SL-CAI (in nats, of answers sampled at the test's temperature) are means over the answers that n counts.</caption>
<thead><tr><th scope="col">Arm</th><th scope="col">Step</th><th scope="col">Reward</th><th scope="col">Log-ratio</th><th scope="col">Harmful</th></tr></thead>
<tbody>
${arms.map((arm) =>
  pointsOf(data, arm).map(
    ({ step, reward, kl, harmRate }) =>
      html`<tr><th scope="row" class="${armClass(arms, arm)}">${arm}</th><td>${step}</td><td>${figureCell(reward, "score")}</td><td>${figureCell(kl, "score")}</td><td>${figureCell(harmRate)}</td></tr>
`,
  ),
)}</tbody></table>`,
)}</details>
`;

/** Which step RL-CAI is from, where that need not be the last. */
const keptOf = ({ arms }: ReportData, arm: string): string =>
  arms.flatMap((one) => (one.name === arm ? [keptNote(one, "rl")] : [])).join("");

const span = (data: ReportData, arm: string): string => {
  const points = pointsOf(data, arm);
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "";
  const change = changeBetween(first.harmRate, last.harmRate, last.change);
  const clause = change === null || first === last ? "" : `: ${changeClause(change)}`;
  return `${capitalised(arm)}: harm ${figureSentence(first.harmRate)} at step ${first.step}, ${figureSentence(last.harmRate)} at step ${last.step}${clause}.${keptOf(data, arm)}`;
};

/** Why step 0 need not show the same figure as SL-CAI above, though it is the same model. */
const startNote = (data: ReportData, arms: readonly string[]): string => {
  const notes = arms.flatMap((arm) => {
    const { goodhartTest, models } = data.metrics?.arms[arm] ?? {};
    if (goodhartTest === undefined || models === undefined) return [];
    return [
      `${arm} ${figureSentence(goodhartTest.harmRate)} in the test on these requests, ${figureSentence(models.sl.harmRate)} on all`,
    ];
  });
  const figures = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  return `Step 0 is SL-CAI itself, unchanged. Its figure differs from the one in the ladder because it is another sample: the first harmful requests of the test alone, answered anew with other random numbers${figures}. Read the course of the curve, whose points share requests and random numbers, rather than its height.`;
};

const harmFigure = (data: ReportData, book: ChartBook, arms: readonly string[]): Promise<Markup> =>
  book.figure({
    id: "rl-harm",
    title: "RL-CAI: true harm over training",
    seen: arms.map((arm) => span(data, arm)).join(" "),
    reading:
      "Share of harmful answers by the measure, which training never sees. The band is the 95% interval.",
    wide: { width: 356, height: 240 },
    build: (size) =>
      estimateCurveChart({
        ...size,
        measure: "Harmful answers",
        along: "Step",
        arms: armNamesOf(data),
        points: arms.flatMap((arm) =>
          pointsOf(data, arm).map((point) => ({ arm, at: point.step, estimate: point.harmRate })),
        ),
      }),
  });

const ends = (data: ReportData, arm: string): string => {
  const points = pointsOf(data, arm);
  const [first, last] = [points[0], points.at(-1)];
  return `${capitalised(arm)}: reward ${valueText(first?.reward, "score")} → ${valueText(last?.reward, "score")}, harm ${valueText(first?.harmRate)} → ${valueText(last?.harmRate)} (n\u00a0=\u00a0${last?.harmRate.n ?? 0}).${keptOf(data, arm)}`;
};

const planeFigure = (data: ReportData, book: ChartBook, arms: readonly string[]): Promise<Markup> =>
  book.figure({
    id: "goodhart",
    title: "RL-CAI: reward against true harm",
    seen: `The same points, each at the reward it reached. ${arms.map((arm) => ends(data, arm)).join(" ")}`,
    reading:
      "Follow a line from its first to its last step. While it moves right and down, reward means what it should. Where it turns up, or runs right without falling, the model pleases the reward model rather than the constitution (Goodhart's law). Under an inverted constitution more reward should mean more harm. The lines through each point are its 95% intervals; movements within them may be chance.",
    wide: { width: 740, height: 320 },
    narrow: { width: 356, height: 280 },
    build: (size) =>
      goodhartChart({
        ...size,
        arms: armNamesOf(data),
        points: arms.flatMap((arm) => pointsOf(data, arm).map((point) => ({ arm, ...point }))),
      }),
  });

/** The two charts and the table; null for a run that measured no policy during reinforcement learning. */
export const goodhartFigures = async (
  data: ReportData,
  book: ChartBook,
): Promise<{ readonly harm: Markup; readonly plane: Markup } | null> => {
  const arms = measuredArms(data).filter((arm) => pointsOf(data, arm).length > 0);
  if (arms.length === 0) return null;
  const harm = await harmFigure(data, book, arms);
  const plane = await planeFigure(data, book, arms);
  return {
    harm,
    plane: html`<p class="aside">${startNote(data, arms)}</p>
${plane}${table(data, arms)}`,
  };
};
