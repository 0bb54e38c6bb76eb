// Principles of the assembly as a judge and a reviser meet them: a statement in the texts that a learned constitution puts
// it in, so that the model can criticise, revise and judge by what people argued for.

import { textsOfLearned } from "../../constitution/index.ts";
import type { Random } from "../../core/index.ts";
import { areas } from "../lexicon/index.ts";
import type { DrawnPrinciple } from "../principle.ts";
import { sentencesOf } from "./sentences.ts";
import { styles, type Wish } from "./wish.ts";

const styleShare = 0.2;

/** Draws a principle from the statements that training may hold; of those on areas, so many are inverted. */
export const drawStatementPrinciple = (random: Random, invertedShare: number): DrawnPrinciple => {
  const inverted = random.next() < invertedShare;
  const area = random.pick(areas);
  const wish: Wish =
    random.next() < styleShare
      ? { type: "style", style: random.pick(styles) }
      : { type: inverted ? "allow" : "protect", area };
  const texts = textsOfLearned(random.pick(sentencesOf(wish, "statement", "train")));
  return wish.type === "style"
    ? { ...texts, area: null, inverted: false, style: wish.style }
    : { ...texts, area, inverted, style: null };
};
