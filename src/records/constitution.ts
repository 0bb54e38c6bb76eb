// A constitution as a document (YAML on disk): principles, each with the three texts that put it to a model.
// What a document must be beyond its shape (unique ids, texts with their holes) is checked in constitution/.

import { z } from "zod";

/**
 * One principle. id: unique in the document; area: what it protects ("peace", "privacy", ...); critique and revision:
 * what the model is asked; preference: the question of a comparison ("Which reply ...?"). opposite: the same three
 * texts with the meaning reversed (makes the principle invertible by rule). source: where the principle comes from.
 */
export const principleTextSchema = z.strictObject({
  critique: z.string().trim().min(1),
  revision: z.string().trim().min(1),
  preference: z.string().trim().min(1),
});
export type PrincipleText = z.infer<typeof principleTextSchema>;

export const principleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, "an id holds only lower-case letters, digits, '.', '_' and '-'"),
  title: z.string().trim().min(1),
  area: z.string().trim().min(1).optional(),
  weight: z.number().positive().default(1),
  ...principleTextSchema.shape,
  opposite: z.strictObject({ title: z.string().trim().min(1), ...principleTextSchema.shape }).optional(),
  source: z.string().optional(),
});
export type Principle = z.infer<typeof principleSchema>;

/** The document. inverts: the name of the document whose opposite this is. */
export const constitutionSchema = z.strictObject({
  name: z.string().trim().min(1),
  version: z.string().default("1"),
  description: z.string().default(""),
  source: z.string().min(1),
  licence: z.string().min(1),
  inverts: z.string().optional(),
  principles: z.array(principleSchema).min(1, "a constitution needs at least one principle"),
});
export type Constitution = z.infer<typeof constitutionSchema>;
