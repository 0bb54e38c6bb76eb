// From a run folder to one page that can be read, printed and passed on: charts, tables, transcripts, and a plain
// account of what changed. Works for unfinished runs too; says then what is missing.

import { join } from "node:path";
import { writeFileAtomic } from "../core/index.ts";
import { renderPage } from "./page.ts";
import { loadReportData, type ReportData } from "./report-data.ts";

export { checkGoals, type Goal, listGoals } from "./goals.ts";
export { type ArmData, loadReportData, type ReportData, type TrainingSteps } from "./report-data.ts";
export { goalSentence, type Story, tellStory } from "./story.ts";

/** The report as one HTML document that fetches nothing. The same data gives the same bytes. */
export const renderReport = async (data: ReportData): Promise<string> => (await renderPage(data)).html;

/**
 * Reads a run folder and writes its `report.html`. Throws UserError when the folder is no run, when a file in it is
 * broken, or when the page cannot be written.
 */
export const writeReport = async (runFolder: string): Promise<{ readonly path: string }> => {
  const path = join(runFolder, "report.html");
  await writeFileAtomic(path, await renderReport(await loadReportData(runFolder)));
  return { path };
};
