// The embedded engine as a language model: a Hugging Face model folder, run in this process on ONNX Runtime.
// Renders chats through the folder's own template; control tokens typed by users stay text.

import { UserError } from "../../core/index.ts";
import type { Message } from "../../records/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  encodeChat,
  loadModelFolder,
  type ModelFolder,
} from "../../transformer/index.ts";
import type { LanguageModel } from "../specification.ts";

const batch = 256;

/** Opens a model folder. id: how records name it. Throws UserError for a folder that is missing or broken. */
export const openEmbeddedModel = async (options: {
  readonly folder: string;
  readonly id: string;
}): Promise<LanguageModel> => embeddedModel(await loadModelFolder(options.folder), options.id);

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

/** A loaded model folder as a language model. */
export const embeddedModel = (folder: ModelFolder, id: string): LanguageModel => {
  const { config, weights, tokenizer } = folder;
  const template = requireTemplate(folder, id);
  const state = createModelState(config, weights);
  const generator = createGenerator(state);
  const scorer = createScorer(state);
  const promptOf = (messages: readonly Message[]): number[] =>
    encodeChat(tokenizer, template, messages, { addGenerationPrompt: true }).ids;
  return {
    id,
    capabilities: { scores: true, batch },
    async generate(requests, options = {}) {
      const prompts = requests.map(({ messages }) => promptOf(messages));
      const replies = await generator.generate(
        requests.map(({ temperature, topP, seed, maxTokens }, at) => ({
          prompt: prompts[at]!,
          temperature,
          seed,
          maxTokens,
          ...(topP === undefined ? {} : { topP }),
        })),
        options,
      );
      return replies.map(({ ids, ended }, at) => {
        const whole = tokenizer.decode(ids, { skipSpecial: true }).trim();
        const stop = (requests[at]!.stop ?? [])
          .map((text) => whole.indexOf(text))
          .filter((found) => found >= 0);
        const text = stop.length === 0 ? whole : whole.slice(0, Math.min(...stop)).trim();
        const finish = text === "" ? "empty" : ended || stop.length > 0 ? "stop" : "length";
        return { text, finish, usage: { promptTokens: prompts[at]!.length, completionTokens: ids.length } };
      });
    },
    async score(requests, options = {}) {
      const items = requests.map(({ messages, continuations }) => ({
        trunk: promptOf(messages),
        branches: continuations.map((text) =>
          tokenizer.encode(text, { specialTokens: false, parseSpecial: false }),
        ),
      }));
      const found = await scorer.tokens(items, options);
      return found.map((branches, at) => ({
        logProbabilities: branches.map((tokens) => tokens.reduce((sum, value) => sum + value, 0)),
        usage: {
          promptTokens: items[at]!.trunk.length,
          completionTokens: items[at]!.branches.reduce((sum, { length }) => sum + length, 0),
        },
      }));
    },
    async close() {
      await generator.release();
      await scorer.release();
    },
  };
};
