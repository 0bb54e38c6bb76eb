// `covenant polis baselines`: how well held-out votes of a Polis conversation can be told from the rest by the majority and
// by the voters most alike. Whoever plays these voters has to be better. Asks no model and writes nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { counted } from "../core/index.ts";
import { majorityPredictor, measurePredictor, neighbourPredictor } from "../simulation/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import {
  conversationFlags,
  conversationSettings,
  heldOutFlags,
  heldOutSettings,
} from "./settings/polis-settings.ts";
import { openHeldOut } from "./stages/polis-opinions.ts";
import { describeForecasts, forecastHead } from "./summaries/forecast-view.ts";

const schema = z.strictObject({
  ...conversationSettings,
  ...heldOutSettings,
  seed: z.number().int().nonnegative().default(0).describe("seed of which votes are held out"),
});

/** `covenant polis baselines`. */
export const recipe: Recipe<typeof schema> = {
  command: ["polis", "baselines"],
  summary: "how well held-out votes of a Polis conversation can be told by the majority and by neighbours",
  schema,
  flags: {
    ...conversationFlags,
    ...heldOutFlags,
    seed: { path: "seed", description: "seed of which votes are held out", placeholder: "number" },
  },
  async plan(config) {
    const { split } = await openHeldOut(config);
    return planOf([planWriting("baselines", counted(split.heldOut.length, "held-out vote"))]);
  },
  async run(config) {
    const { conversation, split } = await openHeldOut(config);
    const majority = await measurePredictor(split, majorityPredictor);
    const neighbours = await measurePredictor(split, neighbourPredictor(config.neighbours));
    const lines = [
      `${counted(split.heldOut.length, "held-out vote")} of ${counted(conversation.matrix.voters.length, "voter")}, told from their other votes:`,
      forecastHead,
      describeForecasts("majority", majority),
      describeForecasts(`${config.neighbours} nearest`, neighbours),
    ];
    const files = { comments: resolve(config.comments), votes: resolve(config.votes) };
    return { lines, document: { files, heldOut: split.heldOut.length, majority, neighbours } };
  },
};
