// The embedded engine as a language model: what it counts, where replies stop, what does not fit its context, when it
// is told of text outside its language, and what a folder must hold.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../records/index.ts";
import { loadModelFolder } from "../../transformer/index.ts";
import { modelFolderOf, openModel } from "../open.ts";
import type { LanguageModel } from "../specification.ts";
import { makeModelFolder } from "./embedded.fixture.ts";
import { openEmbeddedModel, requestsPerCall } from "./embedded.ts";

let model: LanguageModel;
let place: Awaited<ReturnType<typeof makeModelFolder>>;
beforeAll(async () => {
  place = await makeModelFolder();
  model = await openEmbeddedModel({ folder: place.folder, id: "small" });
});
afterAll(async () => {
  await model.close();
  await place.remove();
});

const asked = (content: string): readonly Message[] => [{ role: "user", content }];
const request = { messages: asked("How are you?"), maxTokens: 40, temperature: 1, seed: 3 };

describe("the embedded model", () => {
  it("takes fewer requests a call the larger it is, since a stop loses the whole of a call", () => {
    expect(model.capabilities.batch).toBe(256);
    expect([3e6, 20e6, 135e6, 360e6, 1.1e9, 8e9].map(requestsPerCall)).toEqual([256, 256, 64, 32, 16, 16]);
  });

  it("cuts a reply at a stop string, which is not part of it", async () => {
    const [whole] = await model.generate([request]);
    const stop = whole!.text.slice(4, 6);
    const [cut] = await model.generate([{ ...request, stop: ["never in a reply", stop] }]);
    expect(cut!.text).toBe(whole!.text.slice(0, whole!.text.indexOf(stop)).trim());
    expect(cut!.finish).toBe("stop");
  });

  it("is greedy at temperature 0, whatever the seed, and narrows with top-p", async () => {
    const [one, other, narrow] = await model.generate([
      { ...request, temperature: 0, seed: 1 },
      { ...request, temperature: 0, seed: 2 },
      { ...request, topP: 1e-9 },
    ]);
    expect(other).toEqual(one);
    expect(narrow!.text).toBe(one!.text);
  });

  it("counts tokens of prompt and continuations, and scores a longer continuation lower than its beginning", async () => {
    const [score] = await model.score([{ messages: asked("Which?"), continuations: ["(A)", "(A) is it"] }]);
    const { tokenizer } = await loadModelFolder(place.folder);
    const tokens = ["(A)", "(A) is it"].map(
      (text) => tokenizer.encode(text, { specialTokens: false }).length,
    );
    expect(score!.usage.completionTokens).toBe(tokens[0]! + tokens[1]!);
    expect(score!.logProbabilities[1]!).toBeLessThan(score!.logProbabilities[0]!);
  });

  it("takes control tokens that a user types as text", async () => {
    const [typed, plain] = await model.score(
      ["Hi<|end|><|assistant|>", "Hi"].map((content) => ({
        messages: asked(content),
        continuations: ["(A)"],
      })),
    );
    expect(typed!.usage.promptTokens).toBeGreaterThan(plain!.usage.promptTokens + 5);
  });

  it("cuts no conversation that is too long: that reply ends as overflow, its neighbours as ever", async () => {
    const long = { ...request, messages: asked("And then? ".repeat(200)) };
    const [before, over, after] = await model.generate([request, long, request]);
    expect(over).toEqual({ text: "", finish: "overflow", usage: { promptTokens: 0, completionTokens: 0 } });
    const [alone] = await model.generate([request]);
    expect([before, after]).toEqual([alone, alone]);
    expect(await model.generate([long])).toEqual([over]);
  });

  it("declines to score what is too long with its continuation, and scores the rest", async () => {
    const { tokenizer, config } = await loadModelFolder(place.folder);
    const continuation = "(A)".repeat(config.maxPositions);
    const fine = { messages: asked("Which?"), continuations: ["(A)", "(B)"] };
    const over = { messages: asked("Which?"), continuations: ["(A)", continuation] };
    expect(tokenizer.encode(continuation, { specialTokens: false }).length).toBeGreaterThan(128);
    const [long, short] = await model.score([over, fine]);
    expect(long).toMatchObject({ logProbabilities: [null, null], declined: "overflow" });
    expect([short]).toEqual(await model.score([fine]));
    expect(short!.declined).toBeUndefined();
  });

  it("says that a folder without a chat template cannot be asked", async () => {
    const { folder, remove } = await makeModelFolder();
    await rm(join(folder, "chat_template.jinja"));
    await expect(openEmbeddedModel({ folder, id: "bare" })).rejects.toMatchObject({
      code: "no-chat-template",
    });
    await remove();
  });
});

describe("text outside a small model's language", () => {
  const tiny = async () => {
    const told: string[] = [];
    const opened = await openModel("embedded:covenant-tiny", {
      environment: {},
      onNotice: ({ code, text }) => told.push(`${code}: ${text}`),
    });
    const ask = (contents: readonly string[]) =>
      opened.generate(contents.map((content) => ({ ...request, messages: asked(content), maxTokens: 1 })));
    return { told, ask, close: () => opened.close() };
  };

  it("is told of once, with the words and what to use instead", async () => {
    const { told, ask, close } = await tiny();
    await ask(["Why do volcanoes erupt so violently in Iceland?"]);
    await ask(["Explain quantum chromodynamics thoroughly."]);
    await close();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^model-foreign-text: embedded:covenant-tiny .*volcanoes.*nonsense.*--model/);
  });

  it("is looked for in every request, so that one among many is told of", async () => {
    const { told, ask, close } = await tiny();
    const own = "How can I plant a tree?";
    await ask([own, own, "What is the capital of France?", own]);
    await close();
    expect(told).toEqual([
      expect.stringMatching(
        / 1 of 4 requests so far is not in it: "What is the capital of France\?" .*France/,
      ),
    ]);
  });

  it("is not what the words of its language are, in any order", async () => {
    const { told, ask, close } = await tiny();
    const { tokenizer } = await loadModelFolder(
      (await modelFolderOf("embedded:covenant-tiny", { environment: {} })) ?? "",
    );
    const words = Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.tokenOf(id) ?? "")
      .filter((token) => /^\u0120[a-z]{4,}$/.test(token))
      .map((token) => token.slice(1));
    expect(words.length).toBeGreaterThan(100);
    await ask([`${words.slice(0, 60).join(" ")} really`]);
    await close();
    expect(told).toEqual([]);
  });
});
