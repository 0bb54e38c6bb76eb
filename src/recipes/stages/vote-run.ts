// The stages of `covenant simulate vote`: what users propose (proposals), how much they support which candidate and what every
// rule makes of it (votes), and rounds in which a mediator drafts documents from what users say of the one that stands
// (opening, round-1, ...). What is asked, and how ballots come of support, is the simulation's part.

import { join } from "node:path";
import { hashConstitution, saveConstitution } from "../../constitution/index.ts";
import { CovenantError, collect, counted, deriveSeed, hashJson } from "../../core/index.ts";
import {
  type CandidateRecord,
  type ChoiceRecord,
  candidateRecordSchema,
  choiceRecordSchema,
  type DecidedRecord,
  decidedRecordSchema,
  type ProposalRecord,
  proposalRecordSchema,
  type SupportRecord,
  supportRecordSchema,
} from "../../records/index.ts";
import { type StageContext, streamRecords } from "../../runs/index.ts";
import { supportOf } from "../../sandbox/index.ts";
import {
  ballotsOf,
  candidatesOfFile,
  countBallots,
  type DeliberationOptions,
  documentOfChoice,
  gatherProposals,
  gatherSupport,
  mergeProposals,
  type RuleName,
  ruleNames,
  type ScriptedSupport,
  type SupportTable,
  seededBy,
  tableOf,
} from "../../simulation/index.ts";
import { sandboxName } from "../settings/stakeholders.ts";
import { isScripted, type Vote } from "../settings/vote-settings.ts";
import { askPhases, withRoleModels } from "./phases.ts";
import type { Pipeline } from "./stage-model.ts";
import { saysSame } from "./statements.ts";

/** People of the sandbox as they truly want it. */
const truly: ScriptedSupport = {
  name: sandboxName,
  supportOf: ({ description }, statements) => supportOf(description, statements),
};

/** How a stage of a vote asks. */
export const optionsOf = ({ config, setup }: Vote, stage: string): DeliberationOptions => ({
  users: setup.users,
  prompts: setup.prompts,
  sampling: setup.sampling,
  words: setup.words,
  runSeed: config.seed,
  stage,
  says: saysSame(setup.speaking),
  ...(isScripted(config) ? { scripted: truly } : {}),
});

/** What of the settings decides what users say. */
export const askedOf = ({ config, setup }: Vote) => ({
  wording: config.wording,
  models: setup.models,
  roles: config.roles,
  users: hashJson(setup.users),
  ...(config.prompts === undefined ? {} : { prompts: hashJson(setup.prompts.texts) }),
  ...(isScripted(config) ? { voters: config.sandbox.voters } : {}),
});

/** Counts calls of a stage for its progress. */
export const countRows = (stage: StageContext, total: number) => {
  let done = 0;
  return (rows: number, what: string): void => {
    done += rows;
    stage.progress(done, Math.max(done, total), "calls", what);
  };
};

/** What users propose, or what they proposed before. */
export const proposalStage = async (pipeline: Pipeline, vote: Vote): Promise<ProposalRecord[]> => {
  const { config, setup } = vote;
  const inputs = { ...askedOf(vote), proposals: config.proposals };
  const { folder } = await pipeline.run.stage({ name: "proposals", inputs, after: [] }, async (stage) => {
    const file = await stage.records("proposals.jsonl", proposalRecordSchema);
    const onRows = countRows(stage, setup.users.length * config.proposals);
    await withRoleModels(pipeline, stage, { user: setup.models.user }, async ({ user }, countUsage) => {
      const ask = askPhases(file, { stage, countUsage, onRows });
      const rows = await gatherProposals(optionsOf(vote, stage.name), config.proposals, (phase) =>
        ask(phase, user, phase.what),
      );
      const lost = rows.filter(({ statement }) => statement === null);
      if (lost.length > 0)
        stage.warn(
          "proposals-unreadable",
          `${counted(lost.length, "proposal")} of ${rows.length.toLocaleString("en-US")} cannot be used (the first: ${lost[0]!.problem}), and stand for no candidate. See ${join(stage.folder, "proposals.jsonl")}.`,
        );
    });
  });
  return collect(streamRecords(join(folder, "proposals.jsonl"), proposalRecordSchema));
};

