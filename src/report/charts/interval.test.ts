// Numbers as charts and pages write them, where they are next to nothing.

import { expect, it } from "vitest";
import { fixedText, numberText } from "./interval.ts";

it.each([
  [-7.8e-9, "0"],
  [1.1e-9, "0"],
  [-0.000034, "−0.000034"],
  [0.1412, "0.141"],
  [-2, "−2"],
])("writes %s as %s, and rounding as 0", (value, text) => {
  expect(numberText(value)).toBe(text);
});

it.each([
  [-7.8e-9, 2, "0.00"],
  [-0.04, 0, "0"],
  [-0.005001, 2, "−0.01"],
  [-10.04, 1, "−10.0"],
  [2.71649, 3, "2.716"],
])("writes %s with %s decimals as %s: what is 0 has no sign", (value, digits, text) => {
  expect(fixedText(value, digits)).toBe(text);
});
