// Likely tokens of a completion by a model whose tokens are parts of characters as often as not: none is dropped.

import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { loadModelFolder } from "../transformer/index.ts";
import { startServer } from "./index.ts";

const path = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));

it("names every likely token, also those that have their text in common", async () => {
  const options = { name: "tiny", host: "127.0.0.1", port: 0, batch: 8, maxTokens: 24, seed: 1 };
  const server = await startServer(await loadModelFolder(path), { ...options, clock: manualClock() });
  const client = new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
  const plain = { model: "tiny", prompt: "The river is wide", max_tokens: 8, seed: 5 };
  const reply = await client.completions.create({ ...plain, echo: true, logprobs: 20 });
  await server.close();
  const { tokens, token_logprobs: own, top_logprobs: top } = reply.choices[0]!.logprobs!;
  for (const [at, likeliest] of top!.entries()) {
    if (likeliest === null) continue;
    const names = Object.keys(likeliest);
    expect(names.length).toBeGreaterThanOrEqual(20);
    expect(names.length).toBeLessThanOrEqual(21);
    // the token's own name is what it adds to the text
    const others = names.filter((name) => name !== tokens![at]);
    expect(others.join("")).not.toContain("\ufffd");
    expect(likeliest[tokens![at]!]).toBe(own![at]);
  }
  const all = top!.flatMap((likeliest) => Object.keys(likeliest ?? {}));
  expect(all.some((name) => /^bytes:(\\x[0-9a-f]{2})+$/.test(name))).toBe(true);
});
