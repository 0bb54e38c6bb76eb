// How many tokens a text has where nobody counts them: an estimate from its length, four bytes of UTF-8 a token, as
// English has on average. What a call takes at most is estimated from its prompt and its limit of tokens.

import type { Message, Usage } from "../records/index.ts";
import type { GenerateRequest, ScoreRequest } from "./specification.ts";

const bytesPerToken = 4;
/** Chat templates add a few tokens to each message. */
const tokensPerMessage = 4;
/** Tokens in which a judge that is asked in a chat writes its choice. */
export const choiceTokens = 8;

/** Tokens of a text, estimated. */
export const estimateTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / bytesPerToken);

/** Tokens of messages with what a chat template adds, estimated. */
export const estimatePrompt = (messages: readonly Pick<Message, "content">[]): number =>
  messages.reduce((sum, { content }) => sum + estimateTokens(content) + tokensPerMessage, 0);

/** What a reply takes at most. */
export const mostOfReply = ({ messages, maxTokens }: GenerateRequest): Usage => ({
  promptTokens: estimatePrompt(messages),
  completionTokens: maxTokens,
});

/** What a score takes at most: the prompt once for each continuation, and the tokens of a choice. */
export const mostOfScore = ({ messages, continuations }: ScoreRequest): Usage => ({
  promptTokens:
    continuations.length * estimatePrompt(messages) +
    continuations.reduce((sum, text) => sum + estimateTokens(text), 0),
  completionTokens: choiceTokens,
});
