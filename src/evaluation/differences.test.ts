import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import {
  type Difference,
  metricsDocumentSchema,
  type PromptKind,
  type Verdict,
  type VerdictRecord,
} from "../records/index.ts";
import { goodhartCurve, goodhartTest, revisionCurve } from "./curves.ts";
import {
  modelDifference,
  type Pair,
  pairedMean,
  pairedRate,
  runDifferences,
  signTest,
} from "./differences.ts";

type Golden = { cells: [number, number, number, number]; newcombe: number[]; tango: number[]; p: number };
const golden: Golden[] = JSON.parse(
  readFileSync(new URL("../../test/golden/differences.json", import.meta.url), "utf8"),
);

const pairsOf = (both: number, rose: number, fell: number, neither: number): Pair<boolean>[] => [
  ...Array<Pair<boolean>>(both).fill([true, true]),
  ...Array<Pair<boolean>>(rose).fill([false, true]),
  ...Array<Pair<boolean>>(fell).fill([true, false]),
  ...Array<Pair<boolean>>(neither).fill([false, false]),
];

const limits = ({ value, low, high }: Difference): [number, number, number] => {
  if (value === null || low === null || high === null) throw new Error("a value was expected");
  return [value, low, high];
};

describe("the difference of two rates on the same prompts", () => {
  it.each(golden)("has the reference's interval and test for $cells", ({ cells, newcombe, tango, p }) => {
    const difference = pairedRate(pairsOf(...cells));
    const [value, low, high] = limits(difference);
    const [, rose, fell] = cells;
    expect(difference.n).toBe(cells.reduce((total, count) => total + count, 0));
    expect(value).toBeCloseTo((rose - fell) / difference.n, 12);
    expect([difference.rose, difference.fell]).toEqual([rose, fell]);
    expect(low).toBeCloseTo(newcombe[0]!, 9);
    expect(high).toBeCloseTo(newcombe[1]!, 9);
    // Another derivation gives nearly the same limits.
    expect(Math.abs(low - tango[0]!)).toBeLessThan(0.025);
    expect(Math.abs(high - tango[1]!)).toBeLessThan(0.025);
    if (rose + fell === 0) expect(difference.p).toBeNull();
    else expect(difference.p! / p).toBeCloseTo(1, 9);
  });

  it("finds what two separate intervals hide", () => {
    // 53 % and 40 %, n = 60 each: Wilson's intervals overlap, but 8 prompts fell and none rose.
    const [, , high] = limits(pairedRate(pairsOf(24, 0, 8, 28)));
    expect(high).toBeLessThan(0);
  });

  it("holds its value, stays within bounds, and is turned round by the other order", () => {
    const count = fc.nat({ max: 400 });
    fc.assert(
      fc.property(fc.tuple(count, count, count, count), ([both, rose, fell, neither]) => {
        fc.pre(both + rose + fell + neither > 0);
        const one = pairedRate(pairsOf(both, rose, fell, neither));
        const [value, low, high] = limits(one);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(high - low).toBeGreaterThan(0);
        expect([low >= -1, high <= 1]).toEqual([true, true]);
        const turned = limits(pairedRate(pairsOf(both, fell, rose, neither)));
        expect(turned[1]).toBeCloseTo(-high, 9);
        expect(turned[2]).toBeCloseTo(-low, 9);
      }),
    );
  });

  it("covers the true difference about 95 times of 100", () => {
    const random = createRandom(11);
    const shares = [0.05, 0.03, 0.25] as const; // both, rose, fell
    const rounds = 400;
    let covered = 0;
    for (let round = 0; round < rounds; round++) {
      const pairs = Array.from({ length: 120 }, (): Pair<boolean> => {
        const at = random.next();
        if (at < shares[0]) return [true, true];
        if (at < shares[0] + shares[1]) return [false, true];
        return at < shares[0] + shares[1] + shares[2] ? [true, false] : [false, false];
      });
      const [, low, high] = limits(pairedRate(pairs));
      if (low <= shares[1] - shares[2] && high >= shares[1] - shares[2]) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.92);
    expect(covered / rounds).toBeLessThan(0.985);
  });

  it("has no value without prompts", () => {
    expect(pairedRate([])).toEqual({ value: null, low: null, high: null, n: 0, rose: 0, fell: 0, p: null });
    expect(pairedMean([], 1).value).toBeNull();
  });
});

describe("the sign test", () => {
  it("does not underflow where thousands changed", () => {
    expect(signTest(2000, 2000)).toBeCloseTo(1, 6);
    expect(signTest(2100, 1900)).toBeGreaterThan(0.001);
    expect(signTest(2100, 1900)).toBeLessThan(0.01);
  });
});

describe("the difference of two means", () => {
  it("is that of the pairs, however far apart the prompts are", () => {
    const pairs = Array.from({ length: 50 }, (_, index): Pair<number> => [index, index + 1 + (index % 3)]);
    const [value, low, high] = limits(pairedMean(pairs, 3));
    expect(value).toBeCloseTo(1.98, 10);
    expect(low).toBeGreaterThan(1.7);
    expect(high).toBeLessThan(2.3);
    expect(pairedMean(createRandom(2).shuffle(pairs), 3)).toEqual(pairedMean(pairs, 3));
  });
});

const verdict = (harm: number, helpfulness = 0): Verdict => ({
  class: harm > 0 || helpfulness > 0 ? "comply" : "refuse-reason",
  harm,
  helpfulness,
  evasive: false,
});

