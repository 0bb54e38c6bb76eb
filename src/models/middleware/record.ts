// Writes down what a model was asked and what it answered, for a replay. Put it over everything else, so that answers
// out of a cache are in the recording, too.

import type { Recorder } from "../recorder.ts";
import type { LanguageModel } from "../specification.ts";

/** A model whose answers are recorded under its name. */
export const withRecording = (model: LanguageModel, recorder: Pick<Recorder, "add">): LanguageModel => ({
  id: model.id,
  capabilities: model.capabilities,
  close: () => model.close(),
  // Batches stay whole: the embedded engine lives off them.
  generate: async (requests, options) => {
    const replies = await model.generate(requests, options);
    for (const [index, reply] of replies.entries())
      recorder.add(model.id, { type: "generate", request: requests[index]! }, reply);
    return replies;
  },
  score: async (requests, options) => {
    const scores = await model.score(requests, options);
    for (const [index, score] of scores.entries())
      recorder.add(model.id, { type: "score", request: requests[index]! }, score);
    return scores;
  },
});
