// The sandbox's scenes of sharing, told by the games' brief wording: what a scene says is right is what the games' strict
// readers read, scripted players do the same, and documents stay short.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { drawSharingScene, norms, normTexts, readNorm, type SharingScene } from "../sandbox/index.ts";
import {
  fixedText,
  type Player,
  playTables,
  policyPrinciple,
  readContribution,
  readDecision,
  readOffer,
  readPrinciple,
  sceneAnswer,
  sceneTurns,
} from "../simulation/index.ts";

const scenes: SharingScene[] = (["train", "test"] as const).flatMap((split) => {
  const random = createRandom(5);
  return Array.from({ length: 2000 }, () => drawSharingScene(random, split));
});

/** Words and marks, as the sandbox counts them, with four for the frame of each message. */
const lengthOf = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + 4 + (text.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)?.length ?? 0), 0);

describe("scenes of sharing in the brief wording", () => {
  it("are answered in the forms that are read, with exactly the scene's move", () => {
    for (const scene of scenes) {
      const answer = sceneAnswer(scene);
      const { unit, amount } = scene;
      switch (scene.kind) {
        case "offer":
          expect(readOffer(answer, [{ unit, amount }])).toEqual({
            move: { type: "offer", given: [scene.given] },
          });
          break;
        case "gift": {
          const view = {
            type: "contribute",
            endowment: { unit, amount },
            players: 4,
            multiplier: 2,
          } as const;
          expect(readContribution(answer, view)).toEqual({
            move: { type: "contribution", units: scene.given },
          });
          break;
        }
        case "decision":
          expect(readDecision(answer)).toEqual({ move: { type: "decision", accepts: scene.accepts } });
          break;
        case "norm": {
          const before = { text: scene.principle };
          const { principle, state } = readPrinciple(answer, before);
          expect(principle).toEqual(scene.learned === null ? before : { text: scene.learned });
          expect(state).toBe(scene.learned === null ? "kept" : "learned");
          break;
        }
        default:
          scene satisfies never;
      }
    }
  });

  it("are decided as scripted players decide", async () => {
    const decisions = scenes.flatMap((scene) => {
      if (scene.kind !== "decision") return [];
      const policy = readNorm(scene.player.text);
      return policy === null ? [] : [{ ...scene, policy }];
    });
    const tables = decisions.map(({ unit, amount, given, player, policy }) => {
      const rules = [{ unit: null, give: given / amount, refuseBelow: null, refuseAbove: null }];
      const strict = player.text.split(/(?<=\.) /).length > 1;
      const players: Player[] = [
        { type: "flexible", principle: { text: "", rules }, by: "script" },
        { type: "fixed", policy, variance: 0, strict, by: "script" },
      ];
      const setup = { type: "split" as const, power: "ultimatum" as const, resources: [{ unit, amount }] };
      return { seed: 1, setup, players };
    });
    const states = await playTables(tables, { model: null, maxTokens: 1, temperature: 0, questions: 0 });
    const accepted = states.map(({ moves }) => moves[1]!.move);
    expect(accepted).toEqual(decisions.map(({ accepts }) => ({ type: "decision", accepts })));
    expect(new Set(decisions.map(({ accepts }) => accepts)).size).toBe(2);
  });

  it("hold the words in which games tell a policy, and stay short", () => {
    for (const norm of norms) {
      const { text } = policyPrinciple(norm);
      expect(normTexts(norm, "train")).toContain(text);
      const told = fixedText(
        { type: "fixed", policy: norm, variance: 0, strict: true, by: "model" },
        "brief",
      );
      expect(readNorm(told.split("\n").slice(1).join("\n"))).toBe(norm);
    }
    const lengths = scenes.map((scene) =>
      lengthOf([...sceneTurns(scene).map(({ content }) => content), sceneAnswer(scene)]),
    );
    expect(Math.max(...lengths)).toBeLessThan(200);
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThan(100);
  });

  it("show a learner what fixed players did first, and not what is learned", () => {
    for (const scene of scenes) {
      if (scene.kind !== "norm") continue;
      const { content } = sceneTurns(scene).at(-1)!;
      const shown = content.split("\n").filter((line) => /^(?:fixed|flexible) kept /.test(line));
      expect(shown).toHaveLength(scene.plays.length);
      const fixed = shown.map((line) => line.startsWith("fixed"));
      expect(fixed).toEqual([...fixed].sort((one, other) => Number(other) - Number(one)));
      for (const sentence of scene.learned === null ? [] : [scene.learned])
        expect(content).not.toContain(sentence);
    }
  });
});
