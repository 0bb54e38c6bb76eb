import { describe, expect, it } from "vitest";
import { UserError } from "./errors.ts";
import { collectFaults } from "./faults.ts";
import { describeValue } from "./json.ts";

const fail = (line: number) => (): never => {
  throw new UserError("value-invalid", `a.jsonl, line ${line}: wrong`, { line });
};

describe("collectFaults", () => {
  it("gives what works, and throws a single fault as it was", () => {
    const faults = collectFaults("a.jsonl");
    expect(faults.attempt(() => 3)).toBe(3);
    expect(() => faults.end()).not.toThrow();
    expect(faults.attempt(fail(7))).toBeUndefined();
    expect(() => faults.end()).toThrow(/^a\.jsonl, line 7: wrong$/);
  });

  it("tells all of several, and counts what is over the limit", () => {
    const faults = collectFaults("a.jsonl", 2);
    for (const line of [1, 2, 3, 4]) faults.attempt(fail(line));
    expect(() => faults.end()).toThrow(
      "a.jsonl has 4 faults:\n  a.jsonl, line 1: wrong\n  a.jsonl, line 2: wrong\n  and 2 more.\nCorrect the file and try again.",
    );
  });

  it("tells three of a kind, with their lines, counts the others, and tells what is of another kind", () => {
    const faults = collectFaults("a.jsonl", 4);
    for (let line = 1; line <= 300; line++) faults.attempt(fail(line));
    for (const line of [301, 302]) faults.add(new UserError("value-invalid", `a.jsonl, line ${line}: other`));
    expect(() => faults.end()).toThrow(
      "a.jsonl has 302 faults:\n  a.jsonl, line 1: wrong\n  a.jsonl, line 2: wrong\n  a.jsonl, line 3: wrong\n  and 297 more of this kind.\n  a.jsonl, line 301: other\n  and 1 more.\nCorrect the file and try again.",
    );
  });

  it("takes a wrong value of the same field for the same kind, whichever value it is", () => {
    const faults = collectFaults("a.jsonl");
    const values = ['"one"', '"a \\"b\\", c"', "4", "-5.5", "true", describeValue('so "long" '.repeat(9))];
    const add = (line: number, problem: string): void =>
      faults.add(new UserError("value-invalid", `a.jsonl, line ${line}: ${problem}`, { line }));
    for (const [at, value] of values.entries()) add(at + 1, `kind: got ${value}, expected one of x, y`);
    for (const got of ["nothing", "a list of 3", "a list of 4"])
      add(8, `kind: got ${got}, expected one of x, y`);
    for (const value of values) add(9, `split: got ${value}, expected one of x, y`);
    expect(() => faults.end()).toThrow(
      /has 15 faults:(?:\n {2}.*line [123]: kind: .*){3}\n {2}and 3 more of this kind\.\n.*nothing.*\n(?:.*a list.*\n){2}(?:.*split: .*\n){3} {2}and 3 more of this kind\.\nCorrect/,
    );
  });

  it("tells all of different kinds, also of the same line", () => {
    const faults = collectFaults("a.jsonl");
    const problems = ["one", "two", "three", "four", "line 5 again", "line 6 again"];
    for (const problem of problems) faults.add(new UserError("value-invalid", `a.jsonl, line 1: ${problem}`));
    expect(() => faults.end()).toThrow(/has 6 faults:(?:\n {2}.*line 1: .*){6}\nCorrect/);
  });

  it("keeps those that it is given among those that it finds, in their order", () => {
    const faults = collectFaults("a.jsonl", 2);
    for (const line of [1, 3]) {
      faults.add(new UserError("value-invalid", `a.jsonl, line ${line}: given`, { line }));
      faults.attempt(fail(line + 1));
    }
    expect(() => faults.end()).toThrow(
      "a.jsonl has 4 faults:\n  a.jsonl, line 1: given\n  a.jsonl, line 2: wrong\n  and 2 more.",
    );
  });

  it("lets pass what is nobody's fault", () => {
    const faults = collectFaults("a.jsonl");
    const broken = (): never => {
      throw new TypeError("ours");
    };
    expect(() => faults.attempt(broken)).toThrow(TypeError);
  });
});
