// The KL coefficient: fixed without a target, and a proportional controller with one.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKlControl } from "./kl-control.ts";

describe("the KL coefficient", () => {
  it("stays as it is without a target", () => {
    const control = createKlControl({ initial: 0.5, gain: 0.1 });
    control.observe(1000);
    expect(control.value()).toBe(0.5);
  });

  it("moves by the relative error, of which a fifth counts at most (Ziegler et al. 2019)", () => {
    const control = createKlControl({ initial: 0.5, target: 10, gain: 0.1 });
    control.observe(11);
    expect(control.value()).toBeCloseTo(0.5 * 1.01, 6);
    control.observe(1000);
    expect(control.value()).toBeCloseTo(0.5 * 1.01 * 1.02, 6);
    control.observe(-1000);
    expect(control.value()).toBeCloseTo(0.5 * 1.01 * 1.02 * 0.98, 6);
  });

  it("goes on from a saved value in single precision as if it had never stopped, and stays positive", () => {
    const divergences = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(divergences, divergences, (before, after) => {
        const options = { initial: 0.3, target: 6, gain: 0.4 };
        const whole = createKlControl(options);
        for (const divergence of before) whole.observe(divergence);
        const resumed = createKlControl(options);
        resumed.restore(Float32Array.of(whole.value())[0]!);
        for (const divergence of after) {
          whole.observe(divergence);
          resumed.observe(divergence);
        }
        expect(resumed.value()).toBe(whole.value());
        expect(whole.value()).toBeGreaterThan(0);
      }),
    );
  });
});
