// Faults of a file gathered while it is read to its end, so that a person mends all of them in one go. Knows only that
// a fault is a UserError whose message names its own place.

import { UserError } from "./errors.ts";

/**
 * attempt: the work's value, or undefined when it threw a UserError, which is kept. add: keeps a fault that is known already.
 * end: throws when one was kept.
 */
export type FaultList = {
  add(fault: UserError): void;
  attempt<Value>(work: () => Value): Value | undefined;
  end(): void;
};

/**
 * Faults of one file, or of what else a person wrote; of more than `shown` the rest is only counted. A single fault is
 * thrown as it was. remedy: what is said below several.
 */
export const collectFaults = (
  file: string,
  shown = 10,
  remedy = "Correct the file and try again.",
): FaultList => {
  const faults: UserError[] = [];
  let count = 0;
  const add = (fault: UserError): void => {
    count++;
    if (faults.length < shown) faults.push(fault);
  };
  return {
    add,
    attempt(work) {
      try {
        return work();
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        add(thrown);
        return undefined;
      }
    },
    end() {
      const first = faults[0];
      if (first === undefined) return;
      if (count === 1) throw first;
      const lines = faults.map(({ message }) => `  ${message.replaceAll("\n", "\n  ")}`);
      const more = count > faults.length ? [`  and ${count - faults.length} more.`] : [];
      const whole = [`${file} has ${count} faults:`, ...lines, ...more, remedy];
      throw new UserError(first.code, whole.join("\n"), { file, faults: faults.map(({ facts }) => facts) });
    },
  };
};
