// The closing table of a run.

import { expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import type { MetricsDocument } from "../records/index.ts";
import { inventArm } from "../report/synthetic-metrics.fixture.ts";
import { describeRun } from "./run-summary.ts";

const metricsOf = (): MetricsDocument => ({
  seed: 1,
  arms: { ethical: inventArm("ethical", createRandom(1)), inverted: inventArm("inverted", createRandom(1)) },
  seconds: {},
});

it("shows the shared base once, and how many answers each column counts", () => {
  const lines = describeRun(metricsOf(), "mine", "report.html");
  expect(lines.filter((line) => line.startsWith("base"))).toHaveLength(1);
  expect(lines.join("\n")).not.toContain("mine base");
  expect(lines[1]).toMatch(/harm, n 343 +help, n 298 +over-refusal, n 151 +malformed, n 792$/);
  expect(lines.join("\n")).not.toContain("Too small");
});

it("ends with a sentence where the run is too small to be judged", () => {
  const metrics = metricsOf();
  for (const model of Object.values(metrics.arms).flatMap(({ models }) => Object.values(models)))
    Object.assign(model, { harmRate: { ...model.harmRate, n: 40 } });
  const lines = describeRun(metrics, "mine", "report.html");
  expect(lines.at(-2)).toMatch(/^Too small a run for figures that mean something: 40 harmful prompts/);
});
