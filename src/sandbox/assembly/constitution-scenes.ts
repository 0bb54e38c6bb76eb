// Scenes to learn the other meta-prompts from, as createAssembly's amendments are of one: a system message that is written anew,
// and principles with a contract, with ten of each at most or five. How they are put to a model is not known here.

import { createRandom, deriveSeed } from "../../core/index.ts";
import { type AccordScene, drawAccord, type SortedComment, sortComments } from "./accord.ts";
import { type AmendmentScene, amend, drawAmendment } from "./amendment.ts";
import type { SceneSource, SceneSplit } from "./scene-source.ts";
import { readComment, readStatement } from "./sentences.ts";

/** A system message, sentence by sentence: what stands, what is said, and what it is then. Votes count as in an amendment. */
export type RewriteScene = Omit<AmendmentScene, "kind"> & {
  readonly kind: "rewrite";
  readonly sorted: readonly SortedComment[];
};

export type ConstitutionScene = RewriteScene | AccordScene;

/** Shares of rewrites, of contracts, and of contracts of five. */
const kindShares = [0.3, 0.42, 0.28] as const;

/** A message of a short scene: as of an accord, but that one side of a topic stands at most. */
const drawFewForMessage = (
  source: SceneSource,
): Pick<AmendmentScene, "current" | "comments" | "principles"> => {
  for (;;) {
    const { current, comments } = drawAccord(source, { five: false, few: true });
    if (current.clauses.length > 0) continue;
    const standing = current.principles.map((text) => ({ text, wish: readStatement(text)! }));
    const amended = amend(
      standing,
      comments.map((text) => readComment(text)!),
    );
    if (amended.length === 0) continue;
    const principles = amended.map(({ text, from }) => ({
      text: text ?? comments[from[0]! - 1]!,
      standing: text === null ? null : standing.findIndex((one) => one.text === text),
      from,
    }));
    return { current: current.principles, comments, principles };
  }
};

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
      const amended = few ? drawFewForMessage(source) : drawAmendment(source);
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
