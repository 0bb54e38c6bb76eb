// The labels card: how far the model's own judgements of pairs can be trusted, beside every bias that is cheap to fall
// into (position, length).

import type { ArmMetrics, LabelRecord } from "../../records/index.ts";
import { armClass, armKey } from "../chart-book.ts";
import { calibrationChart, percentText, rateRowsChart } from "../charts/index.ts";
import { capitalised, compare, figureCell, figureSentence, valueText } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import { measuredArms, missing, type SectionMaker } from "./section.ts";

type Labels = ArmMetrics["labels"];

const labelsOf = (data: ReportData, arm: string): Labels | undefined => data.metrics?.arms[arm]?.labels;

const rates: readonly {
  name: string;
  key: "accuracy" | "flipRate" | "firstPositionRate" | "longerRate" | "longerBaseline";
  note: string;
}[] = [
  { name: "Correct", key: "accuracy", note: "labels that agree with the oracle, its ties left out" },
  {
    name: "Flipped",
    key: "flipRate",
    note: "pairs on which the judge changes its mind when the two answers swap places",
  },
  {
    name: "Prefers first",
    key: "firstPositionRate",
    note: "judgements for whatever stands first; 50% is unbiased",
  },
  {
    name: "Prefers longer",
    key: "longerRate",
    note: "labels for the longer answer, where lengths differ",
  },
  {
    name: "Longer is better",
    key: "longerBaseline",
    note: "how often the longer answer really is the better one: what the row above should be",
  },
];

/** Judged pairs that are ties for the oracle: of those no label can be right. */
const tiesOf = ({ accuracy, n, identical, unscored }: Labels): { ties: number; judged: number } => {
  const judged = n - identical - unscored;
  return { ties: judged - accuracy.n, judged };
};

const decidableFlips = (data: ReportData, arm: string) =>
  data.arms.find(({ name }) => name === arm)?.decidableFlips ?? undefined;

/** What stands between "right" and "flipped": most pairs may have no better reply, and there the judge can only guess. */
const tiesNote = (data: ReportData, arms: readonly string[]): Markup => {
  const notes = arms.flatMap((arm) => {
    const labels = labelsOf(data, arm);
    if (labels === undefined || labels.accuracy.n === 0) return [];
    const { ties, judged } = tiesOf(labels);
    const flips = decidableFlips(data, arm);
    const rest = flips
      ? `; the order flipped ${figureSentence(flips)} of the pairs that it can decide, ${valueText(labels.flipRate)} of all`
      : "";
    return [`${capitalised(arm)}: ${ties} of ${judged} judged pairs are ties for the oracle${rest}`];
  });
  return notes.length === 0
    ? html``
    : html`<p class="aside">${notes.join(". ")}. In a tie no reply is better by the principle that was asked: its label is noise by construction, training sees it all the same, and “right” counts none of them.</p>
`;
};

const seen = (data: ReportData, arms: readonly string[]): string =>
  arms
    .map((arm) => {
      const labels = labelsOf(data, arm);
      if (labels === undefined) return "";
      const length = compare(labels.longerRate, labels.longerBaseline);
      const bias =
        length === null || length === "unclear"
          ? ""
          : ` The longer answer is preferred ${length === "higher" ? "more" : "less"} often than it is better (${valueText(labels.longerRate)} against ${valueText(labels.longerBaseline)}).`;
      return `${capitalised(arm)}: ${figureSentence(labels.accuracy)} of labels right where one reply is better, ${figureSentence(labels.flipRate)} of all flipped by order.${bias}`;
    })
    .join(" ");

const calibrationSeen = (data: ReportData, arms: readonly string[]): string =>
  arms
    .map((arm) => {
      const labels = labelsOf(data, arm);
      if (labels === undefined) return "";
      return `${capitalised(arm)}: stated probability and observed share differ by ${figureSentence(labels.calibrationError)} on average, in percentage points.`;
    })
    .join(" ");

const table = (data: ReportData, arms: readonly string[]): Markup =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="Labels"><table class="figures">
<caption>The labels in figures, with 95% intervals and n.</caption>
<thead><tr><th scope="col">Figure</th>${arms.map((arm) => html`<th scope="col" class="${armClass(arms, arm)}">${arm}</th>`)}</tr></thead>
<tbody>
${rates.map(
  ({ name, key, note }) =>
    html`<tr><th scope="row">${name}<small>${note}</small></th>${arms.map((arm) => html`<td>${figureCell(labelsOf(data, arm)?.[key])}</td>`)}</tr>
`,
)}<tr><th scope="row">Calibration error<small>mean distance of stated from observed probability</small></th>${arms.map(
    (arm) => html`<td>${figureCell(labelsOf(data, arm)?.calibrationError)}</td>`,
  )}</tr>
