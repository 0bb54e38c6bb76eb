// Rows that were not made are told with their reasons.

import { describe, expect, it } from "vitest";
import { describeLeftOut, sumLeftOut, warnLeftOut } from "./left-out.ts";

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
});
