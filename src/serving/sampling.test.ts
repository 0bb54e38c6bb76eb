// How a request is answered that leaves out how tokens are drawn: as the folder's generation_config.json says.

import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { loadModelFolder, type ModelFolder } from "../transformer/index.ts";
import { startServer } from "./index.ts";

const path = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));

/** Serves a folder, and gives what it says of a prompt. */
const serve = async (folder: ModelFolder) => {
  const server = await startServer(folder, {
    ...{ name: "tiny", host: "127.0.0.1", port: 0, batch: 8, maxTokens: 24, seed: 1 },
    clock: manualClock(),
  });
  const client = new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
  const request = { model: "tiny", prompt: "The river", max_tokens: 16, seed: 3 };
  return {
    say: async (change: object = {}): Promise<string> =>
      (await client.completions.create({ ...request, ...change })).choices[0]!.text,
    close: () => server.close(),
  };
};

it("a request is answered as the folder says, and as it says itself where it does", async () => {
  const folder = await loadModelFolder(path);
  const silent = await serve(folder);
  const says = { ...folder.generationConfig, doSample: false, repetitionPenalty: 5 };
  const told = await serve({ ...folder, generationConfig: says });
  expect(await told.say()).toBe(await silent.say({ temperature: 0, repetition_penalty: 5 }));
  expect(await silent.say()).not.toBe(await silent.say({ temperature: 0 }));
  expect(await told.say({ temperature: 1, top_k: 0, repetition_penalty: 1 })).toBe(await silent.say());
  await told.close();
  await silent.close();
});
