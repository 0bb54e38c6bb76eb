// The recipes by the words of their commands. Each is loaded when it is named, and so is all that only some commands need,
// so that the command line starts fast.
// Command and summary stand here as well, for help; a test holds them to the recipes.

import type { Recipe, RecipePlan } from "./recipe.ts";

export type { Lineage } from "./lineage/document.ts";
export type { PretrainConfig } from "./pretrain.ts";
export type {
  Conversation,
  PartProcess,
  Recipe,
  RecipeContext,
  RecipeFlag,
  RecipeOutcome,
  RecipePlan,
} from "./recipe.ts";
export { useComputing } from "./settings/computing.ts";
export { arrowNotices } from "./settings/folders.ts";
export { asCalled, usualProgram } from "./summaries/called.ts";

/** The plan of a command, as a dry run shows it. */
export const planCommand = async (
  ...about: Parameters<typeof import("./plans/dry-run.ts").planCommand>
): Promise<RecipePlan> => (await import("./plans/dry-run.ts")).planCommand(...about);

/** What does the tasks of one arm's process. */
export const loadArmWorker = async () => (await import("./stages/arm-worker.ts")).createArmWorker;

/** What the run in a folder has spent, and how that is told; undefined where no call is in its account. */
export const spentIn = async (folder: string) => {
  const { describeSpent, spentSoFar } = await import("./summaries/data-summary.ts");
  const spent = await spentSoFar(folder);
  return spent === undefined ? undefined : { spent, lines: describeSpent(spent) };
};

/** What feedback was worth, of records wherever they were made, as a run's own figures say it. */
export const measureFeedback = async (
  ...records: Parameters<typeof import("./stages/measures.ts").feedbackMetrics>
) => (await import("./stages/measures.ts")).feedbackMetrics(...records);

/** A recipe that is not loaded yet; command and summary are those of the recipe that load gives. */
export type RecipeEntry = {
  readonly command: readonly string[];
  readonly summary: string;
  load(): Promise<Recipe>;
};

/** What the commands of one first word have in common, for help; their second words stand behind it. */
export const groupSummaries: Readonly<Record<string, string>> = {
  prompts: "prompts of your own or of published sets",
  train: "teach a model from rows, or against a reward model or a judge",
  simulate: "people who play, argue or vote, played by models or scripts",
  persona: "the people who may take part",
  export: "take what was made elsewhere",
};

