// `covenant serve`: a model folder behind OpenAI's HTTP interface, until it is interrupted. What is answered is
// serving's part.

import { basename, resolve } from "node:path";
import { z } from "zod";
import { counted, messageOf } from "../core/index.ts";
import { createForeignTextWatch } from "../models/index.ts";
import { startServer } from "../serving/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { loadFlag, modelFlag } from "./settings/flags.ts";
import { samplingFor } from "./settings/sampling-defaults.ts";
import { batchSetting, folderModelSetting, loadSetting, seedSetting } from "./settings/settings.ts";
import { loadLanguageModel } from "./stages/model-checks.ts";
import { otherLocalModel } from "./stages/vocabulary.ts";

const serveSchema = z.strictObject({
  model: folderModelSetting,
  load: loadSetting,
  host: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("address to listen at; 0.0.0.0 is all of this machine's"),
  port: z.number().int().min(0).max(65535).default(8000).describe("port to listen at; 0: any that is free"),
  name: z
    .string()
    .min(1)
    .optional()
    .describe(
      "what requests call the model; default: its folder's name, or what stands behind embedded: or hf:, with or without that",
    ),
  batch: batchSetting.default(16),
  maxTokens: z
    .number()
    .int()
    .positive()
    .default(1024)
    .describe("tokens of a chat's reply at most, where a request names no limit"),
  seed: seedSetting.describe("seed of requests that have none"),
});
type ServeConfig = z.output<typeof serveSchema>;

const keyName = "COVENANT_SERVER_KEY";

/** What a model is called: its folder's name, or what stands behind "embedded:". */
const nameOf = ({ name, model }: ServeConfig): string =>
  name ?? /^[a-z]+:([^@]+)/.exec(model)?.[1] ?? basename(resolve(model));

/** What it is called, too, where its name is not given: the whole of "embedded:x", as other commands name it. */
const otherNameOf = (config: ServeConfig): string | undefined =>
  config.name === undefined && /^[a-z]+:/.test(config.model) && config.model !== nameOf(config)
    ? config.model
    : undefined;

const isLocal = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

/** Resolves when the signal is aborted. */
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });

const serve = async (config: ServeConfig, context: RecipeContext) => {
  const { clock, emit, environment, signal } = context;
  const folder = await loadLanguageModel(config.model, context, config.load);
  const { host, port, batch, maxTokens, seed } = config;
  const name = nameOf(config);
  const key = environment[keyName]?.trim() || undefined;
  const warn = (code: string, text: string): void => emit({ type: "warning", time: clock.now(), code, text });
  let requests = 0;
  const watchLanguage = createForeignTextWatch(folder.tokenizer, name, otherLocalModel, (text) =>
    warn("model-foreign-text", text),
  );
  const server = await startServer(folder, {
    ...{ name, otherName: otherNameOf(config), host, port, batch, maxTokens, seed, clock },
    ...(key === undefined ? {} : { key }),
    onTexts: (texts) => watchLanguage([texts]),
    onRequest({ method, path, status }) {
      requests++;
      emit({ type: "notice", time: clock.now(), text: `${status} ${method} ${path}` });
    },
    onFailure: (thrown) => warn("request-failed", messageOf(thrown)),
  });
  try {
    emit({ type: "notice", time: clock.now(), text: `Serving ${name} at ${server.url} (Ctrl-C ends it)` });
    // requests that say more are served as they say
    samplingFor(folder, { greedy: false }, 1, context);
    if (folder.chatTemplate === null)
      warn("no-chat-template", `${name} has no chat template: it answers /v1/completions alone.`);
    if (!isLocal(host) && key === undefined)
      warn("no-key", `Whoever reaches ${host} can use the model. Set ${keyName} to ask for a key.`);
    await untilAborted(signal);
  } finally {
    await server.close();
  }
  return {
    lines: [`Answered ${counted(requests, "request")}.`],
    document: { model: name, url: server.url, requests },
  };
};

/** `covenant serve`. */
export const recipe: Recipe<typeof serveSchema> = {
  command: ["serve"],
  summary: "a model behind an OpenAI-compatible HTTP interface",
  schema: serveSchema,
  flags: {
    model: modelFlag("model that runs here"),
    load: loadFlag("load"),
    host: { path: "host", description: "address to listen at", placeholder: "address" },
    port: { path: "port", description: "port to listen at; 0: any", placeholder: "number" },
    name: { path: "name", description: "what requests call the model", placeholder: "name" },
    batch: { path: "batch", description: "replies generated at a time", placeholder: "number" },
    "max-tokens": {
      path: "maxTokens",
      description: "limit of a chat's reply without one",
      placeholder: "number",
    },
    seed: { path: "seed", description: "seed of requests that have none", placeholder: "number" },
  },
  positional: "model",
  async plan(config, context) {
    await loadLanguageModel(config.model, context, config.load);
    return planOf([planWriting("serve", `${nameOf(config)} at http://${config.host}:${config.port}/v1`)]);
  },
  run: serve,
};
