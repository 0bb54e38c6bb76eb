// Anthropic's Messages API: what is sent, how replies end, what failures mean, and that a key is never repeated.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CovenantError, UserError } from "../../core/index.ts";
import { isRetriable, retryAfterOf } from "../failure.ts";
import { openLedger, openModel } from "../index.ts";
import type { GenerateRequest, LanguageModel } from "../specification.ts";
import { anthropicModel } from "./anthropic.ts";
import { startAnthropic } from "./anthropic-server.fixture.ts";

const key = "sk-ant-sesame-open";
let server: Awaited<ReturnType<typeof startAnthropic>>;
let model: LanguageModel;
beforeAll(async () => {
  server = await startAnthropic();
  model = anthropicModel({ id: "anthropic:claude-x", model: "claude-x", key, baseURL: server.baseURL });
});
afterAll(async () => {
  await model.close();
  await server.close();
});

const ask = (content: string, change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 20,
  temperature: 0.5,
  seed: 5,
  ...change,
});

const failureOf = async (content: string): Promise<CovenantError> => {
  const thrown: unknown = await model.generate([ask(content)]).catch((error: unknown) => error);
  if (thrown instanceof CovenantError) return thrown;
  throw new Error(`a CovenantError was expected, got ${String(thrown)}`);
};

describe("a model of Anthropic's", () => {
  it("is sent system messages apart, and neither seeds nor sampling settings", async () => {
    await model.generate([
      ask("", {
        messages: [
          { role: "system", content: "Be {brief}." },
          { role: "user", content: "Human: 💡" },
          { role: "assistant", content: "Yes?" },
          { role: "user", content: "So?" },
        ],
        stop: ["\n\n", "Human:"],
      }),
      ask("Hi", { temperature: 1, topP: 1 }),
    ]);
    const [first, second] = server.calls.slice(-2).toSorted((one) => ("system" in one.body ? -1 : 1));
    expect(first?.path).toBe("/v1/messages");
    expect(first?.headers.authorization).toBe(`Bearer ${key}`);
    expect(first?.body).toEqual({
      model: "claude-x",
      max_tokens: 20,
      system: "Be {brief}.",
      messages: [
        { role: "user", content: "Human: 💡" },
        { role: "assistant", content: "Yes?" },
        { role: "user", content: "So?" },
      ],
      stop_sequences: ["Human:"],
    });
    expect(Object.keys(second?.body ?? {}).sort()).toEqual(["max_tokens", "messages", "model"]);
  });

  it("tells of answers that another model gave, and not of its own editions", async () => {
    const told: string[] = [];
    const onOther = (text: string): void => void told.push(text);
    const checked = anthropicModel({ id: "c", model: "claude-x", key, baseURL: server.baseURL, onOther });
    const [own, other] = await checked.generate([ask("Hi"), ask("[other]")]);
    await checked.close();
    expect([own?.finish, other?.text]).toEqual(["stop", "Hi."]);
    expect([own, other?.answeredBy]).toEqual([
      expect.not.objectContaining({ answeredBy: expect.anything() }),
      ["claude-y"],
    ]);
    expect(told).toEqual([
      `${server.baseURL} was asked for "claude-x" and says that "claude-y" answered. Records will name the model as it was asked for; replies, revisions and labels name this one beside it, as answeredBy.`,
    ]);
  });

  it.each([
    ["Hi", 20, "stop"],
    ["Hi", 2, "length"],
    ["[window]", 20, "length"],
    ["[refusal]", 20, "refusal"],
    ["[filter]", 20, "refusal"],
    ["[empty]", 20, "empty"],
    ["[thought]", 20, "length"],
    ["[long]", 20, "overflow"],
  ])("answers %s with %i tokens at most, ending as %s", async (content, maxTokens, finish) => {
    expect((await model.generate([ask(content, { maxTokens })]))[0]?.finish).toBe(finish);
  });

  it("tells once that it takes no temperature, where one is asked for", async () => {
    const told: string[] = [];
    const other = anthropicModel({
      id: "anthropic:claude-x",
      model: "claude-x",
      key,
      baseURL: server.baseURL,
      onIgnored: (text) => told.push(text),
    });
    await other.generate([ask("Hi", { temperature: 1 })]);
    expect(told).toEqual([]);
    await other.generate([ask("Hi"), ask("Hi", { temperature: 0 })]);
    expect(told).toEqual([expect.stringContaining("not at 0.5")]);
    await other.close();
  });

  it("counts what was read from its cache as read, and apart", async () => {
    expect((await model.generate([ask("Hi")]))[0]?.usage).toEqual({
      promptTokens: 10,
      completionTokens: 5,
      cachedTokens: 2,
    });
  });

  it("charges an answer that is no reply as it was counted", async () => {
    const ledger = await openLedger();
    const meter = ledger.meter({ model: "m" });
    const metered = anthropicModel({ id: "c", model: "claude-x", key, baseURL: server.baseURL, meter });
    for (const content of ["[pause]", "[tool]"])
      await expect(metered.generate([ask(content)])).rejects.toMatchObject({ code: "model-end" });
    await metered.close();
    expect(ledger.totals()).toMatchObject({ calls: 2, failed: 2, estimated: 0, completionTokens: 2 * 5 });
  });

  it("stops at white space here, where the API does not take it", async () => {
    const [cut] = await model.generate([ask("Hi", { stop: [" "] })]);
    expect(cut).toMatchObject({ text: "reply", finish: "stop" });
  });

  it.each([
    ["[busy]", "model-status", true, CovenantError],
    ["[limit]", "model-status", true, CovenantError],
    ["[odd]", "model-response", true, CovenantError],
    ["[pause]", "model-end", false, CovenantError],
    ["[tool]", "model-end", false, CovenantError],
    ["[key]", "model-key", false, UserError],
    ["[gone]", "model-unknown", false, UserError],
    ["[poor]", "model-quota", false, UserError],
  ])("fails at %s as %s (passing: %s)", async (content, code, passes, kind) => {
    const thrown = await failureOf(content);
    expect(thrown.code).toBe(code);
    expect(isRetriable(thrown)).toBe(passes);
    expect(thrown).toBeInstanceOf(kind);
    if (content === "[limit]") expect(retryAfterOf(thrown)).toBe(3000);
  });

  it("never repeats its key", async () => {
    const thrown = await failureOf("[echo]");
    expect([thrown.message, thrown.stack, JSON.stringify(thrown.facts)].join()).not.toContain("sesame");
    expect(thrown.message).toContain("[ANTHROPIC_API_KEY]");
  });

  it("needs its own key, and no other", async () => {
    const environment = { OPENAI_API_KEY: "sk-other-key", COVENANT_API_KEY: "sk-another" };
    await expect(openModel("anthropic:claude-x", { environment })).rejects.toThrow(
      /ANTHROPIC_API_KEY is not set/,
    );
  });
});
