// Calls of an OpenAI-compatible endpoint that ask its model and are to be paid: each is charged when it is sent and when
// it ends, whatever becomes of the request that it belongs to.

import { throwIfAborted } from "../../core/index.ts";
import type { Usage } from "../../records/index.ts";
import type { AnsweredBy } from "../answered-by.ts";
import { type Meter, metered } from "../ledger.ts";
import { readAnsweredError } from "./endpoint-answer.ts";
import type { EndpointClient } from "./endpoint-client.ts";
import { answeredFailure, type Endpoint } from "./endpoint-failure.ts";
import { readUsage } from "./endpoint-usage.ts";

/** most: what the call takes at most, estimated. */
export type PaidCall = {
  readonly path: "/chat/completions" | "/completions";
  readonly body: object;
  readonly most: Usage;
};

/** What came back, what it took, and whose it is where another model answered. */
export type Completion = AnsweredBy & { readonly response: unknown; readonly usage: Usage };

/** read: makes an answer of what came back, or throws where it is none. */
export type Complete = <Answer>(
  call: PaidCall,
  signal: AbortSignal,
  read: (completion: Completion) => Answer,
) => Promise<Answer>;

/** Makes paid calls. An answer that is an error is a failed call. checkUsage: sees what each good answer took. */
export const createComplete =
  (
    { post }: Pick<EndpointClient, "post">,
    endpoint: Endpoint,
    meter: Meter | undefined,
    checkUsage: (usage: Usage) => void,
  ): Complete =>
  async ({ path, body, most }, signal, read) => {
    throwIfAborted(signal);
    const ask = async (tell: (usage: Usage) => void) => {
      const response = await post(path, body, signal);
      const usage = readUsage(response, most);
      const error = readAnsweredError(response);
      if (error === undefined || usage.estimated !== true) tell(usage);
      if (error !== undefined) throw answeredFailure(error, endpoint);
      const answer = read({ response, usage });
      checkUsage(usage);
      return { usage, answer };
    };
    const { answer } = await metered(meter, most, ask, ({ usage }) => usage);
    return answer;
  };
