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

/** How often only the first trait of a person is given. */
const oneTraitShare = 0.2;

/** Scenes by number: scene i depends on (seed, i) alone. split: as of an assembly's scenes. */
export const createPersonaScenes = ({
  seed,
  split,
}: {
  readonly seed: number;
  readonly split: SceneSplit;
}) => ({
  scene(index: number): PersonaScene {
    const random = createRandom(deriveSeed(seed, `persona-scenes-${split}`, index));
    const drawn = drawWishes(random);
    const person = drawPerson({ random, split }, random.next() < oneTraitShare ? drawn.slice(0, 1) : drawn);
    const wishes = wishesOf(person.description)!;
    const traits = wishes.map((wish) => random.pick(sentencesOf(wish, "trait", split)));
    return { kind: "persona", traits: traits.join(", "), person };
  },
});
