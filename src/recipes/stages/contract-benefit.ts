// What a learned constitution did for the people who argued for it, where they and the requests are of the sandbox's language:
// their true satisfaction under it, beside none, random ones of its size, and the best one of its size that there is; and
// where clauses for single users were learned with it, under these, too, beside those of somebody else.

import { deriveSeed } from "../../core/index.ts";
import type { Constitution, LearnedRecord, Task } from "../../records/index.ts";
import { bestWishes, randomStatements, statementsFor, topics } from "../../sandbox/index.ts";
import { sentencesIn, standingFor } from "../../simulation/index.ts";
import { isMeasured } from "../settings/contract-settings.ts";
import type { ContractPlay } from "./contract-run.ts";
import {
  heldOutTasks,
  type MeasuredConstitution,
  measuredDocument,
  type Satisfaction,
  type SatisfactionStage,
  satisfactionFigures,
  satisfactionName,
  satisfactionStage,
} from "./satisfaction.ts";
import type { Pipeline } from "./stage-model.ts";

/** Constitutions that are compared: none, random ones, another for each request, the learned one, the oracle's best. */
export const comparedNames = ["blank", "random", "learned", "best"] as const;
type ComparedName = (typeof comparedNames)[number];

/**
 * Where there are clauses, each user is answered alone: under the constitution and the own clauses, and, to see whether it
 * matters whose they are, under it and those of the next user.
 */
export const clauseNames = ["clauses", "swapped"] as const;

/** Held-out requests that no talk was about; none where nothing is measured. Throws UserError as heldOutTasks does. */
export const measuredTasks = ({ config, setup }: ContractPlay): Task[] =>
  isMeasured(config, setup) ? heldOutTasks(config.seed, config.sandbox.requests, setup.tasks) : [];

const partOf = (learned: readonly LearnedRecord[], wanted: LearnedRecord["part"]): LearnedRecord | null =>
  learned.find(({ part }) => part === wanted) ?? null;

const sizeOf = (document: Constitution | null, isMessage: boolean): number => {
  const titles = document?.principles.map(({ title }) => title) ?? [];
  return Math.min(isMessage ? titles.flatMap(sentencesIn).length : titles.length, topics.length);
};

const compared = (
  { config, setup }: ContractPlay,
  tasks: readonly Task[],
  learned: LearnedRecord | null,
): MeasuredConstitution[] => {
  const seed = deriveSeed(config.seed, satisfactionName);
  const document = learned?.document ?? null;
  const count = sizeOf(document, setup.first.message);
  const wishes = bestWishes(
    setup.cast.users.map(({ persona }) => persona.description),
    tasks.map(({ question }) => question),
    count,
  );
  const made = (statements: readonly string[], description: string): Constitution | null =>
    statements.length === 0 ? null : measuredDocument(statements, { model: "sandbox", description });
  const best = made(statementsFor(wishes, seed), "Chosen by the oracle.");
  const random = ({ id }: Task): Constitution | null =>
    made(randomStatements({ seed: deriveSeed(seed, id), count }), "Drawn at random.");
  const documents: Record<ComparedName, (task: Task) => Constitution | null> = {
    blank: () => null,
    random,
    learned: () => document,
    best: () => best,
  };
  return comparedNames.map((name) => ({
    name,
    parents: name === "learned" && learned !== null ? [learned.id] : [],
    documentFor: documents[name],
  }));
};

/** The constitution with the clauses: each user's own, and the next one's. */
const withClauses = (
  { setup }: ContractPlay,
  learned: LearnedRecord | null,
  clauses: LearnedRecord,
): MeasuredConstitution[] => {
  const { users } = setup.cast;
  const given = { constitution: learned?.document ?? null, contract: clauses.document, message: false };
  return clauseNames.map((name, ahead) => ({
    name,
    parents: [...(learned === null ? [] : [learned.id]), clauses.id],
    documentFor: () => given.constitution,
    forUser(task, { id }) {
      const seat = users.findIndex((user) => user.id === id) + ahead;
      const { label } = users[seat % users.length]!;
      return {
        messages: setup.wording.assistant(given, label, task, []),
        principles: standingFor(given, label),
      };
    },
  }));
};

/** Measures what was learned, where that can be done; else null. learned: the last documents; after: the stages of the runs. */
export const benefitOf = async (
  pipeline: Pipeline,
  play: ContractPlay,
  learned: readonly LearnedRecord[],
  after: readonly string[],
): Promise<Record<string, Satisfaction> | null> => {
  const tasks = measuredTasks(play);
  if (tasks.length === 0) return null;
  const { config, setup } = play;
  const everybodys = partOf(learned, "constitution");
  const clauses = partOf(learned, "contract");
  const stage: SatisfactionStage = {
    ...{ after, model: config.model, sampling: setup.sampling.assistant, tasks },
    messages: (constitution, task) =>
      setup.wording.assistant(
        {
          constitution,
          contract: null,
          message: constitution === (everybodys?.document ?? null) && setup.first.message,
        },
        setup.cast.users[0]!.label,
        task,
        [],
      ),
    constitutions: [
      ...compared(play, tasks, everybodys),
      ...(clauses === null ? [] : withClauses(play, everybodys, clauses)),
    ],
    users: setup.cast.users.map(({ id, persona }) => ({ id, description: persona.description })),
  };
  return satisfactionFigures(await satisfactionStage(pipeline, stage), stage, config.seed);
};
