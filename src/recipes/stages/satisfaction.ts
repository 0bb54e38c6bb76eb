// How content people of the sandbox truly are under several constitutions: a model answers held-out requests under each, all
// from the same seeds, and the oracle tells of every answer what each person makes of it. A reply that is no answer is kept and
// not measured. It measures what is finished: nothing of it goes back to people, models or constitutions.

import { join } from "node:path";
import { deriveSeed, hashJson, mapped, sequenceOf } from "../../core/index.ts";
import { mean, pairedMean, tallyAnswers, type Unanswered, unansweredField } from "../../evaluation/index.ts";
import { sampleReplies } from "../../feedback/index.ts";
import {
  type Constitution,
  type Difference,
  type Estimate,
  type Finish,
  type Message,
  type PromptId,
  type PromptRecord,
  type ReplyRecord,
  type SatisfactionRecord,
  satisfactionRecordSchema,
  type Task,
} from "../../records/index.ts";
import { readRecords } from "../../runs/index.ts";
import { sandboxTasks, satisfactionOf } from "../../sandbox/index.ts";
import { documentOf } from "../../simulation/index.ts";
import type { SamplingSettings } from "../settings/settings.ts";
import { askInto } from "./asking.ts";
import { checkMeasured, isMeasurable } from "./measured-replies.ts";
import { watchSilence } from "./silence.ts";
import type { Pipeline } from "./stage-model.ts";
import { watchedFile } from "./watched-file.ts";

/** Whose satisfaction is told: an id, and a description in the sandbox's language. */
export type MeasuredUser = { readonly id: string; readonly description: string };

/** What a user is answered under: the messages that put a task to the model, and the principles in them. */
export type OwnAnswer = { readonly messages: readonly Message[]; readonly principles: readonly string[] };

/**
 * A constitution to be measured, or one drawn anew for each task. parents: ids of its records. forUser: where each user is
 * answered alone, since not all is for everybody; else one reply is measured by all.
 */
export type MeasuredConstitution = {
  readonly name: string;
  readonly parents: readonly string[];
  readonly documentFor: (task: Task) => Constitution | null;
  readonly forUser?: (task: Task, user: MeasuredUser) => OwnAnswer;
};

/** All tasks under a constitution, and whose answers are asked for; null: everybody's. */
type Pass = { readonly constitution: MeasuredConstitution; readonly user: MeasuredUser | null };

/** The id of a task as a prompt's, under which the model answers it, in each pass from the same seed. */
const promptOf = ({ id }: Task): PromptId => String(id);

const principlesOf = (document: Constitution | null): string[] =>
  document?.principles.map(({ title }) => title) ?? [];

const passesUnder = (constitution: MeasuredConstitution, users: readonly MeasuredUser[]): Pass[] =>
  constitution.forUser === undefined
    ? [{ constitution, user: null }]
    : users.map((user) => ({ constitution, user }));

const principlesUnder = ({ constitution, user }: Pass, task: Task): string[] =>
  user === null
    ? principlesOf(constitution.documentFor(task))
    : [...constitution.forUser!(task, user).principles];

/** messages: how a task is put to the model under a document; tasks: requests of the sandbox that nothing was learned from. */
export type SatisfactionStage = {
  readonly after: readonly string[];
  readonly model: string;
  readonly sampling: SamplingSettings;
  readonly messages: (document: Constitution | null, task: Task) => readonly Message[];
  readonly constitutions: readonly MeasuredConstitution[];
  readonly users: readonly MeasuredUser[];
  readonly tasks: readonly Task[];
};

export const satisfactionName = "satisfaction";

/** So many held-out requests of the sandbox that nobody talked about. Throws UserError as sandboxTasks does. */
export const heldOutTasks = (runSeed: number, requests: number, talked: readonly Task[] = []): Task[] => {
  const known = new Set(talked.map(({ question }) => question));
  const seed = deriveSeed(runSeed, satisfactionName);
  return sandboxTasks({ seed, split: "test", count: requests + known.size })
    .filter(({ question }) => !known.has(question))
    .slice(0, requests);
};

