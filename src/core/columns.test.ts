import { expect, it } from "vitest";
import { alignColumns } from "./columns.ts";

it("gives columns one width, with numbers to the right and nothing behind the last cell", () => {
  const rows = [
    ["area", "count", "share"],
    ["privacy", "7", ""],
    ["peace", "1,200", "24 %"],
  ];
  expect(alignColumns(rows, [1])).toEqual([
    "area     count  share",
    "privacy      7",
    "peace    1,200  24 %",
  ]);
});

it("takes rows of fewer cells, and none at all", () => {
  expect(alignColumns([["a"], ["bb", "c"]])).toEqual(["a", "bb  c"]);
  expect(alignColumns([])).toEqual([]);
});
