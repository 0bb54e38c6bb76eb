import { describe, expect, it } from "vitest";
import {
  type ChartSpecification,
  calibrationChart,
  estimateCurveChart,
  goodhartChart,
  type Interval,
  ladderChart,
  palette,
  paretoChart,
  percentText,
  rateRowsChart,
  signedText,
  trainingCurveChart,
} from "./charts/index.ts";
import { drawChart } from "./drawing.ts";

const size = { width: 356, height: 240 };
const arms = ["ethical", "inverted"];
const share = (value: number | null): Interval =>
  value === null
    ? { value, low: null, high: null, n: 0 }
    : { value, low: Math.max(0, value - 0.05), high: Math.min(1, value + 0.05), n: 343 };
const rating = (value: number): Interval => ({ value, low: value - 20, high: value + 20, n: 500 });

/** Every chart over the given values of one arm each; an empty list draws an empty chart. */
const charts = (values: readonly (number | null)[]): Record<string, ChartSpecification> => {
  const models = ["base", "sl", "dpo", "rl"];
  const each = arms.flatMap((arm) => values.map((value, index) => ({ arm, index, value })));
  return {
    ladder: ladderChart({
      ...size,
      measure: "Harmful answers",
      arms,
      labelled: true,
      points: each.map(({ arm, index, value }) => ({
        arm,
        model: models[index % 4] as string,
        estimate: share(value),
      })),
    }),
    pareto: paretoChart({
      ...size,
      arms,
      points: each.map(({ arm, index, value }) => ({
        arm,
        model: models[index % 4] as string,
        helpful: rating((value ?? 0) * 50),
        harmless: rating((value ?? 0) * 400),
      })),
    }),
    curve: estimateCurveChart({
      ...size,
      measure: "Harmful answers",
      along: "Revision round",
      arms,
      points: each.map(({ arm, index, value }) => ({ arm, at: index, estimate: share(value) })),
    }),
    training: trainingCurveChart({
      ...size,
      measure: "Loss",
      arms,
      scale: "number",
      reference: 0.69,
      points: each.map(({ arm, index, value }) => ({ arm, step: index, value: value ?? 0 })),
    }),
    goodhart: goodhartChart({
      ...size,
      arms,
      points: each.map(({ arm, index, value }) => ({
        arm,
        step: index,
        reward: { value: index / 4, low: index / 5, high: index / 3, n: 64 },
        harmRate: share(value),
      })),
    }),
    calibration: calibrationChart({
      ...size,
      arms,
      points: each.map(({ arm, value }) => ({ arm, stated: 0.5 + (value ?? 0) / 2, observed: share(value) })),
    }),
    rates: rateRowsChart({
      ...size,
      arms,
      rows: each.map(({ arm, index, value }) => ({
        arm,
        name: `rate ${index}`,
        estimate: share(value),
        reference: 0.5,
      })),
    }),
  };
};

const cases = { full: [0.88, 0.17, 0.04, 0.02], gaps: [0.88, null, 0.04, null], single: [0.5], empty: [] };

describe("charts", () => {
  for (const [name, values] of Object.entries(cases)) {
    for (const [chart, specification] of Object.entries(charts(values))) {
      it(`draws ${chart} (${name}) without a warning, in the theme's colours, at the size asked for`, async () => {
        const drawing = await drawChart(specification, "chart", "label");
        expect(drawing.warnings).toEqual([]);
        expect(drawing.svg).toContain('viewBox="0 0 ');
        expect(drawing.svg).not.toMatch(/NaN|Infinity|undefined|#[0-9a-f]{6}/);
        expect(Math.abs(drawing.width - size.width)).toBeLessThanOrEqual(16);
      });
    }
  }

  it("puts every figure with its interval and n on the mark", async () => {
    const { svg } = await drawChart(charts(cases.full)["ladder"] as ChartSpecification, "chart", "label");
    expect(svg).toContain(
      "<title>Harmful answers, RL-CAI (ethical): 2.0% (95% interval 0% to 7.0%, n = 343)</title>",
    );
    expect(svg.match(/<title>/g)).toHaveLength(7); // three trained models in two arms, and the base once
  });

  it("draws the base twice when the arms disagree on it", () => {
    const points = [
      { arm: "ethical", model: "base", estimate: share(0.8) },
      { arm: "inverted", model: "base", estimate: share(0.7) },
    ];
    const specification = ladderChart({ ...size, measure: "Harm", arms, labelled: false, points }) as {
      data: { values: unknown[] };
    };
    expect(specification.data.values).toHaveLength(2);
  });

  it("draws the same specification to the same text, and escapes what is in it", async () => {
    const specification = ladderChart({
      ...size,
      measure: '<script>"&',
      arms: ["</svg><b>"],
      labelled: true,
      points: [{ arm: "</svg><b>", model: "rl", estimate: share(0.3) }],
    });
    const first = await drawChart(specification, "chart", '"><b>');
    const second = await drawChart(specification, "chart", '"><b>');
    expect(second.svg).toBe(first.svg);
    expect(first.svg).not.toMatch(/<script|<b>|<\/svg>(?!$)/);
  });

  it("names the ends of a reward's curve on the sides away from each other, whichever way it goes", () => {
    const at = (value: number) => ({ value, low: value - 0.01, high: value + 0.01, n: 64 });
    const sidesOf = (rewards: readonly number[]) => {
      const points = rewards.map((reward, step) => ({
        ...{ arm: "ethical", step, reward: at(reward), harmRate: at(0.5) },
      }));
      const { layer } = goodhartChart({ ...size, arms: ["ethical"], points }) as {
        layer: { mark: { type: string; align?: string } }[];
      };
      return layer.flatMap(({ mark }) => (mark.type === "text" ? [mark.align] : []));
    };
    expect(sidesOf([0.4, 0.5])).toEqual(["right", "left"]);
    expect(sidesOf([0.5, 0.6, 0.4])).toEqual(["left", "right"]);
  });

  it("names every palette role by a different light colour, so that a theme can be swapped in", () => {
    const lights = Object.values(palette).map(({ light }) => light);
    expect(new Set(lights).size).toBe(lights.length);
  });
});

describe("figures in words", () => {
  it("writes shares with one decimal and never rounds to none or all", () => {
    expect([0, 0.0234, 0.5, 0.9996, 1].map(percentText)).toEqual(["0%", "2.3%", "50.0%", ">99.9%", "100%"]);
    expect(percentText(0.0004)).toBe("<0.1%");
  });

  it("writes ratings with a sign", () => {
    expect([312.4, -41.2, 0.2].map(signedText)).toEqual(["+312", "−41", "0"]);
  });
});
