// The two wordings of everything that is said in episodes: full, for models that follow instructions, and brief, which the
// embedded model was made with. Both show each role the same with two exceptions. In the brief one the meta-model sees the
// comments of users who are not content, without ratings and drafts, a few at once; and an assistant is told principles, the
// sentences of a system message and the clauses for its user as one list.

import type { Message, Metric, Persona, Task } from "../../records/index.ts";
import { personaText, type Wording } from "../stakeholders/persona-text.ts";
import {
  briefComments,
  briefCommentsAtOnce,
  briefMetaTemplate,
  briefPrinciples,
  briefRating,
  briefTalk,
  sortingTexts,
} from "./brief-forms.ts";
import type { Cast } from "./cast.ts";
import { type ContentFrom, isContent } from "./content.ts";
import type { Exchange } from "./exchange.ts";
import {
  contractText,
  type MetaForm,
  type MetaPrompt,
  type MetaPromptName,
  metaPrompts,
  type SortingPrompt,
  type WritingPrompt,
} from "./meta-prompt.ts";
import { type Referred, referredTo } from "./meta-reading.ts";
import { seatNumber, standingClauses, standingFor, standingPrinciples } from "./standing.ts";
import { type Comment, commentsOf, type Transcript, talkTranscript } from "./transcript.ts";
import {
  assistantMessages,
  type Contract,
  numbered,
  othersRatingMessages,
  ownRatingMessages,
  principlesText,
  type Said,
} from "./wording.ts";

type Metrics = { readonly own: readonly Metric[]; readonly others: readonly Metric[] };

/** What of a run the meta-model is shown. turns: the last so many of each talk; contentFrom: as in holdsBack. */
export type ShownOfRun = { readonly turns?: number | undefined; readonly contentFrom: ContentFrom };

/** Who is shown and asked what, in one wording. */
export type EpisodeWording = {
  assistant(contract: Contract, seat: string, task: Task, earlier: readonly Said[]): Message[];
  /** words: of a comment at most, where that is told. */
  ownRating(
    persona: Persona,
    task: Task,
    earlier: readonly Said[],
    draft: string,
    asked: { readonly metrics: readonly Metric[]; readonly words: number },
  ): Message[];
  othersRating(persona: Persona, task: Task, draft: string, metrics: readonly Metric[]): Message[];
  /** Whether replies are asked for as JSON, to whose form a server may then hold a model. */
  readonly json: boolean;
  /**
   * A run as the meta-model is told of it, in the parts that it is asked about one after the other; none where nothing is
   * told that could change a principle.
   */
  transcripts(
    cast: Cast,
    exchanges: readonly Exchange[],
    metrics: Metrics,
    shown: ShownOfRun,
  ): readonly Transcript[];
  /** Whether a comment beside such ratings of the own talk is held back from the meta-model. */
  holdsBack(
    ratings: Readonly<Record<string, number | null>>,
    metrics: readonly Metric[],
    contentFrom: ContentFrom,
  ): boolean;
  /** In how many parts it is told of so many comments. */
  partsOf(comments: number): number;
  /** Whether the meta-model may name principles and comments by letter and number in place of their words. */
  readonly refers: boolean;
  /** What it may name so, or sort comments by, beside the comments that it is shown; undefined where it may not. */
  referred(contract: Contract, comments: readonly Comment[]): Referred | undefined;
  /** Whether the meta-model is shown drafts, and not comments alone. */
  readonly showsDrafts: boolean;
  /** The documents so far, as the meta-model is shown them; in the brief wording without the clauses. */
  current(contract: Contract): string;
  readonly metaPrompts: Readonly<Record<MetaPromptName, MetaPrompt>> & { readonly critique: WritingPrompt };
};

const full: EpisodeWording & { readonly metaPrompts: Readonly<Record<MetaPromptName, WritingPrompt>> } = {
  assistant: assistantMessages,
  ownRating: ownRatingMessages,
  othersRating: othersRatingMessages,
  json: true,
  transcripts: (cast, exchanges, metrics, { turns }) => [talkTranscript(cast, exchanges, metrics, turns)],
  holdsBack: () => false,
  partsOf: () => 1,
  refers: false,
  referred: () => undefined,
  showsDrafts: true,
  current: contractText,
  metaPrompts,
};

const briefPersona = (persona: Persona, task: Task): Message => ({
  role: "system",
  content: personaText(persona, persona.views[task.id], "brief"),
});

const briefParts = (comments: number): number => Math.ceil(comments / briefCommentsAtOnce);

const briefSystem = (contract: Contract, seat: string): Message[] => {
  const texts = standingFor(contract, seat);
  return texts.length === 0 ? [] : [{ role: "system", content: principlesText(numbered(texts)) }];
};

/** At most so many sentences of a system message, and principles of a critique. */
const briefMost = 4;

const sorting = (
  name: MetaPromptName,
  form: MetaForm,
  bound: Pick<SortingPrompt, "exactly" | "most">,
): SortingPrompt => ({ ...{ name, form, texts: sortingTexts }, ...bound, sorts: true });

const brief: EpisodeWording = {
  assistant: (contract, seat, task, earlier) => [...briefSystem(contract, seat), ...briefTalk(task, earlier)],
  ownRating: (persona, task, earlier, draft, { metrics }) => [
    briefPersona(persona, task),
    ...briefRating(task, earlier, draft, metrics, true),
  ],
  othersRating: (persona, task, draft, metrics) => [
    briefPersona(persona, task),
    ...briefRating(task, [], draft, metrics, false),
  ],
  json: false,
  transcripts: (cast, exchanges, metrics, { turns, contentFrom }) => {
    const spoken = commentsOf(cast, exchanges, turns).filter(
      ({ exchange: { rating } }) => !isContent(rating.ratings, metrics.own, contentFrom),
    );
    return Array.from({ length: briefParts(spoken.length) }, (_, part) => {
      const some = spoken.slice(part * briefCommentsAtOnce, (part + 1) * briefCommentsAtOnce);
      return {
        text: briefComments(some.map(({ exchange: { rating } }) => rating.feedback)),
        comments: some.map(({ comment }, at) => ({ ...comment, number: at + 1 })),
        shown: some.map(({ comment }) => comment.record),
      };
    });
  },
  holdsBack: isContent,
  partsOf: briefParts,
  refers: true,
  referred: (contract, comments) => {
    const [principles, clauses] = [standingPrinciples(contract), standingClauses(contract)];
    return referredTo(
      principles.map(({ text }) => text),
      comments.map(({ said }) => said),
      {
        clauses: clauses.map(({ text }) => text),
        users: [...principles, ...clauses].map(({ users }) => users),
        speakers: comments.map(({ speaker }) => seatNumber(speaker)),
      },
    );
  },
  showsDrafts: false,
  current: (contract) => briefPrinciples(standingPrinciples(contract).map(({ text }) => text)),
  metaPrompts: {
    critique: { name: "critique", form: "critique", texts: { meta: briefMetaTemplate }, most: briefMost },
    rewrite: sorting("rewrite", "rewrite", { most: briefMost }),
    contract: sorting("contract", "contract", { most: 10 }),
    "contract-five": sorting("contract-five", "contract", { exactly: 5 }),
  },
};

/** What is said in episodes, by the wording. */
export const episodeWordings = { full, brief } as const satisfies Record<Wording, EpisodeWording>;
