// What a failed command ends with: whether the same again continues, and where a stack would tell something.

import { expect, it } from "vitest";
import { CovenantError } from "../core/index.ts";
import { describeFailure } from "./exit-status.ts";

it("says that the same command continues where something was kept, and that it begins anew where nothing was", () => {
  const away = (facts: Record<string, unknown>) =>
    describeFailure(new CovenantError("model-connection", "No.", { retriable: true, ...facts }), false);
  expect(away({})).toBe("error: No.\nWhat was finished is kept: the same command again continues.\n");
  expect(away({ kept: false })).toBe("error: No.\nNothing was written: the same command begins anew.\n");
});

it("names --verbose for what broke, and for no outcome", () => {
  const of = (code: string) => describeFailure(new CovenantError(code, "No."), false);
  expect(of("something-broke")).toContain("--verbose");
  for (const code of ["opposites-missing", "rows-none"]) expect(of(code)).not.toContain("--verbose");
});
