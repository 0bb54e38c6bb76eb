// Chat completions and completions: from a checked request through the engine to documents, whole or as a stream. Knows
// no transport: an exchange takes what is to be sent.

import { textsOf } from "../transformer/index.ts";
import {
  answerDocument,
  chatChoice,
  chatDelta,
  chatProbabilities,
  completionChoice,
  completionProbabilities,
  type Head,
  usageDocument,
} from "./documents.ts";
import { type TextReply, type TextRequest, type TextToken, withTexts } from "./reply-engine.ts";
import {
  type ChatRequest,
  type CompletionRequest,
  readChatRequest,
  readCompletionRequest,
} from "./requests.ts";
import { chatPrompt, plainPrompt, requireModel, type ServedModel, samplingOf } from "./served-model.ts";

/** One request that is being answered: either send, once, or event as often as needed and then endEvents. */
export type Exchange = {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  send(document: unknown): void;
  event(document: unknown): void;
  endEvents(): void;
};

/** model: as the request called it, so that nobody takes it for another. */
const headOf = (served: ServedModel, prefix: string, model: string): Head => ({
  id: `${prefix}-${served.nextId()}`,
  created: Math.floor(served.clock.now() / 1000),
  model,
});

const longest = ({ folder: { config } }: ServedModel, prompt: readonly number[], asked: number): number =>
  Math.min(asked, config.maxPositions - prompt.length + 1);

type Choice = Omit<TextRequest, "onToken">;

/**
 * Pieces of a choice as they become certain: tokens whose text is not certain yet come with the next that is. tell: what
 * sends text with the tokens that came since the last telling.
 */
const inPieces = (tell: (text: string, tokens: readonly TextToken[]) => void) => {
  let held: TextToken[] = [];
  return {
    onToken: (token: TextToken, certain: string): void => {
      held.push(token);
      if (certain === "") return;
      tell(certain, held);
      held = [];
    },
    end: ({ rest }: TextReply): void => {
      if (rest !== "" || held.length > 0) tell(rest, held);
    },
  };
};

type Streamed = {
  /** Sends a piece of choice `index`. */
  readonly piece: (index: number, text: string, tokens: readonly TextToken[]) => void;
  readonly finish: (index: number, reply: TextReply) => void;
};

/** Runs all choices, and streams them where that is asked for. */
const runChoices = (
  { engine }: ServedModel,
  choices: readonly Choice[],
  streamed: Streamed | undefined,
): Promise<TextReply[]> =>
  Promise.all(
    choices.map(async (request, index) => {
      if (request.maxTokens === 0) {
        const nothing: TextReply = { text: "", rest: "", finish: "length", tokens: [] };
        streamed?.finish(index, nothing);
        return nothing;
      }
      if (streamed === undefined) return engine.reply(request);
      const pieces = inPieces((text, tokens) => streamed.piece(index, text, tokens));
      const reply = await engine.reply({ ...request, onToken: pieces.onToken });
      pieces.end(reply);
      streamed.finish(index, reply);
      return reply;
    }),
  );

const countTokens = (replies: readonly TextReply[]): number =>
  replies.reduce((sum, { tokens }) => sum + tokens.length, 0);

/** Ends a stream, with the tokens used where that is asked for. */
const endStream = (
  exchange: Exchange,
  request: ChatRequest | CompletionRequest,
  document: (choices: readonly object[], usage?: object) => object,
  usage: object,
): void => {
  if (request.stream_options?.include_usage === true) exchange.event(document([], usage));
  exchange.endEvents();
};

/** Answers a chat completion. Throws a request's fault before anything is sent. */
export const answerChat = async (served: ServedModel, body: unknown, exchange: Exchange): Promise<void> => {
  const request = readChatRequest(body);
  requireModel(served, request.model);
  const prompt = chatPrompt(served, request.messages);
  const asked = request.logprobs === true;
  const sampling = samplingOf(served, request, asked ? (request.top_logprobs ?? 0) : undefined);
  const limit = request.max_completion_tokens ?? request.max_tokens ?? served.maxTokens;
  const maxTokens = longest(served, prompt, limit);
  const choices = Array.from(
    { length: request.n ?? 1 },
    (_, index): Choice => ({ ...sampling(index), prompt, maxTokens, signal: exchange.signal }),
  );
  const head = headOf(served, "chatcmpl", request.model);
  if (request.stream !== true) {
    const replies = await runChoices(served, choices, undefined);
    const documents = replies.map(({ text, finish, tokens }, index) =>
      chatChoice(index, text, finish, chatProbabilities(tokens, asked)),
    );
    const usage = usageDocument(prompt.length, countTokens(replies));
    exchange.send(answerDocument("chat.completion", head, documents, usage));
    return;
  }
  const document = (found: readonly object[], usage?: object) =>
    answerDocument("chat.completion.chunk", head, found, usage);
  for (const index of choices.keys())
    exchange.event(document([chatDelta(index, { role: "assistant", content: "" }, null)]));
  const replies = await runChoices(served, choices, {
    piece: (index, text, tokens) =>
      exchange.event(document([chatDelta(index, { content: text }, null, chatProbabilities(tokens, asked))])),
    finish: (index, { finish }) => exchange.event(document([chatDelta(index, {}, finish)])),
  });
  endStream(exchange, request, document, usageDocument(prompt.length, countTokens(replies)));
};

