// The language of sharing: every text has one norm and is read back as it, held-out texts and things never occur in training,
// and what scenes say is right follows from the texts in them.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { isHeldOutText } from "../principle.ts";
import {
  drawSharingScene,
  heldOutUnits,
  type Norm,
  norms,
  normTexts,
  readNorm,
  refusalTexts,
  type SharingScene,
  sharedUnits,
} from "./index.ts";

const splits = ["train", "test"] as const;

const scenesOf = (seed: number, count: number, split: (typeof splits)[number] = "train"): SharingScene[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawSharingScene(random, split));
};

/** Everything that the players and learners of a scene are told of norms. */
const textsOf = (scene: SharingScene): string[] => {
  const told = scene.kind === "norm" ? [scene.principle] : [scene.player.text, scene.player.prior ?? ""];
  return told.filter((text) => text !== "");
};

describe("texts of norms", () => {
  it("are many, each of one norm, a fifth of them kept out of training", () => {
    const all = norms.flatMap((norm) => splits.flatMap((split) => normTexts(norm, split)));
    expect(new Set(all).size).toBe(all.length);
    for (const norm of norms) {
      const [train, test] = splits.map((split) => normTexts(norm, split).length) as [number, number];
      expect(train).toBeGreaterThan(60);
      expect(test / (train + test)).toBeGreaterThan(0.15);
      expect(test / (train + test)).toBeLessThan(0.25);
      for (const text of normTexts(norm, "test")) expect(isHeldOutText(text)).toBe(true);
    }
  });

  it("are read back as their norm, alone, with others of it and with its refusals", () => {
    for (const norm of norms) {
      const texts = splits.flatMap((split) => normTexts(norm, split));
      const refusals = splits.flatMap((split) => refusalTexts(norm, split));
      for (const text of texts) {
        expect(readNorm(text), text).toBe(norm);
        expect(readNorm(`${texts[0]} ${text}`), text).toBe(norm);
        for (const refusal of refusals) expect(readNorm(` ${text} ${refusal}\n`), refusal).toBe(norm);
      }
    }
  });

  it.each([
    [""],
    ["Share evenly"],
    ["Share evenly, so that everybody gets the same. Keep nothing at all."],
    ["Share evenly, so that everybody gets the same. Refuse every offer that gives you more than the other."],
    ["Refuse every offer that is not even."],
    ["Be nice to horses."],
    ["I would say: Share evenly, so that everybody gets the same."],
  ])("%j has none", (text) => {
    expect(readNorm(text)).toBeNull();
  });
});

describe("scenes of sharing", () => {
  it("are the same for the same seed, of all kinds, with texts and things of their split alone", () => {
    expect(scenesOf(1, 50)).toEqual(scenesOf(1, 50));
    const units = Object.values(sharedUnits).flat();
    expect(new Set(units).size).toBe(units.length);
    expect(units.filter((unit) => heldOutUnits.includes(unit))).toEqual([]);
    for (const split of splits) {
      const scenes = scenesOf(2, 3000, split);
      expect(new Set(scenes.map(({ kind }) => kind)).size).toBe(4);
      const known = new Set(
        norms.flatMap((norm) => [...normTexts(norm, split), ...refusalTexts(norm, split)]),
      );
      for (const scene of scenes) {
        expect(split === "train" ? units : heldOutUnits).toContain(scene.unit);
        for (const text of textsOf(scene))
          for (const sentence of text.split(/(?<=\.) /)) expect(known.has(sentence), sentence).toBe(true);
      }
    }
  });

  it("give what the text's norm gives", () => {
    const given: Record<Norm, (amount: number, least: number) => number> = {
      altruistic: (amount) => amount,
      fair: (amount) => Math.floor(amount / 2),
      selfish: (_, least) => least,
    };
    for (const scene of scenesOf(3, 3000)) {
      if (scene.kind !== "offer" && scene.kind !== "gift") continue;
      const norm = readNorm(scene.player.text);
      expect(scene.amount).toBeGreaterThanOrEqual(10);
      expect(scene.amount).toBeLessThanOrEqual(100);
      if (norm === null) expect(scene.player).toEqual({ type: "flexible", text: "", prior: null });
      else expect(scene.given).toBe(given[norm](scene.amount, scene.kind === "offer" ? 1 : 0));
    }
  });

  it("teach the norm of most of the fixed players, whatever flexible ones do", () => {
    let mixed = 0;
    for (const scene of scenesOf(4, 3000)) {
      if (scene.kind !== "norm") continue;
      const shown = scene.plays.filter(({ proposer }) => proposer === "fixed");
      const count = (isOf: (share: number) => boolean) =>
        shown.filter(({ given }) => isOf(given / scene.amount)).length;
      const counts: Record<Norm, number> = {
        altruistic: count((share) => share === 1),
        fair: count((share) => share > 0.2 && share < 1),
        selfish: count((share) => share <= 0.1),
      };
      const norm = readNorm(scene.learned)!;
      expect(2 * counts[norm]).toBeGreaterThan(shown.length);
      expect(scene.learned).toBe(normTexts(norm, "train")[0]);
      if (counts[norm] < shown.length) mixed++;
    }
    expect(mixed).toBeGreaterThan(150);
  });
});
