// Learning-rate schedules: a linear warm-up from 0 and then constant, linear or cosine decay, as transformers'
// get_scheduler computes them: the very first step of a warm-up is taken with a rate of 0.

/** A learning rate over steps: warm-up to its peak, then by its kind. */
export type ScheduleOptions = {
  readonly kind: "constant" | "linear" | "cosine";
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
};

/** Learning rate of step `step`, counted from 0. */
export const learningRateAt = (
  { kind, peak, warmupSteps, totalSteps }: ScheduleOptions,
  step: number,
): number => {
  if (step < warmupSteps) return (peak * step) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  switch (kind) {
    case "constant":
      return peak;
    case "linear":
      return peak * (1 - progress);
    case "cosine":
      return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
    default:
      return kind satisfies never;
  }
};
