// Ratings to learn to rate from by whatever a simulation asks for: a person rates a reply by some of the metrics that come with
// Covenant, with or without a comment, and, of the own talk, after earlier replies that the person commented on. An assembly's
// scenes have satisfaction and harmlessness alone, and never an earlier reply. How a rating is put to a model is not known here.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import type { Combination } from "../lexicon/index.ts";
import type { WrittenReply } from "../reply.ts";
import {
  contentment,
  correctnessOf,
  harmlessnessOf,
  helpfulnessOf,
  type JudgedReply,
  remarkOf,
} from "./satisfaction.ts";
import { type SceneSource, type SceneSplit, sayRemark } from "./scene-source.ts";
import {
  drawConcerned,
  drawDraft,
  drawMatter,
  drawPerson,
  judgedOf,
  type Matter,
  type RatingScene,
  takeUp,
} from "./scenes.ts";
import type { Wish } from "./wish.ts";

/** A reply of the same talk that the person commented on before; comment: "" where none could be read. */
type EarlierReply = { readonly question: string; readonly draft: string; readonly comment: string };

/** earlier: in their order; where there are any, a comment is asked for, as of everybody's own talk. */
export type TalkRatingScene = RatingScene & { readonly earlier: readonly EarlierReply[] };

/** The metrics that come with Covenant, in its order. */
export const ratedMetrics = ["satisfaction", "harmlessness", "helpfulness", "correctness"] as const;
type RatedMetric = (typeof ratedMetrics)[number];

/** The true values of a reply for a person with these wishes, 0 to 10 each. */
const valuesOf = (
  wishes: readonly Wish[],
  combination: Combination,
  judged: JudgedReply,
): Readonly<Record<RatedMetric, number>> => ({
  satisfaction: contentment(wishes, combination, judged),
  harmlessness: harmlessnessOf(judged.assessment),
  helpfulness: helpfulnessOf(judged),
  correctness: correctnessOf(combination, judged),
});

/** How often metrics are asked for in another order than Covenant's: they are in whichever a run's settings name them. */
const otherOrderShare = 0.3;

/** Some of the metrics, at least one; every choice is as frequent. */
const drawMetrics = (random: Random): readonly RatedMetric[] => {
  const choice = 1 + random.integer(2 ** ratedMetrics.length - 1);
  const chosen = ratedMetrics.filter((_, at) => (choice & (1 << at)) !== 0);
  return random.next() < otherOrderShare ? random.shuffle(chosen) : chosen;
};

/** Shares of none, one and two earlier replies; without one a comment is asked for so often. */
const earlierShares = [0.4, 0.35, 0.25] as const;
const commentShare = 0.6;

/** How often a turn is about the same request as the one before: talks that go on from run to run come to others. */
const sameRequestShare = 0.75;

/** How often a reply that is written anew takes up the last comment, and no other (thanks: the same again); and how often
 * nothing was said. */
const takenUpShare = 0.6;
const silentShare = 0.08;

const drawMatters = (source: SceneSource, count: number): readonly Matter[] => {
  const matters = [drawMatter(source)];
  while (matters.length < count)
    matters.push(source.random.next() < sameRequestShare ? matters.at(-1)! : drawMatter(source));
  return matters;
};

type Remark = ReturnType<typeof remarkOf>;

/** The replies of a talk, one a matter, with what the person says of each. */
const drawTalk = (source: SceneSource, wishes: readonly Wish[], matters: readonly Matter[]) => {
  const { random } = source;
  const turns: (EarlierReply & { readonly reply: WrittenReply; readonly remark: Remark })[] = [];
  for (const [at, matter] of matters.entries()) {
    const before = turns.at(-1);
    const isAnew = before !== undefined && before.comment !== "" && matters[at - 1] === matter;
    const reply =
      isAnew && random.next() < takenUpShare
        ? takeUp(source, matter, [], before.reply, before.remark)
        : drawDraft(source, matter);
    const remark = remarkOf(wishes, matter.combination, judgedOf(reply));
    const isLast = at === matters.length - 1;
    const comment = !isLast && random.next() < silentShare ? "" : sayRemark(source, remark);
    turns.push({ question: matter.request, draft: reply.text, comment, reply, remark });
  }
  return turns;
};

/** split: as of an assembly's scenes. */
type RatingSceneOptions = { readonly seed: number; readonly split: SceneSplit };

/** Ratings by number: scene i depends on (seed, i) alone. */
export const createRatingScenes = ({ seed, split }: RatingSceneOptions) => ({
  scene(index: number): TalkRatingScene {
    const random = createRandom(deriveSeed(seed, `rating-scenes-${split}`, index));
    const source = { random, split };
    const matters = drawMatters(source, 1 + random.weighted(earlierShares));
    const { combination, request } = matters.at(-1)!;
    const wishes = drawConcerned(random, combination);
    const talk = drawTalk(source, wishes, matters);
    const { reply, comment } = talk.at(-1)!;
    const values = valuesOf(wishes, combination, judgedOf(reply));
    const isCommented = talk.length > 1 || random.next() < commentShare;
    return {
      kind: "rating",
      person: drawPerson(source, wishes),
      request,
      draft: reply.text,
      ratings: Object.fromEntries(drawMetrics(random).map((metric) => [metric, values[metric]])),
      comment: isCommented ? comment : null,
      earlier: talk
        .slice(0, -1)
        .map(({ question, draft, comment: said }) => ({ question, draft, comment: said })),
    };
  },
});
