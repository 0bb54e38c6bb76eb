// The part of core that also runs in a browser: no node: import below this line.
export { type Clock, manualClock, systemClock } from "./clock.ts";
export {
  CovenantError,
  type ErrorFacts,
  InterruptedError,
  messageOf,
  throwIfAborted,
  UserError,
} from "./errors.ts";
export { createRandom, deriveSeed, hashText, type Random } from "./random.ts";
