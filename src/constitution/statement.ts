// The texts that put a statement, as people say it ("The AI should be honest"), to a model as a principle. What people
// meant by it is not made clearer here: whoever uses the document edits these texts.

import type { PrincipleText } from "../records/index.ts";
import { loadTemplate, renderTemplate } from "./template.ts";

const load = (name: string) =>
  loadTemplate(new URL(`./prompts/statement-${name}.txt`, import.meta.url), ["statement"]);

const templates = {
  critique: load("critique"),
  revision: load("revision"),
  preference: load("preference"),
};

/** A statement as critique, revision and preference. Line breaks in it become spaces. */
export const textsOfStatement = (statement: string): PrincipleText => {
  const holes = { statement: statement.replaceAll(/\s+/g, " ").trim() };
  return {
    critique: renderTemplate(templates.critique, holes),
    revision: renderTemplate(templates.revision, holes),
    preference: renderTemplate(templates.preference, holes),
  };
};
