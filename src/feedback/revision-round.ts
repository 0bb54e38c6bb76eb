// One round of critique and revision for several chains at once: what is asked under which seed, what comes back
// cleaned, and the step that is made of it. Which principle acts is the caller's part.

import { type RevisionForm, type RevisionPrompts, revisionPrompts } from "../constitution/index.ts";
import { deriveSeed, throwIfAborted } from "../core/index.ts";
import {
  type AnsweredBy,
  answeredByOf,
  type GenerateRequest,
  type LanguageModel,
  type Reply,
} from "../models/index.ts";
import type {
  Constitution,
  Finish,
  Message,
  Principle,
  PrincipleCheck,
  PromptId,
  ReplyId,
  RevisionExample,
  RevisionStep,
  StageName,
  StepFinish,
  Usage,
} from "../records/index.ts";
import { expectCount, isAnswered, type Pace, type Stream, sumUsage } from "./chunk.ts";
import { type Cut, type CutCounts, countCuts } from "./cleaning.ts";
import { cleanAnswer } from "./replies.ts";
import { isWholeCritique, type ToRevise } from "./whole-critique.ts";

/** An answer to revise. prompt, reply: ids of their records. */
export type RevisionItem = {
  readonly prompt: PromptId;
  readonly reply: ReplyId;
  readonly messages: readonly Message[];
  readonly answer: string;
};

/**
 * mode "direct" leaves out the critique. form: how the model is asked (constitution/revision-prompts.ts); examples: shown
 * before. recheck: the last reply is tested against every principle, and revised at most so many times more by those that
 * it violates; voteTokens: of a verdict of such a test, where the model writes it (default 16). onEvent: told of every step
 * as it comes. seedStage, chunk, window: as for samples.
 */
export type RevisionOptions = Partial<Pace> & {
  readonly model: LanguageModel;
  readonly items: Stream<RevisionItem>;
  readonly constitution: Constitution;
  readonly rounds: number;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly seedStage?: StageName;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly mode?: "critique" | "direct";
  readonly form?: RevisionForm;
  readonly examples?: readonly RevisionExample[];
  readonly recheck?: number;
  readonly voteTokens?: number;
  readonly onEvent?: (event: RevisionEvent) => void;
  readonly signal?: AbortSignal;
};

/** An answer on its way. text: the reply as it is after the steps so far. */
export type Chain = { readonly item: RevisionItem; text: string; readonly steps: RevisionStep[] };

/** What came about while replies were revised; before: the reply that the round began with. */
export type RevisionEvent =
  | {
      readonly type: "critique-written";
      readonly prompt: PromptId;
      readonly round: number;
      readonly principle: Principle;
      readonly critique: string;
      readonly finish: Finish;
    }
  | {
      readonly type: "revision-written";
      readonly prompt: PromptId;
      readonly principle: Principle;
      readonly before: string;
      readonly step: RevisionStep;
    }
  | { readonly type: "reply-checked"; readonly prompt: PromptId; readonly check: PrincipleCheck };

/** Which chain is revised by which principle. */
export type RoundTask = { readonly chain: Chain; readonly principle: Principle };

/** What a round wrote for a chain, not yet taken as its reply. text: null where nothing came. */
export type Draft = RoundTask & {
  readonly text: string | null;
  readonly step: Omit<RevisionStep, "revision">;
};

/** Takes a draft as the chain's reply; what did not come leaves the reply as it was. */
export const takeDraft = ({ chain, principle, text, step }: Draft): RevisionEvent => {
  const before = chain.text;
  if (text !== null) chain.text = text;
  const taken: RevisionStep = stepOf(step, chain.text);
  chain.steps.push(taken);
  return { type: "revision-written", prompt: chain.item.prompt, principle, before, step: taken };
};

/** Leaves the reply as it was, and writes down what was turned down. */
export const rejectDraft = ({ chain, principle, text, step }: Draft): RevisionEvent => {
  const kept: RevisionStep = { ...stepOf(step, chain.text), ...(text === null ? {} : { rejected: text }) };
  chain.steps.push(kept);
  return {
    type: "revision-written",
    prompt: chain.item.prompt,
    principle,
    before: chain.text,
    step: kept,
  };
};

/** A step with its fields in the order in which they are written. */
const stepOf = (
  { round, principle, critiqueRequest, critique, revisionRequest, finish, ...more }: Draft["step"],
  revision: string,
): RevisionStep => ({
  round,
  principle,
  critiqueRequest,
  critique,
  revisionRequest,
  revision,
  finish,
  ...more,
});

type Said<End extends StepFinish = Finish> = AnsweredBy & {
  readonly text: string;
  readonly finish: End;
  readonly cuts: readonly Cut[];
};
type Question = {
  readonly prompt: PromptId;
  readonly revised: ToRevise;
  readonly messages: readonly Message[];
};

/** Rules that cut what presents a revision: what is left behind it was meant as one. */
const presenting: readonly string[] = ["announcement", "heading", "other-part"];

