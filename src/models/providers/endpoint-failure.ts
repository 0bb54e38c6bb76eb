// What an endpoint's failures mean: retriable, the user's to change, or an interruption. What servers say was cleaned
// of the key at the border (endpoint-client.ts); what the runtime says itself is cleaned here, and the raw error is
// never kept as cause. Knows the words of many servers, and no client.

import { type Clock, messageOf, type Redact, UserError } from "../../core/index.ts";
import { type ModelFailureFacts, mayRefuseField, modelFailure } from "../failure.ts";
import type { Declined } from "../specification.ts";
import type { Problem } from "./endpoint-answer.ts";

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

/** An answer that is none. as: how messages call it, where not by its status; header: one of its headers. */
export type BadStatus = Problem & {
  readonly status: number;
  readonly as?: string;
  readonly header: (name: string) => string | undefined;
};

const retriableStatus = (status: number): boolean =>
  status === 408 || status === 409 || status === 425 || status === 429 || (status >= 500 && status !== 501);

const mostShown = 500;

const shorten = (text: string): string => (text.length > mostShown ? `${text.slice(0, mostShown)}...` : text);

/** A sentence that ends as one, however what it quotes does. */
const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

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
const moderationWords =
  /\bmoderation\b|\bflagged\b|\bsafety (?:settings?|filters?|polic(?:y|ies)|systems?|guidelines?|reasons?|checks?)\b/i;
const accountWords = /\b(?:account|key|organi[sz]ation|project)\b/i;
const contextCodes = ["context_length_exceeded", "exceed_context_size_error"];
/** As vLLM, llama.cpp, TGI, SGLang, Anthropic and others put it; there is no agreed code. */
const contextWords =
  /maximum context|context (?:length|size|window|limit)|exceeds? the (?:available|maximum|model.s) (?:context|sequence)|(?:prompt|input) is too long|too many (?:input )?tokens/i;

const isModerated = ({ said }: Problem): boolean => moderationWords.test(said) && !accountWords.test(said);

