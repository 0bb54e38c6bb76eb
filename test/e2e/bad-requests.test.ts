// A prompt that a server cannot or will not answer, in whatever way, costs itself alone; a server that fails everything
// costs no prompt: the command stops, and goes on to the bytes of the unbroken run.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { type Fault, serveEachTest, startChatServer } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("bad-requests");
afterAll(remove);

const serve = serveEachTest();

const bad = "question {5}, the bad one";
const writePrompts = (file: string, count: number): void => {
  const prompts = Array.from({ length: count }, (_, at) => (at === 5 ? bad : `question {${at}}`));
  writeFileSync(join(folder, file), prompts.map((prompt) => `${JSON.stringify({ prompt })}\n`).join(""));
};
writePrompts("twelve.jsonl", 12);
writePrompts("many.jsonl", 40);

const once = ["--set", "endpoint.attempts=1"];
const words = (model: string, prompts: string, out: string): string[] => [
  ...["revise", "--model", model, "--prompts", prompts, "--out", out, "--rounds", "1", "--json", ...once],
  ...["--set", "prices.parrot.input=1000000", "--set", "prices.parrot.output=1000000"],
];
/** A file of a run, whatever its server's address. */
const read = (out: string, path: string): string =>
  readFileSync(join(folder, out, path), "utf8").replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:1");
const answers = "answer/answers.jsonl";
const files = [answers, "revise/revisions.jsonl", "rows/sft.jsonl"];

beforeAll(async () => {
  const good = await startChatServer();
  expectStatus(await covenant(words(good.name, "twelve.jsonl", "whole"), folder), 0);
  expectStatus(await covenant(words(good.name, "many.jsonl", "all"), folder), 0);
  await good.stop();
});

const error = (status: number, text: string): Fault => ({ status, text });
const moderated = { error: { message: "Input was flagged by moderation", code: 403 } };

/** lost: whether a call may have been paid all the same, so that it is estimated. */
type Kind = readonly [
  name: string,
  fault: Fault,
  finish: "rejected" | "refusal",
  lost: boolean,
  told: string,
];
const kinds: readonly Kind[] = [
  ["hangs", "hang", "rejected", true, "gave no reply within 2 s"],
  ["cuts the connection", "reset", "rejected", true, "the connection failed"],
  ["breaks off", "half", "rejected", true, "broke off"],
  ["answers with what is no JSON", error(200, '{"choices":[{"mess'), "rejected", true, "not JSON"],
  ["answers with another JSON", error(200, '{"ok":true}'), "rejected", true, "not a chat completion"],
  [
    "answers with an error of its own",
    error(200, '{"error":"upstream died"}'),
    "rejected",
    false,
    "upstream died",
  ],
  ["answers with a moderation", error(200, JSON.stringify(moderated)), "refusal", false, ""],
  ["fails with 418", error(418, "teapot"), "rejected", false, "status 418: teapot"],
  ["fails with 451", error(451, '{"error":{"message":"By law"}}'), "rejected", false, "status 451: By law"],
  ["fails with 500", error(500, "boom"), "rejected", false, "status 500: boom"],
  ["fails with 502", error(502, "bad gateway"), "rejected", false, "status 502: bad gateway"],
  ["fails with 504", error(504, "late"), "rejected", false, "status 504: late"],
  ["refuses access", error(403, '{"error":{"message":"not this"}}'), "rejected", false, "not this"],
  ["refuses with 403", error(403, '{"error":"Request blocked by safety settings"}'), "refusal", false, ""],
];

