// How the ends of replies are read: whole, cut, or none. A word that is not known is never taken for the end of a whole
// reply, since what is whole is learned.

import { afterEach, describe, expect, it } from "vitest";
import { isRetriable } from "../failure.ts";
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

/** A model whose replies end for a reason. */
const start = async (reason: string | null | undefined, content: string | null = "partly") => {
  const body = { choices: [{ message: { content }, finish_reason: reason }] };
  const server = await startEndpoint({ fault: () => ({ status: 200, body }) });
  open.push(server);
  return openAiCompatibleModel({ id: "m", baseURL: server.baseURL, model: "pretend" });
};

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
});
