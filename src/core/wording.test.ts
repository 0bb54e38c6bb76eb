// Numbers, shares and intervals as every summary writes them.

import { expect, it } from "vitest";
import { counted, dollars, durationText, listText, percent, percentRange, quotedWord } from "./wording.ts";

it("lists things with an and before the last", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listText)).toEqual(["", "a", "a and b", "a, b and c"]);
});

it("writes numbers with their nouns, shares in percent, and what is not known as that", () => {
  expect([counted(1, "row"), counted(1200, "row"), counted(0, "reply", "replies")]).toEqual([
    ...["1 row", "1,200 rows", "0 replies"],
  ]);
  expect([dollars(0.01234), dollars(1), dollars(1234.5)]).toEqual(["$0.0123", "$1.00", "$1234.50"]);
  expect([percent(228 / 438), percent(1), percent(0.625, 0), percent(null)]).toEqual([
    ...["52.1 %", "100.0 %", "63 %", "–"],
  ]);
  expect(percentRange({ low: 0.4737, high: 0.567 })).toBe("[47.4, 56.7]");
  expect([percentRange({ low: null, high: 1 }), percentRange({ low: 0, high: null })]).toEqual(["", ""]);
});

it("writes durations in the two units that say most, never 60 of one", () => {
  const seconds = [0, 6.34, 9.96, 42.4, 59.7, 60, 119.6, 312, 3600, 3659.9, 7260, 90_000];
  expect(seconds.map(durationText)).toEqual([
    ...["0.0 s", "6.3 s", "10 s", "42 s", "1 min", "1 min", "2 min", "5 min 12 s"],
    ...["1 h 0 min", "1 h 1 min", "2 h 1 min", "25 h 0 min"],
  ]);
});

it("quotes words of a command line that a shell would take apart", () => {
  expect(["runs/a-1", "lr=1e-3", "two words", "it's", "$HOME", ""].map(quotedWord)).toEqual([
    ...["runs/a-1", "lr=1e-3", "'two words'", "'it'\\''s'", "'$HOME'", "''"],
  ]);
});
