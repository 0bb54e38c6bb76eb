// Time limits on a busy machine: what came while the process was stalled is read, and a call that never left costs
// nothing.

import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../core/index.ts";
import { costsNothing } from "../failure.ts";
import { openLedger, openModel } from "../index.ts";
import { createEndpointClient } from "../providers/endpoint-client.ts";
import { type Endpoint, startEndpoint } from "../providers/endpoint-server.fixture.ts";

/** Keeps this process, and so its event loop, from doing anything. */
const stall = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

let server: Endpoint;
let isStalling = false;
beforeAll(async () => {
  const before = async (): Promise<void> => {
    if (isStalling) stall(300);
  };
  server = await startEndpoint({ models: ["m"], before });
});
afterAll(() => server.close());

it("an answer that comes while the process is stalled for longer than the limit is no late one", async () => {
  const ledger = await openLedger();
  const model = await openModel(`${server.baseURL}#m`, { environment: {}, timeout: 200, ledger });
  const request = { messages: [{ role: "user" as const, content: "Hi" }], maxTokens: 9, temperature: 1 };
  await model.generate([{ ...request, seed: 1 }]);
  isStalling = true;
  const [reply] = await model.generate([{ ...request, seed: 2 }]);
  isStalling = false;
  expect(reply?.finish).toBe("stop");
  expect(ledger.totals()).toMatchObject({ calls: 2, failed: 0, estimated: 0 });
  await model.close();
});

it("a call that is stopped before it has a connection never reaches the server, and costs nothing", async () => {
  const { baseURL } = server;
  const endpoint = { baseURL, model: "m", id: "m", hasKey: false, keyAdvice: "", clock: systemClock };
  const client = createEndpointClient({ ...endpoint, redact: (text: string) => text }, { connections: 1 });
  const seen = server.calls.length;
  const stop = new AbortController();
  const called = client.post("/chat/completions", {}, stop.signal).catch((thrown: unknown) => thrown);
  // the next turn of the event loop begins before the connection is there
  setImmediate(() => stop.abort());
  expect(costsNothing(await called)).toBe(true);
  expect(server.calls.length).toBe(seen);
  client.close();
});
