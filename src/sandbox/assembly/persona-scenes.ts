// Scenes in which a person is made of traits: "hates spying, in a hurry" becomes a name and sentences that say the same wishes
// in the same order, half of the time after one on the person's life. How it is asked is not known here.

import { createRandom, deriveSeed } from "../../core/index.ts";
import { drawWishes, wishesOf } from "./persona.ts";
import type { SceneSplit } from "./scene-source.ts";
import { drawPerson } from "./scenes.ts";
import { sentencesOf } from "./sentences.ts";

/** traits: texts with commas between. */
export type PersonaScene = {
  readonly kind: "persona";
  readonly traits: string;
  readonly person: ReturnType<typeof drawPerson>;
};

/** oneTraitShare: share of the people with one trait alone, and no two to four; split as of an assembly's scenes. */
export type PersonaSceneOptions = {
  readonly seed: number;
  readonly split: SceneSplit;
  readonly oneTraitShare: number;
};

/** Scenes by number: scene i depends on (seed, i) alone. */
export const createPersonaScenes = ({ seed, split, oneTraitShare }: PersonaSceneOptions) => ({
  scene(index: number): PersonaScene {
    const random = createRandom(deriveSeed(seed, `persona-scenes-${split}`, index));
    const drawn = drawWishes(random);
    const person = drawPerson({ random, split }, random.next() < oneTraitShare ? drawn.slice(0, 1) : drawn);
    const wishes = wishesOf(person.description)!;
    const traits = wishes.map((wish) => random.pick(sentencesOf(wish, "trait", split)));
    return { kind: "persona", traits: traits.join(", "), person };
  },
});
