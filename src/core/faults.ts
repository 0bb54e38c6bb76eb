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

/** So many faults that are the same but for their place and the value are told; the others are counted. */
const shownOfKind = 3;

/** A value that was got: a text in quotation marks (a long one is cut and not escaped), a number, or a truth. What is missing, or a list, is of another kind. */
const gotValue = /\bgot (?:"(?:[\s\S]{60}…|(?:[^"\\]|\\.)*)"|-?\d[\d.e+-]*|true\b|false\b)/g;

/** What a fault says, wherever it stands and whichever value it got. */
const kindOf = ({ code, message }: UserError): string =>
  `${code} ${message
    .replaceAll(/\b(line|row)(s?) \d+/g, "$1$2")
    .replaceAll(/\ba list of \d+/g, "a list")
    .replaceAll(gotValue, "got a value")}`;

/** Faults of a kind that are told, and how many there are. */
type Kind = { readonly told: UserError[]; count: number };

/**
 * Faults of one file, or of what else a person wrote: three of each kind, and of more than `shown` in all the rest is only
 * counted. A single fault is thrown as it was. remedy: what is said below several.
 */
export const collectFaults = (
  file: string,
  shown = 10,
  remedy = "Correct the file and try again.",
): FaultList => {
  const faults: UserError[] = [];
  const kinds = new Map<string, Kind>();
  let count = 0;
  const add = (fault: UserError): void => {
    count++;
    const name = kindOf(fault);
    const kind = kinds.get(name) ?? { told: [], count: 0 };
    kind.count++;
    if (kind.told.length === shownOfKind || faults.length >= shown) return;
    kinds.set(name, kind);
    kind.told.push(fault);
    faults.push(fault);
  };
  /** What is said below the last fault of a kind that is told, and how many more that are. */
  const moreBelow = (fault: UserError): number => {
    const { told, count: all } = kinds.get(kindOf(fault))!;
    return told.length === shownOfKind && told.at(-1) === fault ? all - told.length : 0;
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
      let left = count - faults.length;
      const lines = faults.flatMap((fault) => {
        const more = moreBelow(fault);
        left -= more;
        return [
          `  ${fault.message.replaceAll("\n", "\n  ")}`,
          ...(more === 0 ? [] : [`  and ${more} more of this kind.`]),
        ];
      });
      const rest = left > 0 ? [`  and ${left} more.`] : [];
      const whole = [`${file} has ${count} faults:`, ...lines, ...rest, remedy];
      throw new UserError(first.code, whole.join("\n"), { file, faults: faults.map(({ facts }) => facts) });
    },
  };
};
