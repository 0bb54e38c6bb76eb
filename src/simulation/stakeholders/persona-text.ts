// A persona as the model that plays it is told of it, its system message: in full, or in the brief wording that the embedded
// model was made with. What it is then asked is said where it is asked.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import type { Persona } from "../../records/index.ts";

/** full: for models that follow instructions; brief: short forms, which covenant-assembly learned. */
export const wordings = ["full", "brief"] as const;
export type Wording = (typeof wordings)[number];

const load = <Hole extends string>(file: URL, ...holes: readonly Hole[]) => loadTemplate(file, holes);

const templates = {
  persona: load(new URL("./prompts/user-persona.txt", import.meta.url), "name", "traits", "description"),
  view: load(new URL("./prompts/user-view.txt", import.meta.url), "view"),
  brief: load(new URL("./prompts/brief/user-persona.txt", import.meta.url), "name", "description"),
  briefView: load(new URL("./prompts/brief/user-view.txt", import.meta.url), "name", "description", "view"),
};

/** What is told of a persona. The brief wording has its name and description alone. */
export type ShownPersona = Pick<Persona, "name" | "description"> & Partial<Pick<Persona, "traits">>;

/** The system message's text. view: what the persona thinks of the matter at hand, where it has something to say. */
export const personaText = (
  { name, traits = {}, description }: ShownPersona,
  view: string | undefined,
  wording: Wording,
): string => {
  if (wording === "brief")
    return view === undefined
      ? renderTemplate(templates.brief, { name, description })
      : renderTemplate(templates.briefView, { name, description, view });
  const told = Object.entries(traits)
    .map(([trait, value]) => `- ${trait}: ${value}`)
    .join("\n");
  const own = renderTemplate(templates.persona, { name, traits: told, description });
  return view === undefined ? own : `${own}\n\n${renderTemplate(templates.view, { view })}`;
};