const noCandidates = (vote: Vote): CovenantError =>
  new CovenantError(
    "candidates-none",
    `${vote.setup.models.user} wrote no proposal that could be read as a principle. Look at ${join(vote.config.out, "proposals", "proposals.jsonl")}; raise roles.proposer.maxTokens, or choose another model.`,
    { model: vote.setup.models.user },
  );

/** Asks all users about all candidates, and keeps the numbers alone. */
export const askForSupport = async (
  vote: Vote,
  stage: StageContext,
  candidates: readonly CandidateRecord[],
  ask: (phase: Parameters<ReturnType<typeof askPhases<SupportRecord>>>[0]) => AsyncGenerator<SupportRecord>,
): Promise<SupportTable> => {
  const rows: Pick<SupportRecord, "user" | "candidate" | "support">[] = [];
  for await (const { user, candidate, support } of gatherSupport(
    optionsOf(vote, stage.name),
    candidates,
    ask,
  ))
    rows.push({ user, candidate, support });
  return tableOf(
    vote.setup.users.map(({ id }) => id),
    candidates.map(({ candidate }) => candidate),
    rows,
  );
};

const noBallots = (vote: Vote, stage: string): CovenantError =>
  new CovenantError(
    "ballots-none",
    `${vote.setup.models.user} wrote no number from which anybody's support could be read. Look at ${join(vote.config.out, stage, "support.jsonl")}; raise roles.user.maxTokens, or choose another model.`,
    { model: vote.setup.models.user },
  );

/** Counts support by a rule. What a rule cannot count is told, unless it is the one that decides. */
const choiceBy = (
  rule: RuleName,
  { vote, table, stage, decides, seats }: ChoiceQuestion,
  parents: readonly string[],
): ChoiceRecord => {
  const { config } = vote;
  const id = `${stage}/choice-${rule}`;
  // The same lots for all rules, so that they differ in nothing but what they count.
  const seed = deriveSeed(config.seed, stage, "choice");
  const fields = { id, parents: [...parents], stage, seed, rule, decides: decides === rule };
  const ballots = ballotsOf(table, config.approveFrom);
  if (ballots.utilities.length === 0) throw noBallots(vote, stage);
  const { candidates } = table;
  try {
    const found = countBallots(rule, ballots, {
      candidates,
      seats: Math.min(seats, candidates.length),
      seed,
    });
    const { chosen, ranking, lots, welfare, leftOut, silent } = found;
    return {
      ...fields,
      chosen: [...chosen],
      ranking: [...ranking],
      lots: lots.map((lot) => [...lot]),
      welfare: { ...welfare, users: [...welfare.users], worstOff: [...welfare.worstOff] },
      leftOut: [...leftOut],
      silent: [...silent],
    };
  } catch (thrown) {
    if (decides === rule || !(thrown instanceof CovenantError) || thrown.code !== "slates-too-many")
      throw thrown;
    const nothing = { chosen: [], ranking: [], lots: [], welfare: null, leftOut: [], silent: [] };
    return { ...fields, ...nothing, problem: thrown.message };
  }
};

/** What is to be counted. decides: the rule whose choice holds. */
export type ChoiceQuestion = {
  readonly vote: Vote;
  readonly table: SupportTable;
  readonly stage: string;
  readonly decides: RuleName;
  readonly seats: number;
};

/** Every rule's choice from the same ballots. */
export const choicesOf = (
  question: ChoiceQuestion,
  names: readonly RuleName[],
  candidates: readonly CandidateRecord[],
): ChoiceRecord[] =>
  names.map((rule) =>
    choiceBy(
      rule,
      question,
      candidates.map(({ id }) => id),
    ),
  );

/** What a stage came to. */
export type Voted = {
  readonly stage: string;
  readonly candidates: readonly CandidateRecord[];
  readonly table: SupportTable;
  readonly choices: readonly ChoiceRecord[];
  readonly decided: DecidedRecord;
};

/** The choice of the rule that decides, of which every vote has one. */
export const decisiveOf = (choices: readonly ChoiceRecord[]): ChoiceRecord =>
  choices.find(({ decides }) => decides)!;

