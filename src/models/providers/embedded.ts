// The embedded engine as a language model: a Hugging Face model folder, run in this process on ONNX Runtime.
// Renders chats through the folder's own template; control tokens typed by users stay text. What does not fit the
// model's context is not computed and says so.

import { total, UserError } from "../../core/index.ts";
import type { Message } from "../../records/index.ts";
import {
  cachedHubFolder,
  createGenerator,
  createScorer,
  createTextStream,
  encodeChat,
  fitsContext,
  fitsScoring,
  frozenState,
  type Generator,
  type HubOptions,
  hubFolder,
  type LoadOptions,
  loadModelFolder,
  type ModelFolder,
  type PackedItem,
  parameterCount,
  readHubName,
  type TextStream,
  type TokenReply,
} from "../../transformer/index.ts";
import type { CallOptions, GenerateRequest, LanguageModel, Reply, Score } from "../specification.ts";
import { createForeignTextWatch } from "./small-language.ts";

export type { LoadFormat } from "../../transformer/index.ts";

/** Requests a call of models of at most so many parameters; of larger ones `fewest`. */
const callSizes = [
  { parameters: 20e6, requests: 256 },
  { parameters: 200e6, requests: 64 },
  { parameters: 600e6, requests: 32 },
];
const fewest = 16;

/**
 * How many requests a call to a model of so many parameters should hold. An interruption loses what a call has begun, and
 * a larger model takes minutes for what a small one writes in a second; from some 64 rows on it also gains little.
 */
export const requestsPerCall = (parameters: number): number =>
  callSizes.find((size) => parameters <= size.parameters)?.requests ?? fewest;

/**
 * folder: the model folder; id: how records name it; load: how an adapter's base is found, and in how many bits
 * projections are held. onForeignText: told once, when a model of a small language is given text outside of it.
 */
export type EmbeddedOptions = {
  readonly folder: string;
  readonly id: string;
  readonly load?: LoadOptions;
  readonly onForeignText?: (text: string) => void;
};

/** Opens a model folder. Throws UserError for a folder that is missing or broken. */
export const openEmbeddedModel = async (options: EmbeddedOptions): Promise<LanguageModel> =>
  embeddedModel(await loadModelFolder(options.folder, options.load), options.id, options.onForeignText);

/** The folder of a model on the hub, fetched where it is not in the cache. Throws UserError. */
export const fetchedFolder = (name: string, options: HubOptions): Promise<string> =>
  hubFolder(readHubName(name), options);

/** Whether a model on the hub is in the cache with all that it needs. */
export const isFetched = async (name: string, environment: HubOptions["environment"]): Promise<boolean> =>
  (await cachedHubFolder(readHubName(name), environment)) !== null;

const requireTemplate = (folder: ModelFolder, id: string) => {
  if (folder.chatTemplate === null) {
    throw new UserError(
      "no-chat-template",
      `${id} has no chat template, so it cannot be asked in messages. Add chat_template.jinja to the folder, or choose a chat model.`,
      { id },
    );
  }
  return folder.chatTemplate;
};

const nothing = { promptTokens: 0, completionTokens: 0 };

/** Runs the work on the items that fit and gives the others what stands for "does not fit", in the items' order. */
const whereFitting = async <Item, Result>(
  items: readonly Item[],
  fits: (item: Item) => boolean,
  work: (fitting: readonly Item[]) => Promise<readonly Result[]>,
  otherwise: (item: Item) => Result,
): Promise<Result[]> => {
  const done = (await work(items.filter(fits))).values();
  return items.map((item) => (fits(item) ? done.next().value! : otherwise(item)));
};

const otherModel =
  "Use it with texts of the sandbox's language alone; for others name a model that reads them: --model ./folder or --model http://host:port/v1#name.";

/** Tells once when what users say lies outside a small model's language. */
const createWarner = (
  { tokenizer }: ModelFolder,
  id: string,
  tell: ((text: string) => void) | undefined,
): ((requests: readonly { readonly messages: readonly Message[] }[]) => void) => {
  if (tell === undefined) return () => {};
  const watch = createForeignTextWatch(tokenizer, id, otherModel, tell);
  return (requests) =>
    watch(
      requests.map(({ messages }) =>
        messages.filter(({ role }) => role === "user").map(({ content }) => content),
      ),
    );
};

