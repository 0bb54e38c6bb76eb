// `covenant revise` and `covenant label` through an address: what they count and say, and how they go on after a
// server that stopped, a model that is not there, conversations that are too long, and judges without log-probabilities.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { labelRecordSchema, replyRecordSchema, revisionRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("endpoint");
afterAll(remove);

const serve = serveEachTest();

const dialogue = (text: string, reply: string): string =>
  `\n\nHuman: ${text}\n\nAssistant: Go on.\n\nHuman: So: ${text}?\n\nAssistant: ${reply}`;
const rows = Array.from({ length: 12 }, (_, index) => {
  const text = index === 3 ? "long ".repeat(200) : `question {${index}}`;
  return { chosen: dialogue(text, "Yes."), rejected: dialogue(text, "No.") };
});
const lines = [...rows, rows[0]].map((row) => `${JSON.stringify(row)}\n`);
writeFileSync(join(folder, "hh.jsonl.gz"), gzipSync(lines.join("")));

const once = ["--set", "endpoint.attempts=1"];
const words = (command: string, model: string, out: string, ...more: readonly string[]): string[] => [
  ...[command, "--model", model, "--prompts", "hh.jsonl.gz", "--out", out, "--concurrency", "2"],
  ...(command === "revise" && !more.includes("--rounds") ? ["--rounds", "2"] : []),
  ...more,
];
const revisions = (out: string) =>
  readRecords(join(folder, out, "revise/revisions.jsonl"), revisionRecordSchema);
const bytes = (out: string, path: string): string => readFileSync(join(folder, out, path), "utf8");

