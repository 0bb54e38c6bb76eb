// What can go wrong when a model is asked, as errors whose facts say whether asking again may help. Providers throw
// these, middleware reads them; neither has to know the other.

import { CovenantError, UserError } from "../core/index.ts";
import type { Declined } from "./specification.ts";

/**
 * retriable: asking the same again may succeed. retryAfter: milliseconds the provider asked to wait. declined: why the
 * provider declined this one request, where no other request is concerned. refusedFields: those of the request that the
 * server says it does not take. cut: the limit of tokens was reached before any text. unsent: nothing reached the
 * provider.
 */
export type ModelFailureFacts = {
  readonly model: string;
  readonly retriable: boolean;
  readonly status?: number;
  readonly retryAfter?: number;
  readonly declined?: Declined;
  readonly refusedFields?: readonly string[];
  readonly cut?: boolean;
  readonly unsent?: boolean;
};

export type ModelFailureCode =
  | "model-connection"
  | "model-timeout"
  | "model-status"
  | "model-response"
  | "model-end";

/** A failure of one call, with what a retry needs to know. */
export const modelFailure = (
  code: ModelFailureCode,
  message: string,
  facts: ModelFailureFacts,
): CovenantError => new CovenantError(code, message, facts);

/** Whether asking again may help. */
export const isRetriable = (thrown: unknown): thrown is CovenantError =>
  thrown instanceof CovenantError && thrown.facts["retriable"] === true;

/** Whether a server says that it has too much to do: 429, 529, or 503 with a wait that it asks for. */
export const isBusy = (thrown: unknown): boolean => {
  const status = statusOf(thrown);
  return status === 429 || status === 529 || (status === 503 && retryAfterOf(thrown) !== undefined);
};

/** Failures that what a request holds can bring about. */
const ownCodes = ["model-status", "model-response", "model-timeout", "model-connection", "model-end"];

/**
 * Whether a failure may be that of this one request: the server turns it down, breaks on it, or gives nothing that can be
 * read. It may be the server's as well; who wants to know asks it something else. Never so are a server that is busy or
 * cannot be reached, and a key, an account or a model that is wrong, but for a status 403, which filters send, too.
 */
export const mayReject = (thrown: unknown): thrown is CovenantError =>
  thrown instanceof CovenantError &&
  !isBusy(thrown) &&
  !neverArrived(thrown) &&
  (ownCodes.includes(thrown.code) || (thrown.code === "model-key" && statusOf(thrown) === 403));

/** Statuses with which servers turn down what a request holds. */
const rejectingStatuses = [400, 413, 422];

/**
 * Whether a failure that may be this one request's shows that the server was there and looked at the request, so that the
 * same would come of it again.
 */
export const isLasting = (thrown: CovenantError): boolean =>
  thrown.code === "model-end" ? !isRetriable(thrown) : rejectingStatuses.includes(statusOf(thrown) ?? 0);

/** Whether no answer came in time. */
export const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof CovenantError && thrown.code === "model-timeout";

/** Whether a server has too much to do, or cannot be reached: 429, 5xx, no answer in time, no connection. */
export const isOverload = (thrown: unknown): boolean => {
  if (!isRetriable(thrown)) return false;
  const status = statusOf(thrown) ?? 0;
  return ["model-timeout", "model-connection"].includes(thrown.code) || status === 429 || status >= 500;
};

/** Whether calls that are on their way are to be waited for, not cut, when this failure, or interruption, ends a batch. */
export const drainsCalls = (thrown: unknown): boolean =>
  thrown instanceof CovenantError && thrown.facts["drains"] === true;

/** The model, or the member of a pool, that a failure is of. */
export const failedModelOf = (thrown: unknown): string | undefined => {
  const model = thrown instanceof CovenantError ? thrown.facts["model"] : undefined;
  return typeof model === "string" ? model : undefined;
};

/** Whether a call failed before it reached the provider. */
export const neverArrived = (thrown: unknown): boolean =>
  thrown instanceof CovenantError && thrown.facts["unsent"] === true;

/** The HTTP status behind a failure, if there was one. */
export const statusOf = (thrown: unknown): number | undefined => {
  const status = thrown instanceof CovenantError ? thrown.facts["status"] : undefined;
  return typeof status === "number" ? status : undefined;
};

/** Whether a failed call is not to be paid: the provider turned it down, or it never reached the provider. */
export const costsNothing = (thrown: unknown): boolean =>
  thrown instanceof UserError || statusOf(thrown) !== undefined || neverArrived(thrown);

/** Why the provider declined this one request; undefined for any other failure. */
export const declinedOf = (thrown: unknown): Declined | undefined => {
  const declined = thrown instanceof CovenantError ? thrown.facts["declined"] : undefined;
  return declined === "refusal" || declined === "overflow" ? declined : undefined;
};

/** Whether a status may mean that a server does not take a field of the request. */
export const mayRefuseField = (status: number | undefined): boolean =>
  status === 400 || status === 422 || status === 501;

/** Whether the server names a field of the request as one that it does not take. */
export const refusesField = (thrown: unknown, field: string): boolean => {
  const fields = thrown instanceof CovenantError ? thrown.facts["refusedFields"] : undefined;
  return Array.isArray(fields) && fields.includes(field);
};

/** Whether a call failed because its limit of tokens was reached before any text, as models do that think too long. */
export const isCutShort = (thrown: unknown): boolean =>
  thrown instanceof CovenantError && thrown.facts["cut"] === true;

/** The wait the provider asked for, in milliseconds. */
export const retryAfterOf = (thrown: unknown): number | undefined => {
  const wait = thrown instanceof CovenantError ? thrown.facts["retryAfter"] : undefined;
  return typeof wait === "number" ? wait : undefined;
};
