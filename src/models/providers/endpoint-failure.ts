// What an endpoint's failures mean: retriable, the user's to change, or an interruption. What servers say was cleaned
// of the key at the border (endpoint-client.ts); what the runtime says itself is cleaned here, and the raw error is
// never kept as cause. Knows the words of many servers, and no client.

import { type Clock, messageOf, type Redact, UserError } from "../../core/index.ts";
import { mayRefuseField, modelFailure } from "../failure.ts";
import type { Declined } from "../specification.ts";

/**
 * What failures need to know of the endpoint. hasKey: whether one is sent; keyAdvice: what to do when it is not
 * accepted, or another is wanted; redact: takes the key out of a text.
 */
export type Endpoint = {
  readonly baseURL: string;
  readonly model: string;
  readonly id: string;
  readonly hasKey: boolean;
  readonly keyAdvice: string;
  readonly redact: Redact;
  readonly clock: Clock;
};

/** An answer that is none. said: in the server's words; codes: as it calls the error; header: one of its headers. */
export type BadStatus = {
  readonly status: number;
  readonly said: string;
  readonly codes: readonly string[];
  readonly header: (name: string) => string | undefined;
};

const retriableStatus = (status: number): boolean =>
  status === 408 || status === 409 || status === 425 || status === 429 || (status >= 500 && status !== 501);

const mostShown = 500;

const shorten = (text: string): string => (text.length > mostShown ? `${text.slice(0, mostShown)}...` : text);

