// Models that the processes of several arms answer for together, with workers in this process in place of processes.

import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { InterruptedError, manualClock, UserError } from "../../core/index.ts";
import { setThreads } from "../../engine/index.ts";
import { openModel } from "../../models/index.ts";
import type { PartProcess } from "../recipe.ts";
import { readFromArm, readResult, readToArm, type ToArm } from "./arm-messages.ts";
import { openArmProcesses } from "./arm-processes.ts";
import { createArmWorker } from "./arm-worker.ts";

const folder = fileURLToPath(new URL("../../../test/golden/llama-random/untied", import.meta.url));
afterEach(() => setThreads(1));

/** A process that is none: its worker is here, and messages are copied as between processes. */
const startWorker = (told: ToArm[] = []) => {
  let listeners: Parameters<PartProcess["listen"]>[0] | undefined;
  const work = createArmWorker(manualClock(0), (message) =>
    setImmediate(() => listeners?.message(structuredClone(message))),
  );
  const process: PartProcess = {
    tell(message) {
      told.push(message as ToArm);
      void work(structuredClone(message));
    },
    listen(given) {
      listeners = given;
    },
    release() {},
  };
  return { process, end: (how: string) => listeners?.end(how) };
};

const requests = Array.from({ length: 7 }, (_, seed) => ({
  messages: [{ role: "user" as const, content: `Question ${seed % 3}` }],
  maxTokens: 6 + (seed % 2),
  temperature: 1,
  seed,
}));
const questions = requests.map(({ messages }) => ({ messages, continuations: ["(A)", "(B)"] }));

it("gives the replies and scores of the model as one process gives them, in order, for any number of requests", async () => {
  setThreads(2);
  const told: ToArm[] = [];
  using processes = openArmProcesses(["ethical", "inverted"], () => startWorker(told).process, {});
  const here = await openModel(folder, { environment: {} });
  const model = await processes.openModel(folder, { environment: {} });
  expect(model.capabilities).toEqual({ ...here.capabilities, batch: 2 * here.capabilities.batch });
  for (const count of [7, 2, 1, 0]) {
    const some = requests.slice(0, count);
    expect(await model.generate(some)).toEqual(await here.generate(some));
  }
  const alone = await here.score(questions);
  for (const [at, { logProbabilities }] of (await model.score(questions)).entries())
    for (const [place, value] of logProbabilities.entries())
      expect(value).toBeCloseTo(alone[at]!.logProbabilities[place]!, 5);
  // each has half of the threads and of the requests
  expect(told.flatMap((message) => (message.type === "generate" ? [message.given.length] : []))).toEqual([
    ...[4, 3, 1, 1, 1, 0, 0, 0],
  ]);
  expect(told.flatMap((message) => (message.type === "open" ? [message.given.environment] : []))).toEqual(
    Array(2).fill({ COVENANT_THREADS: "1" }),
  );
  await here.close();
});

it("throws what is thrown there, and stops the other: a folder that is none, an end, an interruption", async () => {
  const told: ToArm[] = [];
  const started: ReturnType<typeof startWorker>[] = [];
  const start = (): PartProcess => {
    started.push(startWorker(told));
    return started.at(-1)!.process;
  };
  const open = () => {
    // the workers here set the threads of this process
    setThreads(2);
    return openArmProcesses(["ethical", "inverted"], start, {});
  };
  const stops = () => told.filter(({ type }) => type === "stop").length;
  using none = open();
  const missing = none.openModel(`${folder}-missing`, { environment: {} });
  await expect(missing).rejects.toBeInstanceOf(UserError);

  using ending = open();
  const asked = (await ending.openModel(folder, { environment: {} })).generate(requests);
  const before = stops();
  started[3]!.end("SIGKILL");
  await expect(asked).rejects.toThrow('The process of the arm "inverted" ended (SIGKILL)');
  expect(stops()).toBeGreaterThan(before);

  using stopped = open();
  const stop = new AbortController();
  const model = await stopped.openModel(folder, { environment: {}, signal: stop.signal });
  const interrupted = model.generate(requests);
  stop.abort();
  await expect(interrupted).rejects.toBeInstanceOf(InterruptedError);
  await expect(model.generate(requests)).rejects.toBeInstanceOf(InterruptedError);
});

it("takes no message that is none, on either side, and says no value of it", async () => {
  setThreads(2);
  const said: unknown[] = [];
  const work = createArmWorker(manualClock(0), (message) => said.push(message));
  const open = { type: "open", given: { name: folder, environment: { KEY: "secret" } } };
  await work({ ...open, given: { ...open.given, name: 7 } });
  await work("begin");
  expect(said).toMatchObject([
    { type: "failed", error: { code: "arm-message", message: expect.stringContaining("given.name") } },
    { type: "failed", error: { code: "arm-message" } },
  ]);
  expect(JSON.stringify(said)).not.toContain("secret");
  expect(readToArm(open)).toEqual(open);
  expect(readToArm({ type: "stop" })).toEqual({ type: "stop" });
  for (const none of [{ type: "generate", given: [{ messages: [] }] }, { ...open, more: 1 }, null])
    expect(() => readToArm(none)).toThrow("was told something, and it does not fit");
  expect(() => readFromArm({ type: "event", event: "stage-end" })).toThrow("expected an object with type");
  expect(() => readResult("generate", [{ text: "no more" }])).toThrow(
    "expected a list of objects with text, finish, usage",
  );

  for (const reply of [
    { type: "gone" },
    { type: "done", result: { scores: true } },
    { type: "notice", notice: {} },
  ]) {
    const told: string[] = [];
    const start = (): PartProcess => {
      let listeners: Parameters<PartProcess["listen"]>[0] | undefined;
      return {
        tell(message) {
          const { type } = message as ToArm;
          told.push(type);
          const failed = { type: "failed", error: { kind: "interrupted", code: "", message: "", facts: {} } };
          setImmediate(() => listeners?.message(type === "stop" ? failed : reply));
        },
        listen(given) {
          listeners = given;
        },
        release() {},
      };
    };
    using processes = openArmProcesses(["ethical"], start, {});
    await expect(processes.openModel(folder, { environment: {} })).rejects.toMatchObject({
      code: "arm-message",
    });
    expect(told).toEqual(reply.type === "done" ? ["open"] : ["open", "stop"]);
  }
});
