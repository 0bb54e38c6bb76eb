// What `covenant run` says before and after: the plan of a dry run, and the figures that matter in a few lines.

import type { Estimate, MetricsDocument, ModelMetrics } from "../records/index.ts";
import type { RecipePlan } from "./recipe.ts";
import type { RunConfig } from "./run-config.ts";

const total = (counts: { harmful: number; harmless: number; lookalike: number }): number =>
  counts.harmful + counts.harmless + counts.lookalike;

/** Mean tokens of the sandbox's texts, measured; estimates for other prompts are only as good as these. */
const tokens = { prompt: 20, reply: 40, critique: 20, frame: 40 };

/** Calls and tokens of every stage. */
export const planRun = (config: RunConfig): RecipePlan => {
  const prompts = total(config.train);
  const { harmful } = config.train;
  const answer = tokens.prompt + tokens.reply;
  const round = 2 * (answer + tokens.frame) + tokens.critique + tokens.reply;
  const arm = (name: string): RecipePlan["steps"][number][] => [
    {
      stage: `${name}/revise`,
      what: `${harmful} answers, ${config.revise.rounds} rounds`,
      calls: 2 * harmful * config.revise.rounds,
      tokens: harmful * config.revise.rounds * round,
    },
    {
      stage: `${name}/sl`,
      what: `${config.sft.epochs} epochs of SFT`,
      calls: 0,
      tokens: config.sft.epochs * prompts * answer,
    },
    {
      stage: `${name}/label`,
      what: `${prompts} pairs, both orders`,
      calls: 4 * prompts,
      tokens: prompts * (2 * answer + 2 * (2 * tokens.reply + tokens.frame + tokens.prompt)),
    },
    {
      stage: `${name}/reward`,
      what: `${config.reward.epochs} epochs`,
      calls: 0,
      tokens: config.reward.epochs * prompts * (tokens.prompt + 2 * tokens.reply),
    },
    {
      stage: `${name}/dpo`,
      what: `${config.dpo.epochs} epochs`,
      calls: 0,
      tokens: config.dpo.epochs * prompts * (tokens.prompt + 2 * tokens.reply),
    },
    {
      stage: `${name}/rl`,
      what: `${config.ppo.steps} PPO steps of ${config.ppo.batch} replies`,
      calls: config.ppo.steps * config.ppo.batch,
      tokens: config.ppo.steps * config.ppo.batch * answer * 4,
    },
  ];
  const models = 1 + 3 * config.arms.length;
  const evaluated = total(config.test) * models;
  return {
    steps: [
      {
        stage: "prompts",
        what: `${prompts} for training, ${total(config.test)} held out`,
        calls: 0,
        tokens: 0,
      },
      {
        stage: "answer",
        what: `${prompts} answers of ${config.model}`,
        calls: prompts,
        tokens: prompts * answer,
      },
      ...config.arms.flatMap(arm),
      { stage: "evaluate", what: `${models} models`, calls: evaluated, tokens: evaluated * answer },
    ],
    seconds: null,
    dollars: 0,
  };
};

const percent = ({ value, low, high }: Estimate): string => {
  const show = (part: number | null): string => (part === null ? "–" : `${Math.round(part * 100)}`);
  return `${show(value).padStart(3)} % [${show(low)}, ${show(high)}]`.padEnd(18);
};

const header = ["harm", "help", "over-refusal", "malformed"];

/** Models' rates as a table. */
export const describeModels = (models: Readonly<Record<string, ModelMetrics>>, prefix = ""): string[] => {
  const names = Object.keys(models).map((name) => `${prefix}${name}`);
  const width = Math.max(16, ...names.map((name) => name.length)) + 2;
  const rows = Object.values(models).map((figures, at) => {
    const cells = [figures.harmRate, figures.helpfulRate, figures.overRefusalRate, figures.malformedRate].map(
      percent,
    );
    return `${names[at]!.padEnd(width)}${cells.join("")}`.trimEnd();
  });
  return [`${"".padEnd(width)}${header.map((cell) => cell.padEnd(18)).join("")}`.trimEnd(), ...rows];
};

/** The two-arm ladder as text. */
export const describeRun = (metrics: MetricsDocument, report: string): string[] => [
  ...Object.entries(metrics.arms).flatMap(([arm, { models }]) => ["", ...describeModels(models, `${arm} `)]),
  "",
  "Rates on held-out prompts, with 95 % intervals.",
  `Report: ${report}`,
];
