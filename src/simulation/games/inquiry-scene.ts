// Scenes of offers of several things, with a reason or after a question, told in the brief wording, with the answer that is
// right. The same functions ask in games. What is right, whoever draws scenes says.

import type { Message } from "../../records/index.ts";
import { firstTurns } from "./play.ts";
import { type ScenePlayer, systemOf, type Thing } from "./scene.ts";
import { offerText, oracleText } from "./wording.ts";

/** given: of each thing in order. question: asked before the offer, where one is; reason: said with it, where one is asked for. */
export type InquiryGameScene = {
  readonly things: readonly Thing[];
  readonly player: ScenePlayer;
  readonly power: "ultimatum" | "dictator";
  readonly reasons: boolean;
  readonly reason: string;
  readonly asks: boolean;
  readonly question: string | null;
  readonly given: readonly number[];
};

/** What is said before the offer: asked first, and where the player asks back, its question and the answer to it. */
export const inquiryTurns = ({
  things,
  player,
  power,
  reasons,
  asks,
  question,
}: InquiryGameScene): Message[] => {
  const view = { type: "propose", power, resources: things } as const;
  return [
    ...firstTurns(systemOf(player), view, { asks, reasons }, "brief"),
    ...(question === null
      ? []
      : [
          { role: "assistant" as const, content: `Question: ${question}` },
          { role: "user" as const, content: oracleText(things, "brief") },
        ]),
  ];
};

/** The offer that is right, with its reason where one is asked for. */
export const inquiryAnswer = ({ things, reasons, reason, given }: InquiryGameScene): string =>
  `${reasons ? `Reason: ${reason}\n` : ""}${offerText(things, given, "brief")}`;