/** A prompt that is given back before its continuation: its text, and its tokens with their log-probabilities. */
type Echo = { readonly text: string; readonly tokens: Parameters<typeof completionProbabilities>[0] };

const noEcho: Echo = { text: "", tokens: [] };

type Prompted = { readonly given: string | readonly number[]; readonly ids: readonly number[] };

/** top: likeliest tokens to tell at each place; undefined: no log-probabilities at all. */
const echoOf = async (
  { engine, folder: { tokenizer } }: ServedModel,
  { given, ids }: Prompted,
  top: number | undefined,
  signal: AbortSignal,
): Promise<Echo> => {
  const texts = textsOf(tokenizer, ids);
  const scored = top === undefined ? [] : await engine.score(ids, top, signal);
  return {
    text: typeof given === "string" ? given : texts.join(""),
    tokens: texts.map((text, at) => {
      const token = scored[at - 1];
      return token === undefined
        ? { id: ids[at]!, text, unknown: true }
        : withTexts(tokenizer, token, text, ids[at - 1]);
    }),
  };
};

/** Answers a completion. Throws a request's fault before anything is sent. */
export const answerCompletion = async (
  served: ServedModel,
  body: unknown,
  exchange: Exchange,
): Promise<void> => {
  const request = readCompletionRequest(body);
  requireModel(served, request.model);
  const prompts = request.prompt.map(
    (given): Prompted => ({ given, ids: plainPrompt(served, given, request.add_special_tokens !== false) }),
  );
  const asked = request.logprobs !== undefined;
  const sampling = samplingOf(served, request, request.logprobs);
  const count = request.n ?? 1;
  const { signal } = exchange;
  const choices = prompts.flatMap(({ ids: prompt }) =>
    Array.from({ length: count }, (_, index): Choice => {
      const maxTokens = longest(served, prompt, request.max_tokens ?? 16);
      return { ...sampling(index), prompt, signal, maxTokens };
    }),
  );
  const echoes: Echo[] = [];
  for (const prompted of prompts)
    echoes.push(request.echo === true ? await echoOf(served, prompted, request.logprobs, signal) : noEcho);
  const echoAt = (index: number): Echo => echoes[Math.floor(index / count)]!;
  const head = headOf(served, "cmpl", request.model);
  const document = (found: readonly object[], usage?: object) =>
    answerDocument("text_completion", head, found, usage);
  const choice = (
    index: number,
    text: string,
    finish: TextReply["finish"] | null,
    tokens: Echo["tokens"],
    offset: number,
  ) => completionChoice(index, text, finish, completionProbabilities(tokens, offset, asked));
  const read = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  if (request.stream !== true) {
    const replies = await runChoices(served, choices, undefined);
    const documents = replies.map(({ text, finish, tokens }, index) => {
      const echo = echoAt(index);
      return choice(index, `${echo.text}${text}`, finish, [...echo.tokens, ...tokens], 0);
    });
    exchange.send(document(documents, usageDocument(read, countTokens(replies))));
    return;
  }
  const offsets = choices.map((_, index) => echoAt(index).text.length);
  for (const index of choices.keys()) {
    const { text, tokens } = echoAt(index);
    if (text !== "") exchange.event(document([choice(index, text, null, tokens, 0)]));
  }
  const replies = await runChoices(served, choices, {
    piece: (index, text, tokens) => {
      exchange.event(document([choice(index, text, null, tokens, offsets[index]!)]));
      offsets[index]! += text.length;
    },
    finish: (index, { finish }) => exchange.event(document([choice(index, "", finish, [], offsets[index]!)])),
  });
  endStream(exchange, request, document, usageDocument(read, countTokens(replies)));
};
