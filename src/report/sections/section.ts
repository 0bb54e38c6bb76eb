// What a section of the report is, how it says that its part of the run is not there, and how it sets a table that may
// be wider than the page.

import type { ChartBook } from "../chart-book.ts";
import { html, type Markup } from "../markup.ts";
import type { ArmData, ReportData, TrainingSteps } from "../report-data.ts";

export type Section = { readonly id: string; readonly title: string; readonly body: Markup };

/** Makes one section; charts are drawn into the book. */
export type SectionMaker = (data: ReportData, book: ChartBook) => Promise<Section>;

/** A note in place of what is missing, naming the file that would hold it. */
export const missing = (what: string, file: string): Markup =>
  html`<p class="missing"><strong>Not in this run.</strong> ${what} would come from <code>${file}</code>, which is missing or empty. Run the same command again to continue the run, then make the report anew.</p>
`;

/** A table that scrolls by itself where it is too wide, with the keyboard too. label: what a screen reader calls it. */
export const scrollable = (label: string, table: Markup): Markup =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;

/** Names of the arms in the order of the report. */
export const armNamesOf = (data: ReportData): string[] => data.arms.map(({ name }) => name);

/** Arms that have figures. */
export const measuredArms = (data: ReportData): string[] =>
  armNamesOf(data).filter((name) => data.metrics?.arms[name] !== undefined);

/**
 * Behind a curve of a training that kept its best weights: which of its steps the model is from, as the curve goes on to
 * the last. Nothing where the model is from the last as a matter of course.
 */
export const keptNote = ({ kept, steps }: ArmData, training: keyof TrainingSteps): string => {
  const best = kept[training];
  if (best === undefined) return "";
  return ` Kept is the model after step ${best.step + 1} of ${steps[training].length}, the best on what was kept out of training.`;
};
