// What whoever opens a model may say, and what they may be told of it.
// Opens nothing itself.

import type { Clock } from "../core/index.ts";
import type { AnswerStore } from "./answer-store.ts";
import type { Ledger, Price } from "./ledger.ts";
import type { BorneNumbers } from "./middleware/concurrency.ts";
import type { RetryOptions } from "./middleware/retry.ts";
import type { LoadFormat } from "./providers/embedded.ts";
import type { FoundWays } from "./providers/endpoint-scoring.ts";
import type { RefusedFields } from "./providers/refused-fields.ts";
import type { Recorder } from "./recorder.ts";

/** Something about a model that a person should know and that stops nothing. */
export type ModelNotice = {
  readonly code:
    | "model-retry"
    | "model-rejected"
    | "model-not-listed"
    | "model-other"
    | "model-sampling"
    | "model-usage"
    | "model-foreign-text";
  readonly text: string;
  /** Of a call that is made again: milliseconds that the server asks to wait before. */
  readonly wait?: number;
};

/** A model on its way from the hub: bytes so far, of all that it needs. */
export type FetchProgress = { readonly file: string; readonly done: number; readonly total: number };

/**
 * environment: where keys come from (see key.ts). concurrency: calls in flight at an endpoint at most. timeout:
 * milliseconds for one request, with all calls that it takes. retry: of calls to endpoints. ledger: where calls are
 * counted, of all models but those that run here, by prices under their names. cache: of answers of endpoints.
 * recorder: of answers of any model. scoringWays: how endpoints were found to give log-probabilities, for those that
 * are opened again; refusedFields: what they were found not to take; borneNumbers: how many calls at once they bore.
 * onNotice: told of every call that is made again and of every answer of another model, when an address does not list
 * the model that it is asked for (many serve another one without a word), takes no temperature and the like, or counts
 * no tokens, and when an embedded model of a small language is given text outside of it. onFetch: told of a model's
 * download. load: hold the projections of a model that runs here in so few bits.
 */
export type OpenOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  readonly timeout?: number;
  readonly retry?: RetryOptions;
  readonly clock?: Clock;
  readonly ledger?: Pick<Ledger, "meter"> | undefined;
  readonly prices?: Readonly<Record<string, Price>>;
  readonly cache?: Pick<AnswerStore, "get" | "put"> | undefined;
  readonly recorder?: Pick<Recorder, "add"> | undefined;
  readonly scoringWays?: FoundWays;
  readonly refusedFields?: RefusedFields;
  readonly borneNumbers?: BorneNumbers;
  readonly onNotice?: (notice: ModelNotice) => void;
  readonly onFetch?: (progress: FetchProgress) => void;
  readonly load?: LoadFormat;
};
