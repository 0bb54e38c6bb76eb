// The failure that ends a batch, with what a person can do about it: how often the server was asked, what it asked for,
// and which settings change that. Put it over retries and rejection: what they catch again is not explained.

import { CovenantError, UserError } from "../../core/index.ts";
import { isBusy, isRetriable, neverArrived, retryAfterOf } from "../failure.ts";
import type { LanguageModel } from "../specification.ts";

const seconds = (milliseconds: number): string => Math.ceil(milliseconds / 1000).toLocaleString("en-US");

/** What to do about a failure that asking again may mend. attempts, longestAsked: as withRetry tells them. */
const adviceOnPassing = (error: CovenantError): string => {
  const { attempts, longestAsked } = error.facts;
  const asked = retryAfterOf(error);
  if (typeof longestAsked === "number" && asked !== undefined)
    return `The server asks to wait ${seconds(asked)} s, and at most ${seconds(longestAsked)} s are waited (endpoint.longestWaitSeconds): run the same command again after that time, or have it wait with --set endpoint.longestWaitSeconds=${Math.ceil(asked / 1000)}.`;
  if (typeof attempts !== "number") return "";
  const told = `That was attempt ${attempts} of ${attempts} (endpoint.attempts).`;
  if (neverArrived(error)) return told;
  const more = `more attempts (--set endpoint.attempts=${attempts * 2})`;
  return isBusy(error)
    ? `${told} Fewer calls at once (--concurrency, endpoint.concurrency) or ${more} may be what it bears.`
    : `${told} Look at the server; a passing fault may need ${more}.`;
};

/** Such failures come here only where a plain request failed, too (rejection.ts). */
const adviceOnLasting =
  'A plain "Hello." with the same settings is not answered either, so it is no matter of the prompt: look at what the server says, at its own settings, and at those of the request (the name of the model, sampling).';

const explained = (thrown: unknown): unknown => {
  if (!(thrown instanceof CovenantError) || thrown instanceof UserError) return thrown;
  if (typeof thrown.facts["retriable"] !== "boolean") return thrown;
  const advice = isRetriable(thrown) ? adviceOnPassing(thrown) : adviceOnLasting;
  if (advice === "") return thrown;
  return new CovenantError(thrown.code, `${thrown.message} ${advice}`, thrown.facts, thrown);
};

/** A model whose failures say what can be done about them. */
export const withFinalFailure = (model: LanguageModel): LanguageModel => {
  const explaining = <Result>(asking: Promise<Result>): Promise<Result> =>
    asking.catch((thrown: unknown) => {
      throw explained(thrown);
    });
  return {
    ...model,
    generate: (requests, options) => explaining(model.generate(requests, options)),
    score: (requests, options) => explaining(model.score(requests, options)),
  };
};
