// What is asked of whom, phase by phase: proposals, support for candidates, and what should change in one of them. Within a phase
// nothing depends on anything else, so a phase may be asked in any batches, and a broken one again.

import { collect, deriveSeed } from "../../core/index.ts";
import type { CandidateRecord, ProposalRecord, StageName, SupportRecord } from "../../records/index.ts";
import type { UserSeat } from "../episodes/cast.ts";
import type { PhaseTask, RoleSampling } from "../episodes/episode.ts";
import { ratingForm, readRating } from "../episodes/rating.ts";
import type { ShownPersona } from "../stakeholders/persona-text.ts";
import { proposalForm, readProposal } from "./reading.ts";
import {
  objectionMessages,
  proposalMessages,
  supportMessages,
  supportMetric,
  type VotePrompts,
} from "./wording.ts";

/** What can be asked at once. tasks: made when they are wanted, since there may be many. */
export type DeliberationPhase<Row> = {
  readonly what: string;
  readonly count: number;
  tasks(): Iterable<PhaseTask<Row>>;
};

/** Asks models about a phase, or takes what was answered before: rows in the tasks' order. */
export type AskPhase<Row> = (phase: DeliberationPhase<Row>) => AsyncIterable<Row>;

/** Users whose support is told by a rule instead of a model. name: stands in records in the model's place. */
export type ScriptedSupport = {
  readonly name: string;
  readonly supportOf: (persona: ShownPersona, statements: readonly string[]) => number;
};

/**
 * words: of a proposal, a comment and a document at most, as models are told. stage: of the records. scripted: who tells
 * support where no model does; models then still say what should change. says: whether something that was said says what a
 * principle says, where that can be told: it marks what a mediator cites, and decides nothing.
 */
export type DeliberationOptions = {
  readonly users: readonly UserSeat[];
  readonly prompts: VotePrompts;
  readonly sampling: Readonly<Record<"proposer" | "user" | "mediator", RoleSampling>>;
  readonly words: { readonly proposal: number; readonly comment: number; readonly document: number };
  readonly runSeed: number;
  readonly stage: StageName;
  readonly scripted?: ScriptedSupport;
  readonly says?: (principle: string, said: string) => boolean | null;
};

/** The seed of a record. */
export const seedOf = ({ runSeed, stage }: DeliberationOptions, id: string): number =>
  deriveSeed(runSeed, stage, id);

/** How records of a stage get their seeds. */
export const seededBy = (options: DeliberationOptions) => ({
  stage: options.stage,
  seed: (id: string) => seedOf(options, id),
});

const proposalTask = (
  options: DeliberationOptions,
  { id: user, persona }: UserSeat,
  number: number,
  earlier: readonly ProposalRecord[],
): PhaseTask<ProposalRecord> => {
  const { stage, prompts, sampling, words } = options;
  const id = `${stage}/${user}/proposal-${number}`;
  const seed = seedOf(options, id);
  const own = earlier.flatMap(({ statement }) => statement ?? []);
  const shown = { earlier: own, words: words.proposal };
  return {
    request: {
      messages: proposalMessages(persona, shown, prompts),
      ...sampling.proposer,
      seed,
      ...(prompts.wording === "full" ? { answer: proposalForm } : {}),
    },
    record: (reply, model) => ({
      ...{ id, parents: prompts.wording === "full" ? earlier.map((one) => one.id) : [], stage, seed },
      ...{ user, persona: persona.id, number, model, text: reply!.text, finish: reply!.finish },
      ...readProposal(reply!),
    }),
  };
};

