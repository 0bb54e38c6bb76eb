// What may be spent, and whether another request may be made: requests on their way are held against the budget by what
// they are foreseen to take, at first by their limits, then by what such requests took of these. A request that does not
// fit waits for those on their way; only when there are none is the budget used up. Makes no call and keeps no file.

import { dollars, throwIfAborted, UserError } from "../core/index.ts";
import type { Usage } from "../records/index.ts";

/** What may be spent in all: dollars, tokens read and written, calls. */
export type Budget = {
  readonly money?: number | undefined;
  readonly tokens?: number | undefined;
  readonly calls?: number | undefined;
};

const parts = ["calls", "tokens", "money"] as const;
type Part = (typeof parts)[number];
type Amount = Readonly<Record<Part, number>>;

/** kind: requests of a kind take alike; calls, most: what it takes at most; costs: dollars of so many tokens. */
export type BudgetedRequest = {
  readonly kind: string;
  readonly calls: number;
  readonly most: Usage;
  readonly costs: (usage: Usage) => number;
};

/** Ends a request: what its answer took; null where it had none. */
export type Release = (taken: Usage | null) => void;

const show = (part: Part, value: number): string =>
  part === "money" ? dollars(value) : `${value.toLocaleString("en-US")} ${part}`;

const told = (spent: Amount): string => parts.map((one) => show(one, spent[one])).join(", ");

const refuse = (part: Part, limit: number, spent: Amount, isKept: boolean): never => {
  throw new UserError(
    "budget-used-up",
    `The budget of ${show(part, limit)} leaves nothing for another call (so far ${told(spent)}). ${isKept ? `What was finished is kept: the same command with a larger budget.${part} continues.` : `The same command with a larger budget.${part} begins anew.`}`,
    // Calls on their way are paid for, so they are waited for.
    { part, limit, ...spent, drains: true },
  );
};

/** Throws UserError for a budget that is less than what was spent already. */
export const checkSpent = (budget: Budget, spent: Amount): void => {
  const part = parts.find((one) => spent[one] > (budget[one] ?? Number.POSITIVE_INFINITY));
  if (part === undefined) return;
  const limit = budget[part]!;
  throw new UserError(
    "budget-below-spent",
    `The budget of ${show(part, limit)} is less than what this run has spent already (${told(spent)}), which counts. Give a larger budget.${part}, or null for none. Nothing was changed.`,
    { part, limit, ...spent },
  );
};

/** Sums are of many small numbers. */
const tolerance = 1 + 1e-9;

type Taken = {
  readonly most: { read: number; written: number };
  readonly told: { read: number; written: number };
};

/** Learns what share of their limits requests of a kind take. */
const createForesight = () => {
  const kinds = new Map<string, Taken>();
  return {
    knows: (kind: string): boolean => kinds.has(kind),
    learn(kind: string, most: Usage, taken: Usage): void {
      const known = kinds.get(kind) ?? { most: { read: 0, written: 0 }, told: { read: 0, written: 0 } };
      kinds.set(kind, known);
      known.most.read += most.promptTokens;
      known.most.written += most.completionTokens;
      known.told.read += taken.promptTokens;
      known.told.written += taken.completionTokens;
    },
    foresee({ kind, calls, most, costs }: BudgetedRequest): Amount {
      const known = kinds.get(kind);
      const share = (part: "read" | "written"): number =>
        known === undefined || known.most[part] === 0 ? 1 : known.told[part] / known.most[part];
      const usage = {
        promptTokens: most.promptTokens * share("read"),
        completionTokens: most.completionTokens * share("written"),
      };
      return { calls, tokens: usage.promptTokens + usage.completionTokens, money: costs(usage) };
    },
  };
};

export type BudgetKeeper = {
  /**
   * Resolves when a request may be made. Throws UserError "budget-used-up" when it would go beyond the budget, as far as
   * can be foreseen; then nothing is on its way any more.
   */
  reserve(request: BudgetedRequest, signal: AbortSignal): Promise<Release>;
};

/** Keeps to a budget. spent: what was spent so far; isKept: whether a command that stops for it can be continued. */
export const createBudgetKeeper = (budget: Budget, spent: () => Amount, isKept = true): BudgetKeeper => {
  const limited = parts.filter((part) => budget[part] !== undefined);
  const foresight = createForesight();
  const held = new Set<Amount>();
  let waiting: (() => void)[] = [];
  const lacking = (request: BudgetedRequest): Part | undefined => {
    const now = spent();
    const ahead = foresight.foresee(request);
    const onTheirWay = [...held].reduce(
      (sum, one) => ({
        calls: sum.calls + one.calls,
        tokens: sum.tokens + one.tokens,
        money: sum.money + one.money,
      }),
      { calls: 0, tokens: 0, money: 0 },
    );
    return limited.find((part) => {
      const limit = budget[part]!;
      return now[part] >= limit || now[part] + onTheirWay[part] + ahead[part] > limit * tolerance;
    });
  };
  /**
   * What nobody can foresee yet, one request alone finds out, where what is left is not less than a call of this run took so
   * far: else every start of a command would go beyond the budget by one.
   */
  const isProbe = (part: Part, { kind }: BudgetedRequest): boolean => {
    if (part === "calls" || foresight.knows(kind)) return false;
    const now = spent();
    const usual = now.calls === 0 ? 0 : now[part] / now.calls;
    return now[part] < budget[part]! && now[part] + usual <= budget[part]! * tolerance;
  };
  const hold = (request: BudgetedRequest): Release => {
    const amount = foresight.foresee(request);
    held.add(amount);
    return (taken) => {
      held.delete(amount);
      if (taken !== null && taken.promptTokens > 0) foresight.learn(request.kind, request.most, taken);
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    };
  };
  return {
    async reserve(request, signal) {
      if (limited.length === 0) return () => {};
      for (;;) {
        throwIfAborted(signal);
        const part = lacking(request);
        if (part === undefined) return hold(request);
        if (held.size === 0) {
          if (isProbe(part, request)) return hold(request);
          refuse(part, budget[part]!, spent(), isKept);
        }
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
};
