// What a run's calls to models share, whatever the stage: settings, the account with its budget, answers that are kept,
// a recording. Opened when the first model is, so that a run that asks none leaves none of it; none of it is a result.

import { join } from "node:path";
import { UserError } from "../../core/index.ts";
import {
  type Account,
  type AnswerStore,
  isEndpoint,
  type Ledger,
  type OpenOptions,
  openAnswerStore,
  openLedger,
  openRecorder,
  type Price,
  priceOfModel,
  type Recorder,
  runsHere,
} from "../../models/index.ts";
import { callsName } from "../../runs/index.ts";
import type { CallSettings } from "../settings.ts";

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
    `budget.money is set, and nothing says what "${unknown}" costs. Add it to the configuration (dollars per million tokens):\nprices:\n  "${unknown}": {input: 1, output: 4}`,
    { model: unknown },
  );
};

/** What is shared by the calls of a run. */
export type Calls = {
  /** How a model is opened. */
  optionsFor(name: string): Promise<Partial<OpenOptions>>;
  /** What a model's tokens cost, where that is known. */
  priceOf(name: string): Price | undefined;
  /** What the run has taken so far; nothing before anything was asked. */
  totals(): Account | undefined;
  close(): Promise<void>;
};

/** Calls by a recipe's settings, for a run folder. */
export const openCalls = (settings: CallSettings, folder: string): Calls => {
  const { endpoint, budget = {}, prices = {}, cache = "run", record } = settings;
  let ledger: Ledger | undefined;
  let store: AnswerStore | undefined;
  let recorder: Recorder | undefined;
  const openStore = async (name: string): Promise<AnswerStore | undefined> => {
    if (cache === "off" || !isEndpoint(name)) return undefined;
    store ??= await openAnswerStore(cache === "run" ? join(folder, callsName) : cache);
    return store;
  };
  const file = join(folder, callsName, "ledger.jsonl");
  return {
    async optionsFor(name) {
      if (!runsHere(name)) ledger ??= await openLedger({ file, budget });
      if (record !== undefined) recorder ??= await openRecorder(record);
      return {
        ...(endpoint === undefined
          ? {}
          : {
              concurrency: endpoint.concurrency,
              timeout: endpoint.timeoutSeconds * 1000,
              retry: { attempts: endpoint.attempts },
            }),
        prices,
        ledger,
        recorder,
        cache: await openStore(name),
      };
    },
    priceOf: (name) => priceOfModel(prices, name),
    totals: () => ledger?.totals(),
    async close() {
      ledger?.close();
      recorder?.close();
      await store?.close();
    },
  };
};
