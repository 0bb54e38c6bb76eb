// `covenant chat`: a conversation with a model, its tokens shown as they come. Through the model's chat template; a model
// that has none is given the whole conversation as plain text to continue.

import { z } from "zod";
import { deriveSeed, UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import {
  createGenerator,
  createTextStream,
  encodeChat,
  encodeOpen,
  fitsContext,
  frozenState,
  type Generator,
  type ModelFolder,
  type ResolvedSampling,
} from "../transformer/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Conversation, Recipe, RecipeContext } from "./recipe.ts";
import { loadFlag, modelFlag, samplingFlags } from "./settings/flags.ts";
import { samplingFor } from "./settings/sampling-defaults.ts";
import { folderModelSetting, loadSetting, seedSetting, tokenSamplingSettings } from "./settings/settings.ts";
import type { Notice } from "./stages/learned-rows.ts";
import { loadLanguageModel } from "./stages/model-checks.ts";
import { createWordWatch } from "./stages/vocabulary.ts";

/** The temperature where neither the settings nor the model's folder says one. */
const ownTemperature = 0.7;

const chatSchema = z.strictObject({
  model: folderModelSetting,
  load: loadSetting,
  system: z.string().optional().describe("what the model is told before the conversation"),
  seed: seedSetting.describe("seed of the replies"),
  ...tokenSamplingSettings(ownTemperature, 512),
});
type ChatConfig = z.output<typeof chatSchema>;

/** The settings, with what is said in them and in the model's folder of how tokens are drawn. */
type Talk = ChatConfig & { readonly sampling: ResolvedSampling };

const help = `/reset        begin anew
/system TEXT  what the model is told first; begins anew
/exit         end (so does the end of the input)
Ctrl-C stops a reply; again it ends.
`;

/** What was said so far. turn: replies since the command began, for their seeds. */
type State = { system: string | undefined; messages: Message[]; turn: number };

const begin = ({ system }: State): Message[] =>
  system === undefined ? [] : [{ role: "system", content: system }];

/** The conversation in tokens: by the template, or as plain text, a line after the other. */
const promptOf = (
  { tokenizer, chatTemplate }: ModelFolder,
  messages: readonly Message[],
): readonly number[] =>
  chatTemplate === null
    ? encodeOpen(tokenizer, messages.map(({ content }) => content).join("\n"))
    : encodeChat(tokenizer, chatTemplate, messages, { addGenerationPrompt: true }).ids;

/** One reply, written as it comes. An interrupted one ends where it is. */
const reply = async (
  folder: ModelFolder,
  generator: Generator,
  prompt: readonly number[],
  seed: number,
  config: Talk,
  { interruptible, write }: Conversation,
): Promise<string> => {
  const { sampling, maxTokens } = config;
  const text = createTextStream(folder.tokenizer, config.stop);
  await interruptible((signal) =>
    generator.generate([
      {
        ...{ prompt, seed, ...sampling, maxTokens, signal },
        until({ id }) {
          const { stopped } = text.push(id);
          write(text.take());
          return stopped;
        },
      },
    ]),
  );
  const whole = text.end();
  write(`${text.take()}\n`);
  return whole;
};

/** Answers one line. Throws UserError for what the person can mend, with the conversation as it was before. */
const answer = async (
  line: string,
  state: State,
  folder: ModelFolder,
  generator: Generator,
  config: Talk,
  conversation: Conversation,
): Promise<void> => {
  const messages: Message[] = [...state.messages, { role: "user", content: line }];
  const prompt = promptOf(folder, messages);
  if (!fitsContext(folder.config, prompt.length))
    throw new UserError(
      "prompt-too-long",
      `The conversation has ${prompt.length} tokens, and the model's context ${folder.config.maxPositions}. /reset begins anew.`,
    );
  const seed = deriveSeed(config.seed, "chat", state.turn++);
  const said = await reply(folder, generator, prompt, seed, config, conversation);
  state.messages = [...messages, { role: "assistant", content: said }];
};

/** Obeys a line that begins with a slash. false: the conversation is over. */
const obey = (line: string, state: State, { write }: Conversation): boolean => {
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  switch (word) {
    case "exit":
    case "quit":
      return false;
    case "system":
      state.system = rest === "" ? undefined : rest;
      state.messages = begin(state);
      write(rest === "" ? "The model is told nothing first.\n" : "The model is told this first.\n");
      return true;
    case "reset":
      state.messages = begin(state);
      write("Begun anew.\n");
      return true;
    default:
      write(word === "help" ? help : `There is no /${word}.\n${help}`);
      return true;
  }
};

const converse = async (
  folder: ModelFolder,
  config: Talk,
  conversation: Conversation,
  signal: AbortSignal,
  warn: (notice: Notice) => void,
): Promise<readonly Message[]> => {
  const watchWords = createWordWatch(config.model, folder.tokenizer, "what you write", warn);
  const state: State = { system: config.system, messages: [], turn: 0 };
  state.messages = begin(state);
  const generator = createGenerator(frozenState(folder), folder.generationConfig);
  try {
    while (!signal.aborted) {
      const line = await conversation.ask("> ");
      if (line === null) break;
      if (line.trim() === "") continue;
      if (line.startsWith("/")) {
        if (!obey(line, state, conversation)) break;
        continue;
      }
      watchWords([line]);
      try {
        await answer(line, state, folder, generator, config, conversation);
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        conversation.write(`${thrown.message}\n`);
      }
    }
  } finally {
    await generator.release();
  }
  return state.messages;
};

const run = async (config: ChatConfig, context: RecipeContext) => {
  const { conversation, clock, emit, signal } = context;
  if (conversation === undefined)
    throw new UserError("no-conversation", "There is nobody to talk with here. Use `covenant generate`.");
  const folder = await loadLanguageModel(config.model, context, config.load);
  const time = clock.now();
  const warn = (notice: Notice): void => emit({ type: "warning", time: clock.now(), ...notice });
  if (folder.chatTemplate === null) {
    const text = `${config.model} has no chat template: what you write is continued as plain text.`;
    warn({ code: "no-chat-template", text });
  }
  emit({ type: "notice", time, text: `Talking with ${config.model}. /help lists what else you can type.` });
  const sampling = samplingFor(folder, config, ownTemperature, context);
  const messages = await converse(folder, { ...config, sampling }, conversation, signal, warn);
  return { lines: [], document: { model: config.model, sampling, messages } };
};

/** `covenant chat`. */
export const recipe: Recipe<typeof chatSchema> = {
  command: ["chat"],
  summary: "talk with a model in the terminal",
  schema: chatSchema,
  flags: {
    model: modelFlag("model that runs here"),
    load: loadFlag("load"),
    system: {
      path: "system",
      description: "what the model is told before the conversation",
      placeholder: "text",
    },
    ...samplingFlags,
    seed: { path: "seed", description: "seed of the replies", placeholder: "number" },
  },
  positional: "model",
  async plan(config, context) {
    await loadLanguageModel(config.model, context, config.load);
    return planOf([planWriting("chat", `a conversation with ${config.model}`)]);
  },
  run,
};
