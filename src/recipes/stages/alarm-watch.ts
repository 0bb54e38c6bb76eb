// Alarms of a policy in training: raised while it trains, as warnings of the run, and told once more at the end. What an
// alarm is, is training/alarms.ts; here is where the metrics so far come from, so that a run that was killed on the way
// raises what an unbroken one does, and one that goes on with other thresholds what these would have raised.

import { join } from "node:path";
import { type StageName, stepRecordSchema } from "../../records/index.ts";
import { type Run, readEvents, readRecords, type StageContext } from "../../runs/index.ts";
import {
  type Alarm,
  type AlarmThresholds,
  alarmsOf,
  type PolicySignals,
  type StepMetrics,
  standingAlarms,
} from "../../training/index.ts";
import { runFolderOf } from "./training-parts.ts";

const codePrefix = "alarm-";

export type AlarmWatch = (outcome: StepMetrics) => Promise<void>;

/** To be called after each step, in order; warns of each alarm once. */
export const watchAlarms = (
  stage: StageContext,
  thresholds: AlarmThresholds,
  signalsOf: (metrics: StepMetrics["metrics"]) => PolicySignals,
): AlarmWatch => {
  let steps: PolicySignals[] | undefined;
  const told = new Set<string>();
  const tell = (alarms: readonly Alarm[]): void => {
    for (const { code, text } of alarms) {
      if (told.has(code)) continue;
      told.add(code);
      stage.warn(`${codePrefix}${code}`, text);
    }
  };
  return async ({ step, metrics }) => {
    if (steps === undefined) {
      const records =
        step === 0 ? [] : await readRecords(join(stage.folder, "steps.jsonl"), stepRecordSchema);
      steps = records.filter((record) => record.step < step).map((record) => signalsOf(record.metrics));
      const before = step === 0 ? [] : await alarmsInRun(runFolderOf(stage));
      for (const { code, stage: of } of before) if (of === stage.name) told.add(code);
      tell(alarmsOf(steps, thresholds));
    }
    steps.push(signalsOf(metrics));
    tell(standingAlarms(steps, thresholds));
  };
};

/** An alarm as it stands in a run's events. */
export type ToldAlarm = { readonly stage: string; readonly code: string; readonly text: string };

/** The alarms of a run's stages as they stand: each once, and none of an attempt that was begun anew. */
export const alarmsInRun = async (folder: string): Promise<ToldAlarm[]> => {
  const told = new Map<string, ToldAlarm>();
  for (const event of await readEvents(folder)) {
    if (event.type === "stage-start" && !event.resumed)
      for (const [key, alarm] of told) if (alarm.stage === event.stage) told.delete(key);
    if (event.type !== "warning" || event.stage === undefined || !event.code.startsWith(codePrefix)) continue;
    const code = event.code.slice(codePrefix.length);
    const key = `${event.stage} ${code}`;
    if (!told.has(key)) told.set(key, { stage: event.stage, code, text: event.text });
  }
  return [...told.values()];
};

/** Holds a stage that was finished before, perhaps by other thresholds, to these. Warns of what was not told yet. */
export const checkFinished = async (
  run: Pick<Run, "folder" | "emit">,
  name: StageName,
  thresholds: AlarmThresholds,
  signalsOf: (metrics: StepMetrics["metrics"]) => PolicySignals,
): Promise<void> => {
  const records = await readRecords(join(run.folder, name, "steps.jsonl"), stepRecordSchema);
  const signals = records.map(({ metrics }) => signalsOf(metrics));
  const told = new Set(
    (await alarmsInRun(run.folder)).filter(({ stage }) => stage === name).map(({ code }) => code),
  );
  for (const { code, text } of alarmsOf(signals, thresholds)) {
    if (told.has(code)) continue;
    told.add(code);
    run.emit({ type: "warning", stage: name, code: `${codePrefix}${code}`, text });
  }
};

/** "Alarm (rl): Step 12: ..." for each, what a command says at its end. */
export const describeAlarms = (alarms: readonly ToldAlarm[]): string[] =>
  alarms.map(({ stage, text }) => `Alarm (${stage}): ${text}`);
