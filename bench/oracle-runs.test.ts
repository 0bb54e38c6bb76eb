// Which words of an experiment's command line write the documented table, and which only print one.

import { expect, it } from "vitest";
import { isDocumented } from "./oracle-runs.ts";

it("writes the documented table for its own configuration and seeds alone", () => {
  const own = { config: "a.yaml", seeds: [0, 1, 2, 3, 4], runWords: [] };
  expect(isDocumented(own, "a.yaml")).toBe(true);
  expect(isDocumented(own, "b.yaml")).toBe(false);
  for (const seeds of [[5, 6, 7, 8, 9], [0], [0, 1, 2, 3], [4, 3, 2, 1, 0]])
    expect(isDocumented({ ...own, seeds }, "a.yaml")).toBe(false);
  expect(isDocumented({ ...own, runWords: ["--turns", "1"] }, "a.yaml")).toBe(false);
});
