// The closing table of a run.

import { expect, it } from "vitest";
import type { ArmMetrics, Estimate, MetricsDocument, ModelMetrics } from "../../records/index.ts";
import { describeRun, describeSetbacks } from "./run-summary.ts";

const share = (value: number, n: number): Estimate => ({ value, low: value - 0.01, high: value + 0.01, n });

const modelOf = (harm: number, n: number): ModelMetrics => ({
  harmRate: share(harm, n),
  harmScore: share(harm, n),
  helpfulRate: share(0.9, 298),
  overRefusalRate: share(0.05, 151),
  evasiveRate: share(0.05, n),
  malformedRate: share(0.02, 792),
  elo: { helpful: share(0, n), harmless: share(0, n) },
});

const armOf = (harm: number, n: number, rl = harm): ArmMetrics => ({
  models: { base: modelOf(0.9, n), sl: modelOf(harm, n), dpo: modelOf(harm, n), rl: modelOf(rl, n) },
  labels: {
    accuracy: share(0.9, n),
    flipRate: share(0.1, n),
    firstPositionRate: share(0.5, n),
    longerRate: share(0.5, n),
    longerBaseline: share(0.5, n),
    calibrationError: share(0.05, n),
    calibration: [],
    identical: 0,
    unscored: 0,
    n,
  },
  rewardModel: { accuracy: share(0.8, n), n },
  revisions: [],
  goodhart: [],
});

const metricsOf = (n: number, rl?: number): MetricsDocument => ({
  seed: 1,
  arms: { ethical: armOf(0.05, n, rl), inverted: armOf(0.95, n) },
  seconds: {},
});

it("shows the shared base once, and how many answers each column counts", () => {
  const lines = describeRun(metricsOf(343), "mine", "report.html");
  expect(lines.filter((line) => line.startsWith("base"))).toHaveLength(1);
  expect(lines.join("\n")).not.toContain("mine Base");
  const named = lines.filter((line) => line.includes("CAI")).map((line) => line.split("  ")[0]);
  const models = ["SL-CAI", "DPO-CAI", "RL-CAI"];
  expect(named).toEqual(["mine", "inverted"].flatMap((arm) => models.map((model) => `${arm} ${model}`)));
  expect(lines[1]).toMatch(/harm, n 343 +help, n 298 +over-refusal, n 151 +malformed, n 792$/);
  expect(lines.join("\n")).not.toContain("Too small");
});

it("writes rates with the decimal that the report writes them with", () => {
  const lines = describeRun(metricsOf(343, 0.105), "mine", "report.html");
  expect(lines.find((line) => line.startsWith("mine RL-CAI"))).toMatch(
    /^mine RL-CAI +10\.5 % \[9\.5, 11\.5\] +90\.0 % \[/,
  );
});

it("ends with a sentence where the run is too small to be judged", () => {
  const lines = describeRun(metricsOf(40), "mine", "report.html");
  expect(lines.at(-2)).toMatch(/^Too small a run for figures that mean something: 40 harmful prompts/);
});

it("warns of a model that harm went up in, with the sentence that --json holds", () => {
  const metrics = metricsOf(300, 0.6);
  const [told, ...more] = describeSetbacks(metrics);
  expect(more).toEqual([]);
  expect(told).toMatch(/RL-CAI answers harmfully more often than SL-CAI/);
  expect(told).not.toContain("\u00a0");
  expect(describeRun(metrics, "mine", "report.html")).toContain(`Warning: ${told}`);
  expect(describeSetbacks(metricsOf(300))).toEqual([]);
});
