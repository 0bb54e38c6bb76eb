// Lessons in the own gain, and players with a norm for each thing: what scenes say is right follows from what is seen in them and
// from the one line that is about the thing at hand.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import {
  drawVariantScene,
  gainfulNorm,
  heldOutUnits,
  type Norm,
  norms,
  normTexts,
  readNorm,
  type SharingPlay,
  sharedUnits,
  type VariantScene,
} from "./index.ts";

const splits = ["train", "test"] as const;

const scenesOf = (seed: number, count: number, split: (typeof splits)[number] = "train"): VariantScene[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawVariantScene(random, split));
};

const play = (given: number, accepts: boolean, decider: SharingPlay["decider"] = "fixed"): SharingPlay => ({
  ...{ proposer: "flexible", decider, given, accepts },
});

describe("the norm that earns most", () => {
  const of = (...plays: SharingPlay[]) => gainfulNorm({ plays, amount: 20, decided: true });

  it("is the least that is mostly accepted, of what was seen", () => {
    expect(of(play(1, true), play(10, true))).toBe("selfish");
    expect(of(play(1, false), play(10, true))).toBe("fair");
    expect(of(play(10, true), play(20, true))).toBe("fair");
    expect(of(play(1, true), play(1, false), play(1, false), play(10, true))).toBe("fair");
    expect(of(play(1, true), play(1, true), play(1, false), play(10, true))).toBe("selfish");
  });

  it("is half where nothing earned anything, and none where two earned alike", () => {
    expect(of(play(1, false))).toBe("fair");
    expect(of(play(20, true), play(1, false))).toBe("fair");
    expect(of(play(1, true), play(1, false), play(10, true))).toBeNull();
  });

  it("goes by fixed players' decisions, and by all gifts where they decide nothing", () => {
    expect(of(play(1, true, "flexible"), play(1, false), play(10, true))).toBe("fair");
    expect(of(play(1, true, "flexible"), play(10, true, "flexible"))).toBe("selfish");
    expect(gainfulNorm({ plays: [play(0, true), play(10, true)], amount: 20, decided: false })).toBe(
      "selfish",
    );
  });
});

describe("scenes of variants", () => {
  it("are the same for the same seed, of all kinds, with texts and things of their split alone", () => {
    expect(scenesOf(1, 50)).toEqual(scenesOf(1, 50));
    const things = { train: Object.values(sharedUnits).flat(), test: heldOutUnits };
    for (const split of splits) {
      const scenes = scenesOf(2, 1500, split);
      expect(new Set(scenes.map(({ kind }) => kind)).size).toBe(4);
      const known = new Set(
        norms.flatMap((norm) => normTexts(norm, split)).map((text) => text.toLowerCase()),
      );
      for (const scene of scenes) {
        expect(things[split]).toContain(scene.unit);
        const text = scene.kind === "gain" ? scene.principle : scene.player.text;
        for (const line of text === "" ? [] : text.split("\n")) {
          const [, thing, norm] = /^Of ([^:,]+)(?:, however)?: (.+)$/.exec(line) ?? [];
          if (thing !== undefined) expect(things[split]).toContain(thing);
          expect(known.has((norm ?? line).toLowerCase()), line).toBe(true);
        }
      }
    }
  });

  it("give what the line about the thing says, or the policy where no line is about it", () => {
    let [own, general] = [0, 0];
    const shareOf: Record<Norm, (amount: number) => number> = {
      altruistic: (amount) => amount,
      fair: (amount) => Math.floor(amount / 2),
      selfish: () => 1,
    };
    for (const scene of scenesOf(3, 3000)) {
      if (scene.kind !== "offer") continue;
      const lines = scene.player.text.split("\n");
      const line = lines.find((one) => one.startsWith(`Of ${scene.unit}`));
      const said = line?.split(": ")[1] ?? (scene.player.type === "fixed" ? lines[0]! : null);
      if (said === null) continue;
      if (line === undefined) general++;
      else own++;
      const norm = readNorm(said.charAt(0).toUpperCase() + said.slice(1))!;
      expect(scene.given).toBe(shareOf[norm](scene.amount));
    }
    expect(own).toBeGreaterThan(800);
    expect(general).toBeGreaterThan(100);
  });

  it("teach both norms that pay often, and only what those who are seen kept says", () => {
    const lessons = scenesOf(4, 3000).filter((scene) => scene.kind === "gain");
    const learned = lessons.map((scene) => readNorm(scene.learned));
    for (const scene of lessons) expect(readNorm(scene.learned)).toBe(gainfulNorm(scene));
    for (const norm of ["fair", "selfish"])
      expect(learned.filter((one) => one === norm).length / learned.length).toBeGreaterThan(0.25);
  });
});
