// Scenes to measure the meta-prompts by that sort comments, as createAssembly's amendments are of the one that writes: a system
// message that is written anew, and principles with a contract, with ten of each at most or five. How they are put to a model is
// not known here.

import { createRandom, deriveSeed } from "../../core/index.ts";
import { type AccordScene, drawAccord } from "./accord.ts";
import { type AmendmentScene, drawAmendment } from "./amendment.ts";
import type { SceneSplit } from "./scene-source.ts";

/** A system message, sentence by sentence: what stands, what is said, and what it is then. Votes count as in an amendment. */
export type RewriteScene = Omit<AmendmentScene, "kind"> & { readonly kind: "rewrite" };

export type ConstitutionScene = RewriteScene | AccordScene;

/** Shares of rewrites, of contracts, and of contracts of five. */
const kindShares = [0.3, 0.42, 0.28] as const;

/** split: as of an assembly's scenes. */
export type ConstitutionSceneOptions = { readonly seed: number; readonly split: SceneSplit };

/** Scenes by number: scene i depends on (seed, i) alone. */
export const createConstitutionScenes = ({ seed, split }: ConstitutionSceneOptions) => ({
  scene(index: number): ConstitutionScene {
    const random = createRandom(deriveSeed(seed, `constitution-scenes-${split}`, index));
    const source = { random, split };
    const kind = random.weighted(kindShares);
    return kind === 0 ? { ...drawAmendment(source), kind: "rewrite" } : drawAccord(source, kind === 2);
  },
});
