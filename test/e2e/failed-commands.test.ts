// What a command says that an endpoint made fail: what the server asks, how often it was asked, which setting changes
// that, how one goes on, and what was spent; and what a dry run says of a folder that such a command left.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { type Fault, serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("failed-commands");
afterAll(remove);
const serve = serveEachTest();

const prompts = Array.from({ length: 3 }, (_, at) => `${JSON.stringify({ prompt: `question {${at}}` })}\n`);
writeFileSync(join(folder, "prompts.jsonl"), prompts.join(""));

const revise = (model: string, out: string, ...more: readonly string[]): string[] => [
  ...["revise", "--model", model, "--prompts", "prompts.jsonl", "--out", out, "--rounds", "1", ...more],
];
const answering =
  (status: number, text: string, headers: Record<string, string> = {}) =>
  (): Fault => ({ status, text, headers });
const once = ["--set", "endpoint.attempts=1"];

describe("a server that answers nothing makes the command end, which says", () => {
  it("how long it asks to wait where that is too long", async () => {
    const server = await serve({ fault: answering(429, "come back later", { "retry-after": "3600" }) });
    const { stderr } = expectStatus(await covenant(revise(server.name, "wait"), folder), 1);
    expect(stderr).toContain("asks to wait 3,600 s, and at most 600 s are waited");
    expect(stderr).toContain("--set endpoint.longestWaitSeconds=3600");
    expect(stderr).toContain("the same command again continues");
  });

  it("how often it was asked, and which settings change that", async () => {
    const busy = await serve({ fault: answering(429, "slow down") });
    const told = expectStatus(await covenant(revise(busy.name, "busy", ...once), folder), 1).stderr;
    expect(told).toContain("attempt 1 of 1 (endpoint.attempts)");
    expect(told).toContain("--concurrency");
    const broken = await serve({ fault: answering(500, "boom") });
    const said = expectStatus(await covenant(revise(broken.name, "broken", ...once), folder), 1).stderr;
    expect(said).toContain("--set endpoint.attempts=2");
    expect(said).not.toContain("--concurrency");
  });

  it("what came in place of JSON", async () => {
    const page = "<html><body>Welcome. Please log in.</body></html>";
    const server = await serve({ fault: answering(200, page, { "content-type": "text/html" }) });
    const { stderr } = expectStatus(await covenant(revise(server.name, "page", ...once), folder), 1);
    expect(stderr).toContain(`content type text/html; it begins ${JSON.stringify(page)}`);
    expect(stderr).toContain("usually ends in /v1");
  });

  it("that it is no matter of the prompt where it turns everything down", async () => {
    const server = await serve({ fault: answering(400, "something is odd") });
    const { stderr } = expectStatus(await covenant(revise(server.name, "odd"), folder), 1);
    expect(stderr).toContain("no matter of the prompt");
    expect(stderr).toContain("What was finished is kept");
    expect(stderr).not.toContain("--verbose");
  });
});

describe("replies that are all", () => {
  const choice = (content: string, reason: string): string =>
    JSON.stringify({ choices: [{ message: { content }, finish_reason: reason }] });
  it.each([
    ["refused", choice("", "content_filter"), "filter"],
    ["empty", choice("", "stop"), "chat template"],
  ])("%s end the command with what fits, and with --fresh", async (out, text, advice) => {
    const server = await serve({ fault: answering(200, text, { "content-type": "application/json" }) });
    const command = revise(server.name, out);
    const { stderr } = expectStatus(await covenant(command, folder), 1);
    expect(stderr).toContain("gave no usable reply to any of 3 requests");
    expect(stderr).toContain(advice);
    expect(stderr).not.toContain("sampling.maxTokens");
    expect(stderr).toContain("--fresh begins anew");
  });
});

