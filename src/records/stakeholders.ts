// Who argues about what, by which measure: personas, tasks and metrics, as they stand in files that people write.
// What models are asked with them, and what came of it, is in episodes.ts.

import { z } from "zod";
import { idSchema } from "./ids.ts";

const text = z.string().trim().min(1);
const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/, "an id holds only lower-case letters, digits, '.', '_' and '-'");

/** A trait's value: numbers and truth values of YAML are texts here. */
const trait = z.union([text, z.number(), z.boolean()]).transform(String);

/**
 * A simulated person. Names may repeat, ids may not. traits: age, place, work or whatever else; views: what the person
 * thinks of a task, by the task's id.
 */
export const personaSchema = z.strictObject({
  id: idSchema<"persona">(id),
  name: text,
  traits: z.record(text, trait).default({}),
  description: text,
  views: z.record(id, text).default({}),
});
export type Persona = z.infer<typeof personaSchema>;

/**
 * A matter to talk about. request: how it is put to an assistant; words: how long its answer may be, as it is told;
 * presentation: how its first draft is put to users, right before it; without one, in words that fit any task.
 */
export const taskSchema = z.strictObject({
  id: idSchema<"task">(id),
  name: text,
  question: text,
  request: text,
  words: z.number().int().positive().default(120),
  presentation: text.optional(),
});
export type Task = z.infer<typeof taskSchema>;

/**
 * What is rated, from low to high, both included. question: what a user is asked of a draft of the own talk; others: of
 * a draft of another talk, where that is asked differently.
 */
export const metricSchema = z
  .strictObject({
    id,
    name: text,
    low: z.number(),
    high: z.number(),
    question: text,
    others: text.optional(),
  })
  .refine((metric) => metric.id !== "feedback", {
    path: ["id"],
    error: 'no metric can be called "feedback": that is where users write their comment',
  })
  .refine(({ low, high }) => low < high, { path: ["high"], error: "it must be above low" });
export type Metric = z.infer<typeof metricSchema>;
