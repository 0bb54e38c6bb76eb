// Which words of a bench's command line are handed on, which numbers are taken, and what wrong words are answered with.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readWholeNumber, readWholeNumbers, splitWords } from "./words.ts";

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

  it("is one of several with commas between them", () => {
    expect(readWholeNumbers("--seeds", "0,1,12", 0)).toEqual([0, 1, 12]);
    for (const text of ["0,", "", "0;1", "0,-1"])
      expect(() => readWholeNumbers("--seeds", text, 0)).toThrow("expected a whole number of at least 0");
  });
});

describe("a bench's command line", () => {
  const placeOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const start = (name: string, ...words: string[]) => {
    const ended = spawnSync(process.execPath, [placeOf(name), ...words], {
      encoding: "utf8",
      timeout: 60_000,
    });
    return [ended.status, ended.stdout, ended.stderr];
  };
  const usage = "npm run bench:profile -- WORKLOAD [--steps 5]";

  it("is told by --help, as the file's header has it", () => {
    const [status, said, wrong] = start("profile.ts", "--help");
    expect([status, wrong]).toEqual([0, ""]);
    expect(said).toMatch(/^Where the time of one workload .* goes: .*\n.*\nnpm run .*\n$/);
    expect(said).toContain(`\n${usage}\n`);
  });

  it("is refused in one line with what is expected, and nothing is run", () => {
    const number = 'got "ten", expected a whole number of at least 1.';
    expect(start("profile.ts", "--stepz", "3")).toEqual([
      ...[2, ""],
      `Unknown option '--stepz'. Expected ${usage}\n`,
    ]);
    const never = join(tmpdir(), "covenant-kills-never");
    expect(start("kills.ts", "--kills=ten", "--out", never)).toEqual([2, "", `--kills: ${number}\n`]);
    expect(existsSync(never)).toBe(false);
  });

  it("is read the same way by every bench, whose header says how it is called", () => {
    const { scripts } = JSON.parse(readFileSync(placeOf("../package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const benches = Object.entries(scripts).filter(([name]) => name.startsWith("bench"));
    expect(benches.length).toBeGreaterThan(10);
    for (const [name, command] of benches) {
      const text = readFileSync(placeOf(`../${command.split(" ")[1]!}`), "utf8");
      expect(text, name).toMatch(new RegExp(`^// *npm run ${name}( --|$)`, "m"));
      expect(text, name).toMatch(/readWords\(import\.meta\.url|bench: import\.meta\.url/);
      expect(text, name).not.toContain("parseArgs");
    }
  });
});
