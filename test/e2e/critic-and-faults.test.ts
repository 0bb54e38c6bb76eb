// `covenant revise` with a critic of its own as a run, and where every fourth call fails: the records of servers that never
// do. And keys, each sent to its own address alone, which stand in no file of any command that asks and in no recording,
// where the server says them back.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { askingCommands, wordsOf, writeJson, writePrompts } from "./asking-commands.fixture.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { type Body, type Fault, serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("critic-and-faults");
afterAll(remove);

const serve = serveEachTest();

const rows = Array.from({ length: 8 }, (_, at) => ({ prompt: `question {${at}} 💡` }));
const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
writeFileSync(join(folder, "prompts.jsonl"), text);

const words = (command: string, model: string, out: string, ...more: readonly string[]): string[] => [
  ...[command, "--model", model, "--prompts", "prompts.jsonl", "--out", out, "--json"],
  ...more,
];
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), "utf8");

describe("revise with a critic", () => {
  it("has the model answer, and the critic criticise and revise; its card names both", async () => {
    const [model, critic] = [await serve(), await serve()];
    const whole = words("revise", model.name, "critic", "--critic", critic.name, "--rounds", "2");
    expectStatus(await covenant(whole, folder), 0);
    expect([model.replies(), critic.replies()]).toEqual([8, 8 * 2 * 2]);
    const exporting = ["export", "dataset", "critic", "--out", "exported"];
    expectStatus(await covenant(exporting, folder), 0);
    expect(read("exported/README.md")).toContain("- critiques and revisions: parrot (behind an endpoint)");
    expect(read("critic/constitution.yaml")).toContain("principles:");
    // another critic is another run
    const other = words("revise", model.name, "critic", "--critic", model.name, "--rounds", "2");
    expect(expectStatus(await covenant(other, folder), 2).stderr).toContain("critic:");
  });
});

const now = { "retry-after": "0" };
const faults: readonly Fault[] = [
  { status: 429, text: '{"error": {"message": "slow down"}}', headers: now },
  "reset",
  { status: 503, text: "<html>busy</html>", headers: now },
  "half",
  { status: 200, text: '{"ok": true}' },
  { status: 500, text: '{"error": {"message": "not now"}}', headers: now },
];

describe("revise over a network that fails", () => {
  it("has the records of a server that never does, each once, and counts what failed", async () => {
    const good = await serve();
    const rounds = ["--rounds", "2", "--concurrency", "4"];
    expectStatus(await covenant(words("revise", good.name, "whole", ...rounds), folder), 0);
    let failed = 0;
    const fault = (before: number): Fault | undefined =>
      before % 4 === 2 ? faults[failed++ % faults.length] : undefined;
    const bad = await serve({ fault });
    const patient = ["--set", "endpoint.attempts=20"];
    const ended = await covenant(words("revise", bad.name, "broken", ...rounds, ...patient), folder);
    const { spent } = JSON.parse(expectStatus(ended, 0).stdout) as {
      readonly spent: { readonly calls: number; readonly repeats: number };
    };
    expect(failed).toBeGreaterThan(faults.length);
    expect(spent).toMatchObject({ calls: 8 + 8 * 2 * 2, repeats: failed });
    for (const path of ["answer/answers.jsonl", "revise/revisions.jsonl", "rows/sft.jsonl"])
      expect(read("broken", path).replaceAll(bad.name, good.name)).toBe(read("whole", path));
  });
});

