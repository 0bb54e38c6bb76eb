// The texts that put a statement, as people say it ("The AI should be honest"), to a model as a principle. What people
// meant by it is not made clearer here: whoever uses the document edits these texts. A public agreed on a statement; a
// principle that a model wrote from what people said is put without that claim.

import { oneLine } from "../core/index.ts";
import type { PrincipleText } from "../records/index.ts";
import { loadTemplate, renderTemplate } from "./template.ts";

const load = (file: URL) => loadTemplate(file, ["statement"]);

type Templates = Readonly<Record<keyof PrincipleText, ReturnType<typeof load>>>;

const agreed: Templates = {
  critique: load(new URL("./prompts/statement-critique.txt", import.meta.url)),
  revision: load(new URL("./prompts/statement-revision.txt", import.meta.url)),
  preference: load(new URL("./prompts/statement-preference.txt", import.meta.url)),
};

const learned: Templates = {
  critique: load(new URL("./prompts/learned-critique.txt", import.meta.url)),
  revision: load(new URL("./prompts/learned-revision.txt", import.meta.url)),
  preference: load(new URL("./prompts/learned-preference.txt", import.meta.url)),
};

const textsBy = (templates: Templates, statement: string): PrincipleText => {
  const holes = { statement: oneLine(statement) };
  return {
    critique: renderTemplate(templates.critique, holes),
    revision: renderTemplate(templates.revision, holes),
    preference: renderTemplate(templates.preference, holes),
  };
};

/** A statement as critique, revision and preference. Line breaks in it become spaces. */
export const textsOfStatement = (statement: string): PrincipleText => textsBy(agreed, statement);

/** A principle that a model wrote, as critique, revision and preference. Line breaks in it become spaces. */
export const textsOfLearned = (principle: string): PrincipleText => textsBy(learned, principle);