/** Statements as a document to be measured. */
export const measuredDocument = (
  statements: readonly string[],
  origin: { readonly model: string; readonly description: string },
): Constitution =>
  documentOf(
    statements.map((text) => ({ text, users: [], from: [] })),
    { part: "constitution", previous: null, comments: [], run: 1, ...origin },
  );

const answersFile = "answers.jsonl";

const measured = (
  reply: ReplyRecord,
  task: Task,
  pass: Pass,
  { model, users }: Pick<SatisfactionStage, "model" | "users">,
): SatisfactionRecord => ({
  id: [satisfactionName, pass.constitution.name, task.id, ...(pass.user === null ? [] : [pass.user.id])].join(
    "/",
  ),
  parents: [...pass.constitution.parents],
  stage: satisfactionName,
  seed: reply.seed,
  constitution: pass.constitution.name,
  principles: principlesUnder(pass, task),
  question: task.question,
  model: reply.model,
  text: reply.text,
  finish: reply.finish,
  satisfaction: isMeasurable(reply, model)
    ? Object.fromEntries(
        (pass.user === null ? users : [pass.user]).map(({ id, description }) => [
          id,
          satisfactionOf(description, task.question, reply.text),
        ]),
      )
    : null,
});

/** How a reply that is no answer, and so was not measured, ended; null for one that was. */
const unmeasuredEnd = ({
  satisfaction,
  finish,
}: Pick<SatisfactionRecord, "satisfaction" | "finish">): Finish | null =>
  satisfaction === null ? finish : null;

/**
 * satisfaction/answers.jsonl: a reply to each request under each constitution, measured where it is an answer. Throws
 * CovenantError where the model answers nothing.
 */
export const satisfactionStage = async (
  pipeline: Pipeline,
  { after, model, sampling, messages, constitutions, users, tasks }: SatisfactionStage,
): Promise<SatisfactionRecord[]> => {
  const { run } = pipeline;
  const byPrompt = new Map(tasks.map((task) => [promptOf(task), task]));
  const passes = constitutions.flatMap((constitution) => passesUnder(constitution, users));
  const inputs = {
    ...{ model, sampling, tasks: hashJson(tasks), users: hashJson(users) },
    constitutions: passes.map((pass) => [
      pass.constitution.name,
      hashJson(tasks.map((task) => principlesUnder(pass, task))),
    ]),
  };
  await run.stage({ name: satisfactionName, inputs, after }, async (stage) => {
    const file = await stage.records(answersFile, satisfactionRecordSchema);
    const { existing, append } = await watchedFile(file, watchSilence(model, unmeasuredEnd));
    const total = passes.length * tasks.length;
    for (const [at, pass] of passes.entries()) {
      const { constitution, user } = pass;
      const base = at * tasks.length;
      const kept = Math.min(Math.max(0, existing - base), tasks.length);
      if (kept === tasks.length) continue;
      const put = (task: Task): readonly Message[] =>
        user === null
          ? messages(constitution.documentFor(task), task)
          : constitution.forUser!(task, user).messages;
      const prompts = tasks.map(
        (task): PromptRecord => ({
          ...{ id: promptOf(task), parents: [], stage: satisfactionName, seed: run.seed, split: "test" },
          messages: [...put(task)],
        }),
      );
      await askInto(
        pipeline,
        stage,
        { existing: kept, append },
        {
          model,
          items: sequenceOf(prompts),
          work: (opened, { items, ...work }) =>
            mapped(sampleReplies({ ...work, model: opened, prompts: items, ...sampling }), ({ records }) => ({
              records: records.map((reply) =>
                measured(reply, byPrompt.get(reply.prompt)!, pass, { model, users }),
              ),
            })),
          onChunk: (rows) => stage.progress(base + rows, total, "answers", constitution.name),
          asked: { unit: "answers" },
        },
      );
    }
    await checkMeasured(stage, mapped(file.rows(), unmeasuredEnd), model);
  });
  return readRecords(join(run.folder, satisfactionName, answersFile), satisfactionRecordSchema);
};

/**
 * Satisfaction under one constitution, 0 to 10, over the n requests that were answered. value: the mean over users of their
 * means over requests; low, high: its 95 % interval by bootstrap over requests, the users being those they are; users: each
 * one's mean; worst: who has the lowest. Where nothing was answered there are none of these. principles: of one request where
 * they were drawn for each. besideRandom: how much more it is than under random principles, request by request;
 * absent where there are none. unanswered: replies that are no answers, by how they ended; absent where there are none.
 */
