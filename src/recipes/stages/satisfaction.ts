// How content people of the sandbox truly are under several constitutions: a model answers held-out requests under each, all
// from the same seeds, and the oracle tells of every answer what each person makes of it. It measures what is finished:
// nothing of it goes back to people, models or constitutions.

import { join } from "node:path";
import { alignColumns, deriveSeed, hashJson, mapped, sequenceOf } from "../../core/index.ts";
import { mean } from "../../evaluation/index.ts";
import { sampleReplies } from "../../feedback/index.ts";
import {
  type Constitution,
  type Estimate,
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
import type { Pipeline } from "./stage-model.ts";

/** A constitution to be measured, or one drawn anew for each task. parents: ids of its records. */
export type MeasuredConstitution = {
  readonly name: string;
  readonly parents: readonly string[];
  readonly documentFor: (task: Task) => Constitution | null;
};

/** The id of a task as a prompt's, under which the model answers it. */
const promptOf = ({ id }: Task): PromptId => String(id);

const principlesOf = (document: Constitution | null): string[] =>
  document?.principles.map(({ title }) => title) ?? [];

/** Whose satisfaction is told: an id, and a description in the sandbox's language. */
export type MeasuredUser = { readonly id: string; readonly description: string };

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
  { name, parents, documentFor }: MeasuredConstitution,
  users: readonly MeasuredUser[],
): SatisfactionRecord => ({
  id: `${satisfactionName}/${name}/${task.id}`,
  parents: [...parents],
  stage: satisfactionName,
  seed: reply.seed,
  constitution: name,
  principles: principlesOf(documentFor(task)),
  question: task.question,
  model: reply.model,
  text: reply.text,
  finish: reply.finish,
  satisfaction: Object.fromEntries(
    users.map(({ id, description }) => [id, satisfactionOf(description, task.question, reply.text)]),
  ),
});

/** satisfaction/answers.jsonl: an answer to each request under each constitution, measured. */
export const satisfactionStage = async (
  pipeline: Pipeline,
  { after, model, sampling, messages, constitutions, users, tasks }: SatisfactionStage,
): Promise<SatisfactionRecord[]> => {
  const { run } = pipeline;
  const byPrompt = new Map(tasks.map((task) => [promptOf(task), task]));
  const inputs = {
    ...{ model, sampling, tasks: hashJson(tasks), users: hashJson(users) },
    constitutions: constitutions.map(({ name, documentFor }) => [
      name,
      hashJson(tasks.map((task) => principlesOf(documentFor(task)))),
    ]),
  };
  await run.stage({ name: satisfactionName, inputs, after }, async (stage) => {
    const { existing, append } = await stage.records(answersFile, satisfactionRecordSchema);
    const total = constitutions.length * tasks.length;
    for (const [at, constitution] of constitutions.entries()) {
      const base = at * tasks.length;
      const kept = Math.min(Math.max(0, existing - base), tasks.length);
      if (kept === tasks.length) continue;
      const prompts = tasks.map(
        (task): PromptRecord => ({
          ...{ id: promptOf(task), parents: [], stage: satisfactionName, seed: run.seed, split: "test" },
          messages: [...messages(constitution.documentFor(task), task)],
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
                measured(reply, byPrompt.get(reply.prompt)!, constitution, users),
              ),
            })),
          onChunk: (rows) => stage.progress(base + rows, total, "answers", constitution.name),
        },
      );
    }
  });
  return readRecords(join(run.folder, satisfactionName, answersFile), satisfactionRecordSchema);
};

/**
 * Satisfaction under one constitution, 0 to 10. value: the mean over users of their means over requests; low, high: its 95 %
 * interval by bootstrap over the n requests, the users being those they are; users: each one's mean; worst: who has the
 * lowest; principles: of one request where they were drawn for each.
 */
export type Satisfaction = Estimate & {
  readonly users: Readonly<Record<string, number>>;
  readonly worst: { readonly user: string; readonly value: number };
  readonly principles: readonly string[];
};

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** The figures of every constitution, by its name. */
export const satisfactionFigures = (
  records: readonly SatisfactionRecord[],
  { constitutions, users }: Pick<SatisfactionStage, "constitutions" | "users">,
  seed: number,
): Record<string, Satisfaction> =>
  Object.fromEntries(
    constitutions.map(({ name }) => {
      const own = records.filter(({ constitution }) => constitution === name);
      const byUser = users.map(({ id }): [string, number] => [
        id,
        meanOf(own.map(({ satisfaction }) => satisfaction[id]!)),
      ]);
      const [user, value] = byUser.reduce((worst, one) => (one[1] < worst[1] ? one : worst));
      const ofRequests = own.map(({ satisfaction }) => meanOf(Object.values(satisfaction)));
      const estimate = mean(ofRequests, deriveSeed(seed, satisfactionName, name));
      const principles = own[0]?.principles ?? [];
      return [name, { ...estimate, users: Object.fromEntries(byUser), worst: { user, value }, principles }];
    }),
  );

const shown = ({ value, low, high }: Estimate): string =>
  value === null ? "–" : `${value.toFixed(2)} [${low!.toFixed(2)}, ${high!.toFixed(2)}]`;

/** A table for a person. labelOf: how a user is told. knew: what of the run knew what the oracle knows; nothing by default. */
export const describeSatisfaction = (
  figures: Readonly<Record<string, Satisfaction>>,
  requests: number,
  labelOf: (user: string) => string,
  knew = "no part of the runs knew of it",
): string[] => {
  const rows = [
    ["constitution", "principles", "mean of users [95 %]", "worst-off user"],
    ...Object.entries(figures).map(([name, one]) => [
      name,
      String(one.principles.length),
      shown(one),
      `${one.worst.value.toFixed(2)}  ${labelOf(one.worst.user)}`,
    ]),
  ];
  return [
    `True satisfaction, 0 to 10, with answers to ${requests} held-out requests under each constitution. The sandbox's oracle tells it afterwards; ${knew}.`,
    ...alignColumns(rows).map((line) => `  ${line}`),
  ];
};
