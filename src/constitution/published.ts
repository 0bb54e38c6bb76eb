// The JSON files in which the principles of Bai et al. 2022 were published, read as a constitution: an object of critique
// and revision requests for revising, or a list of questions for comparing. Each request stands in the file with the
// transcript's own markers around it; here they are taken off, and transcript.ts puts them back.

import { basename } from "node:path";
import { z } from "zod";
import { checkValue } from "../core/index.ts";
import { type Constitution, constitutionSchema } from "../records/index.ts";

const text = z.string().trim().min(1);
const requestsSchema = z.record(z.string(), z.object({ prompt: z.array(text).min(1), edit_request: text }));
const questionsSchema = z.array(text).min(1, "a list of principles needs at least one");

/** "\n\nCritiqueRequest: <request>\n\nCritique:" → the request alone; text without markers stays. */
const unmark = (marked: string, request: string, answer: string): string => {
  const open = marked.trim().replace(new RegExp(`^${request}:\\s*`), "");
  return open.replace(new RegExp(`\\s*${answer}:$`), "").trim();
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a text holds as JSON; undefined where it is none. */
export const parseQuietly = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
};

const areRequests = (value: unknown): boolean =>
  isObject(value) &&
  Object.keys(value).length > 0 &&
  Object.values(value).every((entry) => isObject(entry) && ("edit_request" in entry || "prompt" in entry));

const asId = (key: string): string =>
  key
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+/, "");

type Draft = z.input<typeof constitutionSchema>["principles"][number];

/** A key with several critique requests gives a principle for each, drawn together as often as any other. */
const revisingDrafts = (value: unknown, file: string): Draft[] =>
  Object.entries(checkValue(requestsSchema, value, { file })).flatMap(([key, { prompt, edit_request }]) =>
    prompt.map((request, at) => {
      const id = prompt.length === 1 ? asId(key) : `${asId(key)}.${at}`;
      return {
        id,
        title: id,
        weight: 1 / prompt.length,
        critique: unmark(request, "CritiqueRequest", "Critique"),
        revision: unmark(edit_request, "RevisionRequest", "Revision"),
      };
    }),
  );

const judgingDrafts = (value: unknown, file: string): Draft[] =>
  checkValue(questionsSchema, value, { file }).map((question, at) => ({
    id: `preference${at}`,
    title: `preference${at}`,
    preference: question.trim().replace(/\s*Options:$/, ""),
  }));

/**
 * The constitution in a text that has one of the published shapes; null for any other text. Throws UserError for one
 * that has the shape but lacks something.
 */
export const readPublished = (text: string, file: string): Constitution | null => {
  const value = parseQuietly(text);
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === "string");
  if (!isList && !areRequests(value)) return null;
  const document: z.input<typeof constitutionSchema> = {
    name: basename(file).replace(/\.json$/i, ""),
    source: basename(file),
    licence: "not stated in the file",
    principles: isList ? judgingDrafts(value, file) : revisingDrafts(value, file),
  };
  return checkValue(constitutionSchema, document, { file });
};
