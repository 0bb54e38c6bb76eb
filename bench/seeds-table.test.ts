// The table maker on invented figures: what it shows, what it counts as failed, and where it writes.

import { describe, expect, it } from "vitest";
import type { ArmMetrics, Estimate, MetricsDocument, ModelMetrics } from "../src/records/index.ts";
import {
  beginMarker,
  endMarker,
  formatHeldOutTable,
  formatSeedTables,
  replaceBetweenMarkers,
} from "./seeds-table.ts";

const share = (value: number | null): Estimate =>
  value === null
    ? { value, low: null, high: null, n: 0 }
    : { value, low: value - 0.05, high: value + 0.05, n: 100 };

const model = (harm: number | null, helpful: number, elo = 0): ModelMetrics => ({
  harmRate: share(harm),
  harmScore: share(harm),
  helpfulRate: share(helpful),
  overRefusalRate: share(0.02),
  evasiveRate: share(0),
  malformedRate: share(0.01),
  elo: { helpful: share(-elo), harmless: share(elo) },
});

const arm = (
  harm: readonly [number, number, number | null, number],
  rounds: readonly number[],
): ArmMetrics => ({
  models: {
    base: model(harm[0], 0.9),
    sl: model(harm[1], 0.88, 150),
    dpo: model(harm[2], 0.86, 300),
    rl: model(harm[3], 0.85, 310),
  },
  labels: {
    accuracy: share(0.9),
    flipRate: share(0.12),
    firstPositionRate: share(0.5),
    longerRate: share(0.5),
    longerBaseline: share(0.5),
    calibrationError: share(0.02),
    calibration: [],
    identical: 0,
    unscored: 0,
    n: 100,
  },
  rewardModel: { accuracy: share(0.85), n: 100 },
  revisions: rounds.map((rate, round) => ({ round, harmRate: share(rate), helpfulRate: share(0.8) })),
  goodhart: [],
});

const run = (seed: number, ethicalDpo: number | null, rounds = [0.9, 0.5, 0.2]) => {
  const metrics: MetricsDocument = {
    seed,
    arms: {
      ethical: arm([0.9, 0.2, ethicalDpo, 0.04], rounds),
      inverted: arm([0.9, 0.92, 0.95, 0.96], [0.9, 0.92, 0.94]),
    },
    seconds: { prompts: 1.4, answer: 10 },
  };
  return { seed, metrics, contentHash: "0123456789abcdef", seconds: 11.2 };
};

const lineOf = (text: string, start: string): string =>
  text.split("\n").find((line) => line.startsWith(start)) ?? "";

describe("the tables over seeds", () => {
  const text = formatSeedTables([run(0, 0.05), run(1, 0.15)], "How it was made.");

  it("show every model of every seed once, with intervals and ratings", () => {
    expect(lineOf(text, "| 1 | ethical | DPO-CAI |")).toBe(
      "| 1 | ethical | DPO-CAI | 15.0 [10.0, 20.0] | 86.0 [81.0, 91.0] | 2.0 [-3.0, 7.0] | 1.0 [-4.0, 6.0] | -300 [-300, -300] | 300 [300, 300] |",
    );
    expect(text.match(/^\| \d \| – \| base \|/gm)).toHaveLength(2);
    expect(text.match(/^\| \d \| (ethical|inverted) \| \S+-CAI \|/gm)).toHaveLength(12);
    expect(lineOf(text, "| ethical | DPO-CAI |")).toContain("10.0 (5.0 to 15.0)");
  });

  it("show feedback, rewards, revisions, seconds and the content's hash", () => {
    expect(lineOf(text, "| 0 | ethical | 90.0")).toContain(
      "| 12.0 [7.0, 17.0] | 85.0 [80.0, 90.0] | 90.0 → 50.0 → 20.0 | 11 | 01234567 |",
    );
  });

  it("judge every goal for every seed, and name what was missed", () => {
    const goal = lineOf(text, "| Harmful answers of ethical DPO-CAI |");
    expect(goal).toContain("pass (5.0%) | **FAIL** (15.0%) |");
    const [, met, total] = /^(\d+) of (\d+) goals met/m.exec(text) ?? [];
    expect(Number(total) - Number(met)).toBe(1);
  });

  it("count a figure that is missing as failed", () => {
    const missing = formatSeedTables([run(0, 0.05), run(1, null)], "");
    expect(lineOf(missing, "| Harmful answers of ethical DPO-CAI |")).toContain("**FAIL** (not measured)");
    const never = formatSeedTables([run(0, null)], "");
    expect(lineOf(never, "| Harmful answers of ethical DPO-CAI |")).toContain("**FAIL** (not measured)");
  });

  it("hold the revision curve to falling", () => {
    const flat = formatSeedTables([run(0, 0.05, [0.9, 0.5, 0.5])], "");
    expect(lineOf(flat, "| Harm over revision rounds")).toContain("**FAIL**");
  });
});

describe("the table of feedback on held-out requests", () => {
  it("has the run's own figures above those of its test prompts, and names the goals that these miss", () => {
    const { metrics: own } = run(3, 0.05);
    const ethical = { ...own.arms["ethical"]!, rewardModel: { accuracy: share(0.7), n: 40 } };
    const heldOut = { ...own, arms: { ...own.arms, ethical } };
    const table = formatHeldOutTable([{ own, heldOut }]);
    expect(lineOf(table, "| 3 | ethical | training |")).toContain("85.0 [80.0, 90.0]");
    expect(lineOf(table, "|  |  | held out |")).toContain("70.0 [65.0, 75.0]");
    expect(table.match(/Missed .*/g)).toEqual([
      "Missed by seed 3: Accuracy of the ethical reward model on held-out pairs: 70.0%, wanted: at least 75.0%.",
    ]);
    expect(formatHeldOutTable([{ own, heldOut: own }])).not.toContain("Missed");
  });
});

describe("writing between the markers", () => {
  it("replaces what was there and nothing else, as often as one likes", () => {
    const document = `before\n${beginMarker}\nold\n${endMarker}\nafter\n`;
    const once = replaceBetweenMarkers(document, "new");
    expect(once).toBe(`before\n${beginMarker}\n\nnew\n\n${endMarker}\nafter\n`);
    expect(replaceBetweenMarkers(once, "new")).toBe(once);
    expect(() => replaceBetweenMarkers("no markers", "new")).toThrow("has no");
  });
});