/** Writes what a stage came to, behind what an earlier attempt wrote. */
export const writeVoted = async (
  stage: StageContext,
  choices: readonly ChoiceRecord[],
  decided: DecidedRecord,
): Promise<void> => {
  const file = await stage.records("choices.jsonl", choiceRecordSchema);
  await file.append(choices.slice(file.existing));
  const documents = await stage.records("decided.jsonl", decidedRecordSchema);
  if (documents.existing === 0) await documents.append([decided]);
  await saveConstitution(join(stage.folder, "constitution.yaml"), decided.document);
};

/** What a stage that is done came to, from its files. */
export const readVoted = async (vote: Vote, stage: string, folder: string): Promise<Voted> => {
  const candidates = await collect(streamRecords(join(folder, "candidates.jsonl"), candidateRecordSchema));
  const rows: Pick<SupportRecord, "user" | "candidate" | "support">[] = [];
  for await (const { user, candidate, support } of streamRecords(
    join(folder, "support.jsonl"),
    supportRecordSchema,
  ))
    rows.push({ user, candidate, support });
  const [decided] = await collect(streamRecords(join(folder, "decided.jsonl"), decidedRecordSchema));
  return {
    stage,
    candidates,
    table: tableOf(
      vote.setup.users.map(({ id }) => id),
      candidates.map(({ candidate }) => candidate),
      rows,
    ),
    choices: await collect(streamRecords(join(folder, "choices.jsonl"), choiceRecordSchema)),
    decided: decided!,
  };
};

const candidatesOf = (vote: Vote, proposals: readonly ProposalRecord[]): CandidateRecord[] => {
  const seeded = seededBy(optionsOf(vote, "votes"));
  const { filed } = vote.setup;
  return filed === null ? mergeProposals(proposals, seeded) : candidatesOfFile(filed, seeded);
};

const describeResult = ({ config, setup }: Vote, { candidates }: SupportTable): string =>
  `${counted(Math.min(config.seats, candidates.length), "principle")} of ${candidates.length.toLocaleString("en-US")}, chosen by the rule "${config.rule}" from what ${counted(setup.users.length, "simulated user")} support.`;

/** Users say how much they support every candidate, and all rules are counted. */
export const voteStage = async (
  pipeline: Pipeline,
  vote: Vote,
  proposals: readonly ProposalRecord[],
): Promise<Voted> => {
  const { config, setup } = vote;
  const candidates = candidatesOf(vote, proposals);
  if (candidates.length === 0) throw noCandidates(vote);
  const { rule, seats, approveFrom } = config;
  const inputs = {
    ...askedOf(vote),
    ...{ rule, seats, approveFrom },
    candidates: hashJson(candidates),
  };
  const after = setup.filed === null ? ["proposals"] : [];
  const { folder } = await pipeline.run.stage({ name: "votes", inputs, after }, async (stage) => {
    const listed = await stage.records("candidates.jsonl", candidateRecordSchema);
    await listed.append(candidates.slice(listed.existing));
    const file = await stage.records("support.jsonl", supportRecordSchema);
    const onRows = countRows(stage, setup.users.length * candidates.length);
    await withRoleModels(pipeline, stage, { user: setup.models.user }, async ({ user }, countUsage) => {
      const ask = askPhases(file, { stage, countUsage, onRows });
      const table = await askForSupport(vote, stage, candidates, (phase) => ask(phase, user, "support"));
      const question = { vote, table, stage: stage.name, decides: rule, seats };
      const choices = choicesOf(question, ruleNames, candidates);
      const { id, chosen } = decisiveOf(choices);
      const document = documentOfChoice(chosen, {
        ...{ candidates, filed: setup.filed ?? [], table, stage: stage.name, approveFrom },
        description: describeResult(vote, table),
      });
      const name = `${stage.name}/decided`;
      await writeVoted(stage, choices, {
        ...{ id: name, parents: [id], stage: stage.name, seed: deriveSeed(config.seed, stage.name, name) },
        ...{ candidate: "vote", document },
      });
    });
  });
  return readVoted(vote, "votes", folder);
};

/** What makes a document what it is, for stages that begin with it. */
export const documentInput = ({ document }: DecidedRecord): string => hashConstitution(document);
