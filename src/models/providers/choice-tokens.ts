// Reads a choice between continuations such as "(A)" and "(B)" out of generated tokens and their top
// log-probabilities: finds the token in which the continuations part ways and takes what the model gave to each.

/** A generated token with the most probable tokens at its place (natural logarithms). */
export type TokenAlternatives = {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs: readonly { readonly token: string; readonly logprob: number }[];
};

/** As in Score. bounded: the continuation was not among the alternatives, so it is at most as probable as the last. */
export type Choice = {
  readonly logProbabilities: readonly number[];
  readonly bounded?: readonly boolean[];
};

const divergence = (continuations: readonly string[]): number => {
  const shortest = Math.min(...continuations.map((continuation) => continuation.length));
  for (let index = 0; index < shortest; index++) {
    if (new Set(continuations.map((continuation) => continuation[index])).size > 1) return index;
  }
  return -1;
};

const logSumExp = (values: readonly number[]): number => {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
};

/**
 * Which continuation a token decides for, given the text before it: the token must hold the character at which the
 * continuations differ, right after what they share, and go on as that continuation does. -1: none.
 */
const decides = (before: string, token: string, continuations: readonly string[], at: number): number => {
  const text = before + token;
  const shared = continuations[0]?.slice(0, at) ?? "";
  for (let index = Math.max(before.length, at); index < text.length; index++) {
    if (text.slice(index - at, index) !== shared) continue;
    const rest = text.slice(index);
    const found = continuations.findIndex((continuation) => {
      const tail = continuation.slice(at);
      return tail.startsWith(rest) || rest.startsWith(tail);
    });
    if (found >= 0) return found;
  }
  return -1;
};

/**
 * The log-probabilities of the continuations, up to the token that tells them apart (what they share comes out alike
 * for all). Needs continuations that all differ in one character. null: the model came to no choice.
 */
export const readChoice = (
  tokens: readonly TokenAlternatives[],
  continuations: readonly string[],
): Choice | null => {
  const at = divergence(continuations);
  if (at < 0 || new Set(continuations.map((text) => text[at])).size !== continuations.length) return null;
  let before = "";
  let shared = 0;
  for (const { token, logprob, top_logprobs } of tokens) {
    const alternatives = new Map(top_logprobs.map((entry) => [entry.token, entry.logprob]));
    alternatives.set(token, logprob);
    // Right after what the continuations share the choice is made here, even if the model went for something else.
    const due = at > 0 && before.endsWith(continuations[0]?.slice(0, at) ?? "");
    const candidates = due ? [...alternatives.keys()] : [token];
    if (candidates.some((candidate) => decides(before, candidate, continuations, at) >= 0)) {
      const found = continuations.map((): number[] => []);
      for (const [alternative, value] of alternatives) {
        found[decides(before, alternative, continuations, at)]?.push(value);
      }
      const least = Math.min(...alternatives.values());
      const bounded = found.map((values) => values.length === 0);
      const logProbabilities = found.map(
        (values) => shared + (values.length > 0 ? logSumExp(values) : least),
      );
      return bounded.includes(true) ? { logProbabilities, bounded } : { logProbabilities };
    }
    before += token;
    shared += logprob;
  }
  return null;
};
