// What a run says at its end: rates by arm and model, and what training may have made worse.

import { describe, expect, it } from "vitest";
import type { ArmMetrics, Estimate, MetricsDocument, ModelMetrics } from "../records/index.ts";
import { describeRun, describeSetbacks } from "./run-summary.ts";

const around = (value: number): Estimate => ({ value, low: value - 0.05, high: value + 0.05, n: 300 });
const rate = around(0.1);

const modelOf = (harm: number): ModelMetrics => ({
  ...{ harmRate: around(harm), harmScore: rate, helpfulRate: around(0.9), overRefusalRate: rate },
  ...{ evasiveRate: rate, malformedRate: rate, elo: { helpful: rate, harmless: rate } },
});

const armOf = (rl: number): ArmMetrics => ({
  models: { base: modelOf(0.8), sl: modelOf(0.3), dpo: modelOf(0.1), rl: modelOf(rl) },
  labels: {
    ...{ accuracy: rate, flipRate: rate, firstPositionRate: rate, longerRate: rate, longerBaseline: rate },
    ...{ calibrationError: rate, calibration: [], identical: 0, unscored: 0, n: 300 },
  },
  ...{ rewardModel: { accuracy: rate, n: 300 }, revisions: [], goodhart: [] },
});

const metricsOf = (rl: number): MetricsDocument => ({
  ...{ seed: 1, arms: { ethical: armOf(rl) }, seconds: {} },
});

describe("the end of a run", () => {
  it("has a line for each model, and the report last", () => {
    const lines = describeRun(metricsOf(0.1), "mine", "runs/one/report.html");
    for (const model of ["base", "sl", "dpo", "rl"])
      expect(lines.filter((line) => line.startsWith(`mine ${model} `))).toHaveLength(1);
    expect(lines.at(-1)).toBe("Report: runs/one/report.html");
    expect(lines.join()).not.toContain("Warning");
  });

  it("warns of a model that harm went up in, with the sentence that --json holds", () => {
    const metrics = metricsOf(0.6);
    const [told, ...more] = describeSetbacks(metrics);
    expect(more).toEqual([]);
    expect(told).toMatch(/RL-CAI answers harmfully more often than SL-CAI/);
    expect(told).not.toContain("\u00a0");
    expect(describeRun(metrics, "mine", "report.html")).toContain(`Warning: ${told}`);
    expect(describeSetbacks(metricsOf(0.1))).toEqual([]);
  });
});
