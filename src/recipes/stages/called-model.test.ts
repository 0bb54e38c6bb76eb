// What a command without a run folder says of a server that is away or turns a prompt down: each thing once, and that
// nothing is kept.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { RunEvent } from "../../records/index.ts";
import { recipe as revise } from "../revise.ts";
import { contextFor } from "../ticking-context.fixture.ts";
import { withCalledModel } from "./called-model.ts";
import type { Calls } from "./calls.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that answers each request by its text: a status, and what it says. */
const serve = async (answer: (text: string) => readonly [status: number, body: object]): Promise<string> => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const [status, body] = answer(Buffer.concat(parts).toString());
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server!.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1#own`;
};

const told: string[] = [];
const context = contextFor((event: RunEvent) => {
  if (event.type === "warning") told.push(event.text);
});

it("tells once of a server that fails each time, and that nothing is kept", async () => {
  told.length = 0;
  const name = await serve(() => [500, { error: { message: "no" } }]);
  const retry = { attempts: 4, wait: async () => undefined };
  const calls = { optionsFor: async () => ({ retry }) } as unknown as Calls;
  const request = {
    messages: [{ role: "user" as const, content: "Hello." }],
    maxTokens: 4,
    temperature: 1,
    seed: 1,
  };
  const failed = withCalledModel(name, { context, calls }, (model) => model.generate([request], {}));
  await expect(failed).rejects.toMatchObject({ facts: { retriable: true, kept: false } });
  expect(new Set(told).size).toBe(told.length);
  expect(told.filter((text) => text.includes("500"))).toHaveLength(1);
});

it("says in the error what the server said of a prompt that it turns down", async () => {
  told.length = 0;
  const choices = [{ message: { role: "assistant", content: "Fine." }, finish_reason: "stop" }];
  const model = await serve((text) =>
    text.includes("a secret word")
      ? [400, { error: { message: "the word is on a list" } }]
      : [200, { id: "1", object: "chat.completion", model: "own", choices }],
  );
  const config = revise.schema.parse({ model, constitution: "general", prompt: "Say a secret word." });
  await expect(revise.run(config, context)).rejects.toThrow(
    /rejected the request, saying: .*the word is on a list/,
  );
  expect(told.filter((text) => text.includes("on a list"))).toEqual([]);
});
