// From the process's signals to one abort signal: the first asks for a stop, a later one ends the process at once.
// Knows no command: whoever works looks at the signal between two pieces of work.

import { type Clock, InterruptedError } from "../core/index.ts";

/** One Ctrl-C can arrive twice, from the terminal and passed on by npm; the second within this time is the first. */
const sameSignalMilliseconds = 500;

/**
 * signal: aborted by the first interruption. interrupt: call it on every SIGINT, SIGTERM and SIGHUP. stop: asks for a stop
 * where none was asked for; never ends at once.
 */
export const createInterruption = (
  clock: Clock,
  endNow: () => void,
): { readonly signal: AbortSignal; interrupt(): void; stop(): void } => {
  const controller = new AbortController();
  let first: number | undefined;
  const stop = (): void => {
    first ??= clock.now();
    controller.abort(new InterruptedError("Interrupted.", { drains: true }));
  };
  return {
    signal: controller.signal,
    stop,
    interrupt() {
      if (first === undefined) {
        stop();
      } else if (clock.now() - first > sameSignalMilliseconds) {
        endNow();
      }
    },
  };
};
