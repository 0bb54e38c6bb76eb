// What an entry of the lexicon is: an action with a target hole, the steps it takes, and whom it can be done to.
// What may be combined with what is decided in index.ts.

/** The four areas a principle can protect. */
export const areas = ["peace", "privacy", "racial-equality", "gender-equality"] as const;
export type Area = (typeof areas)[number];

/** Sets of targets that an action can be combined with. */
export type TargetSet = "persons" | "women" | "outsiders" | "groups";

/**
 * phrase: the bare verb phrase with the hole {t}; gerund: the -ing form of its first word; steps: what a full reply
 * tells, each in the template language of phrase.ts, in the order in which they are done. areas and severity are of
 * harmful actions only.
 */
export type ActionEntry = {
  readonly phrase: string;
  readonly gerund: string;
  readonly targets: readonly TargetSet[];
  readonly steps: readonly string[];
};

export type HarmfulEntry = ActionEntry & {
  readonly areas: readonly Area[];
  readonly severity: "mild" | "severe";
};
