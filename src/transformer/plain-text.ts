// Plain text to tokens, without a chat template: a prompt to continue, and a prompt with a continuation to be scored,
// cut as the Language Model Evaluation Harness cuts them. Knows no model.
//
// The seam. Prompt and prompt + continuation are both encoded; the continuation's tokens are those of the second behind
// as many as the first has. Spaces at the prompt's end belong to the continuation, because tokens begin with them. What a
// tokenizer appends to every text (an end token) stands behind the continuation, not behind the prompt.

import { UserError } from "../core/index.ts";
import type { PackedItem } from "./packing.ts";
import { pythonStrip } from "./template-strings.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * A prompt in plain text, of whatever is to go on from it: as transformers reads the beginning of a text, with the begin
 * token where the tokenizer adds one and without what it appends to a whole text. Control tokens are read as such.
 */
export const encodeOpen = (tokenizer: Tokenizer, text: string): number[] =>
  tokenizer.encode(text, { specialTokens: "begin" });

/** What stands before a continuation without a prompt: the begin token, or the end token of models that have none. */
const beginningOf = (tokenizer: Tokenizer): number[] => {
  const added = encodeOpen(tokenizer, "");
  if (added.length > 0) return added;
  const token = tokenizer.special.begin ?? tokenizer.special.end;
  return token === null ? [] : [token];
};

/** The tokens of a whole text behind the first `length`; none where nothing but what the tokenizer appends is left. */
const tokensBehind = (tokenizer: Tokenizer, text: string, length: number): number[] =>
  encodeOpen(tokenizer, text).length > length
    ? tokenizer.encode(text, { specialTokens: true }).slice(length)
    : [];

/**
 * A prompt as trunk and its continuation as branch. An empty prompt is the begin token. Throws UserError when the
 * continuation has no tokens of its own, or when there is nothing that could stand before it.
 */
export const encodeContinuation = (
  tokenizer: Tokenizer,
  prompt: string,
  continuation: string,
): PackedItem => {
  if (continuation === "")
    throw new UserError(
      "continuation-empty",
      "continuation: got no text. Give the text whose tokens are to be scored.",
    );
  const context = pythonStrip(prompt, "rstrip");
  const rest = `${prompt.slice(context.length)}${continuation}`;
  if (context === "") {
    const trunk = beginningOf(tokenizer);
    if (trunk.length === 0)
      throw new UserError(
        "no-beginning",
        "prompt: got no text, and the tokenizer has neither a begin nor an end token to stand before the continuation. Give a prompt.",
      );
    const branch = tokensBehind(tokenizer, rest, encodeOpen(tokenizer, "").length);
    if (branch.length > 0) return { trunk, branches: [branch] };
    throw new UserError(
      "continuation-without-tokens",
      `continuation: got ${JSON.stringify(continuation)}, of which the tokenizer leaves nothing. Give a text that it reads.`,
    );
  }
  const trunk = encodeOpen(tokenizer, context);
  const branch = tokensBehind(tokenizer, `${context}${rest}`, trunk.length);
  if (branch.length > 0) return { trunk, branches: [branch] };
  throw new UserError(
    "continuation-without-tokens",
    "continuation: it has no tokens of its own, because it and the end of the prompt are read as one token. Expected a prompt that ends where a word ends.",
  );
};
