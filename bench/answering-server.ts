// A chat server in a process of its own that answers every chat at once (or after so many milliseconds), by the request
// alone, for benches of calls and of runs; what it was asked is appended to a file, where one is named. It knows no other
// address, as a server that has chats alone.
// node bench/answering-server.ts <milliseconds> [file]

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

type Body = { readonly messages: readonly { readonly content: string }[]; readonly logprobs?: boolean };

/** How a request is told from others in the file of what was asked. */
const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 24);

const letters = (key: string) => {
  const share = 0.1 + (0.8 * Number.parseInt(key.slice(0, 8), 16)) / 2 ** 32;
  const both = [
    { token: "A", logprob: Math.log(share) },
    { token: "B", logprob: Math.log(1 - share) },
  ].sort((one, other) => other.logprob - one.logprob);
  return [
    { token: "(", logprob: -0.01, top_logprobs: [{ token: "(", logprob: -0.01 }] },
    { ...both[0], top_logprobs: both },
  ];
};

/** The areas of all requests of a question, where it asks for them; else a sentence of the request's own. */
const contentOf = ({ messages }: Body, key: string): string => {
  const numbers = [...(messages.at(-1)?.content ?? "").matchAll(/^\{"number":(\d+),/gm)];
  if (numbers.length === 0) return `A reply of some words that only request ${key} gets.`;
  return JSON.stringify({
    answers: numbers.map(([, number]) => ({ number: Number(number), area: "other" })),
  });
};

const serve = (milliseconds: number, file: string | undefined): void => {
  const server = createServer((call, response) => {
    let text = "";
    call.setEncoding("utf8");
    call.on("data", (part: string) => {
      text += part;
    });
    call.on("end", () => {
      if (call.method !== "POST") {
        response.end(JSON.stringify({ data: [{ id: "parrot" }] }));
        return;
      }
      if (!call.url!.endsWith("/chat/completions")) {
        response.writeHead(404).end("{}");
        return;
      }
      const key = keyOf(text);
      const body = JSON.parse(text) as Body;
      if (file !== undefined) appendFileSync(file, `${Date.now()} ${key}\n`);
      const logprobs = body.logprobs === true ? { logprobs: { content: letters(key) } } : {};
      const message = { role: "assistant", content: body.logprobs === true ? "(A)" : contentOf(body, key) };
      const choices = [{ index: 0, message, finish_reason: "stop", ...logprobs }];
      const usage = { prompt_tokens: 40, completion_tokens: 12, total_tokens: 52 };
      const reply = (): void => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ id: "x", object: "chat.completion", model: "parrot", choices, usage }));
      };
      if (milliseconds === 0) reply();
      else setTimeout(reply, milliseconds);
    });
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit(0));
};

/** Starts the server; name: as --model takes it. It ends with this process. */
export const startServer = (
  milliseconds: number,
  file?: string,
): Promise<{ readonly name: string; readonly stop: () => void }> =>
  new Promise((resolve, reject) => {
    const words = [
      fileURLToPath(import.meta.url),
      String(milliseconds),
      ...(file === undefined ? [] : [file]),
    ];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("error", reject);
    child.once("message", (port) =>
      resolve({ name: `http://127.0.0.1:${String(port)}/v1#parrot`, stop: () => child.kill() }),
    );
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(Number(process.argv[2]), process.argv[3]);
