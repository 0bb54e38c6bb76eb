// Which words of a bench's command line are handed on.

import { describe, expect, it } from "vitest";
import { splitWords } from "./words.ts";

const split = (line: string) => {
  const { ownWords, runWords } = splitWords(line.split(" "), ["seeds", "out"], ["tables-only"]);
  return [ownWords.join(" "), runWords.join(" ")];
};

describe("the words of a bench", () => {
  it("are its own by name, with their values in both forms; all others are the run's", () => {
    expect(split("--tables-only --seeds 0,1 --out=a")).toEqual(["--tables-only --seeds 0,1 --out=a", ""]);
    expect(split("--set sft.epochs=1 --seeds 3 --arms ethical")).toEqual([
      "--seeds 3",
      "--set sft.epochs=1 --arms ethical",
    ]);
  });

  it("are told apart by place where the run has a value that is also one of the bench's", () => {
    expect(split("--out x --constitution x")).toEqual(["--out x", "--constitution x"]);
    expect(split("--seeds=1 --tables-only --judge 1")).toEqual(["--seeds=1 --tables-only", "--judge 1"]);
  });
});
