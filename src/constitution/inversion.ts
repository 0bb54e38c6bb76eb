// The opposite of a constitution, by rule: every principle changes places with its written opposite. Ids, weights
// and areas stay, so both arms of an experiment draw the same principles under the same seeds and differ in their
// meaning alone.

import { UserError } from "../core/index.ts";
import type { Constitution, Principle, PrincipleId } from "../records/index.ts";

const prefix = "inverted ";

const swap = (principle: Principle): Principle => {
  const { title, critique, revision, preference, author, opposite, ...rest } = principle;
  const by = author === undefined ? {} : { author };
  return { ...rest, ...opposite!, opposite: { title, critique, revision, preference, ...by } };
};

/** The ids of the principles that have no opposite. */
export const withoutOpposite = ({ principles }: Constitution): PrincipleId[] =>
  principles.filter(({ opposite }) => opposite === undefined).map(({ id }) => id);

/**
 * The inverted constitution: "inverted <name>", with the original's name in `inverts`. Inverting twice gives the
 * original back, name included. Throws UserError "principle-without-opposite" that names the principles at fault, and
 * "few-shots-without-opposite".
 */
export const invert = (constitution: Constitution): Constitution => {
  const ids = withoutOpposite(constitution);
  if (ids.length > 0) {
    throw new UserError(
      "principle-without-opposite",
      `The constitution "${constitution.name}" cannot be inverted: ${ids.join(", ")} ${ids.length === 1 ? "has" : "have"} no opposite. ` +
        "Give each of these principles an `opposite` with title, critique, revision and preference, let a model write them (`covenant invert --model ...`), or leave the inversion out (`covenant run --arms ethical`).",
      { constitution: constitution.name, principles: ids },
    );
  }
  if (constitution.fewShots !== undefined) {
    throw new UserError(
      "few-shots-without-opposite",
      `The constitution "${constitution.name}" cannot be inverted: its few-shots show how to keep to it and have no opposite. Move them out of the document and give them with --few-shots where they belong.`,
      { constitution: constitution.name },
    );
  }
  const { name, inverts, ...rest } = constitution;
  const principles = constitution.principles.map(swap);
  return inverts !== undefined && name === prefix + inverts
    ? { ...rest, name: inverts, principles }
    : { ...rest, name: prefix + name, inverts: name, principles };
};
