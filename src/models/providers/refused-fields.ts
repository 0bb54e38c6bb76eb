// Fields of a request that a model does not take: OpenAI's reasoning models take no temperature but 1, others no top-p,
// no seed, no stops. What a server turns down by name is left out and the same asked again; where that helps, it is left
// out of every request to that model. Knows no server's words (endpoint-failure.ts).

import { mayRefuseField, refusesField, statusOf } from "../failure.ts";
import type { Complete, Completion, PaidCall } from "./endpoint-completions.ts";

/** What is left out, as a request names it; where a server refuses several at once, the first of these goes first. */
const leavable = ["seed", "top_p", "temperature", "stop", "max_tokens"] as const;
type Field = (typeof leavable)[number];

/** Fields that were turned down, by the id of the model. What is found is put there. */
export type RefusedFields = Map<string, ReadonlySet<Field>>;

/** What a person should know of it. */
const consequences: Readonly<Record<Field, string | undefined>> = {
  seed: "the same request may be answered otherwise another time",
  top_p: "its replies are drawn with the server's own top-p, whatever is set",
  temperature: "its replies are drawn at the server's own temperature, whatever is set",
  stop: "its replies are cut at the stop texts once they are here, and what stands behind those is paid",
  // it goes by another name
  max_tokens: undefined,
};

/** onIgnored: told, once for each, of settings that the model does not take. */
export type RefusalOptions = {
  readonly id: string;
  readonly fields: RefusedFields;
  readonly onIgnored?: ((text: string) => void) | undefined;
};

/** The request without what is refused; its limit of tokens keeps holding, by the other name. */
const bodyWithout = (body: object, refused: ReadonlySet<Field>): object => {
  if (refused.size === 0) return body;
  const left = Object.entries(body).flatMap(([name, value]) => {
    if (!leavable.some((field) => field === name && refused.has(field))) return [[name, value]];
    return name === "max_tokens" ? [["max_completion_tokens", value]] : [];
  });
  return Object.fromEntries(left);
};

/** Whether a field was the trouble: without it the server looks at the request, and has something else against it. */
const isOver = (failure: unknown, field: Field): boolean =>
  mayRefuseField(statusOf(failure)) && !refusesField(failure, field);

/** Makes calls without what the model does not take. A call that is turned down for it is one of the account, too. */
export const withoutRefused = (complete: Complete, { id, fields, onIgnored }: RefusalOptions): Complete => {
  const known = (): ReadonlySet<Field> => fields.get(id) ?? new Set();
  const remember = (field: Field): void => {
    if (known().has(field)) return;
    fields.set(id, new Set([...known(), field]));
    const consequence = consequences[field];
    if (consequence !== undefined) onIgnored?.(`${id} takes no "${field}": ${consequence}.`);
  };
  return async <Answer>(
    call: PaidCall,
    signal: AbortSignal,
    read: (completion: Completion) => Answer,
  ): Promise<Answer> => {
    const ask = async (refused: ReadonlySet<Field>): Promise<Answer> => {
      const body = bodyWithout(call.body, refused);
      try {
        return await complete({ ...call, body }, signal, read);
      } catch (thrown) {
        const field = leavable.find((one) => one in body && refusesField(thrown, one));
        if (field === undefined) throw thrown;
        let failure: unknown;
        try {
          return await ask(new Set([...refused, field]));
        } catch (other) {
          failure = other;
          throw other;
        } finally {
          if (failure === undefined || isOver(failure, field)) remember(field);
        }
      }
    };
    return ask(known());
  };
};
