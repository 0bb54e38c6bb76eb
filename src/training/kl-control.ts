// The price of leaving the reference: fixed, or adapted step by step so that the divergence stays near a target
// (Ziegler et al. 2019, section 2.2: a proportional controller in log-space). What it has come to is part of what a
// checkpoint holds; it is kept in single precision, so that it comes back from disk as it was.

/** target: the divergence to hold, in nats a reply; without it the coefficient stays as it is. gain: K_β of the paper. */
export type KlControlOptions = {
  readonly initial: number;
  readonly target?: number | undefined;
  readonly gain: number;
};

/** The coefficient as it stands, and how it moves. */
export type KlControl = {
  value(): number;
  /** Takes in a step's mean divergence, in nats a reply. */
  observe(divergence: number): void;
  /** Puts back a saved value. */
  restore(value: number): void;
};

/** Relative errors count up to this much a step. */
const largestError = 0.2;

/** A controller that begins at the initial coefficient. */
export const createKlControl = ({ initial, target, gain }: KlControlOptions): KlControl => {
  let coefficient = Math.fround(initial);
  return {
    value: () => coefficient,
    observe(divergence) {
      if (target === undefined) return;
      const error = Math.max(-largestError, Math.min(largestError, divergence / target - 1));
      coefficient = Math.fround(coefficient * (1 + gain * error));
    },
    restore(value) {
      coefficient = Math.fround(value);
    },
  };
};
