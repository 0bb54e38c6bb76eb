// One account of calls, tokens and money for a whole run, kept in a file that only grows, so that it outlives any end of
// the process; and the budget that it is held to. A call is written down when it is sent and when it ends. An answer
// costs what its server counts, one that is no reply too; a call that was sent and not answered costs an estimate, and is
// marked as that; one that
// the server turned down, or that never reached it, costs nothing. Knows prices as it is given them, and no models.

import { dropTornLine, formatJsonLines, openAppender } from "../core/index.ts";
import type { Usage } from "../records/index.ts";
import {
  type Account,
  addCall,
  type BegunCall,
  type EndedCall,
  emptyAccount,
  lostCall,
  readAccountFile,
  sumAccounts,
} from "./account.ts";
import { type Budget, type BudgetedRequest, createBudgetKeeper, type Release } from "./budget.ts";
import { costsNothing, declinedOf } from "./failure.ts";

/** Dollars per million tokens. cachedInput: of tokens that the provider had read before; default: as input. */
export type Price = {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number | undefined;
};

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

/**
 * A call on its way. One of the two ends it. failed: takes what was thrown, and what the call took where the server told
 * that and its answer was no reply.
 */
export type Charge = { answered(usage: Usage): void; failed(thrown: unknown, told?: Usage): void };

/** The account as a model uses it. */
export type Meter = {
  /** Before a request, however many calls it takes: see BudgetKeeper. */
  reserve(request: Omit<BudgetedRequest, "costs">, signal: AbortSignal): Promise<Release>;
  /** When a call is sent. most: what it takes at most, estimated. */
  begin(most: Usage): Charge;
};

/** Whose calls are counted: a model by its name, what its tokens cost, and the stage for which it is asked. */
export type Payer = {
  readonly model: string;
  readonly price?: Price | undefined;
  readonly stage?: string | undefined;
};

export type Ledger = {
  meter(payer: Payer): Meter;
  /** All that the run has taken so far, earlier attempts included; or what one of its stages has. */
  totals(stage?: string): Account;
  close(): void;
};

/** Makes one call on a meter, where there is one. tell: takes what the server counts, before its answer is read. */
export const metered = async <Answer>(
  meter: Meter | undefined,
  most: Usage,
  ask: (tell: (usage: Usage) => void) => Promise<Answer>,
  usageOf: (answer: Answer) => Usage,
): Promise<Answer> => {
  const charge = meter?.begin(most);
  let told: Usage | undefined;
  let answer: Answer;
  try {
    answer = await ask((usage) => {
      told = usage;
    });
  } catch (thrown) {
    charge?.failed(thrown, told);
    throw thrown;
  }
  charge?.answered(usageOf(answer));
  return answer;
};

/** What an account holds against a budget. */
export const spentOf = ({ calls, promptTokens, completionTokens, money }: Account) => ({
  calls,
  tokens: promptTokens + completionTokens,
  money,
});

const nothing: Usage = { promptTokens: 0, completionTokens: 0 };

/** How a call that was begun ended. usage: null where there was no answer. */
const endOf = ({ call, model, stage }: BegunCall, usage: Usage | null, money: number): EndedCall => ({
  call,
  model,
  ...(stage === undefined ? {} : { stage }),
  calls: 1,
  failed: usage === null ? 1 : 0,
  promptTokens: usage?.promptTokens ?? 0,
  cachedTokens: usage?.cachedTokens ?? 0,
  completionTokens: usage?.completionTokens ?? 0,
  money,
  ...(usage?.estimated === true ? { estimated: true } : {}),
});

/**
 * Opens a ledger. file: where it is kept; without it, it lasts as long as the process. A torn last line of it is cut
 * off, and calls that a killed process had on its way are booked by estimate. Throws UserError when the file cannot be
 * read or written.
 */
export const openLedger = async ({
  file,
  budget = {},
}: {
  readonly file?: string | undefined;
  readonly budget?: Budget;
} = {}): Promise<Ledger> => {
  if (file !== undefined) await dropTornLine(file);
  const appender = file === undefined ? undefined : await openAppender(file);
  const before = file === undefined ? undefined : await readAccountFile(file);
  const accounts = before?.accounts ?? new Map<string, Account>();
  let last = before?.last ?? 0;
  let all = sumAccounts(accounts.values());
  const book = (ended: EndedCall): void => {
    const stage = ended.stage ?? "";
    accounts.set(stage, addCall(accounts.get(stage) ?? emptyAccount, ended));
    all = addCall(all, ended);
    appender?.appendNow(formatJsonLines([ended]));
  };
  for (const begun of before?.open ?? []) book(lostCall(begun));
  const keeper = createBudgetKeeper(budget, () => spentOf(all), file !== undefined);
  return {
    totals: (stage) => (stage === undefined ? all : (accounts.get(stage) ?? emptyAccount)),
    meter: ({ model, price, stage }) => ({
      reserve: (request, signal) =>
        keeper.reserve(
          { ...request, kind: `${request.kind} ${model}`, costs: (usage) => moneyOf(usage, price) },
          signal,
        ),
      begin({ promptTokens, completionTokens }) {
        const most = { promptTokens, completionTokens };
        const begun: BegunCall = {
          call: ++last,
          state: "begun",
          model,
          ...(stage === undefined ? {} : { stage }),
          ...most,
          money: moneyOf(most, price),
        };
        appender?.appendNow(formatJsonLines([begun]));
        return {
          answered: (usage) => book(endOf(begun, usage, moneyOf(usage, price))),
          failed(thrown, told) {
            if (told !== undefined && told.estimated !== true)
              book({
                ...endOf(begun, told, moneyOf(told, price)),
                failed: declinedOf(thrown) === undefined ? 1 : 0,
              });
            else if (declinedOf(thrown) !== undefined) book(endOf(begun, nothing, 0));
            else book(costsNothing(thrown) ? endOf(begun, null, 0) : lostCall(begun));
          },
        };
      },
    }),
    close: () => appender?.close(),
  };
};
