// The account's file: a line when a call is sent and one when it has ended, so that what a killed process had on its way
// is known; and the sums over such lines, by stage. Calls of which nothing more is known count by the estimate with which
// they were begun. Knows no prices and no budget.

import { z } from "zod";
import { CovenantError, readJsonLines } from "../core/index.ts";

const tokens = { promptTokens: z.number().int(), completionTokens: z.number().int() };
const whose = { model: z.string(), stage: z.string().optional() };

/** A call that was sent. The rest: what it takes at most, estimated. */
const begunSchema = z.object({
  ...whose,
  call: z.number().int(),
  state: z.literal("begun"),
  ...tokens,
  money: z.number(),
});
export type BegunCall = z.infer<typeof begunSchema>;

/**
 * A call that has ended; call: the number it was begun with. estimated: its tokens were told by nobody: it was sent and
 * not answered, or answered without counts.
 */
const endedSchema = z.object({
  ...whose,
  call: z.number().int().optional(),
  calls: z.number().int(),
  failed: z.number().int(),
  ...tokens,
  cachedTokens: z.number().int(),
  money: z.number(),
  estimated: z.literal(true).optional(),
});
export type EndedCall = z.infer<typeof endedSchema>;

const lineSchema = z.union([begunSchema, endedSchema]);

/**
 * failed: those of the calls that had no answer. cachedTokens: those of promptTokens that were read before. estimated,
 * estimatedMoney: of all that, the calls and dollars that are estimates.
 */
export type Account = {
  readonly calls: number;
  readonly failed: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly money: number;
  readonly estimated: number;
  readonly estimatedMoney: number;
};

export const emptyAccount: Account = {
  calls: 0,
  failed: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  money: 0,
  estimated: 0,
  estimatedMoney: 0,
};

/** An account and a call. */
export const addCall = (sum: Account, call: EndedCall): Account => ({
  calls: sum.calls + call.calls,
  failed: sum.failed + call.failed,
  promptTokens: sum.promptTokens + call.promptTokens,
  cachedTokens: sum.cachedTokens + call.cachedTokens,
  completionTokens: sum.completionTokens + call.completionTokens,
  money: sum.money + call.money,
  estimated: sum.estimated + (call.estimated === true ? call.calls : 0),
  estimatedMoney: sum.estimatedMoney + (call.estimated === true ? call.money : 0),
});

/** A call that was sent and never answered, as far as anybody knows. */
export const lostCall = ({ state: _, ...begun }: BegunCall): EndedCall => ({
  ...begun,
  calls: 1,
  failed: 1,
  cachedTokens: 0,
  estimated: true,
});

/** Accounts by stage; calls of no stage under "". */
export type StageAccounts = ReadonlyMap<string, Account>;

/** The account of all of them. */
export const sumAccounts = (accounts: Iterable<Account>): Account => {
  let sum = emptyAccount;
  for (const { estimated, estimatedMoney, ...one } of accounts) {
    const added = addCall(sum, { model: "", ...one });
    sum = {
      ...added,
      estimated: added.estimated + estimated,
      estimatedMoney: added.estimatedMoney + estimatedMoney,
    };
  }
  return sum;
};

/** What a file says. open: calls that were begun and did not end; last: the highest number of a call. */
export const readAccountFile = async (file: string) => {
  const accounts = new Map<string, Account>();
  const open = new Map<number, BegunCall>();
  let last = 0;
  for await (const { value } of readJsonLines(file, lineSchema, "drop")) {
    last = Math.max(last, value.call ?? 0);
    if ("state" in value) {
      open.set(value.call, value);
      continue;
    }
    if (value.call !== undefined) open.delete(value.call);
    const stage = value.stage ?? "";
    accounts.set(stage, addCall(accounts.get(stage) ?? emptyAccount, value));
  }
  return { accounts, open: [...open.values()], last };
};

/** The accounts of a file, calls that did not end among them. No file is no account. Throws UserError. */
export const readAccounts = async (file: string): Promise<StageAccounts> => {
  try {
    const { accounts, open } = await readAccountFile(file);
    for (const begun of open) {
      const stage = begun.stage ?? "";
      accounts.set(stage, addCall(accounts.get(stage) ?? emptyAccount, lostCall(begun)));
    }
    return accounts;
  } catch (thrown) {
    if (thrown instanceof CovenantError && thrown.code === "file-missing") return new Map();
    throw thrown;
  }
};
