// Sentences of manners: each of one manner and read back as it, held-out ones in no scene of training, none with a word of a
// move; and scenes in which the sentence follows from the manner and the move from the policy.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { splitSentences } from "../phrase.ts";
import { isHeldOutText } from "../principle.ts";
import {
  drawMannerScene,
  heldOutUnits,
  type MannerScene,
  mannerTexts,
  type Norm,
  norms,
  normTexts,
  readManner,
  readNorm,
  refusalTexts,
  sharedUnits,
  spokenManners,
} from "./index.ts";

const splits = ["train", "test"] as const;

const scenesOf = (seed: number, count: number, split: (typeof splits)[number] = "train"): MannerScene[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawMannerScene(random, split));
};

const allTexts = spokenManners.flatMap((manner) => splits.flatMap((split) => mannerTexts(manner, split)));

/** What a policy says of a thing: its line about it, or its first. */
const toldOf = ({ player: { text }, unit }: MannerScene): string => {
  const line = text.split("\n").find((one) => one.startsWith(`Of ${unit}, however: `));
  const said = line?.slice(`Of ${unit}, however: `.length);
  return said === undefined ? text.split("\n")[0]! : said.charAt(0).toUpperCase() + said.slice(1);
};

describe("sentences of manners", () => {
  it("are ten and more of each, some kept out of training, and read back as their manner", () => {
    expect(new Set(allTexts).size).toBe(allTexts.length);
    for (const manner of spokenManners) {
      expect(mannerTexts(manner, "train").length).toBeGreaterThanOrEqual(10);
      expect(mannerTexts(manner, "test").length).toBeGreaterThanOrEqual(3);
      for (const text of mannerTexts(manner, "test")) expect(isHeldOutText(text)).toBe(true);
      for (const split of splits)
        for (const text of mannerTexts(manner, split)) expect(readManner(` ${text}\n`), text).toBe(manner);
    }
  });

  it("are single sentences, without figures and without words of moves", () => {
    for (const text of allTexts) {
      expect(splitSentences(text), text).toEqual([text]);
      expect(text.length).toBeLessThan(60);
      expect(text).not.toMatch(/\d|:|accept|refus|reject|declin|decision|offer|give|gave|keep|item|price/i);
    }
  });

  it.each([[""], ["Be quiet and listen"], ["Be quiet and listen. Whatever."], ["Offer: keep 1, give 1"]])(
    "%j has none",
    (text) => {
      expect(readManner(text)).toBeNull();
    },
  );
});

describe("scenes of manners", () => {
  it("are the same for the same seed, of all kinds and manners, with texts and things of their split alone", () => {
    expect(scenesOf(1, 50)).toEqual(scenesOf(1, 50));
    const things = { train: Object.values(sharedUnits).flat(), test: heldOutUnits };
    for (const split of splits) {
      const scenes = scenesOf(2, 2000, split);
      expect(new Set(scenes.map(({ kind, player }) => `${kind} ${player.manner}`)).size).toBe(21);
      const known = new Set(
        norms
          .flatMap((norm) => [...normTexts(norm, split), ...refusalTexts(norm, split)])
          .map((text) => text.toLowerCase()),
      );
      for (const { unit, player, sentence } of scenes) {
        expect(things[split]).toContain(unit);
        expect(player).toMatchObject({ type: "fixed", prior: null });
        if (player.manner === "neutral") expect(sentence).toBe("");
        else expect(mannerTexts(player.manner, split)).toContain(sentence);
        for (const line of player.text.split("\n")) {
          const [, thing, own] = /^Of ([^:,]+), however: (.+)$/.exec(line) ?? [];
          if (thing !== undefined) expect(things[split]).toContain(thing);
          for (const said of (own ?? line).split(/(?<=\.) /))
            expect(known.has(said.toLowerCase()), said).toBe(true);
        }
      }
    }
  });

  it("give and take what the policy says of the thing, whatever the manner", () => {
    const gives: Record<Norm, (amount: number, least: number) => number> = {
      altruistic: (amount) => amount,
      fair: (amount) => Math.floor(amount / 2),
      selfish: (_, least) => least,
    };
    const refused = new Map<Norm, number>();
    let byThing = 0;
    for (const scene of scenesOf(3, 3000)) {
      const norm = readNorm(toldOf(scene))!;
      if (scene.player.text.includes(`Of ${scene.unit}, however: `)) byThing++;
      if (scene.kind !== "decision") {
        expect(scene.given).toBe(gives[norm](scene.amount, scene.kind === "offer" ? 1 : 0));
        continue;
      }
      const strict = splits.some((split) =>
        refusalTexts(norm, split).some((text) => scene.player.text.endsWith(` ${text}`)),
      );
      const share = scene.given / scene.amount;
      const isHalf = scene.given === Math.floor(scene.amount / 2);
      const isAgainst =
        norm === "altruistic" ? share > 0.6 : norm === "selfish" ? !isHalf && share < 0.4 : !isHalf;
      expect(scene.accepts).toBe(!(strict && isAgainst));
      if (!scene.accepts) refused.set(norm, (refused.get(norm) ?? 0) + 1);
    }
    expect(byThing).toBeGreaterThan(150);
    for (const norm of norms) expect(refused.get(norm)).toBeGreaterThan(20);
  });
});
