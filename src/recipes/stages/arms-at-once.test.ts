// When arms may work side by side: settings, threads and memory decide. That they then write the same, a whole run shows
// (test/e2e/whole-run.test.ts).

import { afterEach, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { setThreads } from "../../engine/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { sizedModel } from "../costs/sized-model.fixture.ts";
import type { RecipeContext } from "../recipe.ts";
import { runSchema } from "../settings/run-config.ts";
import { armMemory, canWorkAtOnce } from "./arms-at-once.ts";

afterEach(() => setThreads(1));

const context: RecipeContext = {
  emit: () => {},
  signal: new AbortController().signal,
  clock: manualClock(0),
  environment: {},
  startProcess: () => ({ tell() {}, listen() {}, release() {} }),
};
const { startProcess: _, ...alone } = context;
const small = { ...sizedModel, layers: 1, vocabularySize: 256 };
/** Machines whose half is what both arms take, a little less, and a little more. */
const needed = 2 * armMemory(small, runSchema.parse({}), []);

it.each([
  ["with the defaults", {}, 2, small, context, true],
  ["for one arm", { arms: ["ethical"] }, 2, small, context, false],
  ["on one thread", {}, 1, small, context, false],
  ["where no process can be started", {}, 2, small, alone, false],
  ["where the judge answers elsewhere", { judge: "http://host/v1#judge" }, 2, small, context, false],
  ["where calls are recorded", { record: "calls.jsonl" }, 2, small, context, false],
  ["for a model whose shape is not known here", {}, 2, null, context, false],
] as const)("%s", (_name, settings, threads, shape, given, wanted) => {
  setThreads(threads);
  expect(canWorkAtOnce(runSchema.parse(settings), given, shape, [])).toBe(wanted);
});

it("where both take half of the memory at most", () => {
  setThreads(2);
  const config = runSchema.parse({});
  expect(canWorkAtOnce(config, context, small, [], 2 * needed)).toBe(true);
  expect(canWorkAtOnce(config, context, small, [], 2 * needed - 1)).toBe(false);
});

it("by what the largest stage takes: with pairs that is learning from them, with many replies a step learning by reward", () => {
  const size = (settings: object) => armMemory(small, runSchema.parse(settings), []);
  expect(size({ dpo: { batch: 256 } })).toBeGreaterThan(size({}));
  expect(size({ ppo: { batch: 2048 } })).toBeGreaterThan(size({}));
});

it("also by the prompts that PPO keeps out, where they are more than its batch", () => {
  const prompts = Array.from({ length: 400 }, (_, at): PromptRecord => {
    const messages: PromptRecord["messages"] = [{ role: "user", content: `Request ${at}.` }];
    return { id: `prompt-${at}`, parents: [], stage: "prompts", seed: at, split: "train", messages };
  });
  const size = (ppo: object) => armMemory(small, runSchema.parse({ dpo: { batch: 1 }, ppo }), prompts);
  const plain = size({ batch: 4 });
  expect(size({ batch: 4, evaluationShare: 0.001 })).toBe(plain);
  expect(size({ batch: 4, evaluationShare: 0.5 })).toBeGreaterThan(plain);
});
