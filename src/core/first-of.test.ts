import { expect, it } from "vitest";
import { firstOf, firstPlaces } from "./first-of.ts";

it("names the first and counts the rest", () => {
  expect(firstOf([])).toBe("");
  expect(firstOf(["a", "b"], 2)).toBe("a, b");
  expect(firstOf(["a", "b", "c"], 2)).toBe("a, b, and 1 more");
  expect(firstOf(Array(13).fill("x"))).toBe(`${Array(10).fill("x").join(", ")}, and 3 more`);
});

it("names places by lines, or by rows where there are none", () => {
  expect(firstPlaces([{ line: 4 }])).toBe("line 4");
  expect(firstPlaces([{ row: 1 }, { row: 7 }])).toBe("rows 1, 7");
});
