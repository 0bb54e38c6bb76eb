// Offers of several things, with reasons and after questions: what scenes say is right follows from the texts in them.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import {
  drawInquiryScene,
  heldOutUnits,
  type InquiryScene,
  normTexts,
  readNorm,
  sharedUnits,
} from "./index.ts";

const scenesOf = (seed: number, count: number, split: "train" | "test" = "train"): InquiryScene[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawInquiryScene(random, split));
};

/** What a player was told of a thing: a line of its own, or the one text for all. */
const toldOf = ({ player: { text } }: InquiryScene, unit: string): string => {
  if (!text.startsWith("Of ")) return text;
  const line = text.split("\n").find((one) => one.startsWith(`Of ${unit}: `));
  return line?.slice(`Of ${unit}: `.length) ?? "";
};

describe("scenes of questions and reasons", () => {
  it("are the same for the same seed, of things and texts of their split", () => {
    expect(scenesOf(1, 50)).toEqual(scenesOf(1, 50));
    const units = Object.values(sharedUnits).flat();
    for (const split of ["train", "test"] as const)
      for (const scene of scenesOf(2, 600, split)) {
        const names = scene.things.map(({ unit }) => unit);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(split === "train" ? units : heldOutUnits).toContain(name);
        for (const name of names) {
          const told = toldOf(scene, name);
          const norm = readNorm(told);
          if (norm === null) expect(told).toBe("");
          else expect(normTexts(norm, split)).toContain(told);
        }
      }
  });

  it("give of each thing what its norm gives, for that reason", () => {
    for (const scene of scenesOf(3, 1500)) {
      const own = scene.things.map(({ unit }) => readNorm(toldOf(scene, unit)));
      expect(scene.told).toEqual(own.map((norm) => norm !== null));
      own.forEach((norm, at) => {
        const { amount } = scene.things[at]!;
        const right = { altruistic: amount, fair: Math.floor(amount / 2), selfish: 1 };
        if (norm !== null) expect(scene.given[at]).toBe(right[norm]);
        else expect(scene.given[at]).toBeLessThanOrEqual(amount);
      });
      const sentences = [...new Set(own)].map((norm) =>
        norm === null ? "Nothing was told of this." : normTexts(norm, "train")[0]!,
      );
      expect(scene.reason).toBe(sentences.join(" "));
    }
  });

  it("ask where they may and nothing was told, and never else", () => {
    const found = new Map<string, number>();
    for (const scene of scenesOf(4, 3000)) {
      const silent = scene.things.some(({ unit }) => toldOf(scene, unit) === "");
      expect(scene.question !== null).toBe(scene.asks && silent);
      if (scene.player.type === "fixed") expect([scene.asks, silent]).toEqual([false, false]);
      const kind = `${scene.things.length} ${scene.reasons} ${scene.asks} ${silent}`;
      found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    expect(found.size).toBe(16);
  });

  it("have as many lines where one is missing as where none is", () => {
    for (const count of [1, 2]) {
      const lines = [true, false].map((silent) => {
        const found = scenesOf(5, 6000).filter(
          ({ things, told, player: { text } }) =>
            things.length === count && text.startsWith("Of ") && told.includes(false) === silent,
        );
        expect(found.length).toBeGreaterThan(150);
        return found.reduce((sum, { player }) => sum + player.text.split("\n").length, 0) / found.length;
      });
      expect(Math.abs(lines[0]! - lines[1]!)).toBeLessThan(0.15);
    }
  });
});
