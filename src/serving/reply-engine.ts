// One model that answers requests as they come: the first starts a batch, later ones join it while it runs, and each
// gets its text token by token. Knows tokens and texts, nothing of HTTP.

import { InterruptedError } from "../core/index.ts";
import {
  createGenerator,
  createScorer,
  createTextStream,
  frozenState,
  type ModelFolder,
  type SampledToken,
  type SamplingOptions,
  type TextStream,
  type Tokenizer,
  type TokenReply,
  type TokenRequest,
} from "../transformer/index.ts";

/** A token that might have stood at a place. bytes: its own, be they a part of a character; null: not known. */
export type Alternative = {
  readonly id: number;
  readonly text: string;
  readonly bytes: Uint8Array | null;
  readonly logProbability: number;
};

/**
 * A token of a text: what it adds to it ("" for a part of a character that others complete), and where they were asked
 * for its bytes, its probability and the likeliest at its place.
 */
export type TextToken = {
  readonly id: number;
  readonly text: string;
  readonly bytes?: Uint8Array | null;
  readonly logProbability?: number;
  readonly alternatives?: readonly Alternative[];
};

/** A text to be continued. It must fit the model's context. */
export type TextRequest = SamplingOptions & {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly probabilities?: number;
  readonly signal: AbortSignal;
  /** Told every token with the text that has become certain with it. */
  readonly onToken?: (token: TextToken, certain: string) => void;
};

/** rest: what the last token's telling had not made certain yet. */
export type TextReply = {
  readonly text: string;
  readonly rest: string;
  readonly finish: "stop" | "length";
  readonly tokens: readonly TextToken[];
};

export type ReplyEngine = {
  /** Rejected with InterruptedError when the request's signal is aborted or the engine is closed. */
  reply(request: TextRequest): Promise<TextReply>;
  /** Log-probabilities of a text's tokens behind the first, with those of the `top` likeliest at each place. */
  score(ids: readonly number[], top: number, signal: AbortSignal): Promise<readonly SampledToken[]>;
  close(): Promise<void>;
};

type Entry = {
  readonly request: TokenRequest;
  readonly finish: (reply: TokenReply) => void;
  readonly fail: (thrown: unknown) => void;
};

/** A token's bytes in its place: the space in front of a first word is not there where the text has none. */
const bytesIn = (tokenizer: Tokenizer, id: number, text: string): Uint8Array | null => {
  if (text === "" && tokenizer.specialIds.has(id)) return null;
  const own = tokenizer.bytesOf(id);
  if (own === null) return text === "" ? null : Buffer.from(text);
  return Buffer.from(own).equals(Buffer.from(` ${text}`)) ? own.slice(1) : own;
};

/** A token with the text that it adds; the likeliest tokens at its place are read behind the one before. */
export const withTexts = (
  tokenizer: Tokenizer,
  { id, logProbability, alternatives = [] }: SampledToken,
  text: string,
  before: number | undefined,
): TextToken => {
  if (logProbability === undefined) return { id, text };
  const context = before === undefined ? [] : [before];
  const decode = (ids: readonly number[]): string =>
    tokenizer.decode(
      ids.filter((one) => tokenizer.tokenOf(one) !== null),
      { skipSpecial: false },
    );
  const start = decode(context);
  const others = alternatives.map((other) => {
    const whole = decode([...context, other.id]);
    const own = whole.startsWith(start) ? whole.slice(start.length) : decode([other.id]);
    return { ...other, text: own, bytes: bytesIn(tokenizer, other.id, own) };
  });
  return { id, text, bytes: bytesIn(tokenizer, id, text), logProbability, alternatives: others };
};

/** Follows one reply: its text, its tokens, and whoever is told of them. */
const followReply = (tokenizer: Tokenizer, request: TextRequest) => {
  const stream: TextStream = createTextStream(tokenizer, request.stop);
  const tokens: TextToken[] = [];
  let before = request.prompt.at(-1);
  const until = (sampled: SampledToken): boolean => {
    const { text, stopped } = stream.push(sampled.id);
    const token = withTexts(tokenizer, sampled, text, before);
    before = sampled.id;
    tokens.push(token);
    request.onToken?.(token, stream.take());
    return stopped;
  };
  const end = (reply: TokenReply): TextReply => {
    const known = tokens.reduce((sum, { text }) => sum + text.length, 0);
    const text = stream.end();
    const last = tokens.at(-1);
    // bytes that never became a character count as the last token's
    if (last !== undefined && text.length > known)
      tokens[tokens.length - 1] = { ...last, text: last.text + text.slice(known) };
    const finish = reply.ended || stream.stopped ? "stop" : "length";
    return { text, rest: stream.take(), finish, tokens };
  };
  return { until, end };
};

/** An engine over a model folder. batch: replies that are generated at a time; more of them wait. */
export const createReplyEngine = (
  folder: ModelFolder,
  { batch }: { readonly batch: number },
): ReplyEngine => {
  const { tokenizer, generationConfig } = folder;
  const state = frozenState(folder);
  const generator = createGenerator(state, generationConfig);
  const scorer = createScorer(state);
  const closing = new AbortController();
  let pending: Entry[] = [];
  let running: Promise<void> | undefined;

  const runBatches = async (): Promise<void> => {
    while (pending.length > 0) {
      const entries: Entry[] = [];
      const take = (): TokenRequest[] => {
        const joined = pending;
        pending = [];
        entries.push(...joined);
        return joined.map(({ request }) => request);
      };
      try {
        await generator.generate(take(), {
          ...{ batch, more: take, signal: closing.signal },
          onReply: (at, reply) => entries[at]!.finish(reply),
        });
      } catch (thrown) {
        for (const entry of entries) entry.fail(thrown);
      }
    }
    running = undefined;
  };

  return {
    reply: (request) =>
      new Promise((resolve, reject) => {
        const { prompt, maxTokens, seed, signal, stop: _, onToken: __, ...sampling } = request;
        const { until, end } = followReply(tokenizer, request);
        const finish = (reply: TokenReply): void =>
          signal.aborted ? reject(new InterruptedError()) : resolve(end(reply));
        pending.push({
          request: { ...sampling, prompt, maxTokens, seed, signal, until },
          finish,
          fail: reject,
        });
        running ??= runBatches();
      }),
    async score(ids, top, signal) {
      if (ids.length < 2) return [];
      const item = { trunk: ids.slice(0, 1), branches: [ids.slice(1)] };
      const options = { signal: AbortSignal.any([signal, closing.signal]) };
      if (top > 0) return (await scorer.likeliest([item], top, options))[0]![0]!;
      const values = (await scorer.tokens([item], options))[0]![0]!;
      return Array.from(values, (logProbability, at) => ({ id: ids[at + 1]!, logProbability }));
    },
    async close() {
      closing.abort();
      await running;
      await generator.release();
      await scorer.release();
    },
  };
};
