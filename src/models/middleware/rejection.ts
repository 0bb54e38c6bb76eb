// One request that a server will not or cannot answer (400, 413, 422, a 500 that stays, a reply that ends as none) ends as
// "rejected" and costs no other. Whether it is the request or the server is found out by a plain one of the same settings
// right after it: where that is answered, the request was at fault, and its usage is what that answer took; else the
// failure is thrown. Put it over the retries.

import type { Message, Usage } from "../../records/index.ts";
import { mapRequests } from "../batch.ts";
import { mayReject } from "../failure.ts";
import type {
  CallOptions,
  GenerateRequest,
  LanguageModel,
  Reply,
  Score,
  ScoreRequest,
} from "../specification.ts";

/** onRejection: told of every rejected request. */
export type RejectionOptions = { readonly onRejection?: (error: Error) => void };

const plain: readonly Message[] = [{ role: "user", content: "Hello." }];
/** Enough for a server to show that it answers. */
const plainTokens = 16;

/** A model whose single requests may be rejected. */
export const withRejection = (
  model: LanguageModel,
  { onRejection }: RejectionOptions = {},
): LanguageModel => {
  const asked = async <
    Request extends { readonly messages: readonly Message[] },
    Answer extends { readonly usage: Usage },
  >(
    request: Request,
    ask: (request: Request) => Promise<Answer[]>,
    change: Partial<Request>,
    rejected: (usage: Usage) => Answer,
  ): Promise<Answer> => {
    try {
      const [answer] = await ask(request);
      return answer as Answer;
    } catch (thrown) {
      if (!mayReject(thrown)) throw thrown;
      let usage: Usage;
      try {
        const [hello] = await ask({ ...request, ...change, messages: plain });
        usage = (hello as Answer).usage;
      } catch (other) {
        // The same happens to any request: what the server said of the first is what has to be told.
        throw mayReject(other) ? thrown : other;
      }
      onRejection?.(thrown);
      return rejected(usage);
    }
  };
  const rejectedReply = (usage: Usage): Reply => ({ text: "", finish: "rejected", usage });
  const rejectedScore =
    ({ continuations }: ScoreRequest) =>
    (usage: Usage): Score => ({
      logProbabilities: continuations.map(() => null),
      declined: "rejected",
      usage,
    });
  return {
    id: model.id,
    capabilities: model.capabilities,
    close: () => model.close(),
    generate: (requests, options?: CallOptions) =>
      mapRequests(requests, options, null, (request: GenerateRequest, signal) =>
        asked(
          request,
          (one) => model.generate([one], { signal }),
          { maxTokens: Math.min(request.maxTokens, plainTokens) },
          rejectedReply,
        ),
      ),
    score: (requests, options?: CallOptions) =>
      mapRequests(requests, options, null, (request: ScoreRequest, signal) =>
        asked(request, (one) => model.score([one], { signal }), {}, rejectedScore(request)),
      ),
  };
};
