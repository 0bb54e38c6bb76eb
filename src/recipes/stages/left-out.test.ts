// Rows that were not made are told with their reasons, and name the cause when none is left.

import { describe, expect, it } from "vitest";
import { UserError } from "../../core/index.ts";
import { describeLeftOut, sumLeftOut, warnLeftOut } from "./left-out.ts";
import { requireRows } from "./training-parts.ts";

describe("rows that were left out", () => {
  it("are added up and told by reason, and not told where there are none", () => {
    const sum = sumLeftOut({ length: 2, empty: 1, refusal: 0, overflow: 0 }, { length: 1 });
    expect(describeLeftOut(sum)).toBe("3 cut at the token limit, 1 empty");
    const said: string[] = [];
    const stage = { warn: (code: string, text: string) => said.push(`${code}: ${text}`) };
    warnLeftOut(stage, { identical: 0 }, 7, "comparison");
    expect(said).toEqual([]);
    warnLeftOut(stage, { identical: 1, cut: 2 }, 7, "comparison");
    expect(said).toEqual([
      "rows-left-out: 3 of 10 comparisons gave no training row: 1 of twice the same reply, 2 with a reply cut at the token limit.",
    ]);
  });

  it("are the cause that is named when no row is left", () => {
    const because = (made: Parameters<typeof requireRows>[2]): string => {
      try {
        requireRows(0, "ethical/dpo", made);
      } catch (thrown) {
        if (thrown instanceof UserError) return thrown.message;
      }
      return "";
    };
    expect(because({ made: 0, leftOut: { cut: 5, unscored: 0 } })).toContain(
      "(5 with a reply cut at the token limit)",
    );
    expect(because({ made: 4, held: 1 })).toContain(
      "(1 kept out to measure on, 3 longer than the model's context)",
    );
    expect(because({ made: 0 })).toContain("(none was given)");
    expect(() => requireRows(1, "ethical/dpo", { made: 1 })).not.toThrow();
  });
});
