// Any server that speaks OpenAI's chat completions, or its plain ones: one HTTP call per request, bounded in number.
// Replies are read in endpoint-generation.ts, log-probabilities in endpoint-scoring.ts; calls are made in
// endpoint-client.ts. Retries and time limits are middleware.

import PQueue from "p-queue";
import { type Clock, createRedact, systemClock } from "../../core/index.ts";
import { mapRequests } from "../batch.ts";
import type { Meter } from "../ledger.ts";
import type { LanguageModel } from "../specification.ts";
import { withNameCheck } from "./answering-model.ts";
import { createEndpointClient, type EndpointClient } from "./endpoint-client.ts";
import { createComplete } from "./endpoint-completions.ts";
import type { Endpoint } from "./endpoint-failure.ts";
import { createGenerate, type Generation, type TokenLimit } from "./endpoint-generation.ts";
import { createListingCheck } from "./endpoint-listing.ts";
import { createScorer, type FoundWays, type Scoring } from "./endpoint-scoring.ts";
import { createUsageCheck } from "./endpoint-usage.ts";
import { type RefusedFields, withoutRefused } from "./refused-fields.ts";

/**
 * key: sent as bearer token, never written anywhere; without it no Authorization header is sent. keyVariable: where it
 * came from; keyAdvice: what to do when the endpoint does not accept it. concurrency: calls in flight. generation: how
 * replies are asked for. scoring: how score() asks; "auto" finds out at the first call, where ways does not say it.
 * refusedFields: what models were found not to take, and are asked without. onIgnored: told, once for each, of settings
 * among these. onNotListed: told when the endpoint lists its models and this one is not among them; without it the list is not
 * asked for. isHeld: whether somebody above sees to the number of calls in flight. onOther: told of every answer that
 * came under another model's name. onUncounted: told, once, when tokens are not counted. meter: where each call is written
 * down.
 */
export type EndpointOptions = {
  readonly id: string;
  readonly baseURL: string;
  readonly model: string;
  readonly key?: string | undefined;
  readonly keyVariable?: string;
  readonly keyAdvice?: string;
  readonly concurrency?: number;
  readonly isHeld?: boolean;
  readonly generation?: Generation;
  readonly tokenLimit?: TokenLimit;
  readonly scoring?: Scoring;
  readonly ways?: FoundWays | undefined;
  readonly refusedFields?: RefusedFields | undefined;
  readonly onIgnored?: (text: string) => void;
  readonly onNotListed?: (text: string) => void;
  readonly onOther?: (text: string) => void;
  readonly onUncounted?: (text: string) => void;
  readonly meter?: Meter | undefined;
  readonly clock?: Clock;
};

type Call<Request, Result> = (request: Request, signal: AbortSignal) => Promise<Result>;

/** The same calls, with the list of models asked for beside the first. */
const createListed = (client: EndpointClient, endpoint: Endpoint, tell: EndpointOptions["onNotListed"]) => {
  if (tell === undefined) return <Request, Result>(run: Call<Request, Result>): Call<Request, Result> => run;
  const checkListing = createListingCheck(client, endpoint, tell);
  return <Request, Result>(run: Call<Request, Result>): Call<Request, Result> =>
    async (request, signal) => {
      const listing = checkListing(signal);
      try {
        return await run(request, signal);
      } finally {
        await listing;
      }
    };
};

/** A language model behind an OpenAI-compatible endpoint. Nothing is sent before the first request. */
export const openAiCompatibleModel = (options: EndpointOptions): LanguageModel => {
  const {
    id,
    baseURL,
    model,
    key,
    generation = "chat",
    tokenLimit = "max_tokens",
    scoring = "auto",
  } = options;
  const { keyVariable = "COVENANT_API_KEY", clock = systemClock } = options;
  const { keyAdvice = `Set the environment variable ${keyVariable} to a key` } = options;
  const batch = Math.max(1, options.concurrency ?? 8);
  const redact = createRedact({ [keyVariable]: key });
  const endpoint: Endpoint = { id, baseURL, model, hasKey: key !== undefined, keyAdvice, redact, clock };
  const client = createEndpointClient(endpoint, { key, connections: batch });
  const queue = options.isHeld === true ? null : new PQueue({ concurrency: batch });
  const refused: RefusedFields = options.refusedFields ?? new Map();
  const paid = createComplete(
    client,
    endpoint,
    options.meter,
    createUsageCheck(baseURL, options.onUncounted),
  );
  const complete = withoutRefused(withNameCheck(paid, endpoint, options.onOther), {
    ...{ id, fields: refused, onIgnored: options.onIgnored },
  });
  const listed = createListed(client, endpoint, options.onNotListed);
  const generateOne = listed(createGenerate({ endpoint, complete, generation, tokenLimit, refused }));
  const scorer = createScorer({
    client,
    complete,
    endpoint,
    generation,
    scoring,
    ways: options.ways,
    tokenLimit,
  });
  const scoreOne = listed(scorer.score);
  return {
    id,
    capabilities: {
      batch,
      independentRequests: true,
      get scores() {
        return scorer.offered();
      },
    },
    generate: (requests, callOptions) => mapRequests(requests, callOptions, queue, generateOne),
    score: (requests, callOptions) => mapRequests(requests, callOptions, queue, scoreOne),
    close: async () => {
      queue?.clear();
      client.close();
    },
  };
};
