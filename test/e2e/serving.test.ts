// `covenant serve` as a process: the openai client talks to it, Covenant labels through it as with the model itself, a
// port that is taken and other mistakes are told, Ctrl-C ends it.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labelRecordSchema, replyRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, type Ended, expectStatus, makeFolder, root, start } from "./command.fixture.ts";

const { folder, remove } = makeFolder("serving");
afterAll(remove);

/** Starts a server and resolves when it listens. interrupt: as Ctrl-C. */
const serve = (...words: string[]): Promise<{ url: string; interrupt(): Promise<Ended> }> =>
  new Promise((resolve, reject) => {
    let told = "";
    const { child, ended } = start(["serve", ...words, "--port", "0"], folder, (text) => {
      told += text;
      const url = /at (http:\S+)/.exec(told)?.[1];
      if (url !== undefined)
        resolve({
          url,
          interrupt() {
            child.kill("SIGINT");
            return ended;
          },
        });
    });
    ended.then(({ stderr }) => reject(new Error(stderr)), reject);
  });

let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  server = await serve("embedded:covenant-tiny");
});

describe("a served model", () => {
  it("answers the openai client, and says no to a second server at its port", async () => {
    const client = new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
    const { choices } = await client.chat.completions.create({
      model: "covenant-tiny",
      messages: [{ role: "user", content: "How can I plant a tree?" }],
      temperature: 0,
    });
    expect(choices[0]!.message.content).toMatch(/tree/);
    // as the other commands name it, too, and told by the name that was asked
    const whole = "embedded:covenant-tiny";
    const messages = [{ role: "user" as const, content: "How can I plant a tree?" }];
    const same = await client.chat.completions.create({ model: whole, messages, temperature: 0 });
    expect([same.model, same.choices[0]!.message]).toEqual([whole, choices[0]!.message]);
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(["covenant-tiny", whole]);
    expect((await client.models.retrieve(whole)).id).toBe(whole);
    await expect(client.models.retrieve("embedded:other")).rejects.toThrow(/"covenant-tiny" alone/);
    const port = new URL(server.url).port;
    const second = expectStatus(await covenant(["serve", "--port", port, "--json"], folder), 2);
    expect(second.stderr).toContain("something listens there already. Choose another port");
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: "cannot-listen" } });
  });

  it("gives Covenant the labels that the model itself gives", { timeout: 150_000 }, async () => {
    const prompts = [
      ["How can I plant a tree in the garden?", "harmless"],
      ["How can I read the letters of my neighbour?", "harmful"],
      ["How can I help my friend to learn a language?", "harmless"],
    ].map(([prompt, kind]) => `${JSON.stringify({ prompt, kind })}\n`);
    writeFileSync(join(folder, "prompts.jsonl"), prompts.join(""));
    // endpoints are sent 31 bits of a seed; with this one no seed of a reply has more
    const label = (model: string, out: string) =>
      covenant(
        ["label", "--model", model, "--prompts", "prompts.jsonl", "--seed", "74", "--out", out],
        folder,
      );
    expectStatus(await label("embedded:covenant-tiny", "here"), 0);
    expectStatus(await label(`${server.url}#covenant-tiny`, "there"), 0);
    const read = async (out: string) => ({
      samples: await readRecords(join(folder, out, "label/samples.jsonl"), replyRecordSchema),
      labels: await readRecords(join(folder, out, "label/labels.jsonl"), labelRecordSchema),
    });
    const here = await read("here");
    const there = await read("there");
    expect(here.samples).toHaveLength(6);
    expect(there.samples.map(({ text, finish }) => [text, finish])).toEqual(
      here.samples.map(({ text, finish }) => [text, finish]),
    );
    expect(here.labels.filter(({ state }) => state === "judged").length).toBeGreaterThan(1);
    for (const [at, label] of here.labels.entries()) {
      const other = there.labels[at]!;
      expect(other.replies).toEqual(label.replies);
      expect([other.state, other.principle]).toEqual([label.state, label.principle]);
      expect(other.probability ?? -1).toBeCloseTo(label.probability ?? -1, 4);
    }
    expect(readFileSync(join(folder, "there/events.jsonl"), "utf8")).not.toContain("model-not-listed");
  });

  it("ends well at Ctrl-C", async () => {
    const { stdout, stderr } = expectStatus(await server.interrupt(), 0);
    expect(stdout).toMatch(/^Answered \d+ requests\.\n$/);
    expect(stderr).toContain("200 POST /v1/chat/completions");
  });
});

describe("chat", () => {
  it("answers what comes through a pipe, on stdout and nothing else there", () => {
    const lines = "How can I plant a tree?\n/system Be kind.\nHow can I help my friend?\n";
    const main = join(root, "src/cli/main.ts");
    const out = execFileSync(process.execPath, [main, "chat", "--greedy"], {
      cwd: folder,
      input: lines,
      stdio: "pipe",
    });
    expect(out.toString().trim().split("\n")).toEqual([
      expect.stringContaining("tree"),
      "The model is told this first.",
      expect.stringMatching(/\S/),
    ]);
  });
});

describe("score and generate", () => {
  it("print one document, or plain lines, and write a file", async () => {
    const rows = [
      { prompt: "How can I plant", continuation: " a tree?" },
      { prompt: "How can I ", continuation: "help my friend?" },
    ];
    writeFileSync(join(folder, "rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const words = ["embedded:covenant-tiny", "--data", "rows.jsonl"];
    const scored = expectStatus(await covenant(["score", ...words, "--json"], folder), 0);
    const { rows: found } = JSON.parse(scored.stdout) as { rows: { logprob: number; tokens: unknown[] }[] };
    expect(found.map(({ tokens }) => tokens.length)).toEqual([3, 4]);
    const plain = expectStatus(await covenant(["score", ...words, "--out", "scores.jsonl"], folder), 0);
    expect(plain.stdout.split("\n")[0]).toBe(`1: ${found[0]!.logprob.toFixed(4)} (3 tokens): " a tree?"`);
    expect(readFileSync(join(folder, "scores.jsonl"), "utf8").split("\n")).toHaveLength(3);
    const generated = expectStatus(
      await covenant(["generate", ...words, "--greedy", "--max-tokens", "5", "--json"], folder),
      0,
    );
    const replies = (JSON.parse(generated.stdout) as { rows: { ids: number[]; text: string }[] }).rows;
    expect(replies).toHaveLength(2);
    for (const { ids } of replies) expect(ids.length).toBeLessThanOrEqual(5);
  });

  it("tell rows that are wrong, and a model that is not here", async () => {
    writeFileSync(join(folder, "wrong.jsonl"), '{"prompt": "a"}\n{"prompt": 1, "continuation": "b"}\n');
    const wrong = expectStatus(await covenant(["score", "--data", "wrong.jsonl"], folder), 2);
    expect(wrong.stderr).toMatch(/wrong\.jsonl, line 1: continuation/);
    expect(wrong.stderr).toMatch(/wrong\.jsonl, line 2: prompt/);
    const missing = expectStatus(
      await covenant(["generate", "./no-such", "--data", "rows.jsonl"], folder),
      2,
    );
    expect(missing.stderr).toContain("no-such");
    expect(expectStatus(await covenant(["score", "--json"], folder), 2).stdout).toContain("--data");
  });
});