export type Satisfaction = Estimate & {
  readonly users: Readonly<Record<string, number>>;
  readonly worst: { readonly user: string; readonly value: number } | null;
  readonly principles: readonly string[];
  readonly besideRandom?: Difference;
  readonly unanswered?: Unanswered;
};

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** What of a record its figures need. */
export type Measurement = Pick<SatisfactionRecord, "constitution" | "question" | "satisfaction" | "finish">;

/**
 * A request under a constitution: what each user makes of the reply, or of the own one; null where one of the replies is no
 * answer, which then ended so.
 */
type AnsweredRequest = {
  readonly question: string;
  satisfaction: Readonly<Record<string, number>> | null;
  end: Finish | null;
};

/** Takes records in, one after another, and gives the requests under each constitution, by its name; no two have one question. */
export const gatherRequests = () => {
  const found = new Map<string, Map<string, AnsweredRequest>>();
  return {
    found,
    add({ constitution, question, satisfaction, finish }: Measurement): void {
      const requests = found.get(constitution) ?? new Map<string, AnsweredRequest>();
      found.set(constitution, requests);
      const known = requests.get(question) ?? { question, satisfaction: {}, end: null };
      requests.set(question, known);
      known.end ??= unmeasuredEnd({ satisfaction, finish });
      known.satisfaction = known.end === null ? { ...known.satisfaction, ...satisfaction } : null;
    },
  };
};

/** Of every request that was answered under a constitution the mean over users. */
const byRequest = (requests: Iterable<AnsweredRequest>): ReadonlyMap<string, number> =>
  new Map(
    [...requests].flatMap(({ question, satisfaction }) =>
      satisfaction === null ? [] : [[question, meanOf(Object.values(satisfaction))] as const],
    ),
  );

const randomName = "random";

/** How a constitution differs from random principles on the requests that were answered under both. */
const differenceFromRandom = (
  requestsUnder: (name: string) => Iterable<AnsweredRequest>,
  name: string,
  seed: number,
): { readonly besideRandom?: Difference } => {
  const under = byRequest(requestsUnder(randomName));
  if (name === randomName || under.size === 0) return {};
  const pairs = [...byRequest(requestsUnder(name))].flatMap(([request, value]) => {
    const other = under.get(request);
    return other === undefined ? [] : [[other, value] as const];
  });
  return { besideRandom: pairedMean(pairs, deriveSeed(seed, satisfactionName, name, randomName)) };
};

/** The figures of every constitution, by its name. */
export const satisfactionFigures = (
  records: readonly SatisfactionRecord[],
  { constitutions, users }: Pick<SatisfactionStage, "constitutions" | "users">,
  seed: number,
): Record<string, Satisfaction> => {
  const { found, add } = gatherRequests();
  for (const record of records) add(record);
  const requestsUnder = (name: string): AnsweredRequest[] => [...(found.get(name)?.values() ?? [])];
  return Object.fromEntries(
    constitutions.map(({ name }) => {
      const own = requestsUnder(name);
      const answered = own.flatMap(({ satisfaction }) => (satisfaction === null ? [] : [satisfaction]));
      const byUser = (answered.length === 0 ? [] : users).map(({ id }) => ({
        user: id,
        value: meanOf(answered.map((one) => one[id]!)),
      }));
      const least = Math.min(...byUser.map(({ value }) => value));
      const estimate = mean(
        answered.map((one) => meanOf(Object.values(one))),
        deriveSeed(seed, satisfactionName, name),
      );
      const figures: Satisfaction = {
        ...estimate,
        users: Object.fromEntries(byUser.map(({ user, value }) => [user, value])),
        worst: byUser.find(({ value }) => value === least) ?? null,
        principles: records.find(({ constitution }) => constitution === name)?.principles ?? [],
        ...differenceFromRandom(requestsUnder, name, seed),
        ...unansweredField(tallyAnswers(own.map(({ end }) => end)).missing),
      };
      return [name, figures];
    }),
  );
};
