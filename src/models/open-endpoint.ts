// Opens what answers behind an address, with the middleware that a network needs: time limit, budget, adaptive
// concurrency, failover between the members of a pool, retries, rejection, advice on what failed, cache,
// recording, in this order from within.

import { systemClock } from "../core/index.ts";
import { isBusy } from "./failure.ts";
import { anthropicAddress, isOpenAi, keyFor, openAiAddress } from "./key.ts";
import { type Meter, priceOf } from "./ledger.ts";
import { withCache } from "./middleware/cache.ts";
import { withAdaptiveConcurrency } from "./middleware/concurrency.ts";
import { withFinalFailure } from "./middleware/final-failure.ts";
import { withBudget } from "./middleware/ledger.ts";
import { withRecording } from "./middleware/record.ts";
import { type Asked, withRejection } from "./middleware/rejection.ts";
import { type RetryOptions, withRetry } from "./middleware/retry.ts";
import { withTimeout } from "./middleware/timeout.ts";
import { type ModelName, parseModelName, type ServedName } from "./name.ts";
import type { OpenOptions } from "./open-options.ts";
import { poolModel } from "./pool.ts";
import type { LanguageModel } from "./specification.ts";

const bound = ({ concurrency }: OpenOptions) => (concurrency === undefined ? {} : { concurrency });

/** meter: where the calls are written down. */
const openProvider = async (
  id: string,
  target: ServedName,
  options: OpenOptions,
  meter: Meter | undefined,
): Promise<LanguageModel> => {
  const { onNotice, environment } = options;
  const telling = {
    meter,
    ...(onNotice === undefined
      ? {}
      : {
          onUncounted: (text: string) => onNotice({ code: "model-usage", text }),
          onIgnored: (text: string) => onNotice({ code: "model-sampling", text }),
          onOther: (text: string) => onNotice({ code: "model-other", text }),
        }),
  };
  if (target.type === "anthropic") {
    const { key = "", keyAdvice } = keyFor(id, anthropicAddress, environment);
    const { anthropicModel } = await import("./providers/anthropic.ts");
    return anthropicModel({
      id,
      model: target.model,
      key,
      keyAdvice,
      ...telling,
      ...bound(options),
    });
  }
  const baseURL = target.type === "openai" ? openAiAddress : target.baseURL;
  const openai = isOpenAi(baseURL);
  const isPlain = target.type === "endpoint" && target.generation === "completions";
  const { openAiCompatibleModel } = await import("./providers/openai-compatible.ts");
  return openAiCompatibleModel({
    id,
    baseURL,
    model: target.model,
    ...keyFor(id, baseURL, environment),
    ...(isPlain ? { generation: "completions" as const } : {}),
    ...(openai && !isPlain ? { tokenLimit: "max_completion_tokens" as const, scoring: "chat" as const } : {}),
    ...telling,
    ways: options.scoringWays,
    refusedFields: options.refusedFields,
    ...bound(options),
    isHeld: true,
    ...(onNotice === undefined || openai
      ? {}
      : { onNotListed: (text: string) => onNotice({ code: "model-not-listed", text }) }),
  });
};

/** One address as a pool or a single model uses it. */
const openMember = async (
  id: string,
  target: ServedName,
  options: OpenOptions,
  name: string,
): Promise<LanguageModel> => {
  const { timeout, clock = systemClock, ledger, prices = {}, borneNumbers } = options;
  const meter = ledger?.meter({ model: id, price: priceOf(prices, id, name) });
  const provider = await openProvider(id, target, options, meter);
  const timed = withTimeout(provider, timeout === undefined ? {} : { milliseconds: timeout });
  return withAdaptiveConcurrency(timed, {
    clock,
    borne: borneNumbers,
    ...(meter === undefined ? {} : { between: (begun) => withBudget(begun, meter) }),
  });
};

/** What everything that is named goes through last: answers that are there, and a recording. */
const withKeptAnswers = (model: LanguageModel, { cache, recorder }: OpenOptions): LanguageModel => {
  const cached = cache === undefined ? model : withCache(model, cache);
  return recorder === undefined ? cached : withRecording(cached, recorder);
};

/** Opens an endpoint or a pool of them. name: as it was given, which is what records call it. */
export const openEndpoint = async (
  name: string,
  target: ServedName | Extract<ModelName, { type: "pool" }>,
  options: OpenOptions,
): Promise<LanguageModel> => {
  const { onNotice, clock = systemClock, retry } = options;
  const tellAgain = (error: Error): void => onNotice?.({ code: "model-retry", text: error.message });
  const members: LanguageModel[] = [];
  const open = async (): Promise<LanguageModel> => {
    if (target.type !== "pool") return openMember(name, target, options, name);
    for (const member of target.members)
      members.push(await openMember(member, parseModelName(member) as ServedName, options, name));
    return poolModel({ id: name, members, clock, onFailover: tellAgain });
  };
  const again: RetryOptions = {
    ...retry,
    onRetry: (event) => {
      retry?.onRetry?.(event);
      const { error, wait, asked } = event;
      onNotice?.({ code: "model-retry", text: error.message, ...(asked ? { wait } : {}) });
    },
  };
  const askedBy = (model: LanguageModel): Asked => ({
    retried: withRetry(model, again),
    direct: withRetry(model, { ...again, isWorth: isBusy }),
  });
  const { retried, direct } = askedBy(await open());
  const ofMembers = new Map(members.map((member) => [member.id, askedBy(member)]));
  const rejecting = withRejection(retried, {
    direct,
    memberOf: (id) => ofMembers.get(id),
    onRejection: ({ message }) => onNotice?.({ code: "model-rejected", text: message }),
  });
  return withKeptAnswers(withFinalFailure(rejecting), options);
};
