// Which models an endpoint says that it serves. Servers that hold one model often answer under any name, so a mistyped
// name would stand in every record; the list tells. Asked once, beside the first call, and never a reason to stop.

import { z } from "zod";
import type { EndpointClient } from "./endpoint-client.ts";
import type { Endpoint } from "./endpoint-failure.ts";

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })).min(1) });

const milliseconds = 5000;
const shown = 5;

/** Makes what asks for the list at its first call, and tells when the model is not on it. */
export const createListingCheck = (
  client: EndpointClient,
  endpoint: Endpoint,
  tell: (text: string) => void,
): ((signal: AbortSignal) => Promise<void>) => {
  let asked = false;
  return async (signal) => {
    if (asked) return;
    asked = true;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
    const response: unknown = await client.get("/models", limited).catch(() => null);
    const names = listSchema.safeParse(response).data?.data.map(({ id }) => id) ?? [];
    if (names.length === 0 || names.includes(endpoint.model)) return;
    const others = names.length > shown ? ` and ${names.length - shown} more` : "";
    tell(
      `${endpoint.baseURL} does not list the model "${endpoint.model}"; it lists ${names.slice(0, shown).join(", ")}${others}. Records will name the model as it was asked for.`,
    );
  };
};