describe("revise", () => {
  it("takes preference rows, counts what it asked, and leaves out what is too long for the model", async () => {
    const { name, replies } = await serve({ context: 1000 });
    const ended = expectStatus(await covenant(words("revise", name, "long", "--json"), folder), 0);
    const document = JSON.parse(ended.stdout) as Record<string, unknown>;
    expect(document).toMatchObject({
      prompts: 12,
      chains: 11,
      finishes: {
        answers: { stop: 11, overflow: 1, length: 0, refusal: 0, empty: 0 },
        revisions: { stop: 22, overflow: 0 },
      },
      spent: { calls: 12 + 44, repeats: 0, promptTokens: 550, completionTokens: 165 },
    });
    expect(replies()).toBe(55);
    expect(ended.stderr).toContain("1 row says the same as an earlier one");
    expect(ended.stderr).toContain("1 of 12 prompts has no answer to revise");
    const again = expectStatus(await covenant(words("revise", name, "long"), folder), 0);
    expect(again.stdout).toContain(
      "Left out of revision: 1 of 12 answers (1 too long for the model's context).",
    );
    const [chain] = await revisions("long");
    expect(chain?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(chain?.messages.at(-1)?.content).toBe("So: question {0}?");
  });

  it("stops with a message when the server stops, and goes on where it was when it is back", async () => {
    const server = await serve();
    const whole = words("revise", server.name, "whole", ...once, "--rounds", "1");
    expectStatus(await covenant(whole, folder), 0);
    const all = server.replies();
    const broken = words("revise", server.name, "broken", ...once, "--rounds", "1");
    const stopped = server.stopAfter(30);
    const ended = expectStatus(await covenant(broken, folder), 1);
    await stopped;
    expect(ended.stderr).toMatch(/Cannot reach|connection failed|broke off/);
    expect(ended.stderr).toContain("the same command again continues");
    const before = bytes("broken", "revise/revisions.jsonl");
    expect(before.split("\n").length).toBeGreaterThan(1);
    const asked = server.replies() - all;
    await server.start();
    expectStatus(await covenant(broken, folder), 0);
    expect(bytes("broken", "revise/revisions.jsonl")).toBe(bytes("whole", "revise/revisions.jsonl"));
    expect(bytes("broken", "revise/revisions.jsonl").startsWith(before)).toBe(true);
    // What was answered before is not asked again; what was cut on its way (two calls at most) is.
    const inAll = server.replies() - all;
    expect(inAll - asked).toBeLessThan(20);
    expect(inAll).toBeGreaterThanOrEqual(all);
    expect(inAll).toBeLessThanOrEqual(all + 2);
  });

  it("tells of a model that is not listed, and of nobody at an address", async () => {
    const { name } = await serve();
    const other = await covenant(
      words("revise", name.replace("parrot", "parott"), "other", "--limit", "1"),
      folder,
    );
    const told = expectStatus(other, 0).stderr.split('does not list the model "parott"; it lists parrot');
    expect(told).toHaveLength(2);
    const closed = await serve();
    await closed.stop();
    const nobody = await covenant(words("revise", closed.name, "nobody", ...once), folder);
    expect(expectStatus(nobody, 1).stderr).toContain("(ECONNREFUSED)");
    const path = await covenant(words("revise", name.replace("/v1", ""), "path", ...once), folder);
    expect(expectStatus(path, 2).stderr).toContain("usually ends in /v1");
  });

  it("keeps a key out of everything that it writes, where the server says it back", async () => {
    const key = "sk-parrots-repeat-everything";
    const { name } = await serve({ repeatsKey: true });
    const own = join(folder, "keyed");
    mkdirSync(own);
    writeFileSync(join(own, ".env"), `COVENANT_API_KEY=${key}\n`);
    writeFileSync(join(own, "hh.jsonl.gz"), readFileSync(join(folder, "hh.jsonl.gz")));
    const ended = expectStatus(await covenant(words("revise", name, "out", "--limit", "2"), own), 0);
    expect(ended.stderr).toContain("not now, Bearer [COVENANT_API_KEY]");
    expect(ended.stdout).toContain("Bearer [COVENANT_API_KEY]");
    const paths = readdirSync(join(own, "out"), { recursive: true, encoding: "utf8" })
      .map((path) => join(own, "out", path))
      .filter((path) => statSync(path).isFile());
    const written = paths.map((path) => readFileSync(path, "utf8"));
    expect(written.join("")).toContain("Bearer [COVENANT_API_KEY]");
    for (const text of [...written, ended.stdout, ended.stderr]) expect(text).not.toContain(key);
  });

  it("plans with the prompts of the file, and asks nothing", async () => {
    const { name, replies } = await serve();
    const plan = async (...more: string[]) => {
      const ended = await covenant(words("revise", name, "planned", "--dry-run", "--json", ...more), folder);
      return JSON.parse(expectStatus(ended, 0).stdout) as { steps: { calls: number; tokens: number }[] };
    };
    const all = await plan();
    expect(all.steps.map(({ calls }) => calls)).toEqual([12, 48]);
    const few = await plan("--limit", "3", "--max-tokens", "10");
    expect(few.steps.map(({ calls }) => calls)).toEqual([3, 12]);
    expect(few.steps[0]?.tokens).toBeLessThan(all.steps[0]?.tokens ?? 0);
    const told = async (command: string, ...more: string[]) =>
      expectStatus(await covenant(words(command, name, "planned", "--dry-run", ...more), folder), 0).stdout;
    const calls = ["--set", "budget.calls=59", "--set", "budget.tokens=9000000"];
    for (const command of ["revise", "label"]) {
      expect(await told(command)).toContain("Warning: 1 row says the same as an earlier one in hh.jsonl.gz");
      expect(await told(command)).not.toContain("budget");
    }
    expect(await told("revise", ...calls)).toMatch(
      /Warning: The budget of 59 calls is less than the 60 that this takes at most, so it may stop on the way\./,
    );
    expect(await told("revise", "--set", "budget.calls=60")).not.toContain("budget");
    writeFileSync(join(folder, "dear.yaml"), `prices: {"${name}": {input: 1000, output: 10000}}\n`);
    const priced = await told("label", "--config", "dear.yaml", "--budget", "0.5");
    expect(priced).toMatch(/The budget of \$0\.5000 is less than the \$\d+\.\d\d that this takes at most/);
    expect(replies()).toBe(0);
  });
});

describe("calls", () => {
  const prices = (name: string, more = ""): string => {
    writeFileSync(join(folder, "prices.yaml"), `prices: {"${name}": {input: 1000, output: 10000}}\n${more}`);
    return "prices.yaml";
  };

  it("are paid once and held to a budget, and a larger one goes on", async () => {
    const server = await serve();
    const run = (...more: readonly string[]) =>
      covenant(
        words("revise", server.name, "budget", "--rounds", "1", "--config", prices(server.name), ...more),
        folder,
      );
    // Each call: 10 tokens read and 3 written, four cents.
    const stopped = expectStatus(await run("--budget", "0.5"), 2);
    expect(stopped.stderr).toMatch(
      /budget of \$0\.5000 leaves nothing for another call .*budget\.money continues/s,
    );
    expect(server.replies()).toBe(12);
    const ended = expectStatus(await run("--budget", "50", "--json"), 0);
    expect(server.replies()).toBe(12 + 24);
    const { spent } = JSON.parse(ended.stdout) as { spent: { calls: number; money: number } };
    expect(spent.money).toBeCloseTo(36 * 0.04, 6);
    // A line when a call is sent, and one when it has ended.
    const ledger = bytes("budget", "calls/ledger.jsonl").trim().split("\n");
    expect(ledger).toHaveLength(2 * 36);
    const planned = JSON.parse(expectStatus(await run("--dry-run", "--json"), 0).stdout) as {
      dollars: number;
    };
    expect(planned.dollars).toBeGreaterThan(1);
  });

  it("of a model without a price are refused where money is to be held to a budget", async () => {
    const { name, replies } = await serve();
    const ended = expectStatus(
      await covenant(words("revise", name, "priceless", "--budget", "1"), folder),
      2,
    );
    expect(ended.stderr).toContain(`nothing says what "${name}" costs`);
    expect(replies()).toBe(0);
  });

  it("over a pool, recorded, are replayed to the same records without a server", async () => {
    const servers = [await serve(), await serve()];
    const pool = servers.map(({ name }) => name).join("|");
    expectStatus(await covenant(words("revise", pool, "pooled", "--set", "record=calls.jsonl"), folder), 0);
    for (const { replies } of servers) expect(replies()).toBeGreaterThan(0);
    expectStatus(await covenant(words("revise", "replay:calls.jsonl", "replayed"), folder), 0);
    const told = (out: string) => bytes(out, "revise/revisions.jsonl");
    expect(told("replayed")).toBe(told("pooled"));
    const other = words("revise", "replay:calls.jsonl", "other-seed", "--seed", "7");
    expect(expectStatus(await covenant(other, folder), 2).stderr).toContain(
      "holds no answer to what is asked",
    );
  });
});

describe("a request that the server rejects", () => {
  const marked = (text: string) => (content: string) => content.includes(text);

  it("costs its prompt alone, the first as any other, and is counted, told and in the records", async () => {
    for (const bad of ["question {0}", "question {7}"]) {
      const { name } = await serve({ rejects: marked(bad) });
      const out = `rejected-${bad.at(-2)}`;
      const ended = expectStatus(await covenant(words("revise", name, out, "--json"), folder), 0);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        chains: 11,
        finishes: { answers: { stop: 11, rejected: 1 } },
      });
      expect(ended.stderr).toContain("Conversation roles must alternate");
      const answers = await readRecords(join(folder, out, "answer/answers.jsonl"), replyRecordSchema);
      const found = answers.filter(({ finish }) => finish === "rejected");
      expect(found).toEqual([expect.objectContaining({ text: "" })]);
      const told = expectStatus(await covenant(words("revise", name, out), folder), 0);
      expect(told.stdout).toContain("Left out of revision: 1 of 12 answers (1 rejected by the server).");
    }
  });

  it("is no label where it is the judge's", async () => {
    const { name, asked } = await serve();
    const judge = await serve({ rejects: (content) => content.includes("question {5}") });
    const out = words("label", name, "judge-rejects", "--set", `judge=${judge.name}`);
    const first = expectStatus(await covenant([...out, "--json"], folder), 0);
    // One trial; both orders of 11 comparisons; of the twelfth both orders rejected, each with the "Hello." that tells why.
    expect(judge.asked()).toHaveLength(1 + 22 + 2 * 2);
    const calls = asked().length + judge.asked().length;
    expect(JSON.parse(first.stdout)).toMatchObject({ spent: { calls: calls - 2, repeats: 2 } });
    expect(expectStatus(await covenant(out, folder), 0).stdout).toMatch(
      /Left out of the rows: 1 rejected by the judge's server/,
    );
    const labels = await readRecords(join(folder, "judge-rejects/label/labels.jsonl"), labelRecordSchema);
    const unscored = labels.filter(({ state }) => state === "unscored");
    expect(unscored).toEqual([expect.objectContaining({ reason: "rejected", probability: null })]);
  });

  it("stops the run where five prompts in a row are, naming them; the same command goes on when the server is mended", async () => {
    let broken = true;
    const rejects = (content: string) => broken && /question \{[5-9]\}/.test(content);
    const { name } = await serve({ rejects });
    const run = () => covenant(words("revise", name, "in-row", "--rounds", "1"), folder);
    const stopped = expectStatus(await run(), 1);
    const [, ids = ""] = /of 5 prompts in a row, as it said above: ([^.]*)\./.exec(stopped.stderr) ?? [];
    expect(ids.split(", ")).toHaveLength(5);
    const prompts = bytes("in-row", "prompts/prompts.jsonl");
    for (const id of ids.split(", ")) expect(prompts).toContain(`"id":"${id}"`);
    expect(bytes("in-row", "answer/answers.jsonl").trim().split("\n")).toHaveLength(5);
    broken = false;
    expectStatus(await run(), 0);
    const answers = await readRecords(join(folder, "in-row/answer/answers.jsonl"), replyRecordSchema);
    expect(answers.map(({ finish }) => finish)).toEqual(Array(12).fill("stop"));
  });

  it("ends the command as before where all of them are", async () => {
    const { name } = await serve({ rejects: () => true });
    const ended = expectStatus(await covenant(words("revise", name, "all-rejected"), folder), 1);
    expect(ended.stderr).toContain("answered with status 400: Conversation roles must alternate");
  });
});

