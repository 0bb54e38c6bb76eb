// What scripted players do by chance: the odd unit of an even share falls to either side.

import { expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { scriptedMove } from "./scripted-moves.ts";

it("gives the odd unit of an even share to one side as often as to the other", () => {
  const player = { type: "fixed", policy: "fair", variance: 0, strict: false, by: "script" } as const;
  const given = (amount: number) =>
    Array.from({ length: 400 }, (_, seed) => {
      const resources = [{ unit: "dollars", amount }];
      const move = scriptedMove(
        player,
        { type: "propose", power: "dictator", resources },
        createRandom(seed),
      );
      return move.type === "offer" ? move.given[0]! : null;
    });
  const odd = given(5);
  expect(new Set(odd)).toEqual(new Set([2, 3]));
  const less = odd.filter((units) => units === 2).length;
  // 400 tosses of a fair coin lie within 5 standard deviations of 200.
  expect(Math.abs(less - 200)).toBeLessThan(50);
  expect(new Set(given(6))).toEqual(new Set([3]));
});