describe("what was spent", () => {
  const prices = ["--set", "prices.parrot.input=1000000", "--set", "prices.parrot.output=1000000"];

  it("is told of a command that failed, with those that went before it", async () => {
    const server = await serve({
      fault: (before) => (before > 1 ? { status: 500, text: "boom" } : undefined),
    });
    const command = revise(server.name, "spent", ...once, ...prices, "--concurrency", "1", "--json");
    const { stdout, stderr } = expectStatus(await covenant(command, folder), 1);
    expect(stderr).toMatch(
      /continues\.\nAsked of models: \d calls, \d of them without an answer; .*; \$26\.00\.\n$/,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "model-status" },
      spent: { calls: 2, promptTokens: 20, completionTokens: 6, money: 26 },
    });
  });

  it("is what running stages told of tokens, those of calls without an answer among them", async () => {
    const server = await serve({ fault: (before) => (before > 1 ? { status: 200, text: "{" } : undefined) });
    const command = revise(server.name, "tokens", ...once, "--concurrency", "1", "--json");
    const { stdout } = expectStatus(await covenant(command, folder), 1);
    const { spent } = JSON.parse(stdout) as { spent: { promptTokens: number; completionTokens: number } };
    const used = (
      readFileSync(join(folder, "tokens/events.jsonl"), "utf8").match(/.*"stage-usage".*/g) ?? []
    ).map((line) => JSON.parse(line) as { promptTokens: number; completionTokens: number });
    for (const key of ["promptTokens", "completionTokens"] as const)
      expect(used.reduce((sum, event) => sum + event[key], 0)).toBe(spent[key]);
    expect(spent.completionTokens).toBeGreaterThan(6);
  });

  it("is not told of a run that another command made in the folder", async () => {
    const server = await serve();
    expectStatus(await covenant(revise(server.name, "other"), folder), 0);
    const other = expectStatus(
      await covenant(revise(server.name, "other", "--seed", "2", "--json"), folder),
      2,
    );
    expect(JSON.parse(other.stdout)).not.toHaveProperty("spent");
    expect(other.stderr).not.toContain("Asked of models");
  });
});

it("a run that is whole and gave no rows is a document beside the error", async () => {
  const server = await serve({ writes: (messages) => (messages.length > 1 ? "" : undefined) });
  const { stdout } = expectStatus(await covenant(revise(server.name, "rowless", "--json"), folder), 1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: "rows-none" },
    folder: join(folder, "rowless"),
    trainingRows: 0,
    leftOut: { empty: 3 },
    chains: 3,
    finishes: { answers: { stop: 3 }, revisions: { empty: 3 } },
    spent: { repeats: 0 },
  });
});

it("a dry run says that the folder holds the run, what it took, and that the figures are for the whole", async () => {
  let isDown = true;
  const server = await serve({
    fault: (before) => (isDown && before > 1 ? { status: 500, text: "boom" } : undefined),
  });
  const command = revise(server.name, "dry", ...once, "--concurrency", "1");
  const planned = async (...more: readonly string[]) =>
    expectStatus(await covenant([...command, "--dry-run", ...more], folder), 0).stdout;
  const fresh = await planned();
  expect(fresh).not.toContain("holds this run");
  expectStatus(await covenant(command, folder), 1);
  expect(await planned()).toMatch(
    /dry holds this run, begun: the command goes on with it\. The figures are for the whole of it; so far it took [\d.]+ s, \d calls, 26 tokens\./,
  );
  isDown = false;
  expectStatus(await covenant(command, folder), 0);
  expect(await planned()).toContain("finished: the command makes nothing again");
  expect(await planned("--fresh")).toBe(fresh);
});

it("a recording of a run that goes on holds nothing twice, and after a second run a replay gives that one", async () => {
  let [isDown, tag] = [true, "one"];
  const server = await serve({
    fault: (before) => (isDown && before > 1 ? { status: 500, text: "boom" } : undefined),
    writes: (messages) => `${tag} on ${messages.length}`,
  });
  const record = ["--set", "record=rec.jsonl"];
  const command = (out: string) => revise(server.name, out, ...once, "--concurrency", "1", ...record);
  expectStatus(await covenant(command("first"), folder), 1);
  isDown = false;
  expectStatus(await covenant(command("first"), folder), 0);
  const lines = () => readFileSync(join(folder, "rec.jsonl"), "utf8").trim().split("\n");
  expect(new Set(lines()).size).toBe(9);
  expect(lines()).toHaveLength(9);
  tag = "two";
  expectStatus(await covenant(command("second"), folder), 0);
  expect(lines().length).toBeGreaterThan(9);
  expectStatus(await covenant(revise("replay:rec.jsonl", "replayed"), folder), 0);
  const rows = (out: string) => readFileSync(join(folder, out, "rows/sft.jsonl"), "utf8");
  expect(rows("replayed")).toBe(rows("second"));
  expect(rows("second")).toContain("two on");
});
