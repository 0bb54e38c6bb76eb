// The arms of an experiment: the same pipeline under a constitution and under its inversion.
// "ethical" stands for the document as it is written, whatever its name.

import { invert } from "../../constitution/index.ts";
import type { Constitution } from "../../records/index.ts";

export const armNames = ["ethical", "inverted"] as const;
export type ArmName = (typeof armNames)[number];

/** The document itself, or its inversion. Throws UserError when a principle has no opposite. */
export const constitutionUnder = (document: Constitution, inverted: boolean): Constitution =>
  inverted ? invert(document) : document;
