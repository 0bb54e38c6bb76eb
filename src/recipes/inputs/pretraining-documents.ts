// What embedded models are made of: documents of the sandbox's language (chats, critiques, choices), and scenes of its
// assemblies, of ratings, of votes and polls, of stances, of sharing and trade, put as the simulations' brief wording puts them.
// Document i depends on (seed, i) alone.
// Tokens are not known here: every message has a loss weight, and figures and decisions one of their own.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import type { Message } from "../../records/index.ts";
import {
  type AssemblyScene,
  longestDocument as corpusDocument,
  corpusMix,
  createAssembly,
  createBallots,
  createCorpus,
  createPersonaScenes,
  createPolls,
  createRatingScenes,
  createStances,
  documentKinds,
  drawInquiryScene,
  drawMannerScene,
  drawSharingScene,
  drawTradeScene,
  drawVariantScene,
  type InquiryScene,
  type MannerScene,
  type PersonaScene,
  type PollScene,
  type RatingScene,
  type SharingScene,
  type StanceScene,
  type TalkRatingScene,
  type TradeScene,
  type VariantScene,
} from "../../sandbox/index.ts";
import {
  briefForms,
  briefPersonaScene,
  briefProposalScene,
  briefSupportScene,
  inquiryAnswer,
  inquiryTurns,
  mannerAnswer,
  sceneAnswer,
  sceneTurns,
  tradeAnswer,
  tradeTurns,
  voterAnswer,
  voterTurns,
} from "../../simulation/index.ts";

/** Documents are at most so many tokens long: of the sandbox's corpus, and scenes. */
export const longestDocument = { world: corpusDocument, scene: 384 } as const;

/**
 * One message of a document. weight: what a token counts in the loss; figures: what one with a digit counts; opening: what
 * the first tokens count, which decide what kind of reply it is.
 */
export type Part = {
  readonly role: Message["role"];
  readonly content: string;
  readonly weight: number;
  readonly figures?: number;
  readonly opening?: number;
};

export type PretrainingDocument = readonly Part[];

/** Shares of the kinds of documents. */
export const documentMix = [
  ...documentKinds,
  ...([
    "assembly",
    "sharing",
    "ballot",
    "stance",
    "persona",
    "trade",
    "variant",
    "poll",
    "inquiry",
    "manner",
    "rating",
  ] as const),
] as const;
export type DocumentMix = Readonly<Record<(typeof documentMix)[number], number>>;

/** As of the sandbox's corpus (CorpusOptions). */
export type DocumentOptions = {
  readonly seed: number;
  readonly mix: DocumentMix;
  readonly invertedShare: number;
  readonly statementShare: number;
  readonly answerWeight: number;
  /** As of ballots and polls (BallotOptions), of traits of a person, and the share of easy stances. */
  readonly oneWishShare: number;
};

/** What is asked is material to read, more than to learn to say. */
const askedWeight = 0.05;
const figureWeight = 8;
const openingWeight = 8;
const saidWeight = 2;
const referenceWeight = 4;
const decisionWeight = 5;

const asked = (messages: readonly Message[]): Part[] =>
  messages.map(({ role, content }) => ({ role, content, weight: askedWeight }));

const answered = (content: string, weight = 1, figures = weight): Part => ({
  role: "assistant",
  content,
  weight,
  figures,
});

const replied = (content: string): Part => ({
  role: "assistant",
  content,
  weight: 1,
  opening: openingWeight,
});

const scale = (id: string) => ({ id, low: 0, high: 10 });

/** Nobody asks for a comment alone; but each follows from the person and a draft as an answer's does, so it teaches that too. */
const earlierWeight = 1;

const ratingDocument = ({
  person: persona,
  request: question,
  draft,
  ratings,
  comment,
  earlier = [],
}: RatingScene & Partial<Pick<TalkRatingScene, "earlier">>): PretrainingDocument => {
  const messages = briefForms.rating({
    ...{ persona, question, draft, metrics: Object.keys(ratings).map(scale) },
    earlier,
    withFeedback: comment !== null,
  });
  const answer = briefForms.ratingAnswer({ ratings, ...(comment === null ? {} : { feedback: comment }) });
  return [
    ...asked(messages).map((part) =>
      part.role === "assistant" ? answered(part.content, earlierWeight) : part,
    ),
    answered(answer, saidWeight, figureWeight),
  ];
};

const assemblyDocument = (scene: AssemblyScene): PretrainingDocument => {
  switch (scene.kind) {
    case "guided": {
      const { principles, request: question, reply, next } = scene;
      const first = [...asked(briefForms.assistant({ principles, question })), replied(reply)];
      if (next === null) return first;
      const turns = briefForms.assistant({
        principles,
        question,
        earlier: [{ draft: reply, comment: next.comment }],
      });
      return [...first, ...asked(turns.slice(first.length)), replied(next.reply)];
    }
    case "rating":
      return ratingDocument(scene);
    case "support": {
      const { person, principles, support, comment } = scene;
      const { messages, answer } = briefSupportScene(person, principles, {
        support,
        ...(comment === null ? {} : { comment }),
      });
      return [...asked(messages), answered(answer, saidWeight, figureWeight)];
    }
    case "proposal": {
      const { messages, answer } = briefProposalScene(scene.person, scene.statement);
      return [...asked(messages), answered(answer, saidWeight)];
    }
    case "amendment": {
      const messages = briefForms.meta({ principles: scene.current, comments: scene.comments });
      return [...asked(messages), answered(briefForms.metaAnswer(scene.principles), referenceWeight)];
    }
    default:
      return scene satisfies never;
  }
};

