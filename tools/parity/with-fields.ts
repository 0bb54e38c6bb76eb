// A server before a server: passes every request on and adds fields to the JSON bodies of those that have one, for figures
// of settings that OpenAI's interface has no field for (docs/endpoints-compared.md: `repeat_penalty` of llama.cpp's servers). What a
// body says itself stays; answers are passed on whole, so nothing streams. Prints its own address, and ends with Ctrl-C.
// Usage: node tools/parity/with-fields.ts http://127.0.0.1:8741 '{"repeat_penalty": 1}' [port]

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const [target, fields, port = "0"] = process.argv.slice(2);
if (target === undefined || fields === undefined)
  throw new Error("an address and fields are wanted: http://127.0.0.1:8741 '{\"repeat_penalty\": 1}'");
const added = JSON.parse(fields) as object;

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
};

const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await readBody(request);
  const { authorization } = request.headers;
  const answer = await fetch(new URL(request.url ?? "/", target), {
    method: request.method ?? "GET",
    headers: {
      "content-type": "application/json",
      ...(authorization === undefined ? {} : { authorization }),
    },
    ...(body === "" ? {} : { body: JSON.stringify({ ...added, ...(JSON.parse(body) as object) }) }),
  });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
  response.end(Buffer.from(await answer.arrayBuffer()));
};

const server = createServer((request, response) => {
  passOn(request, response).catch((thrown: unknown) => {
    response.writeHead(502, { "content-type": "text/plain" });
    response.end(String(thrown));
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  const { port: own } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${own}/v1, with ${JSON.stringify(added)} to ${target}\n`);
});