/** A revision that is none where a critique stands in its place: all of it is cut. */
const readRevision = (said: Said, { revised }: Question): Said<StepFinish> => {
  const { text, cuts } = said;
  if (cuts.some(({ rule }) => presenting.includes(rule)) || !isWholeCritique(text, revised)) return said;
  return { ...said, text: "", finish: "critique", cuts: [...cuts, { rule: "critique", text }] };
};

/** Sends what a chunk asks in one step, cleans the replies, and counts. */
const createAsk = (options: RevisionOptions, stop: readonly string[]) => {
  const { model, runSeed, stage, seedStage = stage, maxTokens, signal } = options;
  const cuts: Cut[] = [];
  const usages: Usage[] = [];
  const ask = async <End extends StepFinish>(
    questions: readonly Question[],
    round: number,
    purpose: "critique" | "revision",
    read: (said: Said, question: Question) => Said<End>,
  ): Promise<Said<End>[]> => {
    if (questions.length === 0) return [];
    throwIfAborted(signal);
    const requests = questions.map(
      ({ prompt, messages }): GenerateRequest => ({
        messages,
        maxTokens,
        temperature: options.temperature ?? 1,
        ...(options.topP === undefined ? {} : { topP: options.topP }),
        seed: deriveSeed(runSeed, seedStage, prompt, round, purpose),
        ...(stop.length === 0 ? {} : { stop }),
      }),
    );
    const given = await model.generate(requests, signal === undefined ? {} : { signal });
    const replies: readonly Reply[] = expectCount(model.id, requests.length, given);
    return replies.map((reply, at) => {
      const said = read({ ...cleanAnswer(reply, purpose), ...answeredByOf([reply]) }, questions[at]!);
      cuts.push(...said.cuts);
      usages.push(reply.usage);
      return said;
    });
  };
  return { ask, cuts, usages };
};

const revisedIn = ({ item, text }: Chain): ToRevise => ({ messages: item.messages, answer: text });

/** The draft that critique (null: none was asked for) and revision (undefined: none was asked for) make. */
const draftOf = (
  { chain, principle }: RoundTask,
  round: number,
  critique: Said | null,
  revision: Said<StepFinish> | undefined,
): Draft => {
  const said = revision ?? { text: "", finish: critique!.finish, cuts: [] };
  const cuts = { critique: [...(critique?.cuts ?? [])], revision: [...said.cuts] };
  const step = {
    round,
    principle: principle.id,
    critiqueRequest: critique === null ? "" : principle.critique,
    critique: critique?.text ?? "",
    revisionRequest: principle.revision,
    finish: said.finish,
    ...answeredByOf([...(critique === null ? [] : [critique]), said]),
    ...(cuts.critique.length + cuts.revision.length === 0 ? {} : { cuts }),
  };
  return { chain, principle, text: said.text.trim() === "" ? null : said.text, step };
};

/** What a chunk's rounds work with. count: tokens that were used beside the rounds. */
export type Rounds = {
  drafts(tasks: readonly RoundTask[], round: number): Promise<Draft[]>;
  count(usages: readonly Usage[]): void;
  totals(): { readonly cuts: CutCounts; readonly usage: Usage };
};

/** The rounds of one chunk. */
export const createRounds = (options: RevisionOptions): Rounds => {
  const { mode = "critique", onEvent } = options;
  const examples = options.examples ?? options.constitution.fewShots ?? [];
  const prompts: RevisionPrompts = revisionPrompts(options.form ?? "chat", examples);
  const { ask, cuts, usages } = createAsk(options, prompts.stop);
  const criticise = async (tasks: readonly RoundTask[], round: number): Promise<(Said | null)[]> => {
    if (mode === "direct") return tasks.map(() => null);
    const questions = tasks.map(({ chain, principle }) => {
      const revised = revisedIn(chain);
      return { prompt: chain.item.prompt, revised, messages: prompts.critique(revised, principle) };
    });
    const critiques = await ask(questions, round, "critique", (said) => said);
    for (const [at, { chain, principle }] of tasks.entries()) {
      const { text: critique, finish } = critiques[at]!;
      onEvent?.({ type: "critique-written", prompt: chain.item.prompt, round, principle, critique, finish });
    }
    return critiques;
  };
  return {
    async drafts(tasks, round) {
      const critiques = await criticise(tasks, round);
      // A critique that did not come ends the round for its chain: the reply stays as it was, with the critique's state.
      const going = critiques.map((critique) => critique === null || isAnswered(critique));
      const questions = tasks.flatMap(({ chain, principle }, at) => {
        if (!going[at]) return [];
        const critique = critiques[at]?.text ?? null;
        const revised = { ...revisedIn(chain), critique };
        const messages = prompts.revision(revised, principle, critique);
        return [{ prompt: chain.item.prompt, revised, messages }];
      });
      const revisions = (await ask(questions, round, "revision", readRevision)).values();
      return tasks.map((task, at) =>
        draftOf(task, round, critiques[at]!, going[at] ? revisions.next().value! : undefined),
      );
    },
    count: (more) => {
      usages.push(...more);
    },
    totals: () => ({ cuts: countCuts(cuts), usage: sumUsage(usages) }),
  };
};
