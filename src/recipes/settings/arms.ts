// The arms of an experiment: the same pipeline under a constitution and under its inversion.
// "ethical" stands for the document as it is written, whatever its name.

import { constitutionFor, invert, type Purpose } from "../../constitution/index.ts";
import { type Constitution, writtenArm } from "../../records/index.ts";

export const armNames = [writtenArm, "inverted"] as const;
export type ArmName = (typeof armNames)[number];

/** The constitution that a run worked under, as a file of its folder, or of an arm's. */
export const keptConstitution = "constitution.yaml";

/**
 * The document itself, or its inversion; for a purpose, the principles that serve it. Throws UserError when a principle
 * has no opposite, and when none serves the purpose.
 */
export const constitutionUnder = (
  document: Constitution,
  inverted: boolean,
  purpose?: Purpose,
): Constitution => {
  const constitution = inverted ? invert(document) : document;
  return purpose === undefined ? constitution : constitutionFor(constitution, purpose);
};
