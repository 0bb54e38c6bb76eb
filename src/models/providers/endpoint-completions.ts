// Calls of an OpenAI-compatible endpoint that ask its model and are to be paid: each is charged when it is sent and when
// it ends, whatever becomes of the request that it belongs to.

import { throwIfAborted } from "../../core/index.ts";
import type { Usage } from "../../records/index.ts";
import type { AnsweredBy } from "../answered-by.ts";
import { type Meter, metered } from "../ledger.ts";
import type { EndpointClient } from "./endpoint-client.ts";
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

/** Makes paid calls. checkUsage: sees what each took. */
export const createComplete =
  (
    { post }: Pick<EndpointClient, "post">,
    meter: Meter | undefined,
    checkUsage: (usage: Usage) => Usage,
  ): Complete =>
  async ({ path, body, most }, signal, read) => {
    throwIfAborted(signal);
    const ask = async (tell: (usage: Usage) => void) => {
      const response = await post(path, body, signal);
      const usage = checkUsage(readUsage(response, most));
      tell(usage);
      return { usage, answer: read({ response, usage }) };
    };
    const { answer } = await metered(meter, most, ask, ({ usage }) => usage);
    return answer;
  };
