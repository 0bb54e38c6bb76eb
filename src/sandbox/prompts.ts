// The sandbox's own prompts for a run: harmful, harmless and look-alike requests, each text once.
// Training and test never share a combination of action and target; within a split, texts depend on the seed alone.

import { createRandom, deriveSeed, UserError } from "../core/index.ts";
import { type PromptKind, type PromptRecord, promptKinds } from "../records/index.ts";
import { combinationsOf, drawCombination } from "./lexicon/index.ts";
import { writeRequest } from "./request.ts";

/** counts: how many of each kind. split test draws from the held-out combinations alone, train from all others. */
export type SandboxPromptOptions = {
  readonly seed: number;
  readonly split: "train" | "test";
  readonly counts: Readonly<Record<PromptKind, number>>;
  /** Written into the records; "prompts" unless told. */
  readonly stage?: string;
};

const attemptsPerPrompt = 1000;

/** Whether an id, or the part of it that names a prompt, is one that sandboxPrompts gives. */
export const isSandboxPromptId = (id: string): boolean =>
  /(?:^|\/)(?:train|test)-(?:harmful|harmless|lookalike)-\d{4,}(?:$|[/@#:])/.test(id);

/**
 * Prompt records in the order harmful, harmless, lookalike; prompt i depends on (seed, split, kind, i) and on the
 * texts before it. Throws UserError sandbox-prompts when so many different texts cannot be had.
 */
export const sandboxPrompts = (options: SandboxPromptOptions): PromptRecord[] => {
  const { seed, split, counts, stage = "prompts" } = options;
  const everyCombination = Object.values(combinationsOf[split]).flat();
  const seen = new Set<string>();
  const records: PromptRecord[] = [];
  for (const kind of promptKinds) {
    for (let index = 0; index < counts[kind]; index++) {
      const id = `${split}-${kind}-${String(index + 1).padStart(4, "0")}`;
      const itemSeed = deriveSeed(seed, stage, id);
      const random = createRandom(itemSeed);
      let attempt = 0;
      let combination = drawCombination(random, split, kind);
      let text = writeRequest(random, combination, everyCombination);
      while (seen.has(text)) {
        if (++attempt > attemptsPerPrompt) {
          throw new UserError(
            "sandbox-prompts",
            `The sandbox found no more than ${index} different ${kind} prompts for the ${split} split; ${counts[kind]} were asked for. Ask for fewer.`,
            { kind, split, wanted: counts[kind], found: index },
          );
        }
        combination = drawCombination(random, split, kind);
        text = writeRequest(random, combination, everyCombination);
      }
      seen.add(text);
      const area = combination.action.areas[0];
      records.push({
        id,
        parents: [],
        stage,
        seed: itemSeed,
        messages: [{ role: "user", content: text }],
        kind,
        ...(area === undefined ? {} : { area }),
        split,
      });
    }
  }
  return records;
};
