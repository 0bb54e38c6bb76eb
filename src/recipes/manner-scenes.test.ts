// Scenes of players with a manner beside the games in which they occur: told and asked in the same words, and answered so that
// the strict readers find the move behind the sentence, and no move in any sentence.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { type GenerateRequest, scriptedModel } from "../models/index.ts";
import type { GameSetup, Move } from "../records/index.ts";
import {
  drawMannerScene,
  type MannerScene,
  mannerTexts,
  normTexts,
  readNorm,
  refusalTexts,
  spokenManners,
} from "../sandbox/index.ts";
import {
  fixedText,
  isQuestion,
  mannerAnswer,
  manners,
  type Player,
  type Policy,
  playTables,
  readContribution,
  readDecision,
  readOffer,
  sceneAnswer,
  sceneTurns,
} from "../simulation/index.ts";
import { longestDocument } from "./inputs/pretraining-documents.ts";

const random = createRandom(5);
const scenes: MannerScene[] = (["train", "test"] as const).flatMap((split) =>
  Array.from({ length: 400 }, () => drawMannerScene(random, split)),
);

const viewOf = (endowment: { readonly unit: string; readonly amount: number }) =>
  ({ type: "contribute", endowment, players: 4, multiplier: 1.6 }) as const;

const moveOf = (scene: MannerScene): Move => {
  if (scene.kind === "decision") return { type: "decision", accepts: scene.accepts };
  return scene.kind === "gift"
    ? { type: "contribution", units: scene.given }
    : { type: "offer", given: [scene.given] };
};

const readAnswer = (scene: MannerScene, answer: string) => {
  const { unit, amount, kind } = scene;
  if (kind === "decision") return readDecision(answer);
  return kind === "gift"
    ? readContribution(answer, viewOf({ unit, amount }), "brief")
    : readOffer(answer, [{ unit, amount }], "brief");
};

const setupOf = (scene: MannerScene): GameSetup => {
  const { unit, amount } = scene;
  if (scene.kind === "gift") {
    const { players, multiplier } = scene;
    return { type: "public-goods", players, endowment: { unit, amount }, multiplier };
  }
  const power = scene.kind === "decision" ? "ultimatum" : scene.power;
  return { type: "split", power, resources: [{ unit, amount }] };
};

/** What a player of a scene holds to in general. */
const policyOf = ({ player }: MannerScene): Policy => readNorm(player.text.split("\n")[0]!)!;

/** The messages of a game in which a player of the scene moves, with the scene's policy in place of the game's. */
const played = async (scene: MannerScene) => {
  const policy = policyOf(scene);
  const { manner } = scene.player;
  const fixed = { type: "fixed", variance: 0, strict: false } as const;
  const own: Player = { ...fixed, policy, manner, by: "model" };
  const other: Player = { ...fixed, policy: "fair", by: "script" };
  const giver: Player = { ...fixed, policy: "fair", by: "model" };
  const asked: GenerateRequest["messages"][] = [];
  const reply = ({ messages }: Pick<GenerateRequest, "messages">): string => {
    if (scene.kind === "decision" && !messages.at(-1)!.content.includes("Decision:"))
      return sceneAnswer({ ...scene, kind: "offer", power: "ultimatum" });
    asked.push(messages);
    return mannerAnswer(scene);
  };
  const others = Array.from({ length: scene.kind === "gift" ? scene.players - 1 : 1 }, () => other);
  const players = scene.kind === "decision" ? [giver, own] : [own, ...others];
  const table = { seed: 1, setup: setupOf(scene), players };
  const options = { maxTokens: 64, temperature: 0, questions: 0, wording: "brief" } as const;
  const [state] = await playTables([table], { model: scriptedModel({ reply }), ...options });
  const messages = asked[0]!.map(({ role, content }) => ({
    role,
    content: role === "system" ? content.replace(normTexts(policy, "train")[0]!, scene.player.text) : content,
  }));
  return { asked, messages, move: state!.moves[scene.kind === "decision" ? 1 : 0]!.move };
};

describe("scenes of manners in the brief wording", () => {
  it("have the manners that players of games may have", () => {
    expect([...manners].sort()).toEqual(["neutral", ...spokenManners].sort());
  });

  it("are answered with a sentence, exactly the scene's move behind it, and fit a document", () => {
    for (const scene of scenes) {
      const answer = mannerAnswer(scene);
      expect(readAnswer(scene, answer)).toEqual({ move: moveOf(scene) });
      const isNeutral = scene.player.manner === "neutral";
      expect(answer.split("\n")).toHaveLength(isNeutral ? 1 : 2);
      const words = [...sceneTurns(scene).map(({ content }) => content), answer].join(" ");
      expect(words.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)!.length).toBeLessThan(longestDocument.scene - 100);
    }
  });

  it("say nothing before a move that is one, or changes or doubts one", () => {
    const offered = { unit: "dollars", amount: 10 };
    const offers = ["Offer: keep 4, give 6", "Offer: total 10 dollars, keep 4, give 6"];
    const gifts = ["Give: 3", "Give: 3 dollars"];
    for (const manner of spokenManners)
      for (const text of (["train", "test"] as const).flatMap((split) => mannerTexts(manner, split))) {
        expect(isQuestion(text), text).toBe(false);
        expect(readDecision(text)).toEqual({ fault: "decision-missing" });
        for (const [at, wording] of (["brief", "full"] as const).entries()) {
          expect(readOffer(text, [offered], wording)).toEqual({ fault: "offer-missing" });
          expect(readContribution(text, viewOf(offered), wording)).toEqual({ fault: "give-missing" });
          const offer = readOffer(`${text}\n${offers[at]}`, [offered], wording);
          expect(offer, text).toEqual({ move: { type: "offer", given: [6] } });
          const gift = readContribution(`${text}\n${gifts[at]}`, viewOf(offered), wording);
          expect(gift, text).toEqual({ move: { type: "contribution", units: 3 } });
        }
        for (const [word, accepts] of [["accept", true] as const, ["reject", false] as const])
          expect(readDecision(`${text}\nDecision: ${word}`), text).toEqual({
            move: { type: "decision", accepts },
          });
      }
  });

  it("are told and asked as games do it, and played as the scene's move", async () => {
    for (const scene of [...scenes.slice(0, 60), ...scenes.slice(-60)]) {
      const { asked, messages, move } = await played(scene);
      expect(messages).toEqual(sceneTurns(scene));
      expect(asked).toHaveLength(1);
      expect(move).toEqual(moveOf(scene));
    }
  });

  it("have refusals, things apart and the manner in the order in which games tell them", () => {
    const [policy, manner] = ["fair", "indifferent"] as const;
    const base = { type: "fixed", policy, manner, variance: 0, by: "model" } as const;
    const told = (player: Partial<Extract<Player, { type: "fixed" }>>): string =>
      fixedText({ ...base, strict: false, ...player }, "brief");
    const scene = scenes.find(({ player }) => player.manner === manner)!;
    const ofText = (text: string): string =>
      sceneTurns({ ...scene, player: { ...scene.player, text } })[0]!.content;
    const fair = normTexts("fair", "train")[0]!;
    const selfish = normTexts("selfish", "train")[0]!;
    const ownLine = `Of plums, however: k${selfish.slice(1)}`;
    expect(ofText(`${fair} ${refusalTexts("fair", "train")[0]}`)).toBe(told({ strict: true }));
    expect(ofText(`${fair}\n${ownLine}`)).toBe(told({ byUnit: { plums: "selfish" } }));
    expect(told({})).toContain("\nSay one sentence in an indifferent manner before each line");
  });
});
