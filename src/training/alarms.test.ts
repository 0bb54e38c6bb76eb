// Every alarm in both directions: raised on a made trajectory that shows what it is for, silent on one that is well.
// That the defaults are silent on default runs is tested where the defaults are, in recipes/.

import { describe, expect, it } from "vitest";
import {
  type AlarmCode,
  type AlarmThresholds,
  alarmsOf,
  grpoSignals,
  type PolicySignals,
  ppoSignals,
  standingAlarms,
} from "./alarms.ts";

const thresholds: AlarmThresholds = {
  window: 3,
  flatRewardSteps: 10,
  kl: 40,
  lengthGrowth: 1.6,
  endedShare: 0.5,
  openingShare: 0.6,
  entropyShare: 0.15,
};

/** A policy that learns: the reward rises under noise, the others move a little. */
const well = (step: number): PolicySignals => ({
  reward: 0.5 + 0.015 * step + 0.03 * Math.sin(7 * step),
  spread: 0.1,
  kl: 0.3 * step,
  length: 30 + Math.sin(3 * step),
  ended: 0.97,
  opening: 0.2,
  entropy: 0.5 - 0.01 * step,
});

const trajectory = (steps: number, change: (step: number) => Partial<PolicySignals> = () => ({})) =>
  Array.from({ length: steps }, (_, step) => ({ ...well(step), ...change(step) }));

const codesOf = (steps: readonly PolicySignals[]): AlarmCode[] =>
  alarmsOf(steps, thresholds).map(({ code }) => code);

describe("alarms", () => {
  it("are silent on a policy that learns", () => {
    expect(codesOf(trajectory(24))).toEqual([]);
  });

  it.each([
    ["flat-reward", 9, "a reward that stands still", () => ({ reward: 0.5 })],
    ["flat-reward", 9, "a reward of nothing", () => ({ reward: 0 })],
    ["flat-reward", 9, "rewards that are all alike", () => ({ reward: undefined, spread: 0 })],
    ["flat-reward", 19, "a reward that only wavers", (step: number) => ({ reward: Math.sin(step * step) })],
    ["flat-reward", 19, "a reward that falls", (step: number) => ({ reward: -step })],
    ["runaway-kl", 7, "a policy far away", (step: number) => ({ kl: 9 * step })],
    ["runaway-kl", 2, "a divergence that cannot be", () => ({ kl: -3 })],
    ["growing-length", 13, "replies that grow", (step: number) => ({ length: 20 + 1.2 * step })],
    ["vanishing-end", 13, "ends that vanish", (step: number) => ({ ended: 1 - 0.05 * step })],
    ["repeated-boilerplate", 11, "one answer for everything", (step: number) => ({ opening: 0.07 * step })],
    ["entropy-collapse", 8, "a policy that tries nothing", (step: number) => ({ entropy: 0.7 ** step })],
  ] as const)("raise %s at step %i for %s, once", (code, step, _, change) => {
    const alarms = alarmsOf(trajectory(24, change), thresholds);
    expect(alarms.map((alarm) => [alarm.code, alarm.step])).toEqual([[code, step]]);
    expect(alarms[0]!.text).toMatch(new RegExp(`^Step ${step + 1}: .+\\.$`));
  });

  it("are not raised by one odd step", () => {
    const odd = { kl: 90, length: 60, ended: 0.1, opening: 0.9, entropy: 0.01 };
    expect(codesOf(trajectory(24, (step) => (step === 12 ? odd : {})))).toEqual([]);
  });

  it("do not ask a reward to rise that only holds replies against each other", () => {
    expect(codesOf(trajectory(60, () => ({ reward: undefined, kl: 3, entropy: 0.3 })))).toEqual([]);
    const metrics = { reward: 0.5, reward_std: 0.2 };
    expect(grpoSignals(metrics, true)).toMatchObject({ reward: undefined, spread: 0.2 });
    expect(grpoSignals(metrics)).toMatchObject({ reward: 0.5, spread: 0.2 });
  });

  it("leave a policy alone that has learned all there is", () => {
    const learned = (step: number) => ({
      reward: Math.min(0.95, 0.5 + 0.05 * step) + 0.004 * Math.sin(5 * step),
    });
    expect(codesOf(trajectory(60, (step) => ({ ...learned(step), kl: 3, entropy: 0.3 })))).toEqual([]);
  });

  it("can be switched off, one by one", () => {
    const off = {
      window: 3,
      flatRewardSteps: null,
      kl: null,
      lengthGrowth: null,
      endedShare: null,
      openingShare: null,
      entropyShare: null,
    };
    const bad = (step: number) => ({
      reward: 0,
      kl: 99,
      length: 10 * (step + 1),
      ended: 0,
      opening: 1,
      entropy: 0.5 ** step,
    });
    expect(codesOf(trajectory(24, bad))).toHaveLength(6);
    expect(alarmsOf(trajectory(24, bad), off)).toEqual([]);
  });

  it("say nothing of what a method does not report", () => {
    const none = { reward: undefined, spread: undefined, kl: undefined, length: undefined };
    const others = { ended: undefined, opening: undefined, entropy: undefined };
    expect(codesOf(trajectory(24, () => ({ ...none, ...others })))).toEqual([]);
  });

  it("of boilerplate look at the steps behind those of too few prompts to measure it", () => {
    const opening = (step: number) => ({ opening: step < 6 ? undefined : 0.9 });
    const alarms = alarmsOf(trajectory(24, opening), thresholds);
    expect(alarms.map(({ code, step }) => [code, step])).toEqual([["repeated-boilerplate", 8]]);
    expect(codesOf(trajectory(24, (step) => ({ opening: step % 2 === 0 ? undefined : 0.9 })))).toEqual([]);
  });

  it("are the same however often one asks on the way", () => {
    const steps = trajectory(24, (step) => ({ kl: 9 * step, opening: 0.07 * step }));
    const first = new Map<AlarmCode, number>();
    steps.forEach((_, step) => {
      for (const { code } of standingAlarms(steps.slice(0, step + 1), thresholds))
        if (!first.has(code)) first.set(code, step);
    });
    expect([...first]).toEqual(alarmsOf(steps, thresholds).map(({ code, step }) => [code, step]));
  });
});

describe("signals", () => {
  it("of PPO are per reply and per prompt", () => {
    const metrics = {
      "objective/kl": 4,
      "val/num_eos_tokens": 48,
      "val/length": 30,
      "objective/scores": 0.7,
    };
    expect(ppoSignals(metrics, 64)).toMatchObject({ kl: 4, ended: 0.75, length: 30, reward: 0.7 });
  });

  it("of GRPO make a reply's divergence out of a token's; without a reference there is none", () => {
    const metrics = { kl: 0.1, "completions/mean_length": 30, "completions/clipped_ratio": 0.25, reward: 1 };
    expect(grpoSignals(metrics)).toMatchObject({ kl: 3, ended: 0.75, length: 30, reward: 1 });
    expect(grpoSignals({ reward: 1 }).kl).toBeUndefined();
  });
});
