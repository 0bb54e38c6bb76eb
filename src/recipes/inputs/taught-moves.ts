// What embedded players but one were never taught, though they may know every word of it: to ask before an offer, to give a
// reason with it, and to split several things in one. Refused before anything is begun, since not one answer could be read.

import { UserError } from "../../core/index.ts";
import type { GamesConfig } from "../settings/game-settings.ts";
import { hasProbes } from "../stages/games.ts";

/** A setting that asks for such a move, and what to set in its place. */
const untaughtIn = (config: GamesConfig): readonly (readonly [string, string, string])[] => {
  const { game, questions, resources, heldOut } = config;
  const splits = game === "ultimatum" || game === "dictator";
  return [
    ...(questions > 0 && game !== "buyer-seller"
      ? [[`questions is ${questions}`, "to ask a question before an offer", "questions=0"] as const]
      : []),
    ...(resources > 1 && splits
      ? [[`resources is ${resources}`, "to split several things in one offer", "resources=1"] as const]
      : []),
    ...(heldOut.reasons.includes(true) && hasProbes(config)
      ? [["heldOut.reasons has true", "to give a reason with an offer", "heldOut.reasons=[false]"] as const]
      : []),
  ];
};

/** The player that was taught all of them. */
const taughtPlayer = "embedded:covenant-player";

/** Throws UserError where an embedded model would have to move as it was never taught to. */
export const requireTaughtMoves = (config: GamesConfig): void => {
  const { model, wording } = config;
  const untaught = untaughtIn(config);
  // in full the model is refused for the words it would be asked in
  const isUntaught = model?.startsWith("embedded:") === true && model !== taughtPlayer;
  if (!isUntaught || wording === "full" || untaught.length === 0) return;
  const got = untaught.map(([setting]) => setting).join(", and ");
  const moves = untaught.map(([, move]) => move).join(", or ");
  const instead = untaught.map(([, , setting]) => `--set ${setting}`).join(" ");
  throw new UserError(
    "model-untaught-moves",
    `${got}: ${model} was not taught ${moves}, and its offers could not be read. Give ${instead}, or --model ${taughtPlayer}, or name a model that follows instructions: --model http://localhost:8000/v1#NAME --wording full.`,
    { model },
  );
};