/** Milliseconds that the headers ask to wait: retry-after-ms, or Retry-After in seconds or as a date. */
const readRetryAfter = (header: BadStatus["header"], now: number): number | undefined => {
  const precise = header("retry-after-ms");
  if (precise && Number.isFinite(Number(precise))) return Math.max(0, Number(precise));
  const value = header("retry-after")?.trim();
  if (!value) return undefined;
  if (Number.isFinite(Number(value))) return Math.max(0, Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};

const rootCause = (thrown: unknown): string => {
  let error = thrown;
  while (error instanceof Error && error.cause !== undefined) error = error.cause;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : messageOf(error);
};

const filterCodes = ["content_filter", "content_policy_violation"];
const filterWords = /content (?:filter|management|policy)|filtering policy|safety system/i;
/** As routers put it that refuse what a model's maker does not take (OpenRouter). An account that is flagged is no request. */
const moderationWords = /\bmoderation\b|\bflagged\b/i;
const accountWords = /\b(?:account|key|organi[sz]ation|project)\b/i;
const contextCodes = ["context_length_exceeded", "exceed_context_size_error"];
/** As vLLM, llama.cpp, TGI, SGLang, Anthropic and others put it; there is no agreed code. */
const contextWords =
  /maximum context|context (?:length|size|window|limit)|exceeds? the (?:available|maximum|model.s) (?:context|sequence)|(?:prompt|input) is too long|too many (?:input )?tokens/i;

/** Whether a filter turned this one request down; with a status 403 it is the filter that refuses access, not the key. */
const isFiltered = ({ status, said, codes }: BadStatus): boolean => {
  if (status !== 400 && status !== 403) return false;
  if (codes.some((code) => filterCodes.includes(code)) || filterWords.test(said)) return true;
  return status === 403 && moderationWords.test(said) && !accountWords.test(said);
};

/** Why a server declined this one request. Servers that break on a text that is too long say so with a status 500. */
const declinedBy = (bad: BadStatus): Declined | undefined => {
  const { status, said, codes } = bad;
  if (codes.some((code) => contextCodes.includes(code))) return "overflow";
  if (isFiltered(bad)) return "refusal";
  return [400, 413, 422, 500].includes(status) && contextWords.test(said) ? "overflow" : undefined;
};

/**
 * Fields that decide how a reply is drawn and where it ends, by the names under which servers refuse them. Words of every
 * day count only where they stand as names.
 */
const fieldNames: readonly (readonly [field: string, names: RegExp])[] = [
  ["temperature", /\btemperature\b/i],
  ["top_p", /\btop[_ -]?p\b/i],
  ["max_tokens", /["'`]max_tokens["'`]/],
  ["seed", /["'`]seed["'`]|: seed\b/],
  ["stop", /["'`]stop["'`]|: stop\b/],
];
/**
 * As OpenAI ("Unsupported value: 'temperature' does not support 0 with this model"), LiteLLM, Moonshot ("only 1 is
 * allowed"), Anthropic ("cannot both be specified", "is deprecated"), Mistral ("Extra inputs are not permitted") and xAI
 * put it. A value out of bounds is none of these: it is the user's to change.
 */
const refusingWords =
  /unsupported|not (?:be )?(?:supported|allowed|permitted|accepted)|do(?:es)?(?:n.t| not) (?:support|accept|allow)|cannot both be|deprecated|unrecogni[sz]ed|unknown|only [\d.]+ is (?:allowed|supported)/i;

/** Fields that the server says it does not take. */
const refusedBy = ({ status, said }: BadStatus): string[] =>
  mayRefuseField(status) && refusingWords.test(said)
    ? fieldNames.filter(([, names]) => names.test(said)).map(([field]) => field)
    : [];

/** OpenAI's models that think answer so where no token was left for a text. */
const cutWords = /max_tokens or model output limit was reached/i;

const unknownWords =
  /not (?:be )?(?:found|available|loaded|served|supported)|does(?:n.t| not) exist|unknown|pinned|no such|invalid model/i;

/** Servers say that they do not have a model with a status 404, or with 400 or 422 and the model's name. */
const isUnknownModel = ({ status, said, codes }: BadStatus, model: string): boolean =>
  status === 404 ||
  codes.includes("model_not_found") ||
  ([400, 422].includes(status) && said.includes(model) && unknownWords.test(said));

const isUsedUp = ({ status, said, codes }: BadStatus): boolean =>
  codes.includes("insufficient_quota") ||
  codes.includes("billing_error") ||
  (status === 400 && /credit balance is too low/i.test(said));

/** The error that a status other than 2xx becomes. */
export const statusFailure = (bad: BadStatus, endpoint: Endpoint): Error => {
  const { id, hasKey, keyAdvice, baseURL, model } = endpoint;
  const { status } = bad;
  const declined = declinedBy(bad);
  const refusedFields = declined === undefined ? refusedBy(bad) : [];
  const facts = {
    model: id,
    status,
    retriable: declined === undefined && retriableStatus(status),
    ...(declined === undefined ? {} : { declined }),
    ...(refusedFields.length === 0 ? {} : { refusedFields }),
    ...(status === 400 && cutWords.test(bad.said) ? { cut: true } : {}),
  };
  const said = bad.said === "" ? "no explanation was given" : shorten(bad.said.replace(/\.$/, ""));
  if (status === 401 || (status === 403 && declined === undefined)) {
    const found = hasKey ? "the key was not accepted" : "no key was sent";
    return new UserError(
      "model-key",
      `${baseURL} refused access (${status}; ${found}). ${keyAdvice} that may use "${model}".`,
      facts,
    );
  }
  if (isUsedUp(bad)) {
    return new UserError("model-quota", `${baseURL} says that the account's quota is used up: ${said}`, {
      ...facts,
      retriable: false,
    });
  }
  if (declined === undefined && refusedFields.length === 0 && isUnknownModel(bad, model)) {
    return new UserError(
      "model-unknown",
      `${baseURL} answered with status ${status} for the model "${model}": ${said}. Check the address (it usually ends in /v1) and the name after #.`,
      facts,
    );
  }
  const retryAfter = readRetryAfter(bad.header, endpoint.clock.now());
  return modelFailure("model-status", `${id} answered with status ${status}: ${said}`, {
    ...facts,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
};

/** What the runtime says where no connection came to be. */
const unsentCauses =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/** The error when no answer came. */
export const connectionFailure = (thrown: unknown, { baseURL, id, redact }: Endpoint): Error => {
  const cause = rootCause(thrown);
  return modelFailure(
    "model-connection",
    `Cannot reach ${baseURL} (${shorten(redact(cause))}). Check that the server runs there and that the address is right.`,
    { model: id, retriable: true, ...(unsentCauses.test(cause) ? { unsent: true } : {}) },
  );
};

/** The error when an answer began and did not end. */
export const brokenFailure = (thrown: unknown, { id, redact }: Endpoint): Error =>
  modelFailure(
    "model-connection",
    `The response of ${id} broke off (${shorten(redact(rootCause(thrown)))}).`,
    { model: id, retriable: true },
  );

/** The error when an answer is not what it has to be. what: it is instead. */
export const responseFailure = (what: string, { id }: Endpoint): Error =>
  modelFailure("model-response", `${id} sent a response that is ${what}.`, { model: id, retriable: true });

/** Ends of a server in trouble, after which the same request may go well. */
const passingEnds: readonly string[] = ["abort", "aborted", "error", "cancelled"];

/**
 * The error when a reply ended in a way that makes it none, e.g. by an abort or in a call of a tool. reason: as the
 * server calls it.
 */
export const endFailure = (reason: string, id: string): Error =>
  modelFailure(
    "model-end",
    `${id} ended a reply with "${shorten(reason)}", which is not the end of a whole reply.`,
    { model: id, retriable: passingEnds.includes(reason) },
  );
