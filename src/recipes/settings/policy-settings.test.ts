// The alarms' default thresholds: silent on the metrics of default runs of PPO and GRPO (covenant-tiny and both SL-CAI
// models of `covenant run`, seed 0; `npm run bench:policies` writes them), and raised by the same runs when one signal goes
// wrong.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type AlarmCode,
  alarmsOf,
  grpoSignals,
  type PolicySignals,
  ppoSignals,
} from "../../training/index.ts";
import { alarmSettings, grpoSettings, ppoSettings } from "./policy-settings.ts";

type DefaultRun = {
  readonly method: "ppo" | "grpo";
  readonly start: string;
  readonly metrics: Readonly<Record<string, readonly number[]>>;
};

const { settings, runs } = JSON.parse(
  readFileSync(new URL("../../../test/golden/default-policies.json", import.meta.url), "utf8"),
) as { readonly settings: Readonly<Record<"ppo" | "grpo", object>>; readonly runs: readonly DefaultRun[] };
const defaults = { ppo: ppoSettings.parse({}), grpo: grpoSettings.parse({}) };

it("the golden runs had the defaults of today", () => {
  // `covenant run` alone measures steps
  const { measureEvery: _, ...ppo } = defaults.ppo;
  expect(settings).toEqual({ ...defaults, ppo });
});

const signalsOf = ({ method, metrics }: DefaultRun): PolicySignals[] =>
  Array.from({ length: metrics[Object.keys(metrics)[0]!]!.length }, (_, step) => {
    const own = Object.fromEntries(Object.entries(metrics).map(([name, values]) => [name, values[step]!]));
    return method === "ppo" ? ppoSignals(own, defaults.ppo.batch) : grpoSignals(own);
  });

const thresholds = alarmSettings.parse({});
const codesOf = (steps: readonly PolicySignals[]): AlarmCode[] =>
  alarmsOf(steps, thresholds).map(({ code }) => code);

describe.each(runs)("default alarms on $method from $start", (run) => {
  const steps = signalsOf(run);

  it("are silent, with every signal there", () => {
    expect(steps).toHaveLength(defaults[run.method].steps);
    // PPO does not tell how far a step's scores lie apart
    for (const { spread, ...signals } of steps) {
      expect(spread === undefined).toBe(run.method === "ppo");
      for (const value of Object.values(signals)) expect(value).toBeTypeOf("number");
    }
    expect(codesOf(steps)).toEqual([]);
  });

  it.each<[AlarmCode, (signals: PolicySignals, step: number) => Partial<PolicySignals>]>([
    ["flat-reward", () => ({ reward: 0.5 })],
    ["runaway-kl", (_, step) => ({ kl: 3 * step })],
    ["growing-length", ({ length }, step) => ({ length: length! * (1 + 0.08 * step) })],
    ["vanishing-end", (_, step) => ({ ended: 1 - 0.05 * step })],
    ["repeated-boilerplate", (_, step) => ({ opening: 0.05 * step })],
    ["entropy-collapse", ({ entropy }, step) => ({ entropy: entropy! * 0.85 ** step })],
  ])("raise %s when that goes wrong, and nothing else", (code, change) => {
    expect(codesOf(steps.map((signals, step) => ({ ...signals, ...change(signals, step) })))).toEqual([code]);
  });
});

describe("alarms", () => {
  it("are on by default in PPO and GRPO, and can be switched off one by one", () => {
    for (const { alarms } of [defaults.ppo, defaults.grpo]) {
      expect(alarms).toEqual(thresholds);
      for (const value of Object.values(alarms)) expect(value).not.toBeNull();
    }
    expect(alarmSettings.parse({ kl: null })).toEqual({ ...thresholds, kl: null });
  });
});
