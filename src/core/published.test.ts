// Tests of published data say in their names why they are passed over.

import { expect, it } from "vitest";
import { missingOf, type PublishedFile, publishedFile, titled } from "./published.fixture.ts";

it("names tests as they are where all files are there, else with the reason", () => {
  const here: PublishedFile = { path: "data/here.csv", missing: false };
  const gone = publishedFile("no/such/file.csv");
  const reason = `${gone.path} is not there: published data is not shipped`;
  expect([missingOf(), missingOf(here, here), missingOf(here, gone)]).toEqual([false, false, reason]);
  expect(titled("a test", here)).toBe("a test");
  expect(titled("a test", here, gone)).toBe(`a test (${reason})`);
});
