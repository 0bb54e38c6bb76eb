// The table of all operations by name. The interpreter, the exporter, the gradient and their checks go by it.
// A new operation is a record in one of the files below, and nothing else.

import { CovenantError } from "../../core/index.ts";
import type { Operation } from "../operation.ts";
import { activationOperations } from "./activations.ts";
import { attentionOperations } from "./attention.ts";
import { checkpointOperations } from "./checkpoint.ts";
import { elementwiseOperations } from "./elementwise.ts";
import { headOperations } from "./head.ts";
import { indexingOperations } from "./indexing.ts";
import { linearOperations } from "./linear.ts";
import { momentOperations } from "./moments.ts";
import { networkOperations } from "./network.ts";
import { normalisationOperations } from "./normalisation.ts";
import { quantisedOperations } from "./quantised.ts";
import { reductionOperations } from "./reduction.ts";

export const operations: ReadonlyMap<string, Operation> = new Map(
  [
    ...elementwiseOperations,
    ...activationOperations,
    ...reductionOperations,
    ...momentOperations,
    ...linearOperations,
    ...indexingOperations,
    ...networkOperations,
    ...normalisationOperations,
    ...quantisedOperations,
    ...headOperations,
    ...checkpointOperations,
    ...attentionOperations,
  ].map((operation) => [operation.name, operation]),
);

/** The record of an operation; throws for a name that is not in the table. */
export const operationNamed = (name: string): Operation => {
  const operation = operations.get(name);
  if (operation === undefined)
    throw new CovenantError("engine-operation", `no operation is called "${name}"`, { name });
  return operation;
};
