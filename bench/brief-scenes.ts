// What a model makes of held-out scenes of trade, of the own gain, of things shared apart, of manners, and of polls: how many of
// its replies the simulations' readers can read, and how many are right. For embedded-model.ts, which opens the model and writes
// the figures.

import { isDeepStrictEqual } from "node:util";
import { counted, createRandom } from "../src/core/index.ts";
import type { LanguageModel, Reply } from "../src/models/index.ts";
import { type Message, type Move, type VoteKind, voteKinds } from "../src/records/index.ts";
import {
  createPolls,
  drawInquiryScene,
  drawMannerScene,
  drawTradeScene,
  drawVariantScene,
  type InquiryScene,
  type MannerScene,
  nameOf,
  type PollScene,
  readManner,
  readNorm,
  readStrategy,
  type TradeScene,
  type VariantScene,
  wishesOf,
} from "../src/sandbox/index.ts";
import {
  inquiryTurns,
  isQuestion,
  readContribution,
  readDecision,
  readOffer,
  readPick,
  readPrices,
  readPrinciple,
  sceneTurns,
  tradeTurns,
  voterTurns,
} from "../src/simulation/index.ts";

/** ask: replies to questions, greedily; note: adds a value to a figure. */
export type Measuring = {
  readonly model: LanguageModel;
  readonly count: number;
  readonly seed: number;
  readonly ask: (questions: readonly (readonly Message[])[]) => Promise<readonly Pick<Reply, "text">[]>;
  readonly note: (name: string, value: number | boolean) => void;
};

/** readable: of replies that a reader reads. */
type Judged = { readonly what: string; readonly readable?: boolean; readonly right: boolean };

type Read = ReturnType<typeof readPick>;

const judgeMove = (what: string, read: Read, right: Move): Judged => ({
  what,
  readable: "move" in read,
  right: "move" in read && isDeepStrictEqual(read.move, right),
});

const judgeLesson = (what: string, reply: string, scene: { principle: string; learned: string }): Judged => {
  const { principle } = readPrinciple(reply, { text: scene.principle });
  const readable = (readNorm(principle.text) ?? readStrategy(principle.text)) !== null;
  return { what, readable, right: principle.text === scene.learned };
};

const judgeTrade = (scene: TradeScene, reply: string): Judged => {
  switch (scene.kind) {
    case "pick":
      return judgeMove(
        `${readStrategy(scene.player.text)}, ${scene.last ? "last" : "first"} pick`,
        readPick(reply),
        {
          ...{ type: "pick", item: scene.item },
        },
      );
    case "price": {
      const { costs, total, picked, prices } = scene;
      const read = readPrices(reply, { type: "price", costs, total, picked });
      return judgeMove(`prices, ${readStrategy(scene.player.text)}`, read, {
        type: "prices",
        prices: [...prices],
      });
    }
    case "strategy":
      return judgeLesson(`${scene.role}'s lesson`, reply, scene);
    default:
      return scene satisfies never;
  }
};

/** An offer of one thing, a gift into a pot, or a decision. */
const judgeSharing = (
  what: string,
  scene: Exclude<VariantScene, { kind: "gain" }>,
  reply: string,
): Judged => {
  const { unit, amount } = scene;
  switch (scene.kind) {
    case "offer":
      return judgeMove(what, readOffer(reply, [{ unit, amount }], "brief"), {
        ...{ type: "offer", given: [scene.given] },
      });
    case "gift": {
      const endowment = { unit, amount };
      const view = {
        type: "contribute",
        endowment,
        players: scene.players,
        multiplier: scene.multiplier,
      } as const;
      const right: Move = { type: "contribution", units: scene.given };
      return judgeMove(what, readContribution(reply, view, "brief"), right);
    }
    case "decision":
      return judgeMove(what, readDecision(reply), { type: "decision", accepts: scene.accepts });
    default:
      return scene satisfies never;
  }
};

const judgeVariant = (scene: VariantScene, reply: string): Judged => {
  if (scene.kind === "gain") return judgeLesson("own gain", reply, scene);
  const told = scene.player.text.startsWith("Of ") ? "principle" : "policy";
  return judgeSharing(`${told} by thing, ${scene.kind}`, scene, reply);
};

const report = ({ note }: Measuring, part: string, { what, readable, right }: Judged): void => {
  if (readable !== undefined) note(`${part}: readable`, readable);
  note(`${part}: right, ${what}`, right);
};

/** Picks, prices and lessons of buyers and sellers. */
export const measureTrades = async (measuring: Measuring): Promise<void> => {
  const random = createRandom(measuring.seed);
  const scenes = Array.from({ length: 2 * measuring.count }, () => drawTradeScene(random, "test"));
  const replies = await measuring.ask(scenes.map(tradeTurns));
  for (const [at, scene] of scenes.entries())
    report(measuring, "trade", judgeTrade(scene, replies[at]!.text));
};

/**
 * Lessons in the own gain, and what players give who hold to one norm for each thing; as everywhere, with sentences and things
 * of no document, and for what the things' names make of it once more with things of documents (train).
 */
