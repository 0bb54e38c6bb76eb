// A context for recipes in tests whose clock goes on by a second at every look, so that no progress is held back.
// Knows no recipe.

import type { RunEvent } from "../records/index.ts";

/** onEvent: hears every event, and may stop the run. */
export const contextFor = (onEvent: (event: RunEvent, stop: () => void) => void = () => undefined) => {
  const controller = new AbortController();
  let time = 0;
  const emit = (event: RunEvent): void => onEvent(event, () => controller.abort());
  const clock = {
    now: () => {
      time += 1000;
      return time;
    },
  };
  return { emit, signal: controller.signal, clock, environment: {} };
};
