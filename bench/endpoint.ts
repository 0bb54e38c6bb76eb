// How many calls a second one process makes through the whole path from openModel to a reply, beside bare loops over
// fetch and node:http in the same run; and how much of a slow server's throughput is lost at hundreds of calls in flight,
// over whole runs from their start, of so many rounds of calls (12, 25 and 50: what takes 6, 12.5 and 25 s where nothing is
// lost), and once the number in flight has grown. The server is a process of its own on this machine. Every loop is bounded
// in count and time. Ends with status 1 below 1,500 calls a second, or where more than 10 % of the longest run are lost.
// npm run bench:endpoint -- [--calls 6000] [--in-flight 64] [--latency 500] [--at-once 500] [--rounds 12,25,50]

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openAnswerStore, openLedger, openModel } from "../src/models/index.ts";
import { hold } from "./goals.ts";
import { readWholeNumber, readWholeNumbers, readWords } from "./words.ts";

const longestMilliseconds = 120_000;
/** The goals: calls a second, and per cent lost of the longest run from its start. */
const leastRate = 1500;
const mostLost = 10;
const { values } = readWords(import.meta.url, {
  options: {
    calls: { type: "string", default: "6000" },
    "in-flight": { type: "string", default: "64" },
    latency: { type: "string", default: "500" },
    "at-once": { type: "string", default: "500" },
    rounds: { type: "string", default: "12,25,50" },
    serve: { type: "string" },
  },
});

const answer = JSON.stringify({
  id: "x",
  object: "chat.completion",
  model: "parrot",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "A reply of some words, as a small model might give it." },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 40, completion_tokens: 12, total_tokens: 52 },
});

/** The other process: answers everything alike, after so many milliseconds. */
const serve = (latency: number): void => {
  const server = createServer((call, response) => {
    const reply = (): void => {
      response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
      response.end(answer);
    };
    call.resume();
    call.on("end", () => (latency === 0 ? reply() : setTimeout(reply, latency)));
  });
  server.keepAliveTimeout = longestMilliseconds;
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit(0));
};

const startServer = (latency: number): Promise<{ baseURL: string; stop: () => void }> =>
  new Promise((resolve, reject) => {
    const words = [fileURLToPath(import.meta.url), "--serve", String(latency)];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("error", reject);
    child.once("message", (port) =>
      resolve({ baseURL: `http://127.0.0.1:${String(port)}/v1`, stop: () => child.kill() }),
    );
  });

const prompt = "Explain in two sentences how a kettle works, to somebody who has never seen one. ";
const requestOf = (seed: number) => ({
  messages: [{ role: "user" as const, content: `${prompt}${seed}` }],
  maxTokens: 80,
  temperature: 0.7,
  seed,
});
const bodyOf = (seed: number): string => {
  const { messages, temperature } = requestOf(seed);
  return JSON.stringify({ model: "parrot", messages, max_tokens: 80, temperature, seed });
};

type Call = (seed: number) => Promise<void>;
type Rate = { readonly calls: number; readonly rate: number; readonly microseconds: number };

/** Calls a second, and processor time of this process a call, with so many calls in flight. */
const measure = async (call: Call, calls: number, inFlight: number, firstSeed: number): Promise<Rate> => {
  let next = 0;
  const begun = performance.now();
  const before = process.cpuUsage();
  const work = async (): Promise<void> => {
    while (next < calls && performance.now() - begun < longestMilliseconds) await call(firstSeed + next++);
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { calls: next, rate: next / seconds, microseconds: (user + system) / next };
};

const fetchCall =
  (baseURL: string): Call =>
  async (seed) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${baseURL}/chat/completions`, {
      method: "POST",
      headers,
      body: bodyOf(seed),
    });
    await response.json();
  };

const httpCall = (baseURL: string): Call => {
  const agent = new Agent({ keepAlive: true });
  const { hostname: host, port } = new URL(baseURL);
  return (seed) =>
    new Promise((resolve, reject) => {
      const body = bodyOf(seed);
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const call = request({ agent, host, port, method: "POST", path: "/v1/chat/completions", headers });
      call.on("error", reject);
      call.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          JSON.parse(text);
          resolve();
        });
      });
      call.end(body);
    });
};

/** The whole path, with account, cache, retries, time limits and adaptive concurrency, which begins anew. */
const openWhole = async (baseURL: string, within: string, concurrency: number) => {
  const folder = mkdtempSync(join(within, "run-"));
  const ledger = await openLedger({ file: join(folder, "ledger.jsonl") });
  const cache = await openAnswerStore(join(folder, "answers"));
  const prices = { parrot: { input: 1, output: 4 } };
  const model = await openModel(`${baseURL}#parrot`, { environment: {}, concurrency, ledger, cache, prices });
  const call: Call = async (seed) => {
    await model.generate([requestOf(seed)]);
  };
  const close = async (): Promise<void> => {
    await model.close();
    await cache.close();
    ledger.close();
  };
  return { call, close };
};

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const describeRate = (name: string, { rate, microseconds }: Rate): string =>
  `${name.padEnd(26)}${rate.toFixed(0).padStart(7)} calls/s${microseconds.toFixed(0).padStart(7)} µs of processor time a call`;

