// What goes wrong with a request, in OpenAI's shape: a status, and a document with message, type, param and code. Knows
// no transport.

import { CovenantError, messageOf, UserError } from "../core/index.ts";

/** A fault of a request. status: as in HTTP; param: the field that is wrong, where it is one. */
export const requestFault = (
  status: number,
  code: string,
  message: string,
  param: string | null = null,
): CovenantError => new CovenantError(code, message, { status, param });

export type FaultDocument = {
  readonly status: number;
  readonly document: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: unknown;
      readonly code: string | null;
    };
  };
};

const typeOf = (status: number): string => {
  if (status === 401) return "authentication_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
};

/** Anything thrown as status and document. What is nobody's fault outside is told in few words, and nothing of it. */
export const faultDocument = (thrown: unknown): FaultDocument => {
  const isKnown = thrown instanceof CovenantError && typeof thrown.facts["status"] === "number";
  const isUsers = thrown instanceof UserError;
  const status = isKnown ? (thrown.facts["status"] as number) : isUsers ? 400 : 500;
  const message = isKnown || isUsers ? messageOf(thrown) : "The server failed on this request.";
  const code = thrown instanceof CovenantError ? thrown.code.replaceAll("-", "_") : null;
  const param = isKnown ? (thrown.facts["param"] ?? null) : null;
  return { status, document: { error: { message, type: typeOf(status), param, code } } };
};
