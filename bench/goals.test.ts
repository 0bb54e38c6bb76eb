// Goals of benches: a bound is within its goal, what is beyond it or no number is a miss that says both numbers.

import { expect, it } from "vitest";
import { missOf } from "./goals.ts";

it("holds a measurement against its goal", () => {
  const rate = { what: "calls", unit: "a second", least: 1500 };
  expect(missOf(rate, 1500)).toBeNull();
  expect(missOf(rate, 1499.96)).toBe("Missed: calls: 1499.96 a second, the goal is at least 1500.");
  expect(missOf(rate, Number.NaN)).toContain("NaN");
  const peak = { what: "a pass", unit: "MiB", most: 500 };
  expect(missOf(peak, 500)).toBeNull();
  expect(missOf(peak, 612.34)).toBe("Missed: a pass: 612.34 MiB, the goal is at most 500.");
});
