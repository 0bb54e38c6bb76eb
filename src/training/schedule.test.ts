// Learning rates against transformers.get_scheduler, step by step.

import { describe, expect, it } from "vitest";
import { golden } from "./golden.fixture.ts";
import { learningRateAt } from "./schedule.ts";

describe("learning rates", () => {
  it.each(golden.schedules)(
    "are transformers' ($kind, warm-up of $warmupSteps)",
    ({ rates, ...schedule }) => {
      for (const [step, rate] of rates.entries())
        expect(learningRateAt(schedule, step)).toBeCloseTo(rate, 12);
    },
  );
});
