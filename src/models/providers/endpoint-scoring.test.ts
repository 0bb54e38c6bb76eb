// Scoring at an endpoint: which way is found to ask, what is exact and what only a bound, and what a refusal of one
// request decides.

import { afterEach, describe, expect, it } from "vitest";
import { withRetry } from "../middleware/retry.ts";
import type { ScoreRequest } from "../specification.ts";
import type { FoundWays } from "./endpoint-scoring.ts";
import {
  type Endpoint,
  type EndpointBehaviour,
  probabilityOfA,
  startEndpoint,
} from "./endpoint-server.fixture.ts";
import { type EndpointOptions, openAiCompatibleModel } from "./openai-compatible.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const start = async (behaviour: EndpointBehaviour, options: Partial<EndpointOptions> = {}) => {
  const server = await startEndpoint(behaviour);
  open.push(server);
  const model = openAiCompatibleModel({ id: "m", baseURL: server.baseURL, model: "pretend", ...options });
  return { server, model };
};

const question = (content: string): ScoreRequest => ({
  messages: [{ role: "user", content }],
  continuations: ["(A)", "(B)"],
});
const texts = ["Which {is} better?", "💡 Who: says (A) so?", "ends in a bracket (", "q"];
const paths = (server: Endpoint): string[] => server.calls.map((call) => call.path);

/** P("A") after normalising, which every way of scoring must agree on. */
const share = (values: readonly (number | null)[]): number => {
  const [a, b] = values.map((value) => Math.exp(value ?? Number.NaN));
  return (a as number) / ((a as number) + (b as number));
};

