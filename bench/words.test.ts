// Which words of a bench's command line are handed on, and which numbers are taken.

import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readWholeNumber, splitWords } from "./words.ts";

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

describe("a number of a bench", () => {
  it("is whole and large enough", () => {
    expect(readWholeNumber("--kills", "3", 1)).toBe(3);
    expect(readWholeNumber("--random", "0", 0)).toBe(0);
  });

  it.each(["0", "-1", "1.5", "ten", "", " ", "NaN", "Infinity"])("is not %j", (text) => {
    expect(() => readWholeNumber("--kills", text, 1)).toThrow(`--kills: got "${text}", expected a whole`);
  });

  it.each([["--kills=0"], ["--kills", "ten"], ["--random=x"]])(
    "of bench:kills is refused before anything is run (%s %s)",
    (...words) => {
      const kills = fileURLToPath(new URL("./kills.ts", import.meta.url));
      const own = [...words, "--out", join(tmpdir(), "covenant-kills-never")];
      const ended = spawnSync(process.execPath, [kills, ...own], { encoding: "utf8", timeout: 60_000 });
      expect(ended.status).toBe(1);
      expect(ended.stderr).toContain("expected a whole number");
    },
  );
});
