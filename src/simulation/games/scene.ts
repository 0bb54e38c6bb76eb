// Scenes of games told in the brief wording, as a player or a learner is asked, with the answer that is right: what a small
// model's documents are made of. The same functions ask in games. What is right, whoever draws scenes says.

import type { InteractionKind, Message, SeatType } from "../../records/index.ts";
import { learningTurns } from "./learner.ts";
import { learnerPrompts } from "./learner-prompts.ts";
import type { Observation } from "./observation.ts";
import { firstTurns } from "./play.ts";
import type { Manner } from "./player.ts";
import { briefContribution, fixedPlayerText, type LearnedOn, offerText, transferText } from "./wording.ts";

export type Thing = { readonly unit: string; readonly amount: number };

/**
 * text: a fixed player's policy or a flexible one's principle, which may be empty; prior: told beside a principle; manner: of
 * a fixed player.
 */
export type ScenePlayer = {
  readonly type: SeatType;
  readonly text: string;
  readonly prior: string | null;
  readonly manner?: Manner;
};

type ScenePlay = {
  readonly proposer: SeatType;
  readonly decider: SeatType;
  readonly given: number;
  readonly accepts: boolean;
};

/** An offer, a gift into a pot, a decision about an offer of `given`, or a lesson (gain: in one's own). */
export type GameScene =
  | (Thing & {
      readonly kind: "offer";
      readonly player: ScenePlayer;
      readonly power: "ultimatum" | "dictator";
      readonly given: number;
    })
  | (Thing & {
      readonly kind: "gift";
      readonly player: ScenePlayer;
      readonly players: number;
      readonly multiplier: number;
      readonly given: number;
    })
  | (Thing & {
      readonly kind: "decision";
      readonly player: ScenePlayer;
      readonly given: number;
      readonly accepts: boolean;
    })
  | (Thing & {
      readonly kind: "norm";
      readonly principle: string;
      readonly plays: readonly ScenePlay[];
      readonly learned: string;
    })
  | (Thing & {
      readonly kind: "gain";
      readonly principle: string;
      readonly plays: readonly ScenePlay[];
      readonly decided: boolean;
      readonly learned: string;
    });

/** What the brief wording does not tell of a principle. */
const untold: LearnedOn = { units: [], least: 0, most: 0 };

/** What a player of a scene is told it is. */
export const systemOf = ({ type, text, prior, manner }: ScenePlayer): string =>
  type === "fixed" ? fixedPlayerText(text, "brief", manner) : transferText(text, untold, prior, "brief");

const asking = { asks: false, reasons: false };

const kindOf = ({ proposer, decider }: ScenePlay): InteractionKind =>
  proposer === decider ? proposer : "mixed";

const observationOf = ({ unit, amount }: Thing, play: ScenePlay, decided = true): Observation => ({
  kind: kindOf(play),
  setup: { type: "split", power: decided ? "ultimatum" : "dictator", resources: [{ unit, amount }] },
  seats: [play.proposer, play.decider],
  moves: [
    { seat: 0, move: { type: "offer", given: [play.given] }, state: "made" },
    ...(decided
      ? [{ seat: 1, move: { type: "decision", accepts: play.accepts }, state: "made" } as const]
      : []),
  ],
});

/** What is asked in a scene. */
export const sceneTurns = (scene: GameScene): Message[] => {
  const { unit, amount } = scene;
  const resources = [{ unit, amount }];
  switch (scene.kind) {
    case "offer": {
      const { player, power } = scene;
      return firstTurns(systemOf(player), { type: "propose", power, resources }, asking, "brief");
    }
    case "gift": {
      const { player, players, multiplier } = scene;
      const view = { type: "contribute", endowment: { unit, amount }, players, multiplier } as const;
      return firstTurns(systemOf(player), view, asking, "brief");
    }
    case "decision": {
      const { player, given } = scene;
      return firstTurns(systemOf(player), { type: "decide", resources, given: [given] }, asking, "brief");
    }
    case "norm": {
      const observations = scene.plays.map((play) => observationOf(scene, play));
      const principle = { text: scene.principle };
      return learningTurns({ seed: 0, principle, observations, variant: "imitation" }, learnerPrompts.brief);
    }
    case "gain": {
      const observations = scene.plays.map((play) => observationOf(scene, play, scene.decided));
      const principle = { text: scene.principle };
      return learningTurns({ seed: 0, principle, observations, variant: "own-gain" }, learnerPrompts.brief);
    }
    default:
      return scene satisfies never;
  }
};

/** What is right to answer. */
export const sceneAnswer = (scene: GameScene): string => {
  const { unit, amount } = scene;
  switch (scene.kind) {
    case "offer":
      return offerText([{ unit, amount }], [scene.given], "brief");
    case "gift":
      return briefContribution(scene.given);
    case "decision":
      return `Decision: ${scene.accepts ? "accept" : "reject"}`;
    case "norm":
    case "gain":
      return `Principle: ${scene.learned}`;
    default:
      return scene satisfies never;
  }
};

/** sentence: said before the move in the player's manner; empty where that is neutral. */
export type MannerGameScene = Extract<GameScene, { kind: "offer" | "gift" | "decision" }> & {
  readonly sentence: string;
};

/** The move that is right, with the sentence on a line before it. */
export const mannerAnswer = (scene: MannerGameScene): string =>
  `${scene.sentence === "" ? "" : `${scene.sentence}\n`}${sceneAnswer(scene)}`;
