// Errors as plain data, for another process.

import { describe, expect, it } from "vitest";
import { CovenantError, InterruptedError, packError, UserError, unpackError } from "./errors.ts";

describe("an error that travels to another process", () => {
  it.each([
    new UserError("file-missing", "There is no file x.", { path: "x" }),
    new CovenantError("engine-runtime", "It broke.", { at: 3 }, new Error("below")),
    new InterruptedError("Interrupted.", { drains: true }),
    new TypeError("x is not a function"),
  ])("keeps its kind, code, message, facts and stack: $message", (error) => {
    const copy = unpackError(structuredClone(packError(error)));
    expect([copy.message, copy.stack]).toEqual([error.message, error.stack]);
    expect(copy instanceof CovenantError).toBe(error instanceof CovenantError);
    if (!(error instanceof CovenantError)) return;
    expect(copy).toBeInstanceOf(error.constructor);
    expect(copy).toMatchObject({ code: error.code, facts: error.facts });
  });

  it("brings its causes, and leaves out facts that are no plain data", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const deep = new CovenantError("b", "Below.", circle, new Error("at the bottom"));
    const copy = unpackError(structuredClone(packError(new UserError("a", "Above.", {}, deep))));
    expect(copy).toMatchObject({
      code: "a",
      cause: { code: "b", facts: {}, cause: { message: "at the bottom" } },
    });
    const endless = new Error("again");
    endless.cause = endless;
    expect(packError(endless).message).toBe("again");
  });

  it("may be no error at all", () => {
    expect(unpackError(packError("words"))).toMatchObject({ message: "words" });
  });
});
