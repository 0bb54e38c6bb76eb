// How the ends of replies are read: whole, cut, or none. A word that is not known is never taken for the end of a whole
// reply, since what is whole is learned.

import { afterEach, describe, expect, it } from "vitest";
import { CovenantError } from "../../core/index.ts";
import { isRetriable } from "../failure.ts";
import { type Meter, openLedger } from "../ledger.ts";
import type { GenerateRequest } from "../specification.ts";
import { type Endpoint, startEndpoint } from "./endpoint-server.fixture.ts";
import { openAiCompatibleModel } from "./openai-compatible.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const ask = (): GenerateRequest => ({
  messages: [{ role: "user", content: "Hi" }],
  maxTokens: 20,
  temperature: 0.7,
  seed: 5,
});

const serve = async (body: object, meter?: Meter) => {
  const server = await startEndpoint({ fault: () => ({ status: 200, body }) });
  open.push(server);
  return openAiCompatibleModel({ id: "m", baseURL: server.baseURL, model: "pretend", meter });
};

/** A model whose replies end for a reason. */
const start = (reason: string | null | undefined, content: string | null = "partly") =>
  serve({ choices: [{ message: { content }, finish_reason: reason }] });

describe("replies", () => {
  it.each(["stop", "eos", "eos_token", "end_turn", "stop_sequence", null, undefined])(
    "are whole where they end as %s",
    async (reason) => {
      const model = await start(reason);
      expect((await model.generate([ask()]))[0]).toMatchObject({ text: "partly", finish: "stop" });
    },
  );

  it.each(["length", "max_tokens", "MAX_TOKENS"])(
    "are cut where they end as %s, with text or without",
    async (reason) => {
      for (const content of ["partly", "", null]) {
        const model = await start(reason, content);
        expect((await model.generate([ask()]))[0]).toMatchObject({ text: content ?? "", finish: "length" });
      }
    },
  );

  it.each([
    ["abort", true],
    ["error", true],
    ["tool_calls", false],
    ["function_call", false],
    ["something new", false],
  ])(
    "are none where they end as %s, and are asked for again where that may pass (%s)",
    async (reason, passes) => {
      const model = await start(reason);
      const thrown = await model.generate([ask()]).catch((failure: unknown) => failure);
      expect(thrown).toMatchObject({ code: "model-end", message: expect.stringContaining(`"${reason}"`) });
      expect(isRetriable(thrown)).toBe(passes);
    },
  );

  it.each([
    ["tool_calls", { choices: [{ message: { content: "partly" }, finish_reason: "tool_calls" }] }],
    ["nothing that can be read", { choices: [] }],
  ])("that are none cost what the server counts, where they end as %s", async (_, answer) => {
    const ledger = await openLedger();
    const meter = ledger.meter({ model: "m", price: { input: 1e6, output: 2e6 } });
    const counted = { prompt_tokens: 7, completion_tokens: 3 };
    for (const usage of [counted, undefined]) {
      const model = await serve({ ...answer, usage }, meter);
      await expect(model.generate([ask()])).rejects.toBeInstanceOf(CovenantError);
    }
    const { promptTokens, completionTokens, money, estimated, estimatedMoney, ...rest } = ledger.totals();
    expect(rest).toMatchObject({ calls: 2, failed: 2 });
    expect([estimated, money - estimatedMoney]).toEqual([1, 7 + 2 * 3]);
    // The other one, of which nobody tells: its limit of tokens.
    expect(completionTokens - 3).toBe(20);
    expect(promptTokens).toBeGreaterThan(7);
  });
});
