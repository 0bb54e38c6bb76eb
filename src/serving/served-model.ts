// The one model that a server has: its name, its engine, and what a request means for it: whether it is the one that is
// asked for, what a prompt is in tokens, how replies are sampled, and how long they may get.

import { type Clock, deriveSeed } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import {
  encodeChat,
  encodeOpen,
  fitsContext,
  type ModelFolder,
  resolveSampling,
} from "../transformer/index.ts";
import { requestFault } from "./fault.ts";
import type { ReplyEngine, TextRequest } from "./reply-engine.ts";
import type { ChatRequest, CompletionRequest } from "./requests.ts";

/**
 * otherName: what requests may call the model, too. maxTokens: of a chat's reply where the request names no limit.
 * nextSeed: for requests without a seed. onTexts: told what is asked.
 */
export type ServedModel = {
  readonly name: string;
  readonly otherName?: string | undefined;
  readonly folder: ModelFolder;
  readonly engine: ReplyEngine;
  readonly maxTokens: number;
  readonly clock: Clock;
  readonly nextSeed: () => number;
  readonly nextId: () => string;
  readonly onTexts: (texts: readonly string[]) => void;
};

/** The names to which a model answers, its own first. */
export const namesOf = ({ name, otherName }: ServedModel): string[] =>
  otherName === undefined ? [name] : [name, otherName];

/** Throws a request's fault for another model's name. */
export const requireModel = (served: ServedModel, asked: string): void => {
  if (namesOf(served).includes(asked)) return;
  throw requestFault(
    404,
    "model-not-found",
    `The model ${JSON.stringify(asked)} does not exist here; this server has "${served.name}".`,
    "model",
  );
};

const requireRoom = ({ folder: { config } }: ServedModel, prompt: readonly number[], field: string) => {
  if (prompt.length === 0) throw requestFault(400, "empty-prompt", `${field}: it has no tokens.`, field);
  if (fitsContext(config, prompt.length)) return;
  throw requestFault(
    400,
    "context-length-exceeded",
    `${field}: got ${prompt.length} tokens, and this model's maximum context length is ${config.maxPositions} tokens with the reply.`,
    field,
  );
};

/** A conversation as the model's template writes it. Throws a request's fault where there is no template. */
export const renderChat = ({ folder, name }: ServedModel, messages: readonly Message[]): string => {
  if (folder.chatTemplate !== null)
    return folder.chatTemplate.render(messages, { addGenerationPrompt: true });
  throw requestFault(
    400,
    "no-chat-template",
    `messages: "${name}" has no chat template. Use /v1/completions, or serve a chat model.`,
    "messages",
  );
};

/** A conversation in tokens; control tokens in contents stay text. Throws a request's fault. */
export const chatPrompt = (served: ServedModel, messages: readonly Message[]): readonly number[] => {
  renderChat(served, messages);
  const { tokenizer, chatTemplate } = served.folder;
  const { ids } = encodeChat(tokenizer, chatTemplate!, messages, { addGenerationPrompt: true });
  requireRoom(served, ids, "messages");
  served.onTexts(messages.filter(({ role }) => role === "user").map(({ content }) => content));
  return ids;
};

/** A prompt of a completion in tokens: as transformers reads the text, or the ids as they are. Throws a request's fault. */
export const plainPrompt = (
  served: ServedModel,
  prompt: string | readonly number[],
  specialTokens: boolean,
): readonly number[] => {
  const { tokenizer, config } = served.folder;
  const ids =
    typeof prompt !== "string"
      ? prompt
      : specialTokens
        ? encodeOpen(tokenizer, prompt)
        : tokenizer.encode(prompt, { specialTokens: false });
  const foreign = ids.find((id) => id >= config.vocabularySize);
  if (foreign !== undefined)
    throw requestFault(
      400,
      "invalid-value",
      `prompt: ${foreign} is no token id of this model, which has ${config.vocabularySize} tokens.`,
      "prompt",
    );
  requireRoom(served, ids, "prompt");
  if (typeof prompt === "string") served.onTexts([prompt]);
  return ids;
};

type Sampling = Omit<TextRequest, "prompt" | "maxTokens" | "signal" | "onToken">;

/** The temperature where neither a request nor the folder says one: OpenAI's. */
const servedTemperature = 1;

/** How the choices of a request are sampled, each from a seed of its own; the first from the request's. */
export const samplingOf = (
  { folder: { generationConfig }, nextSeed }: ServedModel,
  request: ChatRequest | CompletionRequest,
  probabilities: number | undefined,
): ((choice: number) => Sampling) => {
  const seed = request.seed ?? nextSeed();
  const {
    temperature,
    top_p: topP,
    top_k: cut,
    min_p: minP,
    repetition_penalty: repetitionPenalty,
  } = request;
  const topK = cut === undefined ? undefined : Math.max(0, cut);
  const { sampling } = resolveSampling(
    generationConfig,
    { temperature, topP, topK, minP, repetitionPenalty },
    servedTemperature,
  );
  const options = {
    ...sampling,
    stop: request.stop,
    ...(probabilities === undefined ? {} : { probabilities }),
  };
  return (choice) => ({ ...options, seed: choice === 0 ? seed : deriveSeed(seed, "choice", choice) });
};
