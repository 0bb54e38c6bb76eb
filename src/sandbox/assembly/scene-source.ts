// Where scenes of an assembly take their words from: chance, and a split, so that what is kept out of training can be
// measured. What is said in a scene is not known here.

import type { Random } from "../../core/index.ts";
import { otherCommentTexts, sentencesOf } from "./sentences.ts";
import type { Wish } from "./wish.ts";
import type { OtherComment } from "./wish-phrases.ts";

/** train: requests and sentences that training may hold; test: those that are kept out of it. */
export type SceneSplit = "train" | "test";

export type SceneSource = { readonly random: Random; readonly split: SceneSplit };

/** A statement that says the wish. */
export const say = ({ random, split }: SceneSource, wish: Wish): string =>
  random.pick(sentencesOf(wish, "statement", split));

/** A comment that says the wish, or another remark. */
export const sayRemark = (source: SceneSource, remark: Wish | OtherComment): string =>
  typeof remark === "string" ? source.random.pick(otherCommentTexts(remark)) : say(source, remark);
