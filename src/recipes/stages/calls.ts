// What a run's calls to models share, whatever the stage: settings, the account with its budget, answers that are kept,
// a recording. Opened when the first model is, so that a run that asks none leaves none of it; none of it is a result.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expandHome, parseYaml, quotedWord, readText, UserError } from "../../core/index.ts";
import {
  type Account,
  type AnswerStore,
  checkSpent,
  isEndpoint,
  type Ledger,
  type OpenOptions,
  openAnswerStore,
  openLedger,
  openRecorder,
  type Price,
  priceOfModel,
  type Recorder,
  readAccounts,
  runsHere,
  spentOf,
  sumAccounts,
} from "../../models/index.ts";
import { besideName, callsName } from "../../runs/index.ts";
import type { CallSettings } from "../settings/settings.ts";

/** Throws UserError where money is to be held to a budget and what a model costs is not known. */
export const checkPrices = (
  { budget, prices = {} }: CallSettings = {},
  models: readonly (readonly [name: string, ...rest: readonly unknown[]])[],
): void => {
  if (budget?.money === undefined) return;
  const unknown = models.map(([name]) => name).find((name) => priceOfModel(prices, name) === undefined);
  if (unknown === undefined) return;
  throw new UserError(
    "price-unknown",
    `A budget of money is set (--budget, budget.money), and nothing says what "${unknown}" costs. Say it in dollars per million tokens, with your model's prices in place of these: --set ${quotedWord(`prices=${JSON.stringify({ [unknown]: { input: 1, output: 4 } })}`)}\nIn a configuration:\nprices:\n  "${unknown}": {input: 1, output: 4}`,
    { model: unknown },
  );
};

/** Tokens and dollars of calls, answered or not. */
export type Booked = Pick<Account, "promptTokens" | "completionTokens" | "money">;

/** What is shared by the calls of a run. */
export type Calls = {
  /** How a model is opened for a stage. */
  optionsFor(name: string, stage?: string): Promise<Partial<OpenOptions>>;
  /** What a model's tokens cost, where that is known. */
  priceOf(name: string): Price | undefined;
  /**
   * What the account took for a stage since this was asked last, or since the stage's first model was opened; undefined where
   * its models are in no account.
   */
  booked(stage: string): Booked | undefined;
  close(): Promise<void>;
} & AsyncDisposable;

/** The account's file in a run folder. */
export const ledgerFile = (folder: string): string => join(folder, callsName, "ledger.jsonl");

/** The budget that a run in a folder was last worked on with. */
const earlierBudget = async (folder: string): Promise<Readonly<Record<string, unknown>>> => {
  const file = join(folder, besideName);
  if (!existsSync(file)) return {};
  const kept = parseYaml(await readText(file), { file }) as { readonly budget?: unknown } | null;
  const budget = kept?.budget;
  return typeof budget === "object" && budget !== null ? { ...budget } : {};
};

/**
 * Throws UserError for a part of the budget that is new and less than what the run in the folder has spent. One that it
 * had may be: calls on their way took more than was foreseen, and what is left may ask for none.
 */
export const checkBudget = async ({ budget = {} }: CallSettings, folder: string): Promise<void> => {
  const earlier = await earlierBudget(folder);
  const limits = Object.fromEntries(
    Object.entries(budget).filter(([part, limit]) => limit !== undefined && limit !== earlier[part]),
  );
  if (Object.keys(limits).length === 0) return;
  checkSpent(limits, spentOf(sumAccounts((await readAccounts(ledgerFile(folder))).values())));
};

/** Calls by a recipe's settings. folder: of the run; without one nothing is kept but what the settings name. */
export const openCalls = (settings: CallSettings, folder?: string): Calls => {
  const { endpoint, budget = {}, prices = {}, cache = "run", record } = settings;
  let ledger: Ledger | undefined;
  let store: AnswerStore | undefined;
  let recorder: Recorder | undefined;
  /** What was told of stages. */
  const told = new Map<string, Account>();
  const scoringWays: NonNullable<OpenOptions["scoringWays"]> = new Map();
  const refusedFields: NonNullable<OpenOptions["refusedFields"]> = new Map();
  const borneNumbers: NonNullable<OpenOptions["borneNumbers"]> = new Map();
  const openStore = async (name: string): Promise<AnswerStore | undefined> => {
    const own = folder === undefined ? undefined : join(folder, callsName);
    const kept = cache === "run" ? own : expandHome(cache);
    if (cache === "off" || kept === undefined || !isEndpoint(name)) return undefined;
    store ??= await openAnswerStore(kept);
    return store;
  };
  const openAccount = async (stage: string | undefined): Promise<OpenOptions["ledger"]> => {
    ledger ??= await openLedger({ file: folder === undefined ? undefined : ledgerFile(folder), budget });
    const { meter, totals } = ledger;
    if (stage !== undefined && !told.has(stage)) told.set(stage, totals(stage));
    return { meter: (payer) => meter({ ...payer, stage }) };
  };
  const close = async (): Promise<void> => {
    ledger?.close();
    recorder?.close();
    await store?.close();
  };
  return {
    async optionsFor(name, stage) {
      if (record !== undefined) recorder ??= await openRecorder(expandHome(record));
      return {
        ...(endpoint === undefined
          ? {}
          : {
              concurrency: endpoint.concurrency,
              timeout: endpoint.timeoutSeconds * 1000,
              retry: { attempts: endpoint.attempts, longestAsked: endpoint.longestWaitSeconds * 1000 },
            }),
        prices,
        ledger: runsHere(name) ? undefined : await openAccount(stage),
        recorder,
        scoringWays,
        refusedFields,
        borneNumbers,
        cache: await openStore(name),
      };
    },
    priceOf: (name) => priceOfModel(prices, name),
    booked(stage) {
      const [before, now] = [told.get(stage), ledger?.totals(stage)];
      if (before === undefined || now === undefined) return undefined;
      told.set(stage, now);
      return {
        promptTokens: now.promptTokens - before.promptTokens,
        completionTokens: now.completionTokens - before.completionTokens,
        money: now.money - before.money,
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