export const recipes: readonly RecipeEntry[] = [
  {
    command: ["run"],
    summary: "the whole of Constitutional AI, under a constitution and under its inversion, with a report",
    load: async () => (await import("./run.ts")).recipe,
  },
  {
    command: ["prompts", "load"],
    summary: "prompts of files in any published format: cleaned, without duplicates, split",
    load: async () => (await import("./prompts-load.ts")).recipe,
  },
  {
    command: ["prompts", "classify"],
    summary: "sort prompts into areas with a model, and count each area",
    load: async () => (await import("./prompts-classify.ts")).recipe,
  },
  {
    command: ["prompts", "penetrate"],
    summary: "how often a model's answers violate each area, by a judge",
    load: async () => (await import("./prompts-penetrate.ts")).recipe,
  },
  {
    command: ["prompts", "select"],
    summary: "a seeded selection of prompts, with caps for areas and kinds",
    load: async () => (await import("./prompts-select.ts")).recipe,
  },
  {
    command: ["prompts", "generate"],
    summary: "new prompts from examples, written by a model",
    load: async () => (await import("./prompts-generate.ts")).recipe,
  },
  {
    command: ["prompts", "pair"],
    summary: "MT-Bench's answers of two models or more, beside each other as comparisons to judge",
    load: async () => (await import("./prompts-pair.ts")).recipe,
  },
  {
    command: ["revise"],
    summary: "answer prompts, then criticise and revise the answers by a constitution",
    load: async () => (await import("./revise.ts")).recipe,
  },
  {
    command: ["label"],
    summary: "sample pairs of replies and label them by a constitution, in both orders",
    load: async () => (await import("./label.ts")).recipe,
  },
  {
    command: ["train", "sft"],
    summary: "fine-tune a model on prompts and completions, chats or texts",
    load: async () => (await import("./train-sft.ts")).recipe,
  },
  {
    command: ["train", "reward"],
    summary: "train a reward model on preference rows with soft labels",
    load: async () => (await import("./train-reward.ts")).recipe,
  },
  {
    command: ["train", "dpo"],
    summary: "optimise a model on preference rows directly (DPO)",
    load: async () => (await import("./train-dpo.ts")).recipe,
  },
  {
    command: ["train", "ppo"],
    summary: "optimise a model against a reward model with PPO and a KL penalty",
    load: async () => (await import("./train-ppo.ts")).recipe,
  },
  {
    command: ["train", "grpo"],
    summary: "optimise a model against a reward model or a judge with GRPO or RLOO",
    load: async () => (await import("./train-grpo.ts")).recipe,
  },
  {
    command: ["score"],
    summary: "log-probabilities of continuations in plain text, or a reward model's scores of replies",
    load: async () => (await import("./score.ts")).recipe,
  },
  {
    command: ["generate"],
    summary: "a model's continuations of prompts, in plain text",
    load: async () => (await import("./generate.ts")).recipe,
  },
  {
    command: ["chat"],
    summary: "talk with a model in the terminal",
    load: async () => (await import("./chat.ts")).recipe,
  },
  {
    command: ["serve"],
    summary: "a model behind an OpenAI-compatible HTTP interface",
    load: async () => (await import("./serve.ts")).recipe,
  },
  {
    command: ["evaluate"],
    summary: "measure models on held-out sandbox prompts: harm, help, over-refusal, ratings",
    load: async () => (await import("./evaluate.ts")).recipe,
  },
  {
    command: ["evaluate", "baselines"],
    summary:
      "what guessing is worth on a multiple-choice set or comparisons: one letter always, the longer reply",
    load: async () => (await import("./evaluate-baselines.ts")).recipe,
  },
  {
    command: ["evaluate", "ratings"],
    summary: "Bradley-Terry ratings of models from battles: arena votes, or MT-Bench's verdicts on pairs",
    load: async () => (await import("./evaluate-ratings.ts")).recipe,
  },
  {
    command: ["evaluate", "tournament"],
    summary:
      "models against each other on any prompts, their replies compared by a judge: ratings and win rates",
    load: async () => (await import("./evaluate-tournament.ts")).recipe,
  },
  {
    command: ["simulate", "games"],
    summary: "games between simulated players, of whom some learn a norm from what they see of play",
    load: async () => (await import("./simulate-games.ts")).recipe,
  },
  {
    command: ["persona", "list"],
    summary: "the personas that may take part in a simulation",
    load: async () => (await import("./personas.ts")).listRecipe,
  },
  {
    command: ["persona", "show"],
    summary: "one persona with traits and views",
    load: async () => (await import("./personas.ts")).showRecipe,
  },
  {
    command: ["persona", "generate"],
    summary: "personas from traits, written by a model into a file to edit",
    load: async () => (await import("./persona-generate.ts")).recipe,
  },
  {
    command: ["simulate", "contract"],
    summary:
      "simulated people talk with assistants, rate what they write, and argue a constitution into being",
    load: async () => (await import("./simulate-contract.ts")).recipe,
  },
  {
    command: ["simulate", "sweep"],
    summary: "a grid of settings over a simulation: every cell with several seeds, tables, charts, one page",
    load: async () => (await import("./simulate-sweep.ts")).recipe,
  },
  {
    command: ["simulate", "combine"],
    summary: "join runs or sweeps of simulations into one table and one page",
    load: async () => (await import("./simulate-combine.ts")).recipe,
  },
  {
    command: ["simulate", "replay"],
    summary: "what a stored simulation said, message by message, without a model",
    load: async () => (await import("./simulate-replay.ts")).recipe,
  },
  {
    command: ["simulate", "vote"],
    summary:
      "simulated people propose principles and vote on them, and a rule of social choice picks the constitution",
    load: async () => (await import("./simulate-vote.ts")).recipe,
  },
  {
    command: ["report"],
    summary: "write the report of a folder of `covenant run`",
    load: async () => (await import("./report.ts")).recipe,
  },
  {
    command: ["lineage"],
    summary: "the way from what people said to a principle, a label and one reply that training changed",
    load: async () => (await import("./lineage.ts")).recipe,
  },
  {
    command: ["invert"],
    summary: "show or write the opposite of a constitution",
    load: async () => (await import("./invert.ts")).recipe,
  },
  {
    command: ["polis"],
    summary:
      "what a public agreed on in a Polis conversation: opinion groups, consensus, a constitution draft",
    load: async () => (await import("./polis.ts")).recipe,
  },
  {
    command: ["polis", "baselines"],
    summary: "how well held-out votes of a Polis conversation can be told by the majority and by neighbours",
    load: async () => (await import("./polis-baselines.ts")).recipe,
  },
  {
    command: ["polis", "predict"],
    summary:
      "a model plays voters of a Polis conversation: how well it tells held-out votes, beside baselines",
    load: async () => (await import("./polis-predict.ts")).recipe,
  },
  {
    command: ["export", "merge"],
    summary: "write an adapter and its base as one model that transformers opens",
    load: async () => (await import("./export-merge.ts")).recipe,
  },
  {
    command: ["export", "adapter"],
    summary: "write an adapter as PEFT opens it, with the base that it is to name",
    load: async () => (await import("./export-adapter.ts")).recipe,
  },
  {
    command: ["export", "dataset"],
    summary: "write a run's rows as JSONL, CSV or Parquet with a card, for datasets and TRL",
    load: async () => (await import("./export-dataset.ts")).recipe,
  },
  {
    command: ["export", "push"],
    summary: "upload an exported data set or a model folder to the Hugging Face hub",
    load: async () => (await import("./export-push.ts")).recipe,
  },
  {
    command: ["pretrain"],
    summary: "make an embedded model from scratch on the sandbox's language",
    load: async () => (await import("./pretrain.ts")).recipe,
  },
];
