// One account of a run's calls: the closing lines, --json and the ledger say the same after kills, a Ctrl-C waits for
// what is paid already, and no command stands outside of it.

import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { covenant, expectStatus, makeFolder, start } from "./command.fixture.ts";
import { serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("account");
afterAll(remove);
afterEach(() => vi.unstubAllEnvs());

const serve = serveEachTest();

const prompts = Array.from({ length: 8 }, (_, at) => `${JSON.stringify({ prompt: `question {${at}}` })}\n`);
writeFileSync(join(folder, "prompts.jsonl"), prompts.join(""));

/** A dollar a token: 13 a call at the server. */
const pricesOf = (...names: readonly string[]): string => {
  const lines = names.map((name) => `  "${name}": {input: 1000000, output: 1000000}`);
  writeFileSync(join(folder, "prices.yaml"), `prices:\n${lines.join("\n")}\n`);
  return "prices.yaml";
};

const revise = (name: string, out: string, ...more: readonly string[]): string[] => [
  ...["revise", "--model", name, "--prompts", "prompts.jsonl", "--out", out, "--rounds", "1", "--json"],
  ...["--config", pricesOf(name), "--concurrency", "2", "--max-tokens", "20", ...more],
];

type Spent = {
  readonly calls: number;
  readonly repeats: number;
  readonly promptTokens: number;
  readonly money: number;
  readonly estimated?: { readonly calls: number; readonly money: number };
};
const spentOf = (stdout: string): Spent => (JSON.parse(stdout) as { spent: Spent }).spent;

const ledgerOf = (out: string): { readonly state?: string; readonly money: number }[] =>
  readFileSync(join(folder, out, "calls/ledger.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { state?: string; money: number });

describe("the account of a run", () => {
  it("is one after kill -9, with the calls that were on their way by estimate", async () => {
    const server = await serve();
    for (const after of [3, 2]) {
      const held = server.holdAfter(after, 2);
      const { child, ended } = start(revise(server.name, "killed"), folder);
      const { release } = await held;
      child.kill("SIGKILL");
      await ended;
      release();
    }
    const last = expectStatus(await covenant(revise(server.name, "killed"), folder), 0);
    const spent = spentOf(last.stdout);
    expect(spent.calls).toBe(8 + 16);
    expect(spent.repeats).toBe(2 * 2);
    expect(spent.calls + spent.repeats).toBe(server.replies());
    expect(spent.estimated?.calls).toBe(2 * 2);
    expect(spent.money - spent.estimated!.money).toBeCloseTo(24 * 13, 6);
    const ended = ledgerOf("killed").filter(({ state }) => state === undefined);
    expect(ended.reduce((sum, { money }) => sum + money, 0)).toBeCloseTo(spent.money, 6);
    const exported = ["export", "dataset", "killed", "--shape", "chain", "--out", "exported"];
    expectStatus(await covenant(exported, folder), 0);
    const card = readFileSync(join(folder, "exported/README.md"), "utf8");
    expect(card).toContain(`$${spent.money.toFixed(2)}`);
    expect(card).toContain("Estimated: the tokens of 4 calls");
  });

  it("has, after Ctrl-C, the answers that were on their way, which are not asked for again", async () => {
    const server = await serve();
    const held = server.holdAfter(3, 2);
    const { child, ended } = start(revise(server.name, "stopped"), folder);
    const { release } = await held;
    const stopping = new Promise<void>((resolve) => {
      child.stderr?.on("data", (text: Buffer) => {
        if (String(text).includes("Ctrl-C again ends at once")) resolve();
      });
    });
    child.kill("SIGINT");
    await stopping;
    release();
    expectStatus(await ended, 130);
    expect(server.replies()).toBe(5);
    const last = expectStatus(await covenant(revise(server.name, "stopped"), folder), 0);
    expect(server.replies()).toBe(24);
    expect(spentOf(last.stdout)).toMatchObject({ calls: 24, repeats: 0, money: 24 * 13 });
    expect(spentOf(last.stdout).estimated).toBeUndefined();
  });

  it("holds a budget at a server that counts nothing, by estimates, and says so", async () => {
    const server = await serve({ uncounted: true });
    const ended = expectStatus(
      await covenant(revise(server.name, "uncounted", "--budget", "200"), folder),
      2,
    );
    expect(ended.stderr).toContain("tells no token counts");
    expect(ended.stderr).toMatch(/The budget of \$200\.00 leaves nothing .*so far [1-9]/);
    expect(server.replies()).toBeLessThan(12);
    const whole = expectStatus(
      await covenant(revise(server.name, "uncounted", "--budget", "99999"), folder),
      0,
    );
    const spent = spentOf(whole.stdout);
    expect(spent.estimated).toEqual({ calls: 24, money: spent.money });
    expect(spent.promptTokens).toBeGreaterThan(24 * 4);
  });

  it("says what was spent when the calls on their way have ended, and overshoots a small budget by nothing", async () => {
    const server = await serve();
    const words = revise(server.name, "small", "--budget", "45", "--concurrency", "64");
    const ended = expectStatus(await covenant(words, folder), 2);
    expect(ended.stderr).toContain("(so far 3 calls, 39 tokens, $39.00)");
    expect(server.replies()).toBe(3);
  });
});

describe("--resume", () => {
  it("holds to the budget, the prices and the recording that a run was begun with, until others are given", async () => {
    const server = await serve();
    const settings = ["--set", "record=resumed.jsonl", "--set", "cache=off"];
    const first = await covenant(
      revise(server.name, "resumed", "--set", "budget.calls=5", ...settings),
      folder,
    );
    expectStatus(first, 2);
    const resume = ["revise", "--resume", "resumed", "--json"];
    const second = expectStatus(await covenant(resume, folder), 2);
    expect(second.stderr).toContain("The budget of 5 calls");
    expect(server.replies()).toBe(5);
    const third = expectStatus(await covenant([...resume, "--set", "budget.calls=7"], folder), 2);
    expect(third.stderr).toContain("The budget of 7 calls");
    expect(expectStatus(await covenant(resume, folder), 2).stderr).toContain("The budget of 7 calls");
    const lower = expectStatus(await covenant([...resume, "--set", "budget.calls=6"], folder), 2);
    expect(lower.stderr).toContain(
      "The budget of 6 calls is less than what this run has spent already (7 calls, ",
    );
    expect(expectStatus(await covenant(resume, folder), 2).stderr).toContain("The budget of 7 calls leaves");
    expect(server.replies()).toBe(7);
    const last = expectStatus(await covenant([...resume, "--set", "budget.calls=99"], folder), 0);
    expect(spentOf(last.stdout).money).toBe(spentOf(last.stdout).calls * 13);
    const recorded = readFileSync(join(folder, "resumed.jsonl"), "utf8").trim().split("\n");
    expect(recorded).toHaveLength(server.replies());
    expect(readdirSync(join(folder, "resumed/calls"))).toEqual(["ledger.jsonl", "settings.yaml"]);
  });

  it("holds a new part of the budget against what was spent, and not one that calls on their way went beyond", async () => {
    const server = await serve();
    expectStatus(await covenant(revise(server.name, "beyond", "--set", "budget.calls=5"), folder), 2);
    const nothing = { failed: 0, promptTokens: 0, completionTokens: 0, cachedTokens: 0, money: 0 };
    const two = { model: server.name, calls: 2, ...nothing };
    appendFileSync(join(folder, "beyond/calls/ledger.jsonl"), `${JSON.stringify(two)}\n`);
    const resume = (part: string) =>
      covenant(["revise", "--resume", "beyond", "--json", "--set", part], folder);
    const low = expectStatus(await resume("budget.tokens=20"), 2);
    expect(low.stderr).toContain("The budget of 20 tokens is less than what this run has spent already");
    const other = expectStatus(await resume("budget.tokens=99999"), 2);
    expect(other.stderr).toContain("The budget of 5 calls leaves nothing for another call (so far 7 calls, ");
  });
});

describe("--resume", () => {
  it("of a pool asks none of its endpoints again for what one of them answered", async () => {
    const servers = [await serve(), await serve()];
    const pool = servers.map(({ name }) => name).join("|");
    const asked = (): number => servers.reduce((sum, { replies }) => sum + replies(), 0);
    expectStatus(await covenant(revise(pool, "pooled", "--budget", "150"), folder), 2);
    const before = asked();
    expect([before > 0, before < 24]).toEqual([true, true]);
    const resume = ["revise", "--resume", "pooled", "--json", "--budget", "99999"];
    const last = expectStatus(await covenant(resume, folder), 0);
    expect(asked()).toBe(24);
    for (const { replies } of servers) expect(replies()).toBeGreaterThan(0);
    expect(spentOf(last.stdout)).toMatchObject({ calls: 24, repeats: 0, money: 24 * 13 });
    expectStatus(await covenant(resume, folder), 0);
    expect(asked()).toBe(24);
  });

  it("lifts a budget by null, and keeps the home folder as it was written", async () => {
    const server = await serve();
    const home = join(folder, "home");
    vi.stubEnv("HOME", home);
    const words = revise(server.name, "lifted", "--set", "budget.calls=5", "--set", "cache=~/answers");
    expectStatus(await covenant([...words, "--set", "record=~/calls/kept.jsonl"], folder), 2);
    expect(existsSync(join(home, "answers"))).toBe(true);
    const settings = readFileSync(join(folder, "lifted/calls/settings.yaml"), "utf8");
    expect(settings).toContain("cache: ~/answers\n");
    expect(settings).toContain("record: ~/calls/kept.jsonl\n");
    const lift = ["revise", "--resume", "lifted", "--json", "--set", "budget.calls=null"];
    const last = expectStatus(await covenant(lift, folder), 0);
    expect(spentOf(last.stdout).calls).toBe(24);
    expect(readFileSync(join(home, "calls/kept.jsonl"), "utf8").trim().split("\n")).toHaveLength(24);
    expect(readFileSync(join(folder, "lifted/calls/settings.yaml"), "utf8")).toContain("budget: {}");
  });
});

describe("one prompt", () => {
  const one = (model: string, ...more: readonly string[]) => [
    ...["revise", "--prompt", "  two  spaces \n", "--model", model, "--rounds", "1", "--json"],
    ...["--max-tokens", "20", ...more],
  ];

  it("is revised by the critic, unchanged, within the budget, and recorded", async () => {
    const [model, critic] = [await serve(), await serve()];
    const prices = pricesOf(model.name, critic.name);
    const words = one(model.name, "--critic", critic.name, "--config", prices, "--set", "record=one.jsonl");
    const ended = expectStatus(await covenant(words, folder), 0);
    expect([model.replies(), critic.replies()]).toEqual([1, 2]);
    const document = JSON.parse(ended.stdout) as { messages: { content: string }[] };
    expect(document).toMatchObject({ model: model.name, critic: critic.name });
    expect(document.messages[0]?.content).toBe("  two  spaces \n");
    expect(readFileSync(join(folder, "one.jsonl"), "utf8").trim().split("\n")).toHaveLength(3);
    const planned = expectStatus(await covenant([...words, "--dry-run"], folder), 0);
    expect((JSON.parse(planned.stdout) as { dollars: number }).dollars).toBeGreaterThan(3 * 13);
    const stopped = await covenant([...words, "--budget", "30"], folder);
    expect(expectStatus(stopped, 2).stderr).toMatch(
      /The budget of \$30\.00 .*The same command with a larger budget\.money begins anew\./s,
    );
    expect([model.replies(), critic.replies()]).toEqual([2, 3]);
    const priceless = await covenant(one(model.name, "--budget", "30"), folder);
    expect(expectStatus(priceless, 2).stderr).toMatch(
      /nothing says what .* --set 'prices=\{"[^']+":\{"input":1,"output":4\}\}'/,
    );
    const blank = await covenant(one(model.name, "--prompt", " \n"), folder);
    expect(expectStatus(blank, 2).stderr).toContain("not blank");
  });
});

describe("invert", () => {
  it("is held to a budget, and knows its cost beforehand", async () => {
    const server = await serve();
    const principle = (id: string) =>
      `  - {id: ${id}, title: ${id}, critique: Is it ${id}?, revision: Be ${id}., preference: Which is ${id}?}\n`;
    const head = "name: bare\nversion: 1.0.0\ndescription: x\nsource: x\nlicence: CC0-1.0\n";
    writeFileSync(
      join(folder, "bare.yaml"),
      `${head}principles:\n${["kind", "calm"].map(principle).join("")}`,
    );
    const words = ["invert", "./bare.yaml", "--model", server.name, "--out", "opposite.yaml"];
    const priced = [...words, "--config", pricesOf(server.name), "--budget", "20"];
    const ended = expectStatus(await covenant(priced, folder), 2);
    expect(ended.stderr).toContain("The budget of $20.00");
    expect(server.replies()).toBe(1);
    const planned = expectStatus(await covenant([...priced, "--dry-run", "--json"], folder), 0);
    expect(JSON.parse(planned.stdout)).toMatchObject({ steps: [{ calls: 6 }, { calls: 0 }] });
    expect((JSON.parse(planned.stdout) as { dollars: number }).dollars).toBeGreaterThan(6 * 13);
  });
});
