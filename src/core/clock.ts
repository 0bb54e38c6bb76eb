// Time as an argument: whoever needs the time is handed a clock, so tests and replays decide it. Milliseconds since
// 1970, as Date.now gives them; knows no time zones and sets no timers.

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
};

export const systemClock: Clock = { now: () => Date.now() };

/** A clock that only moves when told. */
export const manualClock = (start = 0): Clock & { advance(milliseconds: number): void } => {
  let time = start;
  return {
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
};
