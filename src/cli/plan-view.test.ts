// What a dry run says beneath its steps: memory, cost and time, of processes that work at once too.

import { expect, it } from "vitest";
import type { RecipePlan } from "../recipes/index.ts";
import { formatPlan } from "./plan-view.ts";

const step = { stage: "sl", what: "1 epoch", calls: 0, tokens: 10, seconds: 60 };
const plan: RecipePlan = { steps: [step, { ...step, stage: "rl" }], seconds: 120, dollars: 0 };
const textOf = (change: Partial<RecipePlan>): string => formatPlan({ ...plan, ...change }).join("\n");

it("says how long it takes, and how much memory where that is known", () => {
  expect(textOf({})).toContain("Time: about 2 min 00 s on this machine as busy as it is now.");
  expect(textOf({})).not.toContain("Memory");
  expect(textOf({ memory: 2 ** 31, processes: 1 })).toContain("Memory: about 2.0 GB at its peak.");
  expect(textOf({ seconds: null })).toContain("Time: not known");
  expect(textOf({ seconds: null, scripted: true })).toContain("Time: not estimated: scripts answer");
});

it("says that processes work at once where the time in all is less than that of the steps", () => {
  const text = textOf({ seconds: 60, memory: 2 ** 31, processes: 2 });
  expect(text).toContain("Memory: about 2.0 GB at its peak, 2 processes at once.");
  expect(text).toContain(
    "Time: about 1 min 00 s on this machine as busy as it is now: 2 processes work at once",
  );
  expect(text).toContain("whose steps take 2 min 00 s added up");
});

it("says of which steps the cost is not known, and what the others take", () => {
  const asked = { ...step, calls: 3, seconds: null };
  const text = (...steps: RecipePlan["steps"]): string => textOf({ steps, seconds: null, dollars: null });
  expect(text({ ...asked, dollars: 2 }, { ...asked, stage: "judge" }, { ...step, stage: "write" })).toContain(
    "Cost: not known: no price is given for judge (prices); the other steps: $2.00 at most.",
  );
  expect(text(asked)).toContain("Cost: not known: no price is given for sl (prices).");
  expect(textOf({ steps: [asked], seconds: null, dollars: null, settingsUnder: "settings." })).toContain(
    "no price is given for sl (settings.prices).",
  );
  // a file that is to be fetched first
  expect(text({ ...asked, calls: 0 })).toContain("Cost: not known.");
});
