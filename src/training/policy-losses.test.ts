// The clipped losses and their gradients against torch's, and what must hold of GRPO's and RLOO's whatever the numbers.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradients, input, interpret, type Tensor } from "../engine/index.ts";
import { distance, golden } from "./golden.fixture.ts";
import { vector } from "./losses.ts";
import { clippedPolicyLoss, clippedValueLoss, groupPolicyLoss, sequencePolicyLoss } from "./policy-losses.ts";

const numbers = (tensors: readonly Tensor[], feeds: Record<string, readonly number[]>): number[][] =>
  interpret(tensors, feeds).map(({ data }) => [...data]);

describe("PPO's clipped losses", () => {
  const { clip, valueClip, policy, value, clipShare, kl } = golden.clipped;
  const count = golden.clipped.mask.length;
  const total = golden.clipped.mask.reduce((sum, one) => sum + one, 0);
  const feeds = {
    ...golden.clipped,
    mask: golden.clipped.mask.map((one) => one / total),
  } as unknown as Record<string, number[]>;
  const fed = (name: string) => vector(name, count);

  it("give torch's policy loss, gradient, clip fraction and divergence", () => {
    const now = fed("now");
    const found = clippedPolicyLoss(
      { now, before: fed("before"), advantages: fed("advantages"), mask: fed("mask") },
      { low: clip, high: clip },
    );
    const [loss, share, divergence, slope] = numbers(
      [found.loss, found.clipShare, found.kl, ...gradients(found.loss, [now])],
      feeds,
    );
    expect(distance(loss!, [policy.loss])).toBeLessThan(1e-6);
    expect(distance(share!, [clipShare])).toBeLessThan(1e-6);
    expect(share![0]).toBeGreaterThan(0);
    expect(distance(divergence!, [kl])).toBeLessThan(1e-6);
    expect(distance(slope!, policy.gradients["now"]!)).toBeLessThan(1e-6);
  });

  it("give torch's value loss and gradient", () => {
    const now = fed("values");
    const { loss } = clippedValueLoss(
      { now, before: fed("oldValues"), returns: fed("returns"), mask: fed("mask") },
      valueClip,
    );
    const found = numbers([loss, ...gradients(loss, [now])], feeds);
    expect(distance(found[0]!, [value.loss])).toBeLessThan(1e-6);
    expect(distance(found[1]!, value.gradients["values"]!)).toBeLessThan(1e-6);
  });
});

const anyNumber = fc.double({ min: -2, max: 2, noNaN: true });
const anyMove = fc.array(fc.tuple(anyNumber, anyNumber, anyNumber), { minLength: 3, maxLength: 3 });

describe("losses of groups", () => {
  const fed = (name: string) => vector(name, 3);
  const moved = { now: fed("now"), before: fed("before"), advantages: fed("advantages") };
  const thirds = [1 / 3, 1 / 3, 1 / 3];
  const feedsOf = (tokens: readonly (readonly number[])[]) => ({
    now: tokens.map(([now]) => now!),
    before: tokens.map(([, before]) => before!),
    advantages: tokens.map(([, , advantage]) => advantage!),
    reference: tokens.map(([now], at) => now! + at - 1),
    mask: thirds,
    weights: thirds,
  });
  const clip = { low: 0.2, high: 0.2 };

  it("are PPO's without a reference and with even weights", () => {
    fc.assert(
      fc.property(anyMove, (tokens) => {
        const mask = fed("mask");
        const group = groupPolicyLoss(
          { ...moved, mask, weights: fed("weights") },
          { clip, beta: 0, klCorrection: true },
        );
        const plain = clippedPolicyLoss({ ...moved, mask }, clip);
        const found = numbers([group.loss, plain.loss], feedsOf(tokens));
        expect(found[0]![0]).toBeCloseTo(found[1]![0]!, 6);
      }),
    );
  });

  it("take the reply's ratio in RLOO: one token a reply is the same as tokens by themselves", () => {
    fc.assert(
      fc.property(anyMove, (tokens) => {
        const membership = input("membership", [3, 3]);
        const reply = sequencePolicyLoss({ ...moved, membership, weights: fed("weights") }, clip);
        const plain = clippedPolicyLoss({ ...moved, mask: fed("mask") }, clip);
        const feeds = { ...feedsOf(tokens), membership: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
        const found = numbers([reply.loss, plain.loss], feeds);
        expect(found[0]![0]).toBeCloseTo(found[1]![0]!, 6);
      }),
    );
  });

  it("pull towards the reference alone where no reply is better than another, and never below 0", () => {
    fc.assert(
      fc.property(anyMove, (tokens) => {
        const { loss } = groupPolicyLoss(
          { ...moved, mask: fed("mask"), weights: fed("weights"), reference: fed("reference") },
          { clip, beta: 0.5, klCorrection: false },
        );
        const still = feedsOf(tokens.map(([now]) => [now!, now!, 0]));
        const found = numbers([loss, ...gradients(loss, [moved.now])], still);
        // k3 with log-ratios -1, 0 and 1: e^x - x - 1, whose slope by the policy is 1 - e^x
        expect(found[0]![0]).toBeCloseTo((0.5 * (Math.exp(-1) + Math.E - 2)) / 3, 5);
        expect(found[1]![0]).toBeCloseTo((0.5 * (1 - Math.exp(-1))) / 3, 5);
        expect(found[1]![1]).toBeCloseTo(0, 6);
        expect(found[1]![2]).toBeCloseTo((0.5 * (1 - Math.E)) / 3, 5);
      }),
    );
  });
});
