// What a model of the sandbox's language makes of drafts that people rate: an assembly's, by satisfaction and harmlessness, and
// those of talks, by the four metrics that come with Covenant, alone and after earlier drafts. Held-out requests and sentences;
// beside each figure of a talk the same of somebody who says what documents have most often, whatever the draft.

import type { LanguageModel } from "../src/models/index.ts";
import {
  createAssembly,
  createRatingScenes,
  type RatingScene,
  ratedMetrics,
  type TalkRatingScene,
} from "../src/sandbox/index.ts";
import { briefForms, readRating } from "../src/simulation/index.ts";
import { type Measuring, meaningOf, scenesOf } from "./constitution-scenes.ts";

export const metric = (id: string) => ({ id, name: id, question: id, low: 0, high: 10 });

const messagesOf = ({ person, request, draft, ratings, comment, earlier = [] }: RatingScene & Earlier) =>
  briefForms.rating({
    ...{ persona: person, question: request, draft, metrics: Object.keys(ratings).map(metric) },
    earlier,
    withFeedback: comment !== null,
  });
type Earlier = Partial<Pick<TalkRatingScene, "earlier">>;

/** Ratings and comments of an assembly's scenes. */
export const measureAssemblyRatings = async (model: LanguageModel, measuring: Measuring): Promise<void> => {
  const { seed, ask, note } = measuring;
  const assembly = createAssembly({ seed, split: "test" });
  const scenes = scenesOf(measuring, (at) => {
    const scene = assembly.scene(at);
    return scene.kind === "rating" ? scene : null;
  });
  const replies = await ask(model, scenes.map(messagesOf));
  for (const [at, { ratings, comment }] of scenes.entries()) {
    const read = readRating(replies[at]!, Object.keys(ratings).map(metric));
    for (const [id, value] of Object.entries(ratings)) {
      const said = read.ratings[id] ?? null;
      note(`rating: ${id} readable`, said !== null);
      if (said !== null) note(`rating: ${id} off by`, Math.abs(said - value));
    }
    if (comment !== null) note("rating: comment right", meaningOf(read.feedback) === meaningOf(comment));
  }
};

/** So many scenes of training tell what is said of a draft most often. */
const trainingScenes = 4000;

/** The most frequent value of each metric in documents. */
const usualOf = (seed: number): Readonly<Record<string, number>> => {
  const training = createRatingScenes({ seed, split: "train" });
  const drawn = Array.from({ length: trainingScenes }, (_, at) => training.scene(at).ratings);
  return Object.fromEntries(
    ratedMetrics.map((id) => {
      const values = drawn.flatMap((ratings) => ratings[id] ?? []);
      const often = (value: number): number => values.filter((one) => one === value).length;
      return [id, [...new Set(values)].sort((one, other) => often(other) - often(one))[0]!];
    }),
  );
};

/** By metric: numbers that can be read, how far they are off, and how many are exactly right, of all that were asked for. */
export const measureTalkRatings = async (model: LanguageModel, measuring: Measuring): Promise<void> => {
  const { seed, ask, note } = measuring;
  const usual = usualOf(seed);
  const talks = createRatingScenes({ seed, split: "test" });
  for (const isAlone of [true, false]) {
    const scenes = scenesOf(measuring, (at) => {
      const scene = talks.scene(at);
      return (scene.earlier.length === 0) === isAlone ? scene : null;
    });
    const what = isAlone ? "rated alone" : "rated after earlier";
    const replies = await ask(model, scenes.map(messagesOf));
    const read = scenes.map(({ ratings }, at) => readRating(replies[at]!, Object.keys(ratings).map(metric)));
    for (const id of ratedMetrics)
      for (const [at, { ratings }] of scenes.entries()) {
        const value = ratings[id];
        if (value === undefined) continue;
        const said = read[at]!.ratings[id] ?? null;
        note(`${what}: ${id} readable`, said !== null);
        if (said !== null) {
          note(`${what}: ${id} off by`, Math.abs(said - value));
          note(`${what}: ${id} off by, the usual to all`, Math.abs(usual[id]! - value));
        }
        note(`${what}: ${id} right`, said === value);
        note(`${what}: ${id} right, the usual to all`, usual[id] === value);
      }
    for (const [at, { comment }] of scenes.entries())
      if (comment !== null)
        note(`${what}: comment right`, meaningOf(read[at]!.feedback) === meaningOf(comment));
  }
};
