// Covenant as a library: GRPO against a reward of your own, a function from replies to numbers. This one likes replies of
// twenty tokens that end. Prints each step's metrics as a line of JSON, and saves nothing.
// node examples/reward-of-your-own.ts model-folder [steps]

import {
  createGrpoTrainer,
  defaultAdamW,
  encodePrompt,
  endReward,
  trainGrpo,
} from "../src/training/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  loadModelFolder,
} from "../src/transformer/index.ts";

const [folder = "assets/covenant-tiny", steps = "10"] = process.argv.slice(2);
const { config, weights, tokenizer, chatTemplate } = await loadModelFolder(folder);
const codec = { tokenizer, template: chatTemplate! };
const asked = ["How do I bake bread?", "How do I mend a bicycle?", "How do I learn to swim?", "Who are you?"];
const state = createModelState(config, { ...weights });
const settings = { estimator: "grpo", beta: 0.04, clipLow: 0.2, clipHigh: 0.2, klCorrection: true } as const;
const parts = {
  trainer: createGrpoTrainer(state, defaultAdamW, settings),
  generator: createGenerator(state),
  policy: createScorer(state),
  reference: createScorer(createModelState(config, weights)),
};
const loop = trainGrpo({
  ...parts,
  ...settings,
  rewards: [
    {
      name: "twenty",
      weight: 1,
      reward: async (replies) => replies.map(({ branches: [ids] }) => -Math.abs(ids!.length - 20) / 20),
    },
    endReward(1),
  ],
  prompts: asked.map((content) => encodePrompt(codec, [{ role: "user", content }])),
  steps: Number(steps),
  ...{ batch: 4, group: 8, minibatches: 2, iterations: 1, accumulation: 1, scale: "group", lossType: "dapo" },
  ...{ maxTokens: 40, endToken: config.endTokenIds[0]!, padding: config.padTokenId ?? 0, seed: 1 },
  schedule: { kind: "constant", peak: 2e-4, warmupSteps: 0 },
});
for await (const { step, metrics } of loop) process.stdout.write(`${JSON.stringify({ step, ...metrics })}\n`);
await Promise.all(Object.values(parts).map((part) => part.release()));
