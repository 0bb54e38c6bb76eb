// Writes every call of a model into a ledger (ledger.ts), the failed ones too, and makes none for which the budget has
// nothing left. Put it under the retries, so that each attempt counts, and above nothing that waits.

import { mapRequests } from "../batch.ts";
import type { Ledger, Price } from "../ledger.ts";
import type { GivenAnswer } from "../request-key.ts";
import type { LanguageModel } from "../specification.ts";

/** A model whose calls are counted. price: what its tokens cost, where that is known. */
export const withLedger = (model: LanguageModel, ledger: Ledger, price?: Price): LanguageModel => {
  const counted = async <Answer extends GivenAnswer>(ask: () => Promise<Answer[]>): Promise<Answer> => {
    ledger.begin();
    let answer: Answer | undefined;
    try {
      [answer] = await ask();
      return answer as Answer;
    } finally {
      ledger.end(model.id, answer?.usage ?? null, price);
    }
  };
  return {
    id: model.id,
    capabilities: model.capabilities,
    close: () => model.close(),
    generate: (requests, options) =>
      mapRequests(requests, options, null, (request, signal) =>
        counted(() => model.generate([request], { signal })),
      ),
    score: (requests, options) =>
      mapRequests(requests, options, null, (request, signal) =>
        counted(() => model.score([request], { signal })),
      ),
  };
};
