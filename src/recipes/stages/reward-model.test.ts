// A reward model as a reward: over as many bits as its adapter was trained on.

import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { scoreOfLogit } from "../../training/index.ts";
import { createScorer, frozenState, loadModelFolder } from "../../transformer/index.ts";
import { openReward } from "./reward-model.ts";

const folder = fileURLToPath(new URL("../../../test/golden/adapters/reward", import.meta.url));
const context = {
  ...{ emit() {}, signal: new AbortController().signal, clock: manualClock(), environment: {} },
};
const items = [
  { trunk: [5, 6, 7], branches: [[8, 9, 0]] },
  { trunk: [5, 6], branches: [[20, 21]] },
];

const rewards = async (load?: "4bit"): Promise<readonly number[]> => {
  const opened = await openReward(folder, context, "plain", load);
  return opened.reward(items).finally(() => opened.release());
};

it("stays beside weights in fewer bits, as it was trained, and is merged into whole ones", async () => {
  const live = createScorer(frozenState(await loadModelFolder(folder, { load: "4bit" })));
  const scores = (await live.scores(items)).map(([logit]) => scoreOfLogit(logit!));
  await live.release();
  const [held, whole] = [await rewards("4bit"), await rewards()];
  held.forEach((found, at) => {
    expect(found).toBeCloseTo(scores[at]!, 6);
    expect(Math.abs(found - whole[at]!)).toBeGreaterThan(1e-5);
  });
});
