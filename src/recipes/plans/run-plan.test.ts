// The plan of a whole run: arms that work at once take the time of one and the memory of all.

import { expect, it } from "vitest";
import { loadConstitution } from "../../constitution/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import type { ModelSpeed } from "../costs/model-time.ts";
import { sizedModel } from "../costs/sized-model.fixture.ts";
import { readProtocol } from "../settings/judge-protocol.ts";
import { runSchema } from "../settings/run-config.ts";
import { planRun, type RunInputs } from "./run-plan.ts";

const speed: ModelSpeed = { config: sizedModel, task: "causal-lm", rate: 100e9, threads: 2 };
const prompts = Array.from(
  { length: 40 },
  (_, at): PromptRecord => ({
    ...{ id: `prompt-${at}`, parents: [], stage: "prompts", seed: at, kind: "harmful" },
    ...{ messages: [{ role: "user", content: "How do I do this?" }], split: "train" },
  }),
);
const plan = async (change: Partial<RunInputs> = {}, settings: object = {}) => {
  const config = runSchema.parse(settings);
  const constitution = await loadConstitution("ethical");
  return planRun(config, {
    ...{ train: prompts, test: prompts, constitution },
    requested: await readProtocol(config.label, constitution),
    ...{ speeds: { model: speed }, processes: 1, memory: 1e9, measured: 0, heldOut: 0, ...change },
  });
};
const sum = ({ steps }: Awaited<ReturnType<typeof plan>>): number =>
  steps.reduce((total, { seconds }) => total + seconds!, 0);

it("adds up arms that work one after the other", async () => {
  const both = await plan();
  expect(both.seconds).toBeCloseTo(sum(both));
  expect(both).toMatchObject({ memory: 1e9, processes: 1 });
});

it("counts arms that work at once by the longer one, each with its share of the machine", async () => {
  const [turns, atOnce] = [await plan(), await plan({ processes: 2, memory: 2e9 })];
  const stepOf = ({ steps }: typeof turns, stage: string): number =>
    steps.find((step) => step.stage === stage)!.seconds!;
  expect(stepOf(atOnce, "ethical/sl")).toBeGreaterThan(1.5 * stepOf(turns, "ethical/sl"));
  const arms = sum(atOnce) - stepOf(atOnce, "answer") - stepOf(atOnce, "evaluate");
  expect(atOnce.seconds).toBeCloseTo(sum(atOnce) - arms / 2);
  // one arm alone takes more than half of the time of both in turn, and less than both at once
  expect(atOnce.seconds!).toBeLessThan(turns.seconds!);
  const one = await plan({}, { arms: ["ethical"] });
  expect(atOnce.seconds!).toBeGreaterThan(one.seconds!);
  expect(atOnce).toMatchObject({ memory: 2e9, processes: 2, steps: { length: turns.steps.length } });
});

it("counts what PPO is measured on", async () => {
  expect(sum(await plan({ measured: 100 }))).toBeGreaterThan(sum(await plan()));
});

it("knows no time where the model is not here, and no memory without its shape", async () => {
  const unknown = await plan({ speeds: { model: null }, processes: 2, memory: undefined });
  expect(unknown.seconds).toBeNull();
  expect(unknown).not.toHaveProperty("memory");
});
