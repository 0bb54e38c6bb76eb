// Answers that were given are not asked for again: looked up by what decides them (request-key.ts) in a store that the
// caller opens. Only what a model answered is kept, its refusals and empty replies among it, never a failure, and no trial
// of what a server gives.

import { replySchema, scoreSchema } from "../answer-schema.ts";
import type { AnswerStore } from "../answer-store.ts";
import { mapRequests } from "../batch.ts";
import { type AskedRequest, type GivenAnswer, requestKey } from "../request-key.ts";
import type { LanguageModel, Reply, Score } from "../specification.ts";

const isRejected = (answer: GivenAnswer): boolean =>
  ("finish" in answer ? answer.finish : answer.declined) === "rejected";

/** A model that answers from the store what the store has, marking it as `cached`, and puts there what it answers. */
export const withCache = (model: LanguageModel, store: Pick<AnswerStore, "get" | "put">): LanguageModel => {
  const lookUp = async <Answer extends GivenAnswer>(
    asked: AskedRequest,
    read: (kept: unknown) => Answer | undefined,
    ask: () => Promise<Answer[]>,
  ): Promise<Answer> => {
    const key = requestKey(model.id, asked);
    const kept = read(store.get(key));
    if (kept !== undefined) return { ...kept, cached: true };
    const [answer] = (await ask()) as [Answer];
    // A server without log-probabilities may have them tomorrow, and take what it rejects today.
    const isScore = asked.type === "score";
    if (!isRejected(answer) && (!isScore || model.capabilities.scores)) store.put(key, answer);
    return answer;
  };
  const readReply = (kept: unknown): Reply | undefined =>
    replySchema.safeParse(kept).data as Reply | undefined;
  const readScore = (kept: unknown): Score | undefined =>
    scoreSchema.safeParse(kept).data as Score | undefined;
  return {
    id: model.id,
    capabilities: model.capabilities,
    close: () => model.close(),
    generate: (requests, options) =>
      mapRequests(requests, options, null, (request, signal) =>
        lookUp({ type: "generate", request }, readReply, () => model.generate([request], { signal })),
      ),
    score: (requests, options) =>
      mapRequests(requests, options, null, async (request, signal) => {
        const ask = () => model.score([request], { signal });
        // A trial finds out what the server gives now, which an answer that is kept does not know.
        return request.trial === true
          ? (await ask())[0]!
          : lookUp({ type: "score", request }, readScore, ask);
      }),
  };
};
