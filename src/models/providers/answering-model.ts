// Whether an answer comes from the model that was asked. Many servers hold one model, or send requests on to another, and
// answer under whatever name they like; what a record calls the model is then not what wrote the reply, so that answers
// carry the name of the other one.

import { z } from "zod";
import type { AnsweredBy } from "../answered-by.ts";
import type { Complete } from "./endpoint-completions.ts";
import type { Endpoint } from "./endpoint-failure.ts";

const responseSchema = z.object({ model: z.string() });

/** How a model's weights are held, or which of a host's offers it is. */
const variantPattern = /(?:[-.:@_](?:latest|i?q\d\w*|fp?\d{1,2}|bf16|awq|gptq|int\d)|:[a-z]\w*)$/;

/** A name without the folder or owner before it, and without a file's ending or a variant behind it. */
const bareName = (name: string): string =>
  (name.toLowerCase().split("/").at(-1) ?? "").replace(/\.gguf$/, "").replace(variantPattern, "");

/** The edition at the end of a name: a date, as providers write it. */
const editionPattern = /[-:@](\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4})$/;

/** A name without its edition, and whether it had one. Anthropic writes the first edition of a model as 0, too. */
const undated = (name: string) => {
  const rest = name.replace(editionPattern, "");
  return { rest: rest.replace(/-0$/, ""), isDated: rest !== name };
};

/**
 * Whether two names are of one model: but for owner, folder and case the same, or one of them with the date of an edition
 * behind it (gpt-4o, gpt-4o-2024-08-06). Two dates that differ are two models.
 */
export const isSameModel = (asked: string, answered: string): boolean => {
  const names = [bareName(asked), bareName(answered)];
  if (names[0] === names[1]) return true;
  const [one, other] = names.map(undated);
  return one!.rest === other!.rest && one!.isDated !== other!.isDated;
};

/** What looks at answers. markOf: whose an answer is, as its server says; tell: of one that is another model's. */
export type NameCheck = {
  markOf(response: unknown): AnsweredBy;
  tell(mark: AnsweredBy): void;
};

/** Makes what looks at what a server says of who answered. tell: told of every answer under another name. */
export const createNameCheck = (
  { model, baseURL }: Pick<Endpoint, "model" | "baseURL">,
  tell: ((text: string) => void) | undefined,
): NameCheck => ({
  markOf(response) {
    const { data } = responseSchema.safeParse(response);
    const isAsked = data === undefined || data.model === "" || isSameModel(model, data.model);
    return isAsked ? {} : { answeredBy: [data.model] };
  },
  tell({ answeredBy: [name] = [] }) {
    if (name === undefined) return;
    tell?.(
      `${baseURL} was asked for "${model}" and says that "${name}" answered. Records will name the model as it was asked for; replies, revisions and labels name this one beside it, as answeredBy.`,
    );
  },
});

/** Calls whose answers carry the name of the model that gave them, where it is another one. */
export const withNameCheck = (
  complete: Complete,
  endpoint: Endpoint,
  tell: ((text: string) => void) | undefined,
): Complete => {
  const check = createNameCheck(endpoint, tell);
  return (call, signal, read) =>
    complete(call, signal, (completion) => {
      const mark = check.markOf(completion.response);
      const answer = read({ ...completion, ...mark });
      check.tell(mark);
      return answer;
    });
};
