// Holds a model's requests to the budget of a ledger (ledger.ts) and writes its calls down. An endpoint's requests may
// take several calls, so that its provider writes them down itself, and only the budget is kept here. Put it under the
// retries, so that each attempt counts, above what limits their time, and, where calls in flight are bounded, between a
// call's turn and its begin.

import { mapRequests } from "../batch.ts";
import { type Ledger, type Meter, metered, type Payer, type Price } from "../ledger.ts";
import type { GivenAnswer } from "../request-key.ts";
import type { LanguageModel } from "../specification.ts";
import { mostOfReply, mostOfScore } from "../token-estimate.ts";

/** A model that is asked only as far as the budget reaches. */
export const withBudget = (model: LanguageModel, { reserve }: Pick<Meter, "reserve">): LanguageModel => {
  const held = async <Answer extends GivenAnswer>(
    request: Parameters<Meter["reserve"]>[0],
    signal: AbortSignal,
    ask: () => Promise<Answer[]>,
  ): Promise<Answer> => {
    const release = await reserve(request, signal);
    let answer: Answer | undefined;
    try {
      [answer] = await ask();
      return answer as Answer;
    } finally {
      release(answer?.usage ?? null);
    }
  };
  return {
    id: model.id,
    capabilities: model.capabilities,
    close: () => model.close(),
    generate: (requests, options) =>
      mapRequests(requests, options, null, (request, signal) =>
        held({ kind: "generate", calls: 1, most: mostOfReply(request) }, signal, () =>
          model.generate([request], { signal }),
        ),
      ),
    score: (requests, options) =>
      mapRequests(requests, options, null, (request, signal) =>
        held({ kind: "score", calls: request.continuations.length, most: mostOfScore(request) }, signal, () =>
          model.score([request], { signal }),
        ),
      ),
  };
};

/** A model each of whose requests is one call, counted and held to the budget. price: of its tokens, where known. */
export const withLedger = (
  model: LanguageModel,
  ledger: Pick<Ledger, "meter">,
  price?: Price,
): LanguageModel => {
  const payer: Payer = { model: model.id, price };
  const meter = ledger.meter(payer);
  const counted: LanguageModel = {
    id: model.id,
    capabilities: model.capabilities,
    close: () => model.close(),
    generate: (requests, options) =>
      mapRequests(requests, options, null, async (request, signal) => {
        const ask = () => model.generate([request], { signal });
        const [reply] = await metered(meter, mostOfReply(request), ask, ([answer]) => answer!.usage);
        return reply!;
      }),
    score: (requests, options) =>
      mapRequests(requests, options, null, async (request, signal) => {
        const ask = () => model.score([request], { signal });
        const [score] = await metered(meter, mostOfScore(request), ask, ([answer]) => answer!.usage);
        return score!;
      }),
  };
  return withBudget(counted, meter);
};