export const measureVariants = async (measuring: Measuring): Promise<void> => {
  for (const split of ["test", "train"] as const) {
    const random = createRandom(measuring.seed);
    const scenes = Array.from({ length: 2 * measuring.count }, () => drawVariantScene(random, split));
    const replies = await measuring.ask(scenes.map(sceneTurns));
    for (const [at, scene] of scenes.entries())
      report(measuring, `variant (${split})`, judgeVariant(scene, replies[at]!.text));
  }
};

/** The offer, of which each thing that something was told of has one right share; its reason; whether it was asked before it. */
const judgeInquiry = (scene: InquiryScene, first: string, offered: string): readonly Judged[] => {
  const { things, given, told, reasons, reason, asks, question } = scene;
  const read = readOffer(offered, [...things], "brief");
  const gifts = "move" in read && read.move.type === "offer" ? read.move.given : [];
  const known = given.flatMap((gift, at) => (told[at] ? [gifts[at] === gift] : []));
  const count = counted(things.length, "thing");
  return [
    { what: `offer of ${count}`, readable: "move" in read, right: known.every((one) => one) },
    ...(asks
      ? [
          {
            what: question === null ? "no question" : "question",
            right: isQuestion(first) === (question !== null),
          },
        ]
      : []),
    ...(reasons ? [{ what: "reason", right: offered.startsWith(`Reason: ${reason}\n`) }] : []),
  ];
};

/** Offers of one thing or two, with a reason or after a question, with sentences and things of no document, and of documents. */
export const measureInquiries = async (measuring: Measuring): Promise<void> => {
  for (const split of ["test", "train"] as const) {
    const random = createRandom(measuring.seed);
    const scenes = Array.from({ length: 2 * measuring.count }, () => drawInquiryScene(random, split));
    const first = await measuring.ask(scenes.map((scene) => inquiryTurns({ ...scene, question: null })));
    const asking = scenes.filter(({ question }) => question !== null);
    const answered = await measuring.ask(asking.map(inquiryTurns));
    for (const [at, scene] of scenes.entries()) {
      const reply = first[at]!.text;
      const offered = scene.question === null ? reply : answered[asking.indexOf(scene)]!.text;
      for (const judged of judgeInquiry(scene, reply, offered))
        report(measuring, `inquiry (${split})`, judged);
    }
  }
};

/** The sentence before the move, any of the manner, and none of a neutral player; and the move. */
const judgeManner = (scene: MannerScene, reply: string): readonly Judged[] => {
  const { manner } = scene.player;
  const [first = "", ...others] = reply.trim().split("\n");
  const isInManner =
    manner === "neutral"
      ? first !== "" && others.length === 0 && readManner(first) === null
      : readManner(first) === manner;
  return [{ what: `${manner}, sentence`, right: isInManner }, judgeSharing(`${manner}, move`, scene, reply)];
};

/** Moves of players with a manner, with policies and things of no document, and of documents. */
export const measureManners = async (measuring: Measuring): Promise<void> => {
  for (const split of ["test", "train"] as const) {
    const random = createRandom(measuring.seed);
    const scenes = Array.from({ length: 2 * measuring.count }, () => drawMannerScene(random, split));
    const replies = await measuring.ask(scenes.map(sceneTurns));
    for (const [at, scene] of scenes.entries())
      for (const judged of judgeManner(scene, replies[at]!.text))
        report(measuring, `manner (${split})`, judged);
  }
};

/** Descriptions, by the wishes in them. */
const judgeDescription = (reply: string, persona: string): Required<Judged> => {
  const meant = (text: string): string => (wishesOf(text) ?? []).map(nameOf).sort().join();
  return {
    what: "description",
    readable: wishesOf(reply.trim()) !== null,
    right: meant(reply.trim()) === meant(persona),
  };
};

const likeliest = (chances: readonly (number | null)[]): VoteKind => {
  const most = Math.max(...chances.map((one) => one ?? Number.NEGATIVE_INFINITY));
  return voteKinds[chances.indexOf(most)]!;
};

/** Votes, by log-probabilities as `covenant polis predict` asks, and descriptions. */
export const measurePolls = async (measuring: Measuring): Promise<void> => {
  const polls = createPolls({ seed: measuring.seed, split: "test", oneWishShare: 0 });
  const scenes = Array.from({ length: 2 * measuring.count }, (_, at): PollScene => polls.scene(at));
  const voting = scenes.filter((scene) => scene.kind !== "description");
  const scores = await measuring.model.score(
    voting.map((scene) => ({ messages: voterTurns(scene), continuations: voteKinds })),
  );
  for (const [at, { kind, vote }] of voting.entries()) {
    const said = likeliest(scores[at]!.logProbabilities);
    measuring.note(`poll: right, ${kind}`, said === vote);
    measuring.note(`poll: right, ${vote}`, said === vote);
  }
  const described = scenes.filter((scene) => scene.kind === "description");
  const replies = await measuring.ask(described.map(voterTurns));
  for (const [at, { persona }] of described.entries()) {
    const { readable, right } = judgeDescription(replies[at]!.text, persona);
    measuring.note("poll: description readable", readable);
    measuring.note("poll: description right", right);
  }
};