describe("score", () => {
  it.each([
    ["echo in llama.cpp's chat template", { echo: true, template: "apply-template" }, true],
    ["echo in vLLM's chat template", { echo: true, template: "tokenize" }, true],
    ["echo behind which nothing is written", { echo: true, written: "", template: "tokenize" }, true],
    ["echo behind which a part of a sign is", { echo: true, written: "é", template: "tokenize" }, true],
    ["chat log-probabilities", {}, false],
    [
      "chat where the template is known but echo is ignored",
      { echo: "ignored", template: "apply-template" },
      false,
    ],
    ["chat where echo is refused as a failure", { echo: "refused", template: "apply-template" }, false],
    [
      "chat where an echo's log-probabilities are those of the tokens behind",
      { echo: "shifted", template: "apply-template" },
      false,
    ],
    ["chat where only 5 alternatives are given", { top: 5 }, false],
    ["echo in a dialogue, without a chat endpoint", { chat: false, echo: true }, true],
    ["echo in a dialogue, where chat gives no log-probabilities", { top: "ignored", echo: true }, true],
    ["echo in a dialogue, where chat refuses log-probabilities", { top: "refused", echo: true }, true],
  ] satisfies [string, EndpointBehaviour, boolean][])("reads %s", async (_, behaviour, exact) => {
    const { model } = await start(behaviour);
    const scores = await model.score(texts.map(question));
    for (const [index, score] of scores.entries()) {
      const probability = probabilityOfA(`<user>${texts[index]}<assistant>`);
      expect(share(score.logProbabilities)).toBeCloseTo(probability, 9);
      expect(score.logProbabilities[0]).toBeCloseTo(Math.log(0.9 * probability * (exact ? 0.99 : 1)), 9);
      expect(score.bounded).toBeUndefined();
      expect(score.usage.promptTokens).toBeGreaterThan(0);
    }
  });

  it("looks for the way once and then keeps it", async () => {
    const { server, model } = await start({ echo: true, template: "tokenize" });
    await model.score(texts.map(question));
    const search = paths(server).filter((path) => path === "/apply-template").length;
    expect(search).toBe(texts.length + 1);
    const chat = await start({});
    await chat.model.score(texts.map(question));
    await chat.model.score(texts.map(question));
    expect(paths(chat.server).filter((path) => path.endsWith("chat/completions"))).toHaveLength(9);
    expect(paths(chat.server).filter((path) => path === "/apply-template")).toHaveLength(1);
  });

  it("looks for it with a question of its own, so that it does not depend on the first item", async () => {
    const behaviour: EndpointBehaviour = { echo: true, template: "tokenize" };
    const asked = async (content: string) => {
      const { server, model } = await start(behaviour);
      await model.score([question(content)]);
      return server.calls.slice(0, 3).map(({ path, body }) => [path, body]);
    };
    expect(await asked("one")).toEqual(await asked("another"));
  });

  it("looks for it with a trial where that comes first, and takes its answer for both", async () => {
    const { server, model } = await start({});
    const [tried] = await model.score([{ ...question("q"), trial: true }]);
    expect(paths(server).filter((path) => path.endsWith("completions"))).toHaveLength(1);
    expect((await model.score([question("q")]))[0]).toEqual(tried);
    expect(paths(server).filter((path) => path.endsWith("completions"))).toHaveLength(2);
  });

  it("does not look for it again where the same model is opened once more", async () => {
    const ways: FoundWays = new Map();
    for (const [behaviour, offered] of [
      [{ chat: false, echo: true }, true],
      [{ top: "ignored" }, false],
    ] as const) {
      const { server, model } = await start(behaviour, { id: JSON.stringify(behaviour), ways });
      const first = await model.score([question("q")]);
      const asked = server.calls.length;
      const options = { id: model.id, baseURL: server.baseURL, model: "pretend", ways };
      const again = openAiCompatibleModel(options);
      expect(again.capabilities.scores).toBe(offered);
      expect(await again.score([question("q")])).toEqual(first);
      expect(server.calls).toHaveLength(asked + (offered ? 2 : 0));
      await again.close();
    }
  });

  it("is null where the server gives no log-probabilities, and does not go on asking", async () => {
    const mute: EndpointBehaviour[] = [{ top: "ignored" }, { top: "refused" }, { top: "broken" }];
    for (const behaviour of mute) {
      const { server, model } = await start(behaviour);
      expect((await model.score([question("q")]))[0]?.logProbabilities).toEqual([null, null]);
      expect(model.capabilities.scores).toBe(false);
      const asked = server.calls.length;
      expect((await model.score(texts.map(question))).map((score) => score.logProbabilities)).toEqual(
        texts.map(() => [null, null]),
      );
      expect(server.calls).toHaveLength(asked);
    }
  });

  it("decides nothing on a request that the server declines", async () => {
    const filtered = { error: { message: "filtered", code: "content_filter" } };
    const long = { error: { message: "This model's maximum context length is 9 tokens." } };
    for (const [declined, body] of [
      ["refusal", filtered],
      ["overflow", long],
    ] as const) {
      const { model } = await start({
        fault: (call, before) => (before < 3 && call.body["logprobs"] ? { status: 400, body } : undefined),
      });
      const [none] = await model.score([question("q")]);
      expect(none).toMatchObject({ logProbabilities: [null, null], declined });
      expect(model.capabilities.scores).toBe(true);
      const [score] = await model.score([question("q")]);
      expect(share(score?.logProbabilities ?? [])).toBeCloseTo(probabilityOfA("<user>q<assistant>"), 9);
    }
  });

  it("is null, for this request alone, where the model does not choose", async () => {
    const { model } = await start({ preamble: ["I", " will", " not"], letters: [["choose", 1]] });
    const [score] = await model.score([question("q")]);
    expect(score).toMatchObject({ logProbabilities: [null, null], said: "I will notchoose)" });
    expect(score?.declined).toBeUndefined();
    expect(model.capabilities.scores).toBe(true);
  });

  it("marks a letter that is not listed", async () => {
    const letters = [
      ["A", 0.9],
      ["C", 0.06],
      ["B", 0.01],
    ] as const;
    const { model } = await start({ letters, top: 5 });
    expect((await model.score([question("q")]))[0]?.bounded).toBeUndefined();
    const few = await start({ letters: letters.slice(0, 2) });
    const [score] = await few.model.score([question("q")]);
    expect(score?.bounded).toEqual([false, true]);
    expect(score?.logProbabilities[1]).toBeCloseTo(Math.log(0.9 * 0.06));
  });

  it("reads letters with a text's space before them as a chat says them: without", async () => {
    const { model } = await start({});
    const spaced = { ...question("q"), continuations: [" (A)", " (B)"] };
    const [plain, score] = [await model.score([question("q")]), await model.score([spaced])];
    expect(score[0]?.logProbabilities[0]).not.toBeNull();
    expect(score[0]?.logProbabilities).toEqual(plain[0]?.logProbabilities);
  });

  it("decides nothing on a passing failure", async () => {
    const { model } = await start({
      echo: true,
      template: "apply-template",
      fault: (_, before) => (before < 2 ? { status: 503, body: {} } : undefined),
    });
    await expect(model.score([question("q")])).rejects.toMatchObject({ code: "model-status" });
    const [score] = await withRetry(model, { wait: async () => {} }).score([question("q")]);
    expect(share(score?.logProbabilities ?? [])).toBeCloseTo(probabilityOfA("<user>q<assistant>"), 9);
    expect(score?.logProbabilities[0]).toBeCloseTo(
      Math.log(0.9 * 0.99 * probabilityOfA("<user>q<assistant>")),
      9,
    );
  });

  it("says so where the address or the key is wrong instead of leaving all unscored", async () => {
    const wrong = await start({ chat: false });
    await expect(wrong.model.score([question("q")])).rejects.toMatchObject({ code: "model-unknown" });
    const refused = await start({ fault: () => ({ status: 401, body: {} }) });
    await expect(refused.model.score([question("q")])).rejects.toMatchObject({ code: "model-key" });
  });

  it("keeps to the way that was asked for", async () => {
    const chat = await start({ echo: true, template: "apply-template" }, { scoring: "chat" });
    await chat.model.score([question("q")]);
    expect(paths(chat.server)).toEqual(["/v1/chat/completions"]);
    const none = await start({}, { scoring: "none" });
    expect((await none.model.score([question("q")]))[0]?.logProbabilities).toEqual([null, null]);
    expect(none.server.calls).toHaveLength(0);
    const echo = await start({ echo: true, template: "apply-template" }, { scoring: "template" });
    const [score] = await echo.model.score([question("q")]);
    expect(share(score?.logProbabilities ?? [])).toBeCloseTo(probabilityOfA("<user>q<assistant>"), 9);
    expect(paths(echo.server).filter((path) => path !== "/apply-template")).toEqual([
      "/v1/completions",
      "/v1/completions",
    ]);
  });
});
