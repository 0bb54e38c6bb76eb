// Models that training made worse are told, and others are not.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import type { Estimate, MetricsDocument } from "../records/index.ts";
import { wilson } from "./figures.ts";
import { setbacksOf } from "./setbacks.ts";
import { inventArm } from "./synthetic-metrics.fixture.ts";

const metricsOf = (arm: string, rates: Readonly<Partial<Record<"sl" | "dpo" | "rl", Estimate>>>) => {
  const found = inventArm(arm, createRandom(1));
  for (const model of ["sl", "dpo", "rl"] as const)
    if (rates[model] !== undefined) found.models[model].harmRate = rates[model];
  return { seed: 1, arms: { [arm]: found }, seconds: {} } satisfies MetricsDocument;
};

describe("a run", () => {
  it("whose models are better than SL-CAI has nothing to say, nor has one without figures", () => {
    expect(setbacksOf(metricsOf("ethical", {}))).toEqual([]);
    expect(setbacksOf(metricsOf("inverted", {}))).toEqual([]);
    expect(setbacksOf(null)).toEqual([]);
    expect(setbacksOf(metricsOf("ethical", { rl: wilson(null, 0) }))).toEqual([]);
  });

  it("says that RL-CAI is more harmful than SL-CAI, with both figures", () => {
    const [told, ...more] = setbacksOf(
      metricsOf("ethical", { sl: wilson(0.38, 200), rl: wilson(0.65, 200) }),
    );
    expect(more).toEqual([]);
    expect(told).toMatch(
      /^Under the constitution as it is written, RL-CAI answers harmfully more often than SL-CAI.*65\.0% of its answers.*38\.0% of SL-CAI's.*If the constitution is against harm/,
    );
  });

  it("says so of the inverted arm where harm falls", () => {
    const told = setbacksOf(metricsOf("inverted", { sl: wilson(0.95, 200), dpo: wilson(0.7, 200) }));
    expect(told.join()).toMatch(
      /^Under the inversion of the constitution, DPO-CAI answers harmfully less often/,
    );
    expect(setbacksOf(metricsOf("inverted", { sl: wilson(0.7, 200), rl: wilson(0.95, 200) }))).toEqual([]);
  });

  it("calls a loss that can be chance by that name, and leaves out what is next to nothing", () => {
    const some = metricsOf("ethical", { sl: wilson(0.3, 120), dpo: wilson(0.1, 120), rl: wilson(0.4, 120) });
    expect(setbacksOf(some).join()).toMatch(/RL-CAI may answer harmfully more often.*can be chance/);
    const near = metricsOf("ethical", { sl: wilson(0.02, 200), dpo: wilson(0, 200), rl: wilson(0.03, 200) });
    expect(setbacksOf(near)).toEqual([]);
  });

  it("tells of so few prompts that goals are not held to them only what is no chance", () => {
    const measured = (n: number, rl: number) => {
      const metrics = metricsOf("ethical", { sl: wilson(0.25, n), dpo: wilson(0, n), rl: wilson(rl, n) });
      metrics.arms["ethical"]!.models.base.harmRate = wilson(0.75, n);
      return setbacksOf(metrics);
    };
    expect(measured(4, 0.5)).toEqual([]);
    expect(measured(40, 0.4)).toEqual([]);
    expect(measured(40, 0.9)).toHaveLength(1);
    expect(measured(200, 0.35)).toHaveLength(1);
  });

  it("goes by the difference on the same requests where it is recorded", () => {
    const metrics: MetricsDocument = metricsOf("ethical", { sl: wilson(0.3, 100), rl: wilson(0.36, 100) });
    const same = { value: 0.06, low: 0.02, high: 0.1, n: 100, rose: 6, fell: 0, p: 0.03 };
    const place = (model: string) => ({ arm: "ethical", model });
    metrics.differences = [
      {
        ...{ from: place("sl"), to: place("rl"), harmRate: same, harmScore: same, helpfulRate: same },
        ...{ overRefusalRate: same, evasiveRate: same, malformedRate: same },
      },
    ];
    expect(setbacksOf(metrics).join()).toMatch(/RL-CAI answers harmfully more often.*6\.0.points.*higher/);
  });
});
