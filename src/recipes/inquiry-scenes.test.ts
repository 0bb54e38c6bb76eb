// Scenes of offers with questions and reasons beside the games in which they occur: asked in the same words, answered in the
// forms that are read.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { type GenerateRequest, scriptedModel } from "../models/index.ts";
import { drawInquiryScene, type InquiryScene, normTexts, readNorm } from "../sandbox/index.ts";
import {
  fixedText,
  inquiryAnswer,
  inquiryTurns,
  type Player,
  playTables,
  readOffer,
} from "../simulation/index.ts";
import { longestDocument } from "./inputs/pretraining-documents.ts";

const random = createRandom(5);
const scenes: InquiryScene[] = (["train", "test"] as const).flatMap((split) =>
  Array.from({ length: 400 }, () => drawInquiryScene(random, split)),
);

const offer = ({ given }: InquiryScene) => ({ type: "offer", given: [...given] });

describe("scenes of questions and reasons in the brief wording", () => {
  it("are answered with exactly the scene's offer, and fit a document", () => {
    for (const scene of scenes) {
      const answer = inquiryAnswer(scene);
      expect(readOffer(answer, [...scene.things], "brief")).toEqual({ move: offer(scene) });
      expect(answer.startsWith("Reason: ")).toBe(scene.reasons);
      const words = [...inquiryTurns(scene).map(({ content }) => content), answer].join(" ");
      expect(words.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)!.length).toBeLessThan(longestDocument.scene - 100);
    }
  });

  it("are asked, and questions in them are answered, as games do it", async () => {
    for (const scene of scenes.slice(0, 120)) {
      const { player, things, power, asks, reasons, question } = scene;
      if (player.type === "fixed") {
        const policy = readNorm(player.text)!;
        const told = fixedText({ type: "fixed", policy, variance: 0, strict: false, by: "model" }, "brief");
        const { content } = inquiryTurns(scene)[0]!;
        expect(content).toBe(told.replace(normTexts(policy, "train")[0]!, player.text));
        continue;
      }
      const giver: Player = { type: "flexible", principle: { text: player.text }, by: "model" };
      const taker: Player = { type: "flexible", principle: { text: "", rules: [] }, by: "script" };
      const asked: GenerateRequest["messages"][] = [];
      const reply = ({ messages }: Pick<GenerateRequest, "messages">): string => {
        asked.push(messages);
        const isFirst = asked.length === 1 && question !== null;
        return isFirst ? `Question: ${question}` : inquiryAnswer(scene);
      };
      const model = scriptedModel({ reply });
      const table = {
        ...{ seed: 1, players: [giver, taker] },
        setup: { type: "split" as const, power, resources: [...things] },
      };
      const options = { maxTokens: 60, temperature: 0, questions: asks ? 1 : 0, reasons } as const;
      const [state] = await playTables([table], { model, ...options, wording: "brief" });
      expect(asked.at(-1)).toEqual(inquiryTurns(scene));
      expect(asked).toHaveLength(question === null ? 1 : 2);
      expect(state!.moves[0]!.move).toEqual(offer(scene));
    }
  });
});
