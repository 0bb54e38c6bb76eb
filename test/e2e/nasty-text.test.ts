// Control characters that a model writes: shown to people, whole in documents and files.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/index.ts";
import { systemClock } from "../../src/core/index.ts";
import { recipes } from "../../src/recipes/index.ts";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";

const nasty = "No.\u001b]0;owned\u0007\u001b[2J\u009b2J\rYes.\u007f 👩‍🚀 שלום";
const shown = "No.\\x1b]0;owned\\x07\\x1b[2J\\x9b2J\\rYes.\\x7f 👩‍🚀 שלום";

const { folder, remove } = makeFolder("nasty-text");
beforeAll(() => {
  writeFileSync(join(folder, "nasty.yaml"), JSON.stringify({ rules: [{ reply: nasty }] }));
});
afterAll(remove);

const words = ["revise", "--model", "scripted:nasty.yaml", "--rounds", "1"];

describe("a reply with control characters", () => {
  it("is shown in `revise`, and kept as it is in its records", async () => {
    const { stdout, stderr } = expectStatus(await covenant([...words, "--limit", "1"], folder), 0);
    expect(stdout).toContain(`Answer:    ${shown}`);
    expect(`${stdout}${stderr}`.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    const [record] = readFileSync(join(folder, "runs/revise/answer/answers.jsonl"), "utf8").split("\n");
    expect(JSON.parse(record!)).toMatchObject({ text: nasty });
  });

  it("is shown in `revise --prompt`, and whole in its document", async () => {
    const one = [...words, "--prompt", "May I?"];
    const before = readdirSync(folder, { recursive: true });
    const { stdout } = expectStatus(await covenant(one, folder), 0);
    expect(stdout).toContain(shown);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    const told = expectStatus(await covenant([...one, "--json"], folder), 0);
    expect(JSON.parse(told.stdout)).toMatchObject({ answer: nasty, reply: nasty });
    // nothing of it is kept
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it("is shown in `chat`", async () => {
    let stdout = "";
    const asked = [`/${nasty}`, "/exit"];
    const status = await runCommandLine({
      words: ["chat", join(root, "test/golden/families/gpt2")],
      recipes,
      terminal: {
        out: (text) => {
          stdout += text;
        },
        err: () => undefined,
        isLive: false,
        columns: () => 80,
      },
      environment: {},
      clock: systemClock,
      signal: new AbortController().signal,
      conversation: {
        ask: async () => asked.shift() ?? null,
        interruptible: (work) => work(new AbortController().signal),
      },
    });
    expect(status).toBe(0);
    // what a command is not known by is told back
    expect(stdout).toContain("There is no /No.\\x1b]0;owned\\x07\\x1b[2J\\x9b2J");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});
