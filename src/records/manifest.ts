// The manifest, written last: that it exists means that the run is complete. It names every artefact with its hash.
// How the hashes are made is not known here; runs/ does that.

import { z } from "zod";
import { stageNameSchema } from "./ids.ts";

export const artefactSchema = z.object({ path: z.string(), bytes: z.number().int(), sha256: z.string() });
export type Artefact = z.infer<typeof artefactSchema>;

/** stage.json of a stage folder, written when the stage has finished. inputs: hash of all that decided its result. */
export const stageManifestSchema = z.object({
  stage: stageNameSchema,
  inputs: z.string(),
  seconds: z.number(),
  records: z.number().int(),
  artefacts: z.array(artefactSchema),
});
export type StageManifest = z.infer<typeof stageManifestSchema>;

/** contentHash covers every JSONL record and the metrics, times aside: equal runs have equal hashes. */
export const manifestSchema = z.object({
  covenant: z.string(),
  name: z.string(),
  seed: z.number().int(),
  contentHash: z.string(),
  stages: z.array(z.object({ stage: stageNameSchema, inputs: z.string() })),
  artefacts: z.array(artefactSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;