/** Whether a filter turned this one request down; with a status 403 it is the filter that refuses access, not the key. */
const isFiltered = (bad: BadStatus): boolean => {
  const { status, said, codes } = bad;
  if (![400, 403, 451].includes(status)) return false;
  if (codes.some((code) => filterCodes.includes(code)) || filterWords.test(said)) return true;
  return status !== 400 && isModerated(bad);
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
  status === 402 ||
  codes.includes("insufficient_quota") ||
  codes.includes("billing_error") ||
  (status === 400 && /credit balance is too low/i.test(said));

/** A redirection is not followed: the address that was given is the one that gets the prompts, and the key. */
const redirection = (
  { status, header }: BadStatus,
  { baseURL, model }: Endpoint,
  facts: ModelFailureFacts,
): Error => {
  const place = header("location");
  const to = place === undefined || !URL.canParse(place, baseURL) ? undefined : new URL(place, baseURL);
  // what stands behind the path may be somebody's session
  const shown = to === undefined ? "elsewhere" : `to ${to.origin}${to.pathname}`;
  const base =
    to === undefined ? "" : `${to.origin}${to.pathname.replace(/(?:\/chat)?\/completions\/?$/, "")}`;
  const advice =
    base === "" || base === baseURL
      ? "Give the address that it points to, or have the server answer here."
      : `Redirections are not followed: name the model by the address where it answers (${base}#${model}, if that is right).`;
  return new UserError("model-redirected", `${baseURL} points ${shown} (status ${status}). ${advice}`, facts);
};

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
  const { as = `status ${status}` } = bad;
  if (status >= 300 && status < 400) return redirection(bad, endpoint, facts);
  if (status === 401 || (status === 403 && declined === undefined)) {
    const found = hasKey ? "the key was not accepted" : "no key was sent";
    return new UserError(
      "model-key",
      `${baseURL} refused access (${status}; ${found})${bad.said === "" ? "" : `: ${said}`}. ${keyAdvice} that may use "${model}".`,
      facts,
    );
  }
  if (isUsedUp(bad)) {
    return new UserError(
      "model-quota",
      ended(`${baseURL} says that the account's quota is used up: ${said}`),
      {
        ...facts,
        retriable: false,
      },
    );
  }
  if (declined === undefined && refusedFields.length === 0 && isUnknownModel(bad, model)) {
    return new UserError(
      "model-unknown",
      `${baseURL} answered with ${as} for the model "${model}": ${said}. Check the address (it usually ends in /v1) and the name after #.`,
      facts,
    );
  }
  const retryAfter = readRetryAfter(bad.header, endpoint.clock.now());
  return modelFailure("model-status", ended(`${id} answered with ${as}: ${said}`), {
    ...facts,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
};

/** Statuses for what servers call an error that they send as an answer; the first that fits. */
const statusesOfCodes: readonly (readonly [status: number, codes: RegExp])[] = [
  [429, /rate.?limit|too.?many.?requests|resource.?exhausted|insufficient_quota/i],
  [402, /billing|payment.?required|insufficient.?credits/i],
  [401, /authentication|unauthori[sz]ed|unauthenticated|invalid.?api.?key/i],
  [403, /permission|forbidden/i],
  [404, /not.?found/i],
  [529, /overloaded/i],
  [503, /unavailable/i],
  [400, /invalid.?(?:request|argument)|bad.?request|context_length|context_size|content_(?:filter|policy)/i],
];
/** And for their words where they call it nothing; LM Studio has the second for an address that it does not know. */
const statusesOfWords: typeof statusesOfCodes = [
  [429, /rate.?limit|too many requests/i],
  [404, /unexpected endpoint/i],
  [529, /overloaded/i],
];

/** The status that an error would have had that came with a status 2xx: as it says itself, or as it is called. */
const statusOfError = (error: Problem): number => {
  const { said, codes } = error;
  const number = codes.map(Number).find((code) => code >= 400 && code <= 599);
  const named = statusesOfCodes.find(([, names]) => codes.some((code) => names.test(code)))?.[0];
  if (number !== undefined || named !== undefined) return number ?? named ?? 500;
  if (isModerated(error)) return 403;
  return statusesOfWords.find(([, words]) => words.test(said))?.[0] ?? 500;
};

/** The failure when an answer of status 2xx is an error: that of the status which the error stands for. */
export const answeredFailure = (error: Problem, endpoint: Endpoint): Error =>
  statusFailure(
    {
      ...error,
      status: statusOfError(error),
      as: `an error in place of a reply${error.codes.length === 0 ? "" : ` (${error.codes.join(", ")})`}`,
      header: () => undefined,
    },
    endpoint,
  );

/** What the runtime says where no connection came to be. */
const unsentCauses =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/** The error when no answer came. */
export const connectionFailure = (thrown: unknown, { baseURL, id, redact }: Endpoint): Error => {
  const cause = rootCause(thrown);
  const why = shorten(redact(cause));
  const facts = { model: id, retriable: true };
  if (!unsentCauses.test(cause))
    return modelFailure("model-connection", `${id} gave no answer: the connection failed (${why}).`, facts);
  return modelFailure(
    "model-connection",
    `Cannot reach ${baseURL} (${why}). Check that the server runs there and that the address is right.`,
    { ...facts, unsent: true },
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

const mostQuoted = 80;

/** The error when an answer of status 2xx is no JSON, as a web page is none. type: its content type. */
export const textFailure = (text: string, type: string | undefined, endpoint: Endpoint): Error => {
  const begins = text.trim().slice(0, mostQuoted);
  const shown = begins === "" ? "an empty body" : `it begins ${JSON.stringify(begins)}`;
  return modelFailure(
    "model-response",
    `${endpoint.id} sent a response that is not JSON (content type ${type ?? "not given"}; ${shown}). Check that ${endpoint.baseURL} is an OpenAI-compatible address (it usually ends in /v1).`,
    { model: endpoint.id, retriable: true },
  );
};

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