const stanceDocument = (scene: StanceScene): PretrainingDocument => {
  if (scene.kind === "demand")
    return [...asked(briefForms.demand(scene.comment)), answered(scene.asks ? "yes" : "no", decisionWeight)];
  return [...asked(briefForms.stance(scene.first, scene.second)), answered(scene.stance, decisionWeight)];
};

const personaDocument = ({ traits, person }: PersonaScene): PretrainingDocument => {
  const { messages, answer } = briefPersonaScene(traits, person);
  return [...asked(messages), answered(answer, saidWeight)];
};

const sharingWeights = {
  ...{ offer: 1, gift: 1, decision: decisionWeight, norm: saidWeight, gain: saidWeight },
} as const;

const sharingDocument = (scene: SharingScene | VariantScene): PretrainingDocument => [
  ...asked(sceneTurns(scene)),
  answered(sceneAnswer(scene), sharingWeights[scene.kind], figureWeight),
];

/** Whether a question or an offer comes is decided by the first tokens; all words of either weigh the same. */
const inquiryDocument = (scene: InquiryScene): PretrainingDocument => [
  ...inquiryTurns(scene).flatMap((turn) =>
    turn.role === "assistant" ? [{ ...answered(turn.content), opening: decisionWeight }] : asked([turn]),
  ),
  { ...answered(inquiryAnswer(scene), 1, figureWeight), opening: decisionWeight },
];

/** Which of its manner's sentences a player says is chance, so such a decision, with its sentence, counts less than one alone. */
const mannerWeights = { offer: 1, gift: 1, decision: saidWeight } as const;

const mannerDocument = (scene: MannerScene): PretrainingDocument => [
  ...asked(sceneTurns(scene)),
  answered(mannerAnswer(scene), mannerWeights[scene.kind], figureWeight),
];

const tradeWeights = { pick: decisionWeight, price: 1, strategy: saidWeight } as const;

const tradeDocument = (scene: TradeScene): PretrainingDocument => [
  ...asked(tradeTurns(scene)),
  answered(tradeAnswer(scene), tradeWeights[scene.kind], scene.kind === "price" ? figureWeight : undefined),
];

const pollDocument = (scene: PollScene): PretrainingDocument => [
  ...asked(voterTurns(scene)),
  answered(voterAnswer(scene), scene.kind === "description" ? saidWeight : decisionWeight),
];

/** A word or mark is one token, or little more, so that a document of so many fits into a row. */
const mostWords = 330;

const wordsIn = (document: PretrainingDocument): number =>
  document.reduce(
    (sum, { content }) => sum + 2 + (content.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)?.length ?? 0),
    0,
  );

/** Documents by number. Held-out requests, texts and things never occur. */
export const createDocuments = (options: DocumentOptions): ((index: number) => PretrainingDocument) => {
  const { seed, mix, invertedShare, statementShare, answerWeight, oneWishShare } = options;
  const { chat, critique, choice } = mix;
  const worldShare = documentKinds.reduce((sum, kind) => sum + mix[kind], 0);
  const corpus = createCorpus({
    seed,
    split: "train",
    invertedShare,
    statementShare,
    answerWeight,
    mix: { chat, critique, choice },
  });
  const assembly = createAssembly({ seed, split: "train" });
  const ballots = createBallots({ seed, split: "train", oneWishShare });
  const pairs = createStances({ seed, split: "train", easyShare: oneWishShare });
  const personas = createPersonaScenes({ seed, split: "train", oneTraitShare: oneWishShare });
  const polls = createPolls({ seed, split: "train", oneWishShare });
  const ratings = createRatingScenes({ seed, split: "train" });
  const shares = [
    ...[worldShare, mix.assembly, mix.sharing, mix.ballot, mix.stance, mix.persona],
    ...[mix.trade, mix.variant, mix.poll, mix.inquiry, mix.manner, mix.rating],
  ];
  const draw = (random: Random, index: number): PretrainingDocument => {
    switch (random.weighted(shares)) {
      case 0:
        return corpus.document(index).segments;
      case 1:
        return assemblyDocument(assembly.scene(random.integer(2 ** 31)));
      case 2:
        return sharingDocument(drawSharingScene(random, "train"));
      case 3:
        return assemblyDocument(ballots.scene(random.integer(2 ** 31)));
      case 4:
        return stanceDocument(pairs.scene(random.integer(2 ** 31)));
      case 5:
        return personaDocument(personas.scene(random.integer(2 ** 31)));
      case 6:
        return tradeDocument(drawTradeScene(random, "train"));
      case 7:
        return sharingDocument(drawVariantScene(random, "train"));
      case 8:
        return pollDocument(polls.scene(random.integer(2 ** 31)));
      case 9:
        return inquiryDocument(drawInquiryScene(random, "train"));
      case 10:
        return mannerDocument(drawMannerScene(random, "train"));
      default:
        return ratingDocument(ratings.scene(random.integer(2 ** 31)));
    }
  };
  return (index) => {
    const random = createRandom(deriveSeed(seed, "document", index));
    let document = draw(random, index);
    while (wordsIn(document) > mostWords) document = draw(random, index);
    return document;
  };
};

/**
 * Texts to train a tokenizer on: the messages of so many documents, in order. Documents of the sandbox's corpus come in its
 * own shares, so that a vocabulary does not follow every change of the mix.
 */
export const vocabularyText = function* (options: DocumentOptions, documents: number): Generator<string> {
  const world = documentKinds.reduce((sum, kind) => sum + options.mix[kind], 0);
  const own = documentKinds.map((kind) => [kind, corpusMix[kind] * world] as const);
  const document = createDocuments({ ...options, mix: { ...options.mix, ...Object.fromEntries(own) } });
  for (let index = 0; index < documents; index++) for (const { content } of document(index)) yield content;
};
