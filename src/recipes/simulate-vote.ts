// `covenant simulate vote`: people that never lived decide on a constitution. They propose principles, say how much they support
// which, and a rule of social choice picks the set; in rounds they criticise what stands, and a mediator drafts anew.
// What comes out is an ordinary constitution whose principles say who proposed and who supports them.

import { join } from "node:path";
import { formatConstitution } from "../constitution/index.ts";
import { counted } from "../core/index.ts";
import { votePage } from "../report/index.ts";
import { requireFluentVote } from "./inputs/fluency.ts";
import { checkFolder, checkRequest, openStages } from "./inputs/open-stages.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import { planVote } from "./plans/vote-plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { callFlags, loadFlag, modelFlag, runFlags } from "./settings/flags.ts";
import { describeUnread } from "./settings/stakeholders.ts";
import {
  isScripted,
  loadVote,
  type Vote,
  type VoteConfig,
  voteFiles,
  voteSchema,
} from "./settings/vote-settings.ts";
import { chartStage, chartsOf, pageName } from "./stages/experiment-charts.ts";
import { satisfactionName } from "./stages/satisfaction.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { benefitOf, isMeasured, type VoteBenefit } from "./stages/vote-benefit.ts";
import { roundNames, roundStage } from "./stages/vote-rounds.ts";
import { proposalStage, type Voted, voteStage } from "./stages/vote-run.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { nextAfterSimulation } from "./summaries/next-command.ts";
import { describeSatisfaction } from "./summaries/satisfaction-words.ts";
import { votePageData } from "./summaries/vote-page-data.ts";
import { countVote, describeVote, figuresOf, remarksOnVote } from "./summaries/vote-summary.ts";
import { writeTables } from "./summaries/vote-tables.ts";

/** The stages in which something is asked. */
const askingNames = ({ candidates, rounds }: VoteConfig): string[] => [
  ...(candidates === undefined ? ["proposals"] : []),
  "votes",
  ...roundNames(rounds),
];

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: VoteConfig, context: RecipeContext) => {
  const setup = await loadVote(config);
  const { user, mediator } = setup.models;
  const vote = { config, setup };
  const checked = await checkRequest(
    "simulate vote",
    [...askingNames(config), ...(isMeasured(vote) ? [satisfactionName] : []), "tables", chartStage],
    config,
    {
      models: {
        user: [user, "asked"],
        ...(config.rounds === 0 || mediator === user ? {} : { mediator: [mediator, "asked"] as const }),
        ...(isMeasured(vote) && config.model !== user ? { assistant: [config.model, "asked"] as const } : {}),
      },
      files: voteFiles(config),
    },
    context,
  );
  requireFluentVote(vote, checked.inputs);
  return { vote, checked };
};

/** Why true satisfaction was not measured, where people of a file speak briefly. */
const unreadVoters = ({ config, setup }: Vote): string[] =>
  config.sandbox.requests > 0
    ? describeUnread(
        config,
        setup.users.map(({ persona }) => persona),
      )
    : [];

/** The vote, and the rounds after it. */
const voteAll = async (
  pipeline: Pipeline,
  vote: Vote,
): Promise<{ readonly votes: Voted; readonly rounds: readonly Voted[] }> => {
  const proposals = vote.setup.filed === null ? await proposalStage(pipeline, vote) : [];
  const votes = await voteStage(pipeline, vote, proposals);
  const rounds: Voted[] = [];
  for (const name of roundNames(vote.config.rounds))
    rounds.push(await roundStage(pipeline, vote, rounds.at(-1) ?? votes, name));
  return { votes, rounds };
};

const describeBenefit = ({ config, setup }: Vote, benefit: VoteBenefit): string[] =>
  describeSatisfaction(
    benefit,
    config.sandbox.requests,
    (user) => {
      const { label, persona } = setup.users.find(({ id }) => id === user)!;
      return `${label}, ${persona.name}`;
    },
    isScripted(config) ? "it told support as well (sandbox.voters: scripted), and nothing else" : undefined,
  );