describe("a key", () => {
  it("stands in no file of label and in no recording, where the server says it back", async () => {
    const key = "sk-parrots-repeat-everything";
    const own = join(folder, "keyed");
    mkdirSync(own);
    writeFileSync(join(own, ".env"), `COVENANT_API_KEY=${key}\n`);
    writeFileSync(join(own, "prompts.jsonl"), text);
    const { name } = await serve({ repeatsKey: true });
    const recorded = words("label", name, "out", "--limit", "3", "--set", "record=recorded.jsonl");
    const ended = expectStatus(await covenant(recorded, own), 0);
    const paths = readdirSync(own, { recursive: true, encoding: "utf8" })
      .filter((path) => path !== ".env" && statSync(join(own, path)).isFile())
      .map((path) => join(own, path));
    expect(paths).toContain(join(own, "recorded.jsonl"));
    expect(paths).toContain(join(own, "out/calls/settings.yaml"));
    const written = paths.map((path) => readFileSync(path, "utf8"));
    expect(readFileSync(join(own, "recorded.jsonl"), "utf8")).toContain("Bearer [COVENANT_API_KEY]");
    for (const one of [...written, ended.stdout, ended.stderr]) expect(one).not.toContain(key);
  });

  // What is sent to OpenAI goes to the server of the test; nothing else is changed.
  const { request } = https;
  const sendTo = (port: number): void => {
    https.request = ((options: http.RequestOptions, ...more: []) => {
      if (options.host !== "api.openai.com") throw new Error(`a call to ${options.host}`);
      return http.request({ ...options, host: "127.0.0.1", port, agent: undefined }, ...more);
    }) as typeof https.request;
    syncBuiltinESMExports();
  };
  /** Anthropic's API: turns the first call down with its key, and says the key back in answers. */
  const beAnthropic = (): void => {
    let calls = 0;
    vi.stubGlobal("fetch", async (address: string | URL, { headers, body }: RequestInit) => {
      expect(new URL(address).origin).toBe("https://api.anthropic.com");
      const key = new Headers(headers).get("authorization");
      if (calls++ === 0) {
        const error = { type: "overloaded_error", message: `not now, ${key}` };
        return Response.json({ type: "error", error }, { status: 529, headers: { "retry-after": "0" } });
      }
      const { messages, model } = JSON.parse(String(body)) as Required<Body>;
      const isVote = messages.at(-1)?.content.endsWith("The answer is:");
      const written = writeJson(messages)?.replaceAll('"new ', `"new ${key} `);
      const text = isVote ? "(A)" : (written ?? `I say number ${calls}. ${key}`);
      const content = [{ type: "text", text }];
      const usage = { input_tokens: 10, output_tokens: 3 };
      const message = { id: "x", type: "message", role: "assistant", stop_reason: "end_turn" };
      return Response.json({ ...message, model, content, usage });
    });
  };
  afterEach(() => {
    vi.unstubAllGlobals();
    https.request = request;
    syncBuiltinESMExports();
  });
  const keys = {
    COVENANT_API_KEY: "sk-parrots-repeat-covenant",
    OPENAI_API_KEY: "sk-parrots-repeat-openai",
    ANTHROPIC_API_KEY: "sk-parrots-repeat-anthropic",
  };
  const asking = askingCommands.flatMap((command) =>
    (["COVENANT_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"] as const).map((name) => ({ command, name })),
  );

  it.each(asking)("$name alone is sent by $command, and stands nowhere afterwards", async (one) => {
    const own = join(folder, `${one.command}, ${one.name}`);
    mkdirSync(own);
    writePrompts(own, 3);
    writeFileSync(
      join(own, ".env"),
      Object.entries(keys)
        .map((entry) => `${entry.join("=")}\n`)
        .join(""),
    );
    const key = keys[one.name];
    const server = await serve({
      repeatsKey: true,
      // in what is taken for a new prompt, too
      writes: (messages) => writeJson(messages)?.replaceAll('"new ', `"new ${key} `),
    });
    const isOpenAi = one.name === "OPENAI_API_KEY";
    if (isOpenAi) sendTo(Number(new URL(server.name).port));
    const isAnthropic = one.name === "ANTHROPIC_API_KEY";
    if (isAnthropic) beAnthropic();
    const model = isOpenAi ? "openai:parrot" : isAnthropic ? "anthropic:parrot" : server.name;
    const ended = expectStatus(await covenant(wordsOf(one.command, model, "out"), own), 0);
    expect(server.replies() > 1).toBe(!isAnthropic);
    const paths = readdirSync(join(own, "out"), { recursive: true, encoding: "utf8" })
      .map((path) => join(own, "out", path))
      .filter((path) => statSync(path).isFile());
    const written = [...paths.map((path) => readFileSync(path, "utf8")), ended.stdout, ended.stderr];
    expect(ended.stderr).toContain(`not now, Bearer [${one.name}]`);
    for (const text of written) for (const each of Object.values(keys)) expect(text).not.toContain(each);
  });
});
