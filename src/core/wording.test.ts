// Numbers, shares and intervals as every summary writes them.

import { expect, it } from "vitest";
import { counted, dollars, percent, percentRange, quotedWord } from "./wording.ts";

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

it("quotes words of a command line that a shell would take apart", () => {
  expect(["runs/a-1", "lr=1e-3", "two words", "it's", "$HOME", ""].map(quotedWord)).toEqual([
    ...["runs/a-1", "lr=1e-3", "'two words'", "'it'\\''s'", "'$HOME'", "''"],
  ]);
});