describe("label", () => {
  it("labels in both orders from the server's log-probabilities", async () => {
    const { name } = await serve();
    const ended = expectStatus(await covenant(words("label", name, "labels", "--json"), folder), 0);
    const document = JSON.parse(ended.stdout) as Record<string, unknown>;
    expect(document).toMatchObject({ prompts: 12, judged: 12, identical: 0, missing: 0, undecided: 0 });
    expect(document["rows"]).toBe(12);
    // How the judge is to be asked takes one call; then two samples of 12 prompts, and both orders of 12 pairs.
    expect(document["spent"]).toMatchObject({ calls: 1 + 24 + 24 });
    const labels = await readRecords(join(folder, "labels/label/labels.jsonl"), labelRecordSchema);
    expect(labels).toHaveLength(12);
    for (const { probability, orders } of labels) {
      expect(probability).toBeCloseTo(((orders?.[0] ?? 0) + (orders?.[1] ?? 0)) / 2, 12);
      for (const one of orders ?? []) expect(one).toBeGreaterThan(0.09);
    }
  });

  it("leaves out what is too long for the judge, by name and number", async () => {
    const { name } = await serve();
    const judge = await serve({ context: 1300 });
    const out = words("label", name, "narrow", "--set", `judge=${judge.name}`);
    const ended = expectStatus(await covenant(out, folder), 0);
    expect(ended.stdout).toMatch(/Left out of the rows: .*1 too long for the judge's context/);
    const labels = await readRecords(join(folder, "narrow/label/labels.jsonl"), labelRecordSchema);
    expect(labels.map(({ reason }) => reason).filter((reason) => reason !== undefined)).toEqual(["overflow"]);
  });

  it("says that a judge gives no log-probabilities before it samples anything", async () => {
    const { name } = await serve();
    const judge = await serve({ scores: false });
    const out = words("label", name, "mute", "--set", `judge=${judge.name}`, "--method", "choice");
    const ended = await covenant(out, folder);
    expect(expectStatus(ended, 2).stderr).toContain("gives no log-probabilities");
    const samples = await readRecords(join(folder, "mute/label/samples.jsonl"), replyRecordSchema);
    expect(samples).toEqual([]);
  });

  it("reads a judge that answers with a bare letter", async () => {
    const { name } = await serve();
    const judge = await serve({ says: ["\n", "."] });
    const out = words("label", name, "bare", "--set", `judge=${judge.name}`, "--json");
    expect(JSON.parse(expectStatus(await covenant(out, folder), 0).stdout)).toMatchObject({
      method: "choice",
      judged: 12,
    });
  });

  it("finds out before it samples anything that a judge names no letter", async () => {
    const { name, replies } = await serve();
    const judge = await serve({ says: ["I cannot choose between (", ") and"] });
    const out = (folder: string, ...more: string[]) =>
      words("label", name, folder, "--set", `judge=${judge.name}`, ...more);
    const refused = await covenant(out("prose", "--method", "choice"), folder);
    expect(expectStatus(refused, 2).stderr).toContain(
      "gives no log-probabilities of (A) and (B) that can be read",
    );
    expect(replies()).toBe(0);
    const voted = await covenant(out("prose-votes"), folder);
    expect(voted.stderr).toContain("that can be read: it votes");
  });

  it("counts votes of a judge that gives no log-probabilities, and says so", async () => {
    const { name } = await serve();
    const judge = await serve({ scores: false });
    const out = words(
      "label",
      name,
      "voted",
      "--set",
      `judge=${judge.name}`,
      "--set",
      "label.votes=4",
      "--json",
    );
    const ended = expectStatus(await covenant(out, folder), 0);
    expect(ended.stderr).toContain(
      "gives no log-probabilities of (A) and (B) that can be read: it votes 4 times in each order",
    );
    const document = JSON.parse(ended.stdout) as { votes: { given: number; lost: { neither: number } } };
    expect(document).toMatchObject({ method: "votes", chains: null, clamp: null });
    expect(document.votes.given + document.votes.lost.neither).toBe(12 * 2 * 4);
    const labels = await readRecords(join(folder, "voted/label/labels.jsonl"), labelRecordSchema);
    for (const { method, usage, judgements } of labels) {
      expect(method).toBe("votes");
      expect(usage).toEqual({ promptTokens: 80, completionTokens: 24 });
      expect(judgements?.[0]?.votes).toHaveLength(2);
    }
  });

  it("counts votes of a judge that takes no temperature but its own, and says so once", async () => {
    const { name } = await serve();
    const heats = new Set<number | undefined>();
    const judge = await serve({
      ...{ thinks: true, scores: false },
      onCall: ({ temperature }) => heats.add(temperature),
    });
    const asked = ["--set", `judge=${judge.name}`, "--set", "label.judgeTemperature=0.5", "--json"];
    const short = await covenant(words("label", name, "thought-long", ...asked), folder);
    expect(expectStatus(short, 1).stderr).toMatch(/\(12 cut before a letter\).*raise label\.voteTokens/);
    const more = ["--set", "label.voteTokens=100"];
    const ended = expectStatus(
      await covenant(words("label", name, "thinking", ...asked, ...more), folder),
      0,
    );
    expect(ended.stderr).toContain("gives no log-probabilities of (A) and (B) that can be read: it votes");
    expect(ended.stderr.split('takes no "temperature"')).toHaveLength(2);
    const document = JSON.parse(ended.stdout) as { judged: number };
    expect(document).toMatchObject({ method: "votes" });
    expect(document.judged).toBeGreaterThan(0);
    expect(heats).toEqual(new Set([0, undefined]));
  });
});