const record = (
  arm: string,
  model: string,
  prompt: string,
  kind: PromptKind,
  judged: Verdict,
): VerdictRecord => ({
  id: `evaluate/${arm}/${model}/${prompt}`,
  parents: [prompt],
  stage: "evaluate",
  seed: 1,
  prompt,
  kind,
  arm,
  model,
  request: "",
  text: "",
  verdict: judged,
});

const verdicts = [
  ...["a", "b", "c"].map((prompt) => record("base", "base", prompt, "harmful", verdict(3))),
  ...["a", "b", "c"].map((prompt, at) =>
    record("ethical", "rl", prompt, "harmful", verdict(at === 0 ? 1 : 0)),
  ),
  ...["a", "b", "c"].map((prompt) => record("inverted", "rl", prompt, "harmful", verdict(4))),
  record("base", "base", "d", "harmless", verdict(0, 1)),
  record("ethical", "rl", "d", "harmless", verdict(0, 0)),
  record("ethical", "rl", "e", "harmless", verdict(0, 0)),
];

describe("the differences of a run", () => {
  const rl = { arm: "ethical", model: "rl" };

  it("go from one model to another on the prompts that both answered", () => {
    const found = modelDifference({ arm: "base", model: "base" }, rl, verdicts, 1);
    expect([found.harmRate.value, found.harmRate.n, found.harmRate.fell]).toEqual([-2 / 3, 3, 2]);
    expect([found.harmScore.value, found.harmScore.fell]).toEqual([-8 / 3, 3]);
    expect([found.helpfulRate.value, found.helpfulRate.n]).toEqual([-1, 1]);
    expect([found.overRefusalRate.value, found.overRefusalRate.n]).toEqual([null, 0]);
    expect([found.malformedRate.value, found.malformedRate.n]).toEqual([0, 4]);
  });

  it("are of every two models of an arm, and of each trained model from the first arm to the others", () => {
    const all = runDifferences(["ethical", "inverted"], verdicts, 1);
    expect(all).toHaveLength(6 + 6 + 3);
    const between = all.find(
      ({ from, to }) => from.arm === "ethical" && to.arm === "inverted" && to.model === "rl",
    );
    expect(between?.harmRate.value).toBeCloseTo(2 / 3, 12);
    const names = all.map(({ from, to }) => `${from.arm}/${from.model} ${to.arm}/${to.model}`);
    expect(new Set(names).size).toBe(15);
    expect(names).toContain("base/base inverted/sl");
    const document = { seed: 1, arms: {}, differences: all, seconds: {} };
    expect(metricsDocumentSchema.parse(document)).toEqual(document);
  });

  it("do not depend on the order of verdicts", () => {
    expect(runDifferences(["ethical"], createRandom(5).shuffle(verdicts), 1)).toEqual(
      runDifferences(["ethical"], verdicts, 1),
    );
  });
});

describe("curves", () => {
  const reply = (prompt: string, harm: number, kind: PromptKind = "harmful", help = 0) => ({
    prompt,
    kind,
    verdict: verdict(harm, help),
  });
  const first = [reply("a", 3), reply("b", 3), reply("c", 0), reply("d", 0, "harmless", 1)];
  const second = [reply("d", 0, "harmless", 0), reply("c", 0), reply("b", 0), reply("a", 3)];

  it("put the rounds of revision in order, with what changed since the first answers", () => {
    const curve = revisionCurve([
      { round: 1, replies: second },
      { round: 0, replies: first },
    ]);
    expect(
      curve.map(({ round, harmRate, helpfulRate }) => [round, harmRate.value, helpfulRate.value]),
    ).toEqual([
      [0, 2 / 3, 1],
      [1, 1 / 3, 0],
    ]);
    expect(curve[0]?.change).toBeUndefined();
    expect(curve[1]?.change?.harmRate).toMatchObject({ rose: 0, fell: 1, n: 3 });
    expect(curve[1]?.change?.helpfulRate).toMatchObject({ fell: 1, n: 1 });
  });

  it("set reward against true harm, step by step", () => {
    const points = goodhartCurve(
      [
        { step: 20, rewards: [1, 2, 3], logRatios: [0.2, 0.4, 0.6], replies: second },
        { step: 0, rewards: [1, 1, 1], logRatios: [0, 0, 0], replies: first },
      ],
      1,
    );
    expect(points.map(({ step, harmRate }) => [step, harmRate.value])).toEqual([
      [0, 2 / 3],
      [20, 1 / 3],
    ]);
    expect(points[0]).toMatchObject({
      reward: { value: 1, low: 1, high: 1, n: 3 },
      kl: { value: 0, low: 0, high: 0, n: 3 },
    });
    const { reward, kl } = points[1]!;
    expect([reward.value, reward.n, kl.n]).toEqual([2, 3, 3]);
    expect(kl.value).toBeCloseTo(0.4, 12);
    expect(reward.low).toBeLessThan(2);
    expect(reward.high).toBeGreaterThan(2);
    expect(points.map(({ change }) => change?.fell)).toEqual([undefined, 1]);
  });

  it("hold step 0 against the test of the same model on the same prompts", () => {
    const measurements = [{ step: 0, rewards: [1, 1], logRatios: [0, 0], replies: first.slice(0, 2) }];
    const test = [reply("a", 0), reply("b", 3), reply("z", 4)];
    const found = goodhartTest(measurements, test);
    expect([found?.harmRate.value, found?.harmRate.n]).toEqual([1 / 2, 2]);
    expect(found?.difference).toMatchObject({ value: 1 / 2, rose: 1, fell: 0, n: 2 });
    expect(goodhartTest([], test)).toBeUndefined();
  });
});
