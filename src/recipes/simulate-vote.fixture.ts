// Votes for tests: a folder of their own, runs on a clock that hides no progress, what equal runs have in common, and scripts that
// stand for models.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { contentIn } from "./run-content.fixture.ts";
import type { voteSchema } from "./settings/vote-settings.ts";
import { recipe } from "./simulate-vote.ts";
import { contextFor } from "./ticking-context.fixture.ts";

export const example = fileURLToPath(new URL("../../examples/vote-script.yaml", import.meta.url));

export type Given = z.input<typeof voteSchema>;

export type Rule = { readonly when: string; readonly reply: string | readonly string[] };

export const run = (config: Given, context = contextFor()) =>
  recipe.run(recipe.schema.parse(config), context);

/** A folder for the runs of a test file, and what is done in it. */
export const makeVotes = () => {
  const folder = mkdtempSync(join(tmpdir(), "covenant-vote-"));
  const write = (name: string, value: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return path;
  };
  return {
    folder,
    remove: (): void => rmSync(folder, { recursive: true }),
    write,
    given: (out: string, changes: Partial<Given> = {}): Given => ({
      ...{ out: join(folder, out), model: `scripted:${example}` },
      ...{ users: ["amina", "dale", "kamala", "tove"], seats: 2 },
      ...changes,
    }),
    /** A model that answers by these rules, and with a number and a comment where none of them holds. */
    script: (name: string, ...rules: readonly Rule[]): string =>
      `scripted:${write(name, { batch: 8, rules: [...rules, { reply: '{"support": 5, "feedback": "As it is."}' }] })}`,
    /** What equal runs have in common. */
    contentOf: (out: string) => contentIn(join(folder, out)),
  };
};
