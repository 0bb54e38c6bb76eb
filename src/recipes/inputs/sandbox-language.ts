// Whether texts are of the sandbox's language, which is all that the default model knows: what is of another one is better
// put to a model that reads it. Reads texts; asks no model.

import type { Message } from "../../records/index.ts";
import { isRequest, readStatement } from "../../sandbox/index.ts";

/** Whether a prompt is a request in the sandbox's language. */
export const isSandboxRequest = ({ messages }: { readonly messages: readonly Message[] }): boolean =>
  messages.length === 1 && isRequest(messages[0]!.content);

/** Whether all principles are statements in the sandbox's language. */
export const areSandboxStatements = (
  principles: readonly { readonly title?: string | undefined }[],
): boolean => principles.every(({ title }) => title !== undefined && readStatement(title) !== null);
