import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { armMetricsSchema, type LabelRecord, labelRecordSchema } from "../records/index.ts";
import { calibrationBins, calibrationError, labelsCard } from "./labels-card.ts";

const label = (
  id: string,
  replies: [string, string],
  orders: [number, number] | null,
  state: LabelRecord["state"] = "judged",
): LabelRecord => ({
  id,
  parents: [],
  stage: "ethical/label",
  seed: 1,
  prompt: "p",
  messages: [{ role: "user", content: "hello" }],
  replies,
  principle: "peace",
  judge: "tiny",
  state,
  probability: orders && (orders[0] + orders[1]) / 2,
  orders,
  flipped: orders && orders[0] > 0.5 !== orders[1] > 0.5,
});

/** The reply that begins with "good" is the better one; none or both: a tie. */
const truth = ({ replies: [first, second] }: LabelRecord): 0 | 1 | null =>
  first.startsWith("good") === second.startsWith("good") ? null : first.startsWith("good") ? 0 : 1;

const labels = [
  label("right", ["good", "bad reply"], [0.9, 0.9]),
  label("right, second", ["bad", "good reply"], [0.2, 0.1]),
  label("wrong", ["good", "bad reply"], [0.3, 0.2]),
  label("flipped but right", ["good reply", "bad"], [0.9, 0.3]),
  label("undecided", ["good", "evil"], [0.8, 0.2]),
  label("tie of truth", ["bad", "worse"], [0.7, 0.6]),
  label("same", ["good", "good"], null, "identical"),
  label("no answer", ["good", "bad"], null, "unscored"),
];

describe("labels card", () => {
  const card = labelsCard(labels, truth, 1);

  it("works on records of the agreed shape and gives the agreed shape", () => {
    for (const one of labels) expect(labelRecordSchema.safeParse(one).success).toBe(true);
    expect(armMetricsSchema.shape.labels.safeParse(card).success).toBe(true);
  });

  it("scores only judged comparisons with a true preference; undecided ones count half", () => {
    expect([card.accuracy.value, card.accuracy.n]).toEqual([3.5 / 5, 5]);
    expect([card.identical, card.unscored, card.n]).toEqual([1, 1, 8]);
  });

  it("counts flips over all judged comparisons", () => {
    expect([card.flipRate.value, card.flipRate.n]).toEqual([2 / 6, 6]);
  });

  it("counts how often the reply that was shown first is preferred, over both showings", () => {
    // Only the two flips lean on position: there the first won both times; everywhere else once.
    expect([card.firstPositionRate.value, card.firstPositionRate.n]).toEqual([8 / 12, 12]);
  });

  it("sets the preference for the longer reply beside the baseline of always taking it", () => {
    // Longer wins: not, yes, yes, yes, (equal lengths left out), not.
    expect([card.longerRate.value, card.longerRate.n]).toEqual([3 / 5, 5]);
    expect([card.longerBaseline.value, card.longerBaseline.n]).toEqual([2 / 4, 4]);
  });

  it("has no figure without labels", () => {
    const empty = labelsCard([], truth, 1);
    expect(empty.accuracy.value).toBeNull();
    expect(empty.calibrationError).toEqual({ value: null, low: null, high: null, n: 0 });
    expect(empty.calibration.every((bin) => bin.n === 0 && bin.stated === null)).toBe(true);
  });
});

describe("position bias", () => {
  const replies = fc.constantFrom<[string, string]>(["good", "bad one"], ["bad", "good one"]);

  it("shows a judge that always takes the first as flips, chance accuracy and full first-position rate", () => {
    fc.assert(
      fc.property(fc.array(replies, { minLength: 1 }), (list) => {
        const card = labelsCard(
          list.map((pair, index) => label(`l${index}`, pair, [0.9, 0.1])),
          truth,
          1,
        );
        expect([card.flipRate.value, card.firstPositionRate.value, card.accuracy.value]).toEqual([1, 1, 0.5]);
      }),
    );
  });

  it("does not change when the replies of every comparison change places", () => {
    // Odd 128ths: exact in binary, never ½ themselves, while their means may be.
    const probability = fc.integer({ min: 0, max: 63 }).map((index) => (2 * index + 1) / 128);
    fc.assert(
      fc.property(fc.array(fc.tuple(replies, probability, probability)), (list) => {
        const straight = list.map(([pair, one, two], index) => label(`l${index}`, pair, [one, two]));
        const swapped = list.map(([[a, b], one, two], index) =>
          label(`l${index}`, [b, a], [1 - two, 1 - one]),
        );
        const { calibration: _, ...before } = labelsCard(straight, truth, 1);
        const { calibration: __, ...after } = labelsCard(swapped, truth, 1);
        expect(after).toEqual(before);
      }),
    );
  });
});

const statedLabels = (labels: readonly { readonly confidence: number; readonly correct: number }[]) => ({
  length: labels.length,
  confidence: labels.map(({ confidence }) => confidence),
  correct: labels.map(({ correct }) => correct),
});

describe("calibration", () => {
  it("bins by what is stated for the preferred reply, the last bin with its end", () => {
    const labels = statedLabels([
      { confidence: 0.5, correct: 0 },
      { confidence: 0.54, correct: 1 },
      { confidence: 0.55, correct: 1 },
      { confidence: 1, correct: 1 },
      { confidence: 0.96, correct: 0 },
    ]);
    const bins = calibrationBins(labels);
    expect(bins).toHaveLength(10);
    expect(bins[0]).toMatchObject({
      from: 0.5,
      to: 0.55,
      stated: 0.52,
      observed: { value: 0.5, n: 2 },
      n: 2,
    });
    expect(bins[1]).toMatchObject({ stated: 0.55, observed: { value: 1, high: 1, n: 1 } });
    expect(bins[9]).toMatchObject({ from: 0.95, to: 1, stated: 0.98, observed: { value: 0.5 }, n: 2 });
    expect(calibrationError(labels, 1).value).toBeCloseTo((2 * 0.02 + 0.45 + 2 * 0.48) / 5, 12);
  });

  it("puts every label into exactly one bin", () => {
    const stated = fc.record({
      confidence: fc.double({ min: 0.5, max: 1, noNaN: true }),
      correct: fc.constantFrom(0, 0.5, 1),
    });
    fc.assert(
      fc.property(fc.array(stated), (list) => {
        const bins = calibrationBins(statedLabels(list));
        expect(bins.reduce((total, bin) => total + bin.n, 0)).toBe(list.length);
      }),
    );
  });

  it("has an error between its bounds, which come closer with more labels", () => {
    const labels = (count: number) =>
      statedLabels(Array.from({ length: count }, (_, index) => ({ confidence: 0.8, correct: index % 2 })));
    const [few, many] = [calibrationError(labels(20), 1), calibrationError(labels(500), 1)];
    for (const { value, low, high } of [few, many]) {
      expect(value).toBeCloseTo(0.3, 12);
      expect(low).toBeLessThan(0.3);
      expect(high).toBeGreaterThan(0.3);
    }
    expect(many.high! - many.low!).toBeLessThan((few.high! - few.low!) / 3);
    expect(calibrationError(statedLabels([{ confidence: 1, correct: 1 }]), 1)).toEqual({
      value: 0,
      low: 0,
      high: 0,
      n: 1,
    });
  });
});
