// The page of a simulation, and its charts as a stage of the run: charts/<name>.svg and .vl.json, and experiment.html. What the
// page says is the report's part.

import { join } from "node:path";
import { CovenantError, hashJson, writeFileAtomic } from "../../core/index.ts";
import {
  type DrawnExperiment,
  drawExperiment,
  type ExperimentPage,
  writeCharts,
} from "../../report/index.ts";
import type { Run } from "../../runs/index.ts";

export const pageName = "experiment.html";
export const chartStage = "charts";

/** Throws where a chart is drawn wrongly, which is a fault of the program. */
export const drawPage = async (page: ExperimentPage): Promise<DrawnExperiment> => {
  const drawn = await drawExperiment(page);
  if (drawn.warnings.length > 0)
    throw new CovenantError("chart-warning", `A chart is not as it should be: ${drawn.warnings.join("; ")}`);
  return drawn;
};

/** Writes experiment.html, and the charts in their stage. */
export const chartsOf = async (run: Run, page: ExperimentPage, after: readonly string[]): Promise<void> => {
  const drawn = await drawPage(page);
  await run.stage({ name: chartStage, inputs: { page: hashJson(drawn.html) }, after }, (stage) =>
    writeCharts(stage.folder, drawn.charts),
  );
  await writeFileAtomic(join(run.folder, pageName), drawn.html);
};
