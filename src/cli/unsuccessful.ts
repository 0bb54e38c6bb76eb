// What a command that failed or was interrupted had spent, told behind what it ended with. Kept beside what is thrown,
// which may be anything. Knows no recipe.

import { CovenantError } from "../core/index.ts";
import { spentIn } from "../recipes/index.ts";

type Told = NonNullable<Awaited<ReturnType<typeof spentIn>>>;

const spentBefore = new WeakMap<object, Told>();

/** Reads what a run had spent when it ended with this; config: its settings. What cannot be read is not told. */
export const noteSpent = async (thrown: unknown, config: unknown): Promise<void> => {
  const { out } = config as { readonly out?: unknown };
  if (typeof out !== "string" || typeof thrown !== "object" || thrown === null) return;
  const told = await spentIn(out).catch(() => undefined);
  if (told !== undefined) spentBefore.set(thrown, told);
};

const noted = (thrown: unknown): Told | undefined =>
  typeof thrown === "object" && thrown !== null ? spentBefore.get(thrown) : undefined;

/** What was spent, as the closing lines of a success tell it; nothing where no call was booked. */
export const describeSpentBefore = (thrown: unknown): string =>
  (noted(thrown)?.lines ?? []).map((line) => `${line}\n`).join("");

/** What the document of an error holds beside it: what came of a run that is whole (`document`), and what was spent. */
export const documentBeside = (thrown: unknown): object => {
  const spent = noted(thrown)?.spent;
  const document = thrown instanceof CovenantError ? thrown.facts["document"] : undefined;
  return { ...(typeof document === "object" ? document : {}), ...(spent === undefined ? {} : { spent }) };
};
