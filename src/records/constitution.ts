// A constitution as a document (YAML on disk): principles, each with the three texts that put it to a model.
// What a document must be beyond its shape (unique ids, texts with their holes) is checked in constitution/.

import { z } from "zod";
import { messageSchema } from "./conversation.ts";
import { idSchema } from "./ids.ts";

const text = z.string().trim().min(1);

/**
 * The texts that put a principle to a model. critique and revision: what the model is asked when it revises; preference:
 * the question of a comparison ("Which reply ...?"). "": the document does not say it, so the principle cannot be used
 * for that (see constitution/purpose.ts).
 */
export const principleTextSchema = z.strictObject({
  critique: text.default(""),
  revision: text.default(""),
  preference: text.default(""),
});
export type PrincipleText = z.infer<typeof principleTextSchema>;

type Texts = PrincipleText & { readonly opposite?: PrincipleText | undefined };
type Lacking = { readonly path: readonly string[]; readonly message: string };

/** What is missing beside the texts that are there: critique and revision are a pair, and an opposite has all of them. */
const lackingTexts = ({ opposite, ...own }: Texts): Lacking[] => {
  const lacking: Lacking[] = [];
  const needs = (path: readonly string[], message: string): void => {
    lacking.push({ path, message });
  };
  if (own.critique + own.revision + own.preference === "")
    needs([], "a principle needs critique and revision, or a preference, or all three");
  else if ((own.critique === "") !== (own.revision === ""))
    needs([own.critique === "" ? "critique" : "revision"], "critique and revision come together");
  if (opposite === undefined) return lacking;
  for (const part of ["critique", "revision", "preference"] as const) {
    if ((own[part] === "") === (opposite[part] === "")) continue;
    needs(
      ["opposite", part],
      own[part] === "" ? `the principle itself has no ${part}` : `the principle itself has a ${part}`,
    );
  }
  return lacking;
};

const votes = z.number().int().nonnegative();

/** How a group of people voted on what `source` names: votes for, against, and of neither kind. */
export const groupSupportSchema = z.strictObject({
  group: idSchema<"group">(text),
  agree: votes,
  disagree: votes,
  pass: votes,
});
export type GroupSupport = z.infer<typeof groupSupportSchema>;

/**
 * What somebody said that argued for a principle. record: its id in the run that the principle was learned in; by: whether
 * the model that wrote the principle cited it, or it is only the most similar in its words, because none was cited; or
 * the principle was voted on, and the speaker proposed it or supported it, by how much of 10. doubtful: cited, and yet it
 * says something else than the principle ("says-other"), or, where nobody can tell, has no word of it ("shares-no-word").
 */
export const groundSchema = z.strictObject({
  record: text,
  speaker: idSchema<"user">(text),
  said: text,
  by: z.enum(["cited", "similar", "proposed", "supported"]),
  support: z.number().optional(),
  doubtful: z.enum(["says-other", "shares-no-word"]).optional(),
});
export type Ground = z.infer<typeof groundSchema>;

/**
 * One principle. id: unique in the document; area: what it protects ("peace", "privacy", ...). opposite: the same texts
 * with the meaning reversed (makes the principle invertible by rule). source: where the principle comes from; support: how
 * groups voted on what stands there; grounds: what was said that argued for it; author: who wrote these very texts, where
 * it was a model.
 */
export const principleSchema = z
  .strictObject({
    id: idSchema<"principle">(
      z
        .string()
        .regex(/^[a-z0-9][a-z0-9._-]*$/, "an id holds only lower-case letters, digits, '.', '_' and '-'"),
    ),
    title: text,
    area: text.optional(),
    weight: z.number().positive().default(1),
    ...principleTextSchema.shape,
    opposite: z
      .strictObject({ title: text, ...principleTextSchema.shape, author: text.optional() })
      .optional(),
    source: z.string().optional(),
    support: z.array(groupSupportSchema).min(1).optional(),
    grounds: z.array(groundSchema).min(1).optional(),
    author: text.optional(),
  })
  .superRefine((principle, context) => {
    for (const { path, message } of lackingTexts(principle))
      context.addIssue({ code: "custom", path: [...path], message });
  });
export type Principle = z.infer<typeof principleSchema>;

/**
 * One worked example of critique and revision: a dialogue that ends with a reply of the assistant, and what was asked
 * and said about it.
 */
export const revisionExampleSchema = z.strictObject({
  messages: z
    .array(messageSchema)
    .min(2)
    .refine((messages) => messages.at(-1)?.role === "assistant", "the last message must be the assistant's"),
  critiqueRequest: text,
  critique: text,
  revisionRequest: text,
  revision: text,
});
export type RevisionExample = z.infer<typeof revisionExampleSchema>;

/** The document. inverts: the name of the document whose opposite this is; fewShots: shown before every revision. */
export const constitutionSchema = z.strictObject({
  name: z.string().trim().min(1),
  version: z.string().default("1"),
  description: z.string().default(""),
  source: z.string().min(1),
  licence: z.string().min(1),
  inverts: z.string().optional(),
  fewShots: z.array(revisionExampleSchema).min(1).optional(),
  principles: z.array(principleSchema).min(1, "a constitution needs at least one principle"),
});
export type Constitution = z.infer<typeof constitutionSchema>;
