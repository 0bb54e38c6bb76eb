// Answers of models as they lie on a disk: what a cache and a recording read back.
// Knows no requests and no files.

import { z } from "zod";
import { answeredBySchema, finishSchema, usageSchema } from "../records/index.ts";

export const replySchema = z.object({
  text: z.string(),
  finish: finishSchema,
  usage: usageSchema,
  answeredBy: answeredBySchema.optional(),
});

export const scoreSchema = z.object({
  logProbabilities: z.array(z.number().nullable()),
  bounded: z.array(z.boolean()).optional(),
  declined: z.enum(["refusal", "overflow", "rejected"]).optional(),
  said: z.string().optional(),
  usage: usageSchema,
  answeredBy: answeredBySchema.optional(),
});
