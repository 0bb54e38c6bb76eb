// What a constitution can be used for. A document may say how to revise, how to compare, or both; a command takes the
// principles that say what it needs, and refuses a document that has none. A seeded part of the principles is taken here,
// too, for experiments on their number.

import { counted, createRandom, deriveSeed, UserError } from "../core/index.ts";
import type { Constitution, Principle } from "../records/index.ts";

/** revise: critique and revision are asked; judge: replies are compared. */
export type Purpose = "revise" | "judge";

const serves = ({ critique, revision, preference }: Principle, purpose: Purpose): boolean =>
  purpose === "judge" ? preference !== "" : critique !== "" && revision !== "";

const lacking = (constitution: Constitution, purpose: Purpose): UserError => {
  const { name } = constitution;
  const count = constitution.principles.length;
  const has = `${count} ${count === 1 ? "principle" : "principles"} to`;
  const advice = "Choose another --constitution, or add the texts to the document.";
  return purpose === "judge"
    ? new UserError(
        "constitution-judges-nothing",
        `The constitution "${name}" has ${has} revise by and none to compare replies by: no principle has a preference ("Which reply is ...?"). ${advice}`,
        { constitution: name, purpose },
      )
    : new UserError(
        "constitution-revises-nothing",
        `The constitution "${name}" has ${has} compare replies by and none to revise by: no principle has critique and revision. ${advice}`,
        { constitution: name, purpose },
      );
};

/**
 * The constitution with the principles that serve a purpose; the same object where all do. Throws UserError
 * "constitution-revises-nothing" or "constitution-judges-nothing".
 */
export const constitutionFor = (constitution: Constitution, purpose: Purpose): Constitution => {
  const principles = constitution.principles.filter((principle) => serves(principle, purpose));
  if (principles.length === 0) throw lacking(constitution, purpose);
  return principles.length === constitution.principles.length
    ? constitution
    : { ...constitution, principles };
};

/**
 * The constitution with so many of its principles, drawn by the seed and in the document's order. A smaller part lies
 * within a larger one, and an inversion keeps the same ids. Throws UserError "principles-too-few".
 */
export const someOf = (constitution: Constitution, count: number, seed: number): Constitution => {
  const { principles } = constitution;
  if (count > principles.length) {
    throw new UserError(
      "principles-too-few",
      `Got revise.principles=${count}, but the constitution "${constitution.name}" has ${counted(principles.length, "principle")} to revise by. Expected a number from 1 to ${principles.length}.`,
      { constitution: constitution.name, count, principles: principles.length },
    );
  }
  const order = createRandom(deriveSeed(seed, "principles")).shuffle(principles.map(({ id }) => id));
  const drawn = new Set(order.slice(0, count));
  return { ...constitution, principles: principles.filter(({ id }) => drawn.has(id)) };
};
