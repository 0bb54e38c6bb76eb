// One account of calls, tokens and money for a whole run, kept in a file that only grows, so that it outlives any end of
// the process; and the budget that it is held to. A call is counted when it ends; an answer is paid for once, a failure
// never. Knows prices as it is given them, and no models.

import { z } from "zod";
import { dropTornLine, formatJsonLines, openAppender, readJsonLines, UserError } from "../core/index.ts";
import type { Usage } from "../records/index.ts";

/** Dollars per million tokens. cachedInput: of tokens that the provider had read before; default: as input. */
export type Price = {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number | undefined;
};

/** What may be spent in all: dollars, tokens read and written, calls. */
export type Budget = {
  readonly money?: number | undefined;
  readonly tokens?: number | undefined;
  readonly calls?: number | undefined;
};

const entrySchema = z.object({
  model: z.string(),
  calls: z.number().int(),
  failed: z.number().int(),
  promptTokens: z.number().int(),
  cachedTokens: z.number().int(),
  completionTokens: z.number().int(),
  money: z.number(),
});
type Entry = z.infer<typeof entrySchema>;

/** failed: those of the calls that had no answer. cachedTokens: those of promptTokens that were read before. */
export type Account = Omit<Entry, "model">;

const emptyAccount = (): Account => ({
  calls: 0,
  failed: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  money: 0,
});

const addUp = (sum: Account, entry: Account): Account => ({
  calls: sum.calls + entry.calls,
  failed: sum.failed + entry.failed,
  promptTokens: sum.promptTokens + entry.promptTokens,
  cachedTokens: sum.cachedTokens + entry.cachedTokens,
  completionTokens: sum.completionTokens + entry.completionTokens,
  money: sum.money + entry.money,
});

/** The price of a model by its name, by the names it goes by, or by the part of it that names the model alone. */
export const priceOf = (
  prices: Readonly<Record<string, Price>>,
  ...names: readonly string[]
): Price | undefined =>
  [...names, ...names.map((name) => /^(?:https?:.*?#|openai:|anthropic:)(.+)$/s.exec(name)?.[1] ?? name)]
    .map((name) => prices[name])
    .find((price) => price !== undefined);

/** What a call cost, in dollars; nothing where no price is known. */
export const moneyOf = (
  { promptTokens, completionTokens, cachedTokens = 0 }: Usage,
  price?: Price,
): number => {
  if (price === undefined) return 0;
  const { input, output, cachedInput = input } = price;
  return (
    ((promptTokens - cachedTokens) * input + cachedTokens * cachedInput + completionTokens * output) / 1e6
  );
};

export type Ledger = {
  /** All that the run has taken so far, earlier attempts included. */
  totals(): Account;
  /** Before a call. Throws UserError "budget-used-up" when it would go beyond the budget, as far as can be foreseen. */
  begin(): void;
  /** After a call that begin let pass: its usage, or null for one that had no answer. */
  end(model: string, usage: Usage | null, price?: Price): void;
  close(): void;
};

const parts = ["calls", "tokens", "money"] as const;

const show = (part: (typeof parts)[number], value: number): string =>
  part === "money" ? `$${value.toFixed(value < 1 ? 4 : 2)}` : `${value.toLocaleString("en-US")} ${part}`;

const refuse = (
  part: (typeof parts)[number],
  limit: number,
  spent: Readonly<Record<string, number>>,
): never => {
  const so = parts.map((one) => show(one, spent[one] ?? 0)).join(", ");
  throw new UserError(
    "budget-used-up",
    `The budget of ${show(part, limit)} leaves nothing for another call (so far ${so}). What was finished is kept: the same command with a larger budget.${part} continues.`,
    // Calls on their way are paid for, so they are waited for.
    { part, limit, ...spent, drains: true },
  );
};

/**
 * Opens a ledger. file: where it is kept; without it, it lasts as long as the process. A torn last line of it is cut
 * off. Throws UserError when the file cannot be read or written.
 */
export const openLedger = async ({
  file,
  budget = {},
}: {
  readonly file?: string;
  readonly budget?: Budget;
} = {}): Promise<Ledger> => {
  let totals = emptyAccount();
  let inFlight = 0;
  if (file !== undefined) await dropTornLine(file);
  const appender = file === undefined ? undefined : await openAppender(file);
  if (file !== undefined)
    for await (const { value } of readJsonLines(file, entrySchema)) totals = addUp(totals, value);
  return {
    totals: () => totals,
    begin() {
      const { money, calls, failed, promptTokens, completionTokens } = totals;
      const spent = { calls, tokens: promptTokens + completionTokens, money };
      // This call and those on their way will take about what calls took so far; a call itself is exactly one.
      const ahead = inFlight + 1;
      for (const part of parts) {
        const limit = budget[part];
        const each = part === "calls" ? 1 : spent[part] / Math.max(1, calls - failed);
        if (limit !== undefined && (spent[part] >= limit || spent[part] + ahead * each > limit))
          refuse(part, limit, spent);
      }
      inFlight++;
    },
    end(model, usage, price) {
      inFlight--;
      const entry: Entry = {
        model,
        calls: 1,
        failed: usage === null ? 1 : 0,
        promptTokens: usage?.promptTokens ?? 0,
        cachedTokens: usage?.cachedTokens ?? 0,
        completionTokens: usage?.completionTokens ?? 0,
        money: usage === null ? 0 : moneyOf(usage, price),
      };
      totals = addUp(totals, entry);
      appender?.appendNow(formatJsonLines([entry]));
    },
    close: () => appender?.close(),
  };
};
