// Shares of seats that learn: whatever is above nothing must make somebody learn.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flexibleSeatsOf, seatsOf } from "../../simulation/index.ts";
import { checkGames, gamesSchema, worldOf } from "./game-settings.ts";

const given = (changes: object) => gamesSchema.parse(changes);

describe("a share of seats that learn", () => {
  it.each([
    [{ flexible: [0.1, 0.02] }, "flexible is 0.02, and of the 20 seats of an iteration that is nobody"],
    [{ flexible: [0.02] }, "a share of at least 0.025, or 0 for none: raise it, or play at least 13 games"],
    [{ game: "public-goods", flexible: [0.01] }, "of the 40 seats of an iteration that is nobody"],
    [{ interactions: 2 }, "flexible is 0.1, and of the 4 seats of an iteration that is nobody"],
  ])("is refused where it gives no seat: %j", (changes, text) => {
    expect(() => checkGames(given(changes))).toThrow(text);
  });

  it("is taken where it gives one, where nobody is to learn, and where matches say who does", () => {
    checkGames(given({ flexible: [0.025, 0, 1] }));
    checkGames(given({ flexible: [0.02], interactions: 13 }));
    checkGames(given({ game: "public-goods", flexible: [0.0125] }));
    checkGames(given({ game: "buyer-seller", flexible: [0.01] }));
  });

  it("is one seat from what the refusal names on", () => {
    const share = fc.double({ min: 1e-4, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 40 }), (flexible, interactions) => {
        const world = worldOf(given({ flexible: [flexible], interactions }));
        if (flexibleSeatsOf(world, flexible) > 0) return;
        let said = "";
        try {
          checkGames(given({ flexible: [flexible], interactions }));
        } catch (thrown) {
          said = (thrown as Error).message;
        }
        const [, least, games] = /at least ([\d.]+), .*at least (\d+) games/.exec(said)!;
        expect(flexibleSeatsOf(world, Number(least))).toBe(1);
        const more = worldOf(given({ flexible: [flexible], interactions: Number(games) }));
        expect(seatsOf(more)).toBe(2 * Number(games));
        expect(flexibleSeatsOf(more, flexible)).toBe(1);
      }),
    );
  });
});
