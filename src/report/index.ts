// From a run folder to one page that can be read, printed and passed on: charts, tables, transcripts, and a plain
// account of what changed. Works for unfinished runs too; says then what is missing.

import { join } from "node:path";
import { writeFileAtomic } from "../core/index.ts";
import { renderPage } from "./page.ts";
import { loadReportData, type PairTruth } from "./report-data.ts";

export { type AreaFigure, type AreaPage, renderAreaPage, writeAreaPage } from "./areas-page.ts";
export type { ArguedPrinciple } from "./argued-table.ts";
export { armTitle } from "./arm-titles.ts";
export {
  type ContractDocuments,
  type ContractMetric,
  type ContractPageData,
  contractPage,
} from "./contract-page.ts";
export {
  type ChartFile,
  type DrawnExperiment,
  drawExperiment,
  type ExperimentPage,
  type ExperimentTable,
  writeCharts,
} from "./experiment-page.ts";
export { modelTitle } from "./figures.ts";
export { type GamesPage, gamesPage } from "./games-page.ts";
export { listGoals, tooFewSentence } from "./goals.ts";
export { type GroupLikeness, type GroupsPageData, groupsPage } from "./groups-page.ts";
export type { PairTruth } from "./report-data.ts";
export { learnedBesideRandom, type SatisfactionFigures } from "./satisfaction-section.ts";
export { setbacksOf } from "./setbacks.ts";
export {
  type GivenSupport,
  type VoteCandidate,
  type VoteDocument,
  type VotePageData,
  type VoteRule,
  votePage,
} from "./vote-page.ts";

/**
 * Reads a run folder and writes its `report.html`. truth: which pairs of the judge have a better reply, and which; without
 * it the page does not speak of these pairs alone. Throws UserError when the folder is no run, when a file in it is
 * broken, or when the page cannot be written.
 */
export const writeReport = async (
  runFolder: string,
  truth?: PairTruth,
): Promise<{ readonly path: string }> => {
  const path = join(runFolder, "report.html");
  const { html } = await renderPage(await loadReportData(runFolder, truth));
  await writeFileAtomic(path, html);
  return { path };
};