const tables = ["support", "choices", "welfare"].map((name) => `${name}.csv`);

const execute = async (config: VoteConfig, context: RecipeContext) => {
  const { vote, checked } = await prepare(config, context);
  await using pipeline = await openStages(checked.request, context);
  const { run } = pipeline;
  const voteDone = await voteAll(pipeline, vote);
  const { votes, rounds } = voteDone;
  const last = rounds.at(-1) ?? votes;
  const asking = askingNames(config);
  const benefit = await benefitOf(pipeline, vote, voteDone, asking);
  await run.stage({ name: "tables", inputs: {}, after: asking }, (stage) =>
    writeTables(run.folder, stage.folder, vote, [votes, ...rounds]),
  );
  const { document } = last.decided;
  await run.write("constitution.yaml", formatConstitution(document));
  const counts = await countVote(run.folder, config, voteDone);
  const figures = {
    ...figuresOf(vote, votes, rounds, counts),
    ...(benefit === null ? {} : { satisfaction: benefit }),
  };
  await run.write("metrics.json", figures);
  const told = { comments: counts.comments, remarks: remarksOnVote(vote, last), benefit };
  await chartsOf(run, votePage(votePageData(vote, votes, rounds, told)), [...asking, "tables"]);
  await run.finish();
  const spent = await spentInRun(run.folder, [...asking, satisfactionName]);
  const file = join(config.out, "constitution.yaml");
  const described = [
    ...describeVote(vote, votes, rounds, figures),
    ...(benefit === null ? unreadVoters(vote) : ["", ...describeBenefit(vote, benefit)]),
  ];
  return {
    quoted: described.length,
    lines: [
      ...described,
      "",
      ...describeSpent(spent),
      `Constitution with ${counted(document.principles.length, "principle")}: ${file}`,
      `Support, choices and welfare: ${tables.map((name) => join(config.out, "tables", name)).join(", ")}`,
      `Page: ${join(config.out, pageName)}; its charts: ${join(config.out, chartStage)}`,
      ...nextAfterSimulation(config, file, document.principles),
    ],
    document: {
      folder: run.folder,
      ...figures,
      file: join(run.folder, "constitution.yaml"),
      document,
      page: join(run.folder, pageName),
      tables: tables.map((name) => join(run.folder, "tables", name)),
      spent,
    },
  };
};

/** `covenant simulate vote`. */
export const recipe: Recipe<typeof voteSchema> = {
  command: ["simulate", "vote"],
  summary:
    "simulated people propose principles and vote on them, and a rule of social choice picks the constitution",
  schema: voteSchema,
  flags: {
    ...runFlags,
    model: modelFlag("model of the users, and of the mediator where it names none"),
    load: loadFlag("load"),
    wording: { path: "wording", description: "full, or brief for covenant-assembly", placeholder: "name" },
    users: {
      path: "users",
      description: "how many personas take part, their ids, or all",
      placeholder: "users",
    },
    personas: {
      path: "personas",
      description: 'file of personas, "library" or "sandbox"',
      placeholder: "file",
    },
    candidates: {
      path: "candidates",
      description: "principles to vote on, instead of proposals",
      placeholder: "file",
    },
    proposals: {
      path: "proposals",
      description: "principles that each user proposes",
      placeholder: "number",
    },
    seats: { path: "seats", description: "principles that are chosen at most", placeholder: "number" },
    rule: { path: "rule", description: "the rule that decides", placeholder: "name" },
    rounds: {
      path: "rounds",
      description: "rounds of criticism and new drafts after the vote",
      placeholder: "number",
    },
    ...callFlags,
  },
  async plan(config, context) {
    const { vote, checked } = await prepare(config, context);
    await checkFolder(checked.request, context);
    return planOf([
      ...planVote(vote, checked.inputs.speeds),
      planWriting("tables", "support, choices and welfare as CSV"),
    ]);
  },
  run: execute,
};