/** Against a server that answers at once: the path beside bare loops, each after a round to get warm, twice. */
const benchRate = async (folder: string): Promise<void> => {
  const calls = readWholeNumber("--calls", values.calls, 100);
  const inFlight = readWholeNumber("--in-flight", values["in-flight"], 1);
  const { baseURL, stop } = await startServer(0);
  const whole = await openWhole(baseURL, folder, inFlight);
  const loops: [string, Call][] = [
    ["bare fetch", fetchCall(baseURL)],
    ["bare node:http", httpCall(baseURL)],
    ["openModel, generate", whole.call],
  ];
  say(`A server that answers at once, ${inFlight} calls in flight, ${calls} calls a round:`);
  let round = 0;
  for (const [, call] of loops) await measure(call, Math.ceil(calls / 4), inFlight, round++ * calls);
  const rates = new Map<string, number>();
  for (const _ of [1, 2])
    for (const [name, call] of loops) {
      const rate = await measure(call, calls, inFlight, round++ * calls);
      rates.set(name, Math.max(rates.get(name) ?? 0, rate.rate));
      say(describeRate(name, rate));
    }
  const rate = rates.get("openModel, generate") ?? 0;
  const ratio = rate / (rates.get("bare fetch") ?? 1);
  say(`The whole path is ${ratio.toFixed(2)} times as fast as bare fetch (best rounds).`);
  hold({ what: "openModel, generate, best round", unit: "calls/s", least: leastRate }, rate);
  await whole.close();
  stop();
};

/**
 * Against a server of fixed latency: what is lost of what so many calls in flight could do, over runs from their start, each
 * with a model of its own, and over a last one that goes on with the number that was found.
 */
const benchLatency = async (folder: string): Promise<void> => {
  const latency = readWholeNumber("--latency", values.latency, 1);
  const inFlight = readWholeNumber("--at-once", values["at-once"], 1);
  const lengths = readWholeNumbers("--rounds", values.rounds, 1).sort((one, other) => one - other);
  const shortest = lengths[0]!;
  const longest = lengths.at(-1)!;
  const { baseURL, stop } = await startServer(latency);
  const ideal = inFlight / (latency / 1000);
  say(
    `\nA server that takes ${latency} ms, ${inFlight} calls in flight: ${ideal.toFixed(0)} calls/s at best.`,
  );
  const lost = async (name: string, call: Call, rounds: number, before = 0): Promise<number> => {
    const rate = await measure(call, inFlight * rounds, inFlight, inFlight * before);
    const share = 100 * (1 - rate.rate / ideal);
    const calls = `${String(rounds).padStart(4)} rounds (${rate.calls} calls)`;
    say(`${describeRate(name, rate)}, ${calls}: ${share.toFixed(1)} % lost`);
    return share;
  };
  await lost("bare node:http", httpCall(baseURL), shortest);
  for (const rounds of lengths) {
    const whole = await openWhole(baseURL, folder, inFlight);
    const share = await lost("openModel, from its start", whole.call, rounds);
    const what = `openModel, ${rounds} rounds from its start`;
    if (rounds === longest) hold({ what, unit: "% lost", most: mostLost }, share);
    if (rounds === longest) await lost("openModel, once grown", whole.call, shortest, rounds);
    await whole.close();
  }
  stop();
};

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "covenant-bench-endpoint-"));
  try {
    await benchRate(folder);
    await benchLatency(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

if (values.serve === undefined) await main();
else serve(Number(values.serve));
