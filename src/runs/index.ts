// The run folder: stages with resume, records, event log, lock, manifest; reading one; estimating progress.
// What a stage does is not known here; it is given as a function.
export { besideName, callsName, cellsName, configName, savedName, stageFileName } from "./artefacts.ts";
export { type RunEventBody, readEvents, readTurns, secondsOfAttempts, streamEvents } from "./event-log.ts";
export { openPart, type PartOptions, type StageHolder } from "./part.ts";
export { estimateProgress, type ProgressEstimate, type ProgressPoint } from "./progress-estimate.ts";
export { type RecordSchema, type RunReading, readRecords, readRun, streamRecords } from "./reading.ts";
export type { RecordFile } from "./record-file.ts";
export { openReused, type Reuse, type ReusedRun } from "./reuse.ts";
export { openRun, type Run, type RunOptions } from "./run.ts";
export { checkRunFolder } from "./run-identity.ts";
export type { StageContext, StageOptions, StageResult } from "./stage.ts";
