// What each rule's choice would do for the people who voted, where they are of the sandbox's language: how content they truly are
// with answers to held-out requests under every set that a rule chose, beside none, and under what the rounds came to. Sets
// that are the same are measured once. The oracle tells it when all is decided; no part of the vote knows of it,
// but ballots where voters are scripted.

import type { Task } from "../../records/index.ts";
import { episodeWordings, type RuleName } from "../../simulation/index.ts";
import { sandboxName } from "../settings/stakeholders.ts";
import type { Vote, VoteConfig } from "../settings/vote-settings.ts";
import {
  heldOutTasks,
  type MeasuredConstitution,
  measuredDocument,
  type Satisfaction,
  type SatisfactionStage,
  satisfactionFigures,
  satisfactionStage,
} from "./satisfaction.ts";
import type { Pipeline } from "./stage-model.ts";
import type { Voted } from "./vote-run.ts";

/** The rules whose choices are always measured. */
const comparedRules = [
  "plurality",
  "approval",
  "borda",
  "schulze",
  "maximin",
  "proportional",
] as const satisfies readonly RuleName[];

/** The rules whose choices are measured: the one that decides is among them. */
export const measuredRules = ({ rule }: Pick<VoteConfig, "rule">): readonly RuleName[] => [
  ...new Set<RuleName>([...comparedRules, rule]),
];

/** Whether the oracle can tell what a vote does for those who vote. */
export const isMeasured = ({ config: { sandbox }, setup: { speaking } }: Vote): boolean =>
  speaking.personas === sandboxName && sandbox.requests > 0;

/** Held-out requests; none where nothing is measured. Throws UserError as heldOutTasks does. */
export const measuredTasks = (vote: Vote): Task[] =>
  isMeasured(vote) ? heldOutTasks(vote.config.seed, vote.config.sandbox.requests) : [];

/** Between the names of a set that several rules chose. */
export const nameSeparator = "+";

/** What is measured under which rules' names. */
type Measured = {
  readonly names: readonly string[];
  readonly statements: readonly string[];
  readonly parents: readonly string[];
};

/** none, the distinct sets of the rules, and the document that the rounds came to. */
const measuredOf = (config: VoteConfig, votes: Voted, rounds: readonly Voted[]): Measured[] => {
  const found = new Map<string, Measured>();
  const add = (name: string, statements: readonly string[], parents: readonly string[]): void => {
    const key = [...statements].sort().join("\n");
    const known = found.get(key);
    found.set(
      key,
      known === undefined
        ? { names: [name], statements, parents }
        : { ...known, names: [...known.names, name] },
    );
  };
  add("none", [], []);
  const statementOf = new Map(
    votes.candidates.map(({ candidate, statements }) => [candidate, statements[0]!]),
  );
  for (const rule of measuredRules(config)) {
    const choice = votes.choices.find((one) => one.rule === rule)!;
    add(
      rule,
      choice.chosen.map((name) => statementOf.get(name)!),
      [choice.id],
    );
  }
  const last = rounds.at(-1)?.decided;
  if (last !== undefined)
    add(
      "rounds",
      last.document.principles.map(({ title }) => title),
      [last.id],
    );
  return [...found.values()];
};

/** True satisfaction by what was chosen: none, every rule, and the rounds; null where it cannot be told. */
export type VoteBenefit = Readonly<Record<string, Satisfaction>>;

/** Measures all sets, where that can be done; else null. after: the stages that ask. */
export const benefitOf = async (
  pipeline: Pipeline,
  vote: Vote,
  { votes, rounds }: { readonly votes: Voted; readonly rounds: readonly Voted[] },
  after: readonly string[],
): Promise<VoteBenefit | null> => {
  const tasks = measuredTasks(vote);
  if (tasks.length === 0) return null;
  const { config, setup } = vote;
  const { assistant } = episodeWordings[config.wording];
  const sets = measuredOf(config, votes, rounds);
  const stage: SatisfactionStage = {
    ...{ after, model: config.model, sampling: setup.sampling.assistant, tasks },
    messages: (constitution, task) =>
      assistant({ constitution, contract: null, message: false }, setup.users[0]!.label, task, []),
    constitutions: sets.map(({ names, statements, parents }): MeasuredConstitution => {
      const document =
        statements.length === 0 ? null : measuredDocument(statements, { model: "vote", description: "" });
      return { name: names.join(nameSeparator), parents, documentFor: () => document };
    }),
    users: setup.users.map(({ id, persona }) => ({ id, description: persona.description })),
  };
  const figures = satisfactionFigures(await satisfactionStage(pipeline, stage), stage, config.seed);
  return Object.fromEntries(
    sets.flatMap(({ names }) => names.map((name) => [name, figures[names.join(nameSeparator)]!])),
  );
};
