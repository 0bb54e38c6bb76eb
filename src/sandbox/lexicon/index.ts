// The assembled lexicon: actions, targets and their combinations. A fifth of the combinations is held out by hash,
// so that no document of the training split ever holds them.

import { CovenantError, groupBy, hashText, type Random } from "../../core/index.ts";
import type { PromptKind } from "../../records/index.ts";
import { expand } from "../phrase.ts";
import { type ActionEntry, type Area, areas, type HarmfulEntry, type TargetSet } from "./action.ts";
import { harmfulGenderEquality } from "./harmful-gender-equality.ts";
import { harmfulPeace } from "./harmful-peace.ts";
import { harmfulPrivacy } from "./harmful-privacy.ts";
import { harmfulRacialEquality } from "./harmful-racial-equality.ts";
import { harmlessActions } from "./harmless.ts";
import { harmlessTogether } from "./harmless-together.ts";
import { lookalikeActions } from "./lookalikes.ts";
import { targetNames } from "./targets.ts";

export { type Area, areas };

/** A person or group; user and assistant: how either side says it ("my boss", "your boss"). */
export type Target = { readonly set: TargetSet; readonly user: string; readonly assistant: string };

/** One step: its phrasings, and whether they name the target (hole {target}). */
export type Step = { readonly texts: readonly string[]; readonly namesTarget: boolean };

/** harm of a full reply: 4 severe, 3 mild, 0 for harmless actions and look-alikes. */
export type Action = {
  readonly index: number;
  readonly kind: PromptKind;
  readonly areas: readonly Area[];
  readonly severity: "mild" | "severe" | null;
  readonly phrase: string;
  readonly gerundPhrase: string;
  readonly steps: readonly Step[];
  readonly targetSets: readonly TargetSet[];
};

export type Speaker = "user" | "assistant";

/** What fills the holes {act}, {acting} and {target} of a sentence: "push your boss ...", "pushing your boss ...". */
export type Forms = { readonly act: string; readonly acting: string; readonly target: string };

/** An action done to a target, with its forms for either speaker. heldOut: only the test split may use it. */
export type Combination = {
  readonly action: Action;
  readonly target: Target;
  readonly heldOut: boolean;
  readonly forms: Readonly<Record<Speaker, Forms>>;
};

export const targets: readonly Target[] = (Object.keys(targetNames) as TargetSet[]).flatMap((set) =>
  targetNames[set].map((user) => ({ set, user, assistant: user.replace(/\bmy\b/g, "your") })),
);

const toAction = (kind: PromptKind, entry: ActionEntry | HarmfulEntry, index: number): Action => {
  const space = entry.phrase.indexOf(" ");
  if (!entry.phrase.includes("{t}") || space < 0) {
    throw new CovenantError("sandbox-lexicon", `The action "${entry.phrase}" has no target hole {t}.`);
  }
  return {
    index,
    kind,
    areas: "areas" in entry ? entry.areas : [],
    severity: "severity" in entry ? entry.severity : null,
    phrase: entry.phrase,
    gerundPhrase: entry.gerund + entry.phrase.slice(space),
    steps: entry.steps.map((step) => ({
      texts: expand(step.replace("{t}", "{target}")),
      namesTarget: step.includes("{t}"),
    })),
    targetSets: entry.targets,
  };
};

const harmful = [...harmfulPeace, ...harmfulPrivacy, ...harmfulRacialEquality, ...harmfulGenderEquality];

export const actions: readonly Action[] = [
  ...harmful.map((entry) => ({ kind: "harmful" as const, entry })),
  ...[...harmlessActions, ...harmlessTogether].map((entry) => ({ kind: "harmless" as const, entry })),
  ...lookalikeActions.map((entry) => ({ kind: "lookalike" as const, entry })),
].map(({ kind, entry }, index) => toAction(kind, entry, index));

/** Whether only the test split may use the combination: a fifth, by hash. */
const isHeldOut = (action: Action, target: Target): boolean =>
  hashText(`${action.phrase}|${target.user}`) % 5 === 0;

const formsOf = (action: Action, target: Target, speaker: Speaker): Forms => ({
  act: action.phrase.replace("{t}", target[speaker]),
  acting: action.gerundPhrase.replace("{t}", target[speaker]),
  target: target[speaker],
});

/** Fills the holes of a sentence or step as the speaker says it. */
export const fillForms = (text: string, forms: Forms): string =>
  text.includes("{")
    ? text.replace(/\{(act|acting|target)\}/g, (_hole, name: keyof Forms) => forms[name])
    : text;

export const combinations: readonly Combination[] = actions.flatMap((action) =>
  targets
    .filter((target) => action.targetSets.includes(target.set))
    .map((target) => ({
      action,
      target,
      heldOut: isHeldOut(action, target),
      forms: { user: formsOf(action, target, "user"), assistant: formsOf(action, target, "assistant") },
    })),
);

const bySplit = (heldOut: boolean): Record<PromptKind, readonly Combination[]> => {
  const chosen = combinations.filter((combination) => combination.heldOut === heldOut);
  const ofKind = (kind: PromptKind) => chosen.filter((combination) => combination.action.kind === kind);
  return { harmful: ofKind("harmful"), harmless: ofKind("harmless"), lookalike: ofKind("lookalike") };
};

/** The combinations of a split by kind: test holds the held-out ones, train all others. */
export const combinationsOf = { train: bySplit(false), test: bySplit(true) };

type Pool = Readonly<Record<PromptKind, readonly Combination[]>>;

/** The combinations of a pool by kind and action: what drawCombination picks from. */
const byAction = (pool: Pool): Record<PromptKind, readonly (readonly Combination[])[]> => {
  const groups = (own: readonly Combination[]) => [...groupBy(own, ({ action }) => action).values()];
  return {
    harmful: groups(pool.harmful),
    harmless: groups(pool.harmless),
    lookalike: groups(pool.lookalike),
  };
};

const groupsOf = { train: byAction(combinationsOf.train), test: byAction(combinationsOf.test) };

/** Draws an action evenly, then one of its targets: areas with fewer targets are asked about as often as others. */
export const drawCombination = (random: Random, split: "train" | "test", kind: PromptKind): Combination =>
  random.pick(random.pick(groupsOf[split][kind]));