describe("one prompt of twelve on which the server", () => {
  it.each(kinds)("%s costs itself alone, once", async (name, fault, finish, isLost, told) => {
    const out = name.replaceAll(" ", "-");
    let calls = 0;
    const server = await serve({
      breaksOn: (content) => (content === bad ? fault : undefined),
      onCall: () => calls++,
    });
    const limited = fault === "hang" ? ["--set", "endpoint.timeoutSeconds=2"] : [];
    const command = [...words(server.name, "twelve.jsonl", out), ...limited];
    const ended = expectStatus(await covenant(command, folder), 0);

    const others = (text: string): string[] => text.split("\n").filter((_, at) => at !== 5);
    const found = read(out, answers);
    expect(others(found)).toEqual(others(read("whole", answers)));
    const records = found
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { finish: string; prompt: string });
    expect(records.map((record) => record.finish)).toEqual(
      records.map((_, at) => (at === 5 ? finish : "stop")),
    );
    expect(new Set(records.map(({ prompt }) => prompt)).size).toBe(12);

    const { finishes, spent } = JSON.parse(ended.stdout) as {
      readonly finishes: { readonly answers: object };
      readonly spent: {
        money: number;
        calls: number;
        repeats: number;
        estimated?: { calls: number; money: number };
      };
    };
    expect(finishes.answers).toMatchObject({ stop: 11, [finish]: 1 });
    if (finish === "rejected") {
      expect(ended.stderr).toContain(told);
      expect(ended.stderr).toContain("Other requests are answered, so this one is left out.");
    }
    expect(ended.stderr).not.toContain("no token counts");
    // Asked twice, with a plain request before the second and behind it; a refusal once. Answers cost 13 dollars each.
    const failed = finish === "refusal" ? 0 : 2;
    const answered = 11 + 11 * 2 + failed;
    expect(server.replies()).toBe(answered);
    expect(spent).toMatchObject({ calls: answered + (finish === "refusal" ? 1 : 0), repeats: failed });
    expect(spent.estimated?.calls ?? 0).toBe(isLost ? failed : 0);
    expect(spent.money - (spent.estimated?.money ?? 0)).toBeCloseTo(answered * 13, 6);

    const asked = calls;
    expectStatus(await covenant(command, folder), 0);
    expect([asked, calls]).toEqual([answered + (finish === "refusal" ? 1 : 2), asked]);
  });
});

describe("a judge that breaks on one prompt", () => {
  it.each([true, false])("leaves its comparison without a label (log-probabilities: %s)", async (scores) => {
    const model = await serve();
    const judge = await serve({
      scores,
      breaksOn: (content) => (content.includes(bad) ? "reset" : undefined),
    });
    const out = `labelled-${scores}`;
    const command = ["label", "--model", model.name, "--judge", judge.name, "--prompts", "twelve.jsonl"];
    expectStatus(await covenant([...command, "--out", out, ...once], folder), 0);
    const labels = read(out, "label/labels.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { reason?: string; usage?: object });
    expect(labels.map(({ reason }) => reason === "rejected")).toEqual(labels.map((_, at) => at === 5));
    const asked = judge.replies();
    expectStatus(await covenant([...command, "--out", out, ...once], folder), 0);
    expect(judge.replies()).toBe(asked);
  });
});

describe("a server that fails everything from some call on, with many on their way,", () => {
  const deaths: readonly (readonly [name: string, fault: Fault, status: number])[] = [
    ["cuts connections", "reset", 1],
    ["breaks off", "half", 1],
    ["answers with what is no JSON", error(200, "<html>"), 1],
    ["answers with errors", error(200, '{"error":{"message":"no backend","code":502}}'), 1],
    ["fails with 500", error(500, "boom"), 1],
    ["fails with 502", error(502, "bad gateway"), 1],
    ["fails with 418", error(418, "teapot"), 1],
    ["refuses access", error(403, "no"), 2],
  ];
  const crowd = ["--concurrency", "16"];

  it.each(deaths)("%s, rejects nothing, and costs no bytes once it is back", async (name, fault, status) => {
    let left = Number.POSITIVE_INFINITY;
    const server = await serve({ fault: () => (left-- > 0 ? undefined : fault) });
    const out = `dead-${name.replaceAll(" ", "-")}`;
    const command = [...words(server.name, "many.jsonl", out), ...crowd];
    left = 60;
    const ended = expectStatus(await covenant(command, folder), status);
    expect(ended.stderr).not.toContain("left out");
    for (const path of files.slice(0, 2)) expect(read(out, path)).not.toContain("rejected");
    left = Number.POSITIVE_INFINITY;
    expectStatus(await covenant(command, folder), 0);
    for (const path of files) expect(read(out, path)).toBe(read("all", path));
  });

  it("is gone, rejects nothing, and costs no bytes once it is back", async () => {
    const server = await serve();
    const command = [...words(server.name, "many.jsonl", "gone"), ...crowd];
    const stopped = server.stopAfter(60);
    const ended = expectStatus(await covenant(command, folder), 1);
    await stopped;
    expect(ended.stderr).toContain("the same command again continues");
    expect(ended.stderr).not.toContain("left out");
    await server.start();
    expectStatus(await covenant(command, folder), 0);
    for (const path of files) expect(read("gone", path)).toBe(read("all", path));
  });
});
