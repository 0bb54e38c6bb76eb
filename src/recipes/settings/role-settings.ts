// Settings of the roles that models play in simulations: how a role is sampled, which model takes it, and where one's own texts
// lie. What a role is asked is not known here.

import { z } from "zod";
import { expandHome } from "../../core/index.ts";
import { modelName, samplingSettings } from "./settings.ts";

const positive = z.number().int().positive();

/** How a role is sampled. maxTokens: the real limit, apart from what the role is told. */
export const roleSampling = (temperature: number, maxTokens: number) => ({
  temperature: z.number().nonnegative().default(temperature).describe("0: always the likeliest token"),
  topP: samplingSettings.unwrap().shape.topP,
  maxTokens: positive.default(maxTokens).describe("tokens a reply at most, whatever the role is told"),
});

/** The model of a role, where it is another one. */
export const roleModel = modelName.optional().describe("model of this role; default: model");

/** From where on comments are thanks, of which the brief wording makes nothing. whom: to whom they are not shown. */
export const contentSetting = (whom: string) =>
  z
    .union([z.number().min(0).max(1), z.literal("off")], { error: 'expected a share from 0 to 1, or "off"' })
    .default(0.8)
    .describe(
      `share of a scale from which a number is one of somebody content, whose comment the ${whom} is not shown in the brief wording; off: all are shown`,
    );

/** What is asked in words of one's own. */
export const promptsSetting = z
  .string()
  .min(1)
  .overwrite(expandHome)
  .optional()
  .describe(
    "file with texts of one's own in place of prompts that the run asks: a map from their names (YAML, JSON)",
  );

/** Users, who rate and comment. */
export const userRole = z
  .strictObject({
    model: roleModel,
    ...roleSampling(0, 150),
    words: positive.default(30).describe("words of a comment at most, as users are told"),
  })
  .prefault({});

/** The role that writes documents. named: as the role is called in settings' descriptions. */
export const writerRole = (named: string, given: { readonly temperature: number; readonly words: number }) =>
  z
    .strictObject({
      model: roleModel,
      ...roleSampling(given.temperature, 1500),
      words: positive.default(given.words).describe(`words of a document at most, as the ${named} is told`),
      attempts: positive.default(3).describe("how often it is asked where its reply cannot be read"),
    })
    .prefault({});

type Sampling = { readonly temperature: number; readonly topP: number; readonly maxTokens: number };

/** What of a role's settings says how it is sampled. */
export const samplingOf = ({ temperature, topP, maxTokens }: Sampling): Sampling => ({
  temperature,
  topP,
  maxTokens,
});
