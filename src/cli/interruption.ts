// From the process's signals to one abort signal: the first asks for a stop, a later one ends the process at once.
// Knows no command: whoever works looks at the signal between two pieces of work.

import { type Clock, InterruptedError } from "../core/index.ts";

/** One Ctrl-C can arrive twice, from the terminal and passed on by npm; the second within this time is the first. */
const sameSignalMilliseconds = 500;

/** signal: aborted by the first interruption. interrupt: call it on every SIGINT, SIGTERM and SIGHUP. */
export const createInterruption = (
  clock: Clock,
  endNow: () => void,
): { readonly signal: AbortSignal; interrupt(): void } => {
  const controller = new AbortController();
  let first: number | undefined;
  return {
    signal: controller.signal,
    interrupt() {
      if (first === undefined) {
        first = clock.now();
        controller.abort(new InterruptedError("Interrupted.", { drains: true }));
      } else if (clock.now() - first > sameSignalMilliseconds) {
        endNow();
      }
    },
  };
};