/** Every user proposes so many principles. Resolves to the proposals: everybody's first, everybody's second, and so on. */
export const gatherProposals = async (
  options: DeliberationOptions,
  proposals: number,
  ask: AskPhase<ProposalRecord>,
): Promise<ProposalRecord[]> => {
  const { users } = options;
  const rows: ProposalRecord[] = [];
  for (let number = 1; number <= proposals; number++) {
    const earlier = new Map<string, ProposalRecord[]>();
    for (const row of rows) earlier.set(row.user, [...(earlier.get(row.user) ?? []), row]);
    const phase = {
      ...{ what: `proposal ${number}`, count: users.length },
      *tasks() {
        for (const seat of users) yield proposalTask(options, seat, number, earlier.get(seat.id) ?? []);
      },
    };
    rows.push(...(await collect(ask(phase))));
  }
  return rows;
};

/** Id of the record in which a user says how much a candidate is to be supported. */
export const supportId = (stage: string, user: string, candidate: string): string =>
  `${stage}/${user}/support-${candidate}`;

const supportTask = (
  options: DeliberationOptions,
  { id: user, persona }: UserSeat,
  candidate: CandidateRecord,
  withComment: boolean,
): PhaseTask<SupportRecord> => {
  const { stage, prompts, sampling, words, scripted } = options;
  const { candidate: name, statements } = candidate;
  const id = withComment ? `${stage}/${user}/comment-${name}` : supportId(stage, user, name);
  const seed = seedOf(options, id);
  const metrics = [supportMetric];
  return {
    request: {
      messages: withComment
        ? objectionMessages(persona, statements, words.comment, prompts)
        : supportMessages(persona, statements, prompts),
      ...sampling.user,
      seed,
      ...(prompts.wording === "full" ? { answer: ratingForm(metrics, withComment) } : {}),
    },
    record: (reply, model) => {
      const { ratings, missing, feedback } = readRating(reply!, metrics);
      const told = scripted?.supportOf(persona, statements);
      const support = told ?? ratings[supportMetric.id] ?? null;
      const reason = missing?.[supportMetric.id];
      return {
        ...{ id, parents: [candidate.id], stage, seed, user, persona: persona.id, candidate: name, model },
        ...(told === undefined ? {} : { supportBy: scripted!.name }),
        ...(support !== null || reason === undefined ? { support } : { support, missing: reason }),
        comment: withComment ? feedback : "",
        ...{ text: reply!.text, finish: reply!.finish },
      };
    },
  };
};

/** What a user supports by a rule: nobody is asked. */
const scriptedTask = (
  options: DeliberationOptions,
  { name: model, supportOf }: ScriptedSupport,
  { id: user, persona }: UserSeat,
  { id: parent, candidate, statements }: CandidateRecord,
): PhaseTask<SupportRecord> => {
  const { stage } = options;
  const id = supportId(stage, user, candidate);
  const seed = seedOf(options, id);
  const support = supportOf(persona, statements);
  return {
    request: null,
    record: () => ({
      ...{ id, parents: [parent], stage, seed, user, persona: persona.id, candidate, model, support },
      ...{ comment: "", text: String(support), finish: "stop" },
    }),
  };
};

/**
 * Every user says how much every candidate is to be supported, each in a call of its own: user by user. Scripted users are
 * not asked.
 */
export const gatherSupport = (
  options: DeliberationOptions,
  candidates: readonly CandidateRecord[],
  ask: AskPhase<SupportRecord>,
): AsyncIterable<SupportRecord> =>
  ask({
    what: "support",
    count: options.users.length * candidates.length,
    *tasks() {
      for (const seat of options.users)
        for (const candidate of candidates)
          yield options.scripted === undefined
            ? supportTask(options, seat, candidate, false)
            : scriptedTask(options, options.scripted, seat, candidate);
    },
  });

/** Every user says what should change in a candidate. */
export const gatherComments = (
  options: DeliberationOptions,
  candidate: CandidateRecord,
  ask: AskPhase<SupportRecord>,
): Promise<SupportRecord[]> =>
  collect(
    ask({
      what: "comments",
      count: options.users.length,
      *tasks() {
        for (const seat of options.users) yield supportTask(options, seat, candidate, true);
      },
    }),
  );