const readReply = (
  tokenizer: ModelFolder["tokenizer"],
  promptTokens: number,
  { ids, ended }: TokenReply,
  cut: TextStream | undefined,
): Reply => {
  const text = (cut?.end() ?? tokenizer.decode(ids, { skipSpecial: true })).trim();
  const finish = text === "" ? "empty" : ended || cut?.stopped === true ? "stop" : "length";
  return { text, finish, usage: { promptTokens, completionTokens: ids.length } };
};

const readScore = (item: PackedItem, branches: readonly Float32Array[]): Score => ({
  logProbabilities: branches.map(total),
  usage: {
    promptTokens: item.trunk.length,
    completionTokens: item.branches.reduce((sum, { length }) => sum + length, 0),
  },
});

type Asked = { readonly request: GenerateRequest; readonly prompt: readonly number[] };

/** Replies to requests that fit the context. */
const generateReplies = async (
  generator: Generator,
  tokenizer: ModelFolder["tokenizer"],
  asked: readonly Asked[],
  options: CallOptions,
): Promise<Reply[]> => {
  const texts = asked.map(({ request: { stop = [] } }) => {
    const stops = stop.filter((text) => text !== "");
    return stops.length === 0 ? undefined : createTextStream(tokenizer, stops);
  });
  const requests = asked.map(({ request: { temperature, topP, seed, maxTokens }, prompt }, at) => {
    const text = texts[at];
    return {
      prompt,
      temperature,
      seed,
      maxTokens,
      ...(topP === undefined ? {} : { topP }),
      ...(text === undefined ? {} : { until: ({ id }: { id: number }) => text.push(id).stopped }),
    };
  });
  const replies = await generator.generate(requests, options);
  return asked.map(({ prompt }, at) => readReply(tokenizer, prompt.length, replies[at]!, texts[at]));
};

const overflowReply: Reply = { text: "", finish: "overflow", usage: nothing };

const overflowScore = ({ branches }: PackedItem): Score => ({
  logProbabilities: branches.map(() => null),
  declined: "overflow",
  usage: nothing,
});

/** A loaded model folder as a language model. tell: as onForeignText. */
const embeddedModel = (folder: ModelFolder, id: string, tell?: (text: string) => void): LanguageModel => {
  const { config, tokenizer } = folder;
  const template = requireTemplate(folder, id);
  const state = frozenState(folder);
  const generator = createGenerator(state, folder.generationConfig);
  const scorer = createScorer(state);
  const warn = createWarner(folder, id, tell);
  const promptOf = (messages: readonly Message[]): number[] =>
    encodeChat(tokenizer, template, messages, { addGenerationPrompt: true }).ids;
  const branchOf = (text: string): number[] =>
    tokenizer.encode(text, { specialTokens: false, parseSpecial: false });
  return {
    id,
    capabilities: { scores: true, batch: requestsPerCall(parameterCount(config, "causal-lm")) },
    async generate(requests, options = {}) {
      warn(requests);
      return whereFitting(
        requests.map((request): Asked => ({ request, prompt: promptOf(request.messages) })),
        ({ prompt }) => fitsContext(config, prompt.length),
        (fitting) => generateReplies(generator, tokenizer, fitting, options),
        () => overflowReply,
      );
    },
    async score(requests, options = {}) {
      warn(requests);
      return whereFitting(
        requests.map(
          ({ messages, continuations }): PackedItem => ({
            trunk: promptOf(messages),
            branches: continuations.map(branchOf),
          }),
        ),
        (item) => fitsScoring(config, item),
        async (fitting) => {
          const found = await scorer.tokens(fitting, options);
          return fitting.map((item, at) => readScore(item, found[at]!));
        },
        overflowScore,
      );
    },
    async close() {
      await generator.release();
      await scorer.release();
    },
  };
};
