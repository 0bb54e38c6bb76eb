// Batched generation with a fixed key/value cache: the generator, which checks requests and keeps compiled programs
// between calls. How prompts are computed is in prefill.ts, the loop in decoding.ts. Knows token ids only, nothing of
// text.

import { CovenantError } from "../core/index.ts";
import type { ModelConfig } from "./config.ts";
import { createDecodePrograms, decodeAll, type Programs } from "./decoding.ts";
import type { ModelState } from "./model-state.ts";
import { createPrefillPrograms } from "./prefill.ts";
import type { GenerateOptions, TokenReply, TokenRequest } from "./token-request.ts";

/** A generator over one set of weights. Weights are read at every call, so a policy in training is seen as it is. */
export type Generator = {
  generate(requests: readonly TokenRequest[], options?: GenerateOptions): Promise<TokenReply[]>;
  release(): Promise<void>;
};

/**
 * Whether a prompt of so many tokens leaves room for a reply in the model's context. One that does not is never cut:
 * what was cut off would be missing from what the reply is judged by.
 */
export const fitsContext = ({ maxPositions }: ModelConfig, promptTokens: number): boolean =>
  promptTokens < maxPositions;

const requirePrompts = (requests: readonly TokenRequest[], config: ModelConfig, first: number): void => {
  for (const [at, { prompt, maxTokens }] of requests.entries()) {
    const index = first + at;
    if (prompt.length === 0 || maxTokens < 1)
      throw new CovenantError(
        "empty-sequence",
        `request ${index} has ${prompt.length} prompt tokens and asks for ${maxTokens}; both must be at least 1`,
        { index },
      );
    if (!fitsContext(config, prompt.length))
      throw new CovenantError(
        "prompt-too-long",
        `request ${index} has ${prompt.length} prompt tokens, which leave no room for a reply in a context of ${config.maxPositions}`,
        { index },
      );
  }
};

/**
 * Generator over a model's state. endTokenIds: what ends a reply, e.g. a folder's generationConfig; by default what
 * config.json says. Throws InterruptedError when the signal is aborted, and CovenantError "prompt-too-long", naming the
 * request, for a prompt that does not fit the context.
 */
export const createGenerator = (
  state: ModelState,
  { endTokenIds = state.config.endTokenIds }: { readonly endTokenIds?: readonly number[] } = {},
): Generator => {
  const programs: Programs = { prefill: createPrefillPrograms(state), decode: createDecodePrograms(state) };
  const endTokens = new Set(endTokenIds);
  return {
    async generate(requests, options = {}) {
      requirePrompts(requests, state.config, 0);
      const { more } = options;
      let known = requests.length;
      if (known === 0 && more === undefined) return [];
      const checked = (): readonly TokenRequest[] => {
        const joined = more?.() ?? [];
        requirePrompts(joined, state.config, known);
        known += joined.length;
        return joined;
      };
      return decodeAll(state, programs, endTokens, requests, more ? { ...options, more: checked } : options);
    },
    async release() {
      await programs.prefill.release();
      await programs.decode.release();
    },
  };
};
