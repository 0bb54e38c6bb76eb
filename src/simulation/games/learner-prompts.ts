// How whoever learns in games is asked, in both wordings, from files with named holes that are checked when they are loaded, or
// in texts of one's own. What fills the holes is not known here.

import { loadTemplate, type Template } from "../../constitution/index.ts";
import { withOwnTexts } from "../own-prompts.ts";
import type { Wording } from "../stakeholders/persona-text.ts";

const load = <Hole extends string>(name: string, ...holes: Hole[]): Template<Hole> =>
  loadTemplate(new URL(`./prompts/${name}.txt`, import.meta.url), holes);

/** How flexible players learn: what the group does, what pays for themselves, or what the group does with each thing. */
export const learningVariants = ["imitation", "own-gain", "resource-specific"] as const;
export type LearningVariant = (typeof learningVariants)[number];

/** What is learned: by a variant, or in a trade a strategy. */
export type Lessons = LearningVariant | "strategy";

const full = {
  imitation: load("learn-imitation", "principle", "seen", "interactions"),
  "own-gain": load("learn-own-gain", "principle", "seen", "interactions"),
  "resource-specific": load("learn-resource-specific", "principle", "seen", "interactions"),
  strategy: load("learn-strategy", "role", "principle", "interactions"),
} satisfies Record<Lessons, Template>;

const briefNorm = load("brief/learn", "principle", "plays");
const brief = {
  imitation: briefNorm,
  "own-gain": load("brief/learn-own-gain", "principle", "plays"),
  "resource-specific": briefNorm,
  strategy: load("brief/learn-strategy", "role", "principle", "rounds"),
} satisfies Record<Lessons, Template>;

export type FullLessons = typeof full;
export type BriefLessons = typeof brief;

/** In which words whoever learns is asked. */
export type LearnerPrompts =
  | { readonly wording: "full"; readonly texts: FullLessons }
  | { readonly wording: "brief"; readonly texts: BriefLessons };

/** The prompts that come with Covenant, by the wording. */
export const learnerPrompts = {
  full: { wording: "full", texts: full },
  brief: { wording: "brief", texts: brief },
} as const satisfies Record<Wording, LearnerPrompts>;

/** Prompts with the texts of a file in place of those that a run asks. Throws UserError as withOwnTexts does. */
export const withOwnLearnerTexts = (
  prompts: LearnerPrompts,
  file: string,
  asked: readonly Lessons[],
): Promise<LearnerPrompts> => withOwnTexts(prompts, file, asked);
