// Scenes to learn the other meta-prompts from, as createAssembly's amendments are of one: a system message that is written anew,
// and principles with a contract, with ten of each at most or five. How they are put to a model is not known here.

import { createRandom, deriveSeed } from "../../core/index.ts";
import { type AccordScene, drawAccord, type SortedComment, sortComments } from "./accord.ts";
import { type AmendmentScene, drawAmendment } from "./amendment.ts";
import type { SceneSplit } from "./scene-source.ts";
import { readComment, readStatement } from "./sentences.ts";

/** A system message, sentence by sentence: what stands, what is said, and what it is then. Votes count as in an amendment. */
export type RewriteScene = Omit<AmendmentScene, "kind"> & {
  readonly kind: "rewrite";
  readonly sorted: readonly SortedComment[];
};

export type ConstitutionScene = RewriteScene | AccordScene;

/** Shares of rewrites, of contracts, and of contracts of five. */
const kindShares = [0.3, 0.42, 0.28] as const;

/** Where comments are few, so often none, or one sentence stands. */
const fewSize = { most: 3, standing: [0.5, 0.3, 0.2] } as const;

/** fewShare: share of the scenes with three comments at most, and little that stands; split as of an assembly's scenes. */
export type ConstitutionSceneOptions = {
  readonly seed: number;
  readonly split: SceneSplit;
  readonly fewShare: number;
};

/** Scenes by number: scene i depends on (seed, i) alone. */
export const createConstitutionScenes = ({ seed, split, fewShare }: ConstitutionSceneOptions) => ({
  scene(index: number): ConstitutionScene {
    const random = createRandom(deriveSeed(seed, `constitution-scenes-${split}`, index));
    const source = { random, split };
    const few = random.next() < fewShare;
    const kind = random.weighted(kindShares);
    if (kind === 0) {
      const amended = few ? drawAmendment(source, fewSize) : drawAmendment(source);
      const standing = amended.current.map((text) => readStatement(text)!);
      const sorted = sortComments(
        standing,
        amended.comments.map((text) => readComment(text)!),
      );
      return { ...amended, kind: "rewrite", sorted };
    }
    return drawAccord(source, { five: kind === 2, few });
  },
});
