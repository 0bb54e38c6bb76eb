// One request that a server will not or cannot answer ends as "rejected" and costs no other. Whether it is the request or
// the server is found out by a plain one of the same settings: where that is answered, the server is well. A failure that
// a server in trouble has, too (no answer, half of one, 5xx, no access), is then asked for once more, and has to come again
// from a server that answers a plain request after it as well: one that died, or came back, in between rejects nothing.
// Else the failure is thrown. Put it over the retries.

import { type CovenantError, InterruptedError } from "../../core/index.ts";
import type { Message, Usage } from "../../records/index.ts";
import { mapRequests } from "../batch.ts";
import { failedModelOf, isLasting, mayReject } from "../failure.ts";
import type {
  CallOptions,
  GenerateRequest,
  LanguageModel,
  Reply,
  Score,
  ScoreRequest,
} from "../specification.ts";

/** A model with its retries, and one that gives up at the first failure that may be a request's own. */
export type Asked = { readonly retried: LanguageModel; readonly direct: LanguageModel };

/**
 * direct: the model without retries of what may be a request's own failure; default the model itself. memberOf: the member
 * of a pool by its name: whether that one is well which failed, the others cannot tell. onRejection: told of every
 * rejected request.
 */
export type RejectionOptions = {
  readonly direct?: LanguageModel;
  readonly memberOf?: (id: string) => Asked | undefined;
  readonly onRejection?: (error: Error) => void;
};

const plain: readonly Message[] = [{ role: "user", content: "Hello." }];
/** Enough for a server to show that it answers. */
const plainTokens = 16;

/** What a rejected request took is in the account; its answer tells nothing of it, which depends on its neighbours. */
const nothing: Usage = { promptTokens: 0, completionTokens: 0 };

/** A kind of request. ask: asks a model for one; plainOf: a plain one of the same settings; rejected: its answer. */
type Kind<Request, Answer> = {
  readonly ask: (model: LanguageModel, request: Request, signal: AbortSignal) => Promise<Answer>;
  readonly plainOf: (request: Request) => Request;
  readonly rejected: (request: Request) => Answer;
};

const replies: Kind<GenerateRequest, Reply> = {
  ask: async (model, request, signal) => (await model.generate([request], { signal }))[0]!,
  plainOf: (request) => ({
    ...request,
    messages: plain,
    maxTokens: Math.min(request.maxTokens, plainTokens),
  }),
  rejected: () => ({ text: "", finish: "rejected", usage: nothing }),
};

const scores: Kind<ScoreRequest, Score> = {
  ask: async (model, request, signal) => (await model.score([request], { signal }))[0]!,
  plainOf: (request) => ({ ...request, messages: plain }),
  rejected: ({ continuations }) => ({
    logProbabilities: continuations.map(() => null),
    declined: "rejected",
    usage: nothing,
  }),
};

/** Runs work of one key once for all who ask for it while it is under way. What interrupts one of them ends no other. */
const createSharing = () => {
  const underWay = new Map<string, Promise<unknown>>();
  return async (key: string, signal: AbortSignal, work: () => Promise<unknown>): Promise<void> => {
    for (let running = underWay.get(key); running !== undefined; running = underWay.get(key)) {
      try {
        await running;
        return;
      } catch (thrown) {
        if (!(thrown instanceof InterruptedError) || signal.aborted) throw thrown;
      }
    }
    const own = work().finally(() => underWay.delete(key));
    underWay.set(key, own);
    await own;
  };
};

/** A model whose single requests may be rejected. */
export const withRejection = (model: LanguageModel, options: RejectionOptions = {}): LanguageModel => {
  const { direct = model, memberOf = () => undefined, onRejection } = options;
  const share = createSharing();

  /** The answer of a request that failed, after all or as rejected. Throws where it is not the request's failure. */
  const judge = async <Request extends object, Answer>(
    failure: CovenantError,
    request: Request,
    signal: AbortSignal,
    { ask, plainOf, rejected }: Kind<Request, Answer>,
  ): Promise<Answer> => {
    const { retried, direct: once } = memberOf(failedModelOf(failure) ?? "") ?? { retried: model, direct };
    const greet = (by: LanguageModel) => ask(by, plainOf(request), signal);
    /** Has the server answer a plain request, or throws. */
    const expectWell = async (greeting: Promise<unknown>): Promise<void> => {
      try {
        await greeting;
      } catch (other) {
        // The same happens to any request: what the server said of this one is what has to be told.
        throw mayReject(other) ? failure : other;
      }
    };
    if (isLasting(failure)) await expectWell(greet(retried));
    else {
      // a server that gave no answer within the limit, several times, had its chances
      const by = failure.code === "model-timeout" ? once : retried;
      const { seed: _, ...settings } = plainOf(request) as { readonly seed?: number };
      const key = `${by.id} ${by === once} ${JSON.stringify(settings)}`;
      await expectWell(share(key, signal, () => greet(by)));
      try {
        return await ask(once, request, signal);
      } catch (again) {
        if (!mayReject(again)) throw again;
        await expectWell(greet(once));
      }
    }
    onRejection?.(failure);
    return rejected(request);
  };

  const answer =
    <Request extends object, Answer>(kind: Kind<Request, Answer>) =>
    async (request: Request, signal: AbortSignal): Promise<Answer> => {
      try {
        return await kind.ask(model, request, signal);
      } catch (thrown) {
        if (!mayReject(thrown)) throw thrown;
        return judge(thrown, request, signal, kind);
      }
    };

  return {
    id: model.id,
    capabilities: model.capabilities,
    close: () => model.close(),
    generate: (requests, call?: CallOptions) => mapRequests(requests, call, null, answer(replies)),
    score: (requests, call?: CallOptions) => mapRequests(requests, call, null, answer(scores)),
  };
};
