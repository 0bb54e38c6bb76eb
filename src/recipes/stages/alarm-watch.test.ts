// Alarms of a training stage: told once, told by a run that went on after a kill as by an unbroken one, and read back
// from the run's events as they stand.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { type AlarmThresholds, grpoSignals, type StepMetrics } from "../../training/index.ts";
import { alarmSettings } from "../settings/policy-settings.ts";
import { alarmsInRun, checkFinished, describeAlarms, watchAlarms } from "./alarm-watch.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-alarms-"));
  mkdirSync(join(folder, "rl"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const usual = alarmSettings.parse({});

/** Steps in which replies hardly ever end, and grow. */
const stepOf = (step: number): StepMetrics => ({
  step,
  metrics: { "completions/clipped_ratio": 0.9, "completions/mean_length": 10 + 5 * step },
});

/** Watches some steps, writing down as the loop does what is not there yet; gives the codes of what was told. */
const watchSteps = async (
  steps: readonly number[],
  written = 0,
  thresholds: AlarmThresholds = usual,
): Promise<string[]> => {
  const told: string[] = [];
  const log = (event: object): void =>
    writeFileSync(join(folder, "events.jsonl"), `${JSON.stringify({ time: 0, stage: "rl", ...event })}\n`, {
      flag: "a",
    });
  log({ type: "stage-start", resumed: steps[0]! > 0 });
  const stage = {
    ...{ name: "rl", folder: join(folder, "rl") },
    warn: (code: string, text: string) => {
      told.push(code);
      log({ type: "warning", code, text });
    },
  } as unknown as StageContext;
  const watch = watchAlarms(stage, thresholds, (metrics) => grpoSignals(metrics));
  for (const step of steps) {
    await watch(stepOf(step));
    if (step < written) continue;
    const record = { id: `rl/step-${step}`, parents: [], stage: "rl", seed: 1, ...stepOf(step) };
    writeFileSync(join(folder, "rl/steps.jsonl"), `${JSON.stringify(record)}\n`, { flag: "a" });
  }
  return told;
};

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe("alarms of a stage", () => {
  it("that was finished by other thresholds are told when it is held to new ones, and told once", async () => {
    const quiet = alarmSettings.parse({ endedShare: null, lengthGrowth: null });
    const before = await watchSteps(upTo(0, 12), 0, quiet);
    const told: RunEvent[] = [];
    const run = {
      folder,
      emit: (event: object) => {
        const whole = { time: 0, ...event } as RunEvent;
        told.push(whole);
        writeFileSync(join(folder, "events.jsonl"), `${JSON.stringify(whole)}\n`, { flag: "a" });
      },
    };
    const check = (thresholds: AlarmThresholds) =>
      checkFinished(run, "rl", thresholds, (metrics) => grpoSignals(metrics));
    await check(quiet);
    expect(told).toEqual([]);
    await check(usual);
    const late = (await alarmsInRun(folder)).map(({ code }) => code);
    rmSync(join(folder, "rl/steps.jsonl"));
    rmSync(join(folder, "events.jsonl"));
    const atOnce = await watchSteps(upTo(0, 12), 0, usual);
    expect(atOnce.length).toBeGreaterThan(before.length);
    expect(late.map((code) => `alarm-${code}`).toSorted()).toEqual(atOnce.toSorted());
    const count = told.length;
    for (const event of told)
      writeFileSync(join(folder, "events.jsonl"), `${JSON.stringify(event)}\n`, { flag: "a" });
    await check(usual);
    expect(told).toHaveLength(count);
  });

  it("are told once each, at whatever step the run was killed in between", async () => {
    const whole = await watchSteps(upTo(0, 10));
    expect(whole).toEqual(["alarm-vanishing-end", "alarm-growing-length"]);
    for (const kill of upTo(1, 10)) {
      rmSync(join(folder, "rl/steps.jsonl"));
      const before = await watchSteps(upTo(0, kill));
      expect([...before, ...(await watchSteps(upTo(kill, 10)))], `killed before ${kill}`).toEqual(whole);
    }
  });

  it("do not count steps twice that were written before the checkpoint a run goes on from", async () => {
    await watchSteps(upTo(0, 2));
    // the records are a step ahead of the checkpoint
    expect(await watchSteps([1], 2)).toEqual([]);
    expect(await watchSteps([2], 2)).toEqual(["alarm-vanishing-end"]);
  });
});

describe("alarms of a stage that goes on with other thresholds", () => {
  it("are told where these would have raised them before, and no second time", async () => {
    const lax = { ...usual, endedShare: null };
    expect(await watchSteps(upTo(0, 8), 0, lax)).toEqual(["alarm-growing-length"]);
    expect(await watchSteps([8])).toEqual(["alarm-vanishing-end"]);
    expect(await watchSteps([9])).toEqual([]);
  });
});

describe("alarms of a run", () => {
  const write = (events: readonly object[]): void =>
    writeFileSync(
      join(folder, "events.jsonl"),
      events.map((event, time) => `${JSON.stringify({ time, ...event })}\n`).join(""),
    );
  const begun: object = {
    type: "stage-start",
    stage: "rl",
    resumed: false,
  } satisfies Partial<RunEvent>;
  const alarm = (text: string) => ({ type: "warning", stage: "rl", code: "alarm-runaway-kl", text });

  it("are those of the attempt that counts, each once, and no other warnings", async () => {
    writeFileSync(join(folder, "config.yaml"), "seed: 1\n");
    const other = { type: "warning", stage: "rl", code: "prompts-too-long", text: "Some." };
    write([begun, alarm("Old."), begun, other, alarm("New."), { ...begun, resumed: true }, alarm("Again.")]);
    const alarms = await alarmsInRun(folder);
    expect(alarms).toEqual([{ stage: "rl", code: "runaway-kl", text: "New." }]);
    expect(describeAlarms(alarms)).toEqual(["Alarm (rl): New."]);
  });
});
