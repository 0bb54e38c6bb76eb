// Charts as data: functions from figures to Vega-Lite specifications. Imports nothing outside this folder, so that a
// browser can draw the same charts as the report.
export { type CalibrationInput, type CalibrationPoint, calibrationChart } from "./calibration.ts";
export { type EstimateCurveInput, type EstimatePoint, estimateCurveChart } from "./estimate-curve.ts";
export { type EstimateRow, type EstimateRowsInput, estimateRowsChart } from "./estimate-rows.ts";
export { type GoodhartInput, type GoodhartInputPoint, goodhartChart } from "./goodhart.ts";
export { type HeatMapInput, heatMapChart } from "./heat-map.ts";
export {
  fixedText,
  type Interval,
  intervalSentence,
  type KnownInterval,
  known,
  numberText,
  percentNumber,
  percentText,
  signedText,
} from "./interval.ts";
export { type LadderInput, type LadderPoint, ladderChart, rungs } from "./ladder.ts";
export { type PanelPoint, type PanelScale, type PanelsInput, panelsChart } from "./panels.ts";
export { type ParetoInput, type ParetoPoint, paretoChart } from "./pareto.ts";
export { type RateRow, type RateRowsInput, rateRowsChart } from "./rate-rows.ts";
export {
  armMark,
  armMarks,
  type ChartSize,
  type ChartSpecification,
  neutralSeries,
  type PaletteRole,
  palette,
} from "./theme.ts";
export { type StepPoint, type TrainingCurveInput, trainingCurveChart } from "./training-curve.ts";
