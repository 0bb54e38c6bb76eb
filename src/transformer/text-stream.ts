// From tokens as they come to text as it becomes certain: a character whose bytes are spread over several tokens comes
// whole, and stop strings are found in the text, so also where they lie across tokens. Text that may be the beginning
// of a stop string is held back. Knows no model.

import type { Tokenizer } from "./tokenizer.ts";

/** The text of a reply while it is generated. */
export type TextStream = {
  /** Takes the next token. text: what it adds to the reply's text, stop strings or not ("" for a part of a character). */
  push(id: number): { readonly text: string; readonly stopped: boolean };
  /** Text that has become certain since the last call: it is part of the reply, whatever comes. */
  take(): string;
  /** The reply's text as far as it goes: before the stop string, where one came. No more tokens are to come. */
  end(): string;
  /** Whether a stop string came. */
  readonly stopped: boolean;
};

const torn = "\uFFFD";

/** Decodes tokens one at a time; gives what each adds to the text. A token before gives later ones their context. */
const createPieces = (tokenizer: Tokenizer, skipSpecial: boolean) => {
  const ids: number[] = [];
  let context = 0;
  let told = 0;
  const decode = (from: number, to: number): string => tokenizer.decode(ids.slice(from, to), { skipSpecial });
  const next = (isLast: boolean): string => {
    const before = decode(context, told);
    const text = decode(context, ids.length);
    if (text.length <= before.length || (text.endsWith(torn) && !isLast)) return "";
    context = told;
    told = ids.length;
    return text.slice(before.length);
  };
  return {
    push(id: number): string {
      // vocabularies of models are padded: an id without a token has no text
      if (tokenizer.tokenOf(id) === null) return "";
      ids.push(id);
      return next(false);
    },
    rest: (): string => next(true),
  };
};

/** The length of the longest end of a text that is the beginning of a stop string. */
const unsureLength = (text: string, stops: readonly string[]): number => {
  let longest = 0;
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
      if (stop.startsWith(text.slice(text.length - length))) longest = length;
  return longest;
};

/** A stream of text that ends before the first of `stops`, none of which may be empty. */
export const createTextStream = (tokenizer: Tokenizer, stops: readonly string[] = []): TextStream => {
  const pieces = createPieces(tokenizer, true);
  const longest = stops.reduce((most, { length }) => Math.max(most, length), 0);
  let text = "";
  let taken = 0;
  let stopped = false;
  let ended = false;
  const add = (piece: string): void => {
    if (piece === "" || stopped) return;
    // a stop string that is new ends in this piece
    const from = Math.max(0, text.length - longest + 1);
    text += piece;
    const found = stops.map((stop) => text.indexOf(stop, from)).filter((at) => at >= 0);
    if (found.length === 0) return;
    stopped = true;
    text = text.slice(0, Math.min(...found));
  };
  return {
    push(id) {
      const piece = pieces.push(id);
      add(piece);
      return { text: piece, stopped };
    },
    take() {
      const certain = stopped || ended ? text.length : text.length - unsureLength(text, stops);
      const fresh = text.slice(taken, Math.max(taken, certain));
      taken += fresh.length;
      return fresh;
    },
    end() {
      if (!stopped && !ended) add(pieces.rest());
      ended = true;
      return text;
    },
    get stopped() {
      return stopped;
    },
  };
};

/** What each token adds to the text of a whole prompt, control tokens as they are written: joined, they are the text. */
export const textsOf = (tokenizer: Tokenizer, ids: readonly number[]): string[] => {
  const pieces = createPieces(tokenizer, false);
  const texts = ids.map((id) => pieces.push(id));
  if (texts.length > 0) texts[texts.length - 1] += pieces.rest();
  return texts;
};