${
  arms.some((arm) => decidableFlips(data, arm) !== undefined) &&
  html`<tr><th scope="row">Flipped, of decidable pairs<small>pairs of which the oracle knows the better reply</small></th>${arms.map((arm) => html`<td>${figureCell(decidableFlips(data, arm))}</td>`)}</tr>
`
}
${(["n", "identical", "unscored"] as const).map(
  (key) =>
    html`<tr><th scope="row">${{ n: "Comparisons", identical: "Identical pairs", unscored: "Without usable judgement" }[key]}<small>${{ n: "pairs put to the judge, or set aside as identical or unscored", identical: "both answers were the same text; nobody was asked", unscored: "no verdict of the judge, or a reply that is missing or was cut" }[key]}</small></th>${arms.map((arm) => html`<td><b>${labelsOf(data, arm)?.[key] ?? "—"}</b></td>`)}</tr>
`,
)}${making(data, arms)}</tbody></table></div>
`;

const howAsked: Readonly<Record<NonNullable<LabelRecord["method"]>, string>> = {
  choice: "probabilities of the letters (A) and (B)",
  reasoning: "the letter after a written chain of thought",
  votes: "votes that the judge writes",
};

const countsText = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0 ? "none" : [...counts].map(([what, count]) => `${count} ${what}`).join(", ");

const tally = (counts: Map<string, number>, what: string, count = 1): void => {
  if (count > 0) counts.set(what, (counts.get(what) ?? 0) + count);
};

const reasonsOf = (labels: readonly LabelRecord[]): string => {
  const counts = new Map<string, number>();
  for (const { state, reason = "no-choice" } of labels) if (state === "unscored") tally(counts, reason);
  return countsText(counts);
};

/** Votes for a letter and what was said instead; null where nobody voted. */
const votesOf = (labels: readonly LabelRecord[]): string | null => {
  const votes = labels.flatMap(({ judgements = [] }) => judgements.flatMap((one) => one.votes ?? []));
  if (votes.length === 0) return null;
  const counts = new Map<string, number>();
  for (const { replies, lost } of votes) {
    tally(counts, "for a letter", replies[0] + replies[1]);
    for (const [reason, count] of Object.entries(lost)) tally(counts, reason, count);
  }
  return countsText(counts);
};

/** How the labels were made, from their records; what was not used is not spoken of. */
const making = (data: ReportData, arms: readonly string[]): Markup => {
  const labelsIn = (arm: string): readonly LabelRecord[] =>
    data.arms.find(({ name }) => name === arm)?.labels ?? [];
  const row = (name: string, note: string, of: (labels: readonly LabelRecord[]) => string | null): Markup => {
    const cells = arms.map((arm) => of(labelsIn(arm)));
    if (cells.every((cell) => cell === null)) return html``;
    return html`<tr><th scope="row">${name}<small>${note}</small></th>${cells.map((cell) => html`<td>${cell ?? "—"}</td>`)}</tr>
`;
  };
  return html`${row("Read from", "how the judge is asked", ([label]) => (label === undefined ? null : howAsked[label.method ?? "choice"]))}${row(
    "Clamped to",
    "bounds of every probability",
    ([label]) => label?.clamp?.join(" – ") ?? null,
  )}${row("Votes", "what the judge wrote, over all comparisons", votesOf)}${row("Why without", "reasons of those without usable judgement", (labels) => (labels.length === 0 ? null : reasonsOf(labels)))}`;
};

const binTable = (data: ReportData, arms: readonly string[]): Markup =>
  html`<details class="more"><summary>Calibration bin by bin</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Calibration bin by bin"><table class="figures">
<thead><tr><th scope="col">Arm</th><th scope="col">Stated between</th><th scope="col">Stated, mean</th><th scope="col">Observed</th></tr></thead>
<tbody>
${arms.map((arm) =>
  (labelsOf(data, arm)?.calibration ?? []).map(
    (bin) =>
      html`<tr><th scope="row" class="${armClass(arms, arm)}">${arm}</th><td>${percentText(bin.from)}–${percentText(bin.to)}</td><td>${bin.stated === null ? "—" : percentText(bin.stated)}</td><td>${figureCell(bin.observed)}</td></tr>
`,
  ),
)}</tbody></table></div></details>
`;

/** Section 5: labels. */
export const labelsSection: SectionMaker = async (data, book) => {
  const arms = measuredArms(data);
  const title = "Can the judge be trusted?";
  if (arms.length === 0) return { id: "labels", title, body: missing("The labels card", "metrics.json") };
  const bias = await book.figure({
    id: "label-rates",
    title: "How often is it right, and how biased?",
    seen: seen(data, arms),
    reading:
      "Each mark is a share of the labels with its 95% interval. Grey ticks are what to compare with: 50% for the position, and for length how often the longer answer really is the better one.",
    wide: { width: 356, height: 300 },
    build: (size) =>
      rateRowsChart({
        ...size,
        arms,
        rows: arms.flatMap((arm) => {
          const labels = labelsOf(data, arm);
          if (labels === undefined) return [];
          return rates.slice(0, 4).map(({ name, key }) => ({
            arm,
            name,
            estimate: labels[key],
            reference:
              key === "firstPositionRate" ? 0.5 : key === "longerRate" ? labels.longerBaseline.value : null,
          }));
        }),
      }),
  });
  const calibration = await book.figure({
    id: "calibration",
    title: "Does it know when it is unsure?",
    seen: calibrationSeen(data, arms),
    reading:
      "Across: how sure the judge says it is. Up: how often it was right then, with 95% intervals. On the dashed diagonal, saying 80% means being right 80% of the time; below it the judge is too sure. Larger marks stand for more labels.",
    wide: { width: 356, height: 300 },
    build: (size) =>
      calibrationChart({
        ...size,
        arms,
        points: arms.flatMap((arm) =>
          (labelsOf(data, arm)?.calibration ?? []).flatMap((bin) =>
            bin.stated === null ? [] : [{ arm, stated: bin.stated, observed: bin.observed }],
          ),
        ),
      }),
  });
  return {
    id: "labels",
    title,
    body: html`<p>In the second half, the model itself says which of two answers is better under one principle. Each pair is asked in both orders and the probabilities are averaged, so that a liking for the first place cancels out. What is learned cannot be better than these labels.</p>
${armKey(arms, false)}
<div class="pair">
${bias}${calibration}</div>
${tiesNote(data, arms)}${table(data, arms)}${binTable(data, arms)}`,
  };
};
