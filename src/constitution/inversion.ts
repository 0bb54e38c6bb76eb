// The opposite of a constitution, by rule: every principle changes places with its written opposite. Ids, weights
// and areas stay, so both arms of an experiment draw the same principles under the same seeds and differ in their
// meaning alone.

import { UserError } from "../core/index.ts";
import type { Constitution, Principle } from "../records/index.ts";

const prefix = "inverted ";

const swap = (principle: Principle): Principle => {
  const { title, critique, revision, preference, opposite, ...rest } = principle;
  return { ...rest, ...opposite!, opposite: { title, critique, revision, preference } };
};

/**
 * The inverted constitution: "inverted <name>", with the original's name in `inverts`. Inverting twice gives the
 * original back, name included. Throws UserError "principle-without-opposite" that names the principles at fault.
 */
export const invert = (constitution: Constitution): Constitution => {
  const lacking = constitution.principles.filter((principle) => principle.opposite === undefined);
  if (lacking.length > 0) {
    const ids = lacking.map((principle) => principle.id);
    throw new UserError(
      "principle-without-opposite",
      `The constitution "${constitution.name}" cannot be inverted: ${ids.join(", ")} ${ids.length === 1 ? "has" : "have"} no opposite. ` +
        "Give each of these principles an `opposite` with title, critique, revision and preference, or run one arm alone: --arms ethical.",
      { constitution: constitution.name, principles: ids },
    );
  }
  const { name, inverts, ...rest } = constitution;
  const principles = constitution.principles.map(swap);
  return inverts !== undefined && name === prefix + inverts
    ? { ...rest, name: inverts, principles }
    : { ...rest, name: prefix + name, inverts: name, principles };
};
