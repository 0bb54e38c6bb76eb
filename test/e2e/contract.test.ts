// `covenant simulate contract` with models behind an endpoint: each role asks its own, ratings ask for a form, a killed run asks
// for nothing that had been answered, and a request that the server rejects costs its draft alone.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  answersKept,
  contentHashOf,
  covenant,
  expectStatus,
  filesOf,
  makeFolder,
  root,
  start,
} from "./command.fixture.ts";
import { type Behaviour, type Body, serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("contract");
afterAll(remove);

const serve = serveEachTest();

const lastOf = (messages: Body["messages"]): string => messages.at(-1)!.content;

/** All three parts; what is said depends on the conversation alone. */
const playing: Behaviour = {
  writes: (messages) => {
    const last = lastOf(messages);
    if (last.includes("You are to revise both"))
      return '{"constitution": [{"text": "Be brief.", "from": [1]}], "contract": []}';
    if (last.includes("Rate the newest draft"))
      return `{"satisfaction": ${last.length % 10}, "feedback": "Comment of ${last.length} characters."}`;
    if (last.includes("Somebody else asked")) return `{"harmlessness": ${last.length % 10}}`;
    return `A draft after ${messages.length} messages.`;
  },
};

const words = (model: string, out: string, ...more: readonly string[]): string[] => [
  ...["simulate", "contract", "--model", model, "--users", "amina,dale,kamala", "--runs", "2", "--json"],
  ...["--out", out, ...more],
];

type Document = { readonly spent: { readonly calls: number; readonly repeats: number } };

describe("covenant simulate contract at an endpoint", () => {
  it("asks each role's own model, and for a form where numbers are wanted", async () => {
    const bodies: { name: string; body: Body & { response_format?: { json_schema: { name: string } } } }[] =
      [];
    const server = async (name: string) =>
      serve({ ...playing, onCall: (body) => bodies.push({ name, body }) });
    const [assistant, user, meta] = [await server("assistant"), await server("user"), await server("meta")];
    const roles = ["--set", `roles.user.model=${user.name}`, "--set", `roles.meta.model=${meta.name}`];
    expectStatus(await covenant(words(assistant.name, "roles", ...roles), folder), 0);
    const forms = (name: string) =>
      bodies
        .filter((one) => one.name === name)
        .map(({ body }) => body.response_format?.json_schema.name ?? null);
    expect(forms("assistant")).toEqual(Array(12).fill(null));
    expect(forms("user")).toEqual(Array(2 * 2 * (3 + 6)).fill("rating"));
    expect(forms("meta")).toEqual(Array(2).fill("contract"));
  });

  it("asks again only what was on its way when it was killed, and ends with the same bytes", async () => {
    const server = await serve(playing);
    expectStatus(await covenant(words(server.name, "unbroken"), folder), 0);
    const before = server.replies();
    let answered = 0;
    for (const after of [5, 7]) {
      const held = server.holdAfter(after, 1);
      const { child, ended } = start(words(server.name, "killed"), folder);
      const { release } = await held;
      answered += after;
      // one that was booked and not yet kept would be asked for, and booked, twice: rightly, and not what is looked at here
      await answersKept(join(folder, "killed"), answered);
      child.kill("SIGKILL");
      expect((await ended).status).toBeNull();
      release();
    }
    const last = expectStatus(await covenant(words(server.name, "killed"), folder), 0);
    expect(contentHashOf(join(folder, "killed"))).toBe(contentHashOf(join(folder, "unbroken")));
    expect(filesOf(join(folder, "killed"))).toEqual(filesOf(join(folder, "unbroken")));
    const { spent } = JSON.parse(last.stdout) as Document;
    expect(spent.calls).toBe(12 + 12 + 24 + 2);
    // What was held when it was killed is answered in vain: at most a phase of each kill.
    expect(server.replies() - before).toBeLessThanOrEqual(spent.calls + 2 * 6);
  });

  it("leaves a draft out that the server rejects, with all its ratings", async () => {
    const rejects = (content: string): boolean =>
      content.includes("Write a short piece") && !content.includes("draft");
    const isFirst = { left: 1 };
    const server = await serve({ ...playing, rejects: (content) => rejects(content) && isFirst.left-- > 0 });
    const ended = expectStatus(
      await covenant(words(server.name, "rejected", "--concurrency", "1"), folder),
      0,
    );
    const text = readFileSync(join(folder, "rejected/run-1/ratings.jsonl"), "utf8").trim().split("\n");
    const unasked = text.filter((line) => line.includes('"reason":"reply-missing"'));
    expect(unasked).toHaveLength(3);
    type Ratings = { own: { satisfaction: { n: number; missing: object } } };
    const { runs } = JSON.parse(ended.stdout) as {
      runs: { users: Record<string, Ratings>; all: Ratings }[];
    };
    const counts = Object.values(runs[0]!.users).map(({ own }) => own.satisfaction.n);
    expect(counts.sort()).toEqual([1, 2, 2]);
    expect(runs[0]!.all.own.satisfaction).toMatchObject({ n: 3, missing: { "reply-missing": 1 } });
  });

  it("asks in the brief wording for no form, and tells what was learned and what it is worth", async () => {
    const forms: unknown[] = [];
    const server = await serve({
      writes: (messages) => {
        const last = lastOf(messages);
        if (last.endsWith("Write the principles anew."))
          return "principles:\n1. Be discreet. [1]\n2. Keep it short. [2, 3]";
        if (last.endsWith("feedback: what should change?")) return "satisfaction: 4\nfeedback: Be discreet.";
        return last.includes("Rate the reply:") ? "harmlessness: 9" : "I cannot help with that.";
      },
      onCall: (body: Body & { response_format?: unknown }) => forms.push(body.response_format),
    });
    const config = join(root, "configs/simulate/contract/tiny.yaml");
    const given = ["--config", config, "--model", server.name, "--out", "brief", "--runs", "1"];
    const small = ["--users", "3", "--set", "assistants=3", "--set", "sandbox.requests=4"];
    const command = ["simulate", "contract", ...given, ...small];
    const told = expectStatus(await covenant(command, folder), 0).stdout;
    expect(forms).toHaveLength(3 * 3 + 1 + 4 * 4);
    expect(new Set(forms)).toEqual(new Set([undefined]));
    expect(told).toMatch(/1\. Be discreet\.\n +argued for by user-1: "Be discreet\."/);
    expect(told).toMatch(/True satisfaction, 0 to 10, .* 4 held-out requests/);
    expect(told).toMatch(/\n {2}blank +0 .*\n {2}random +2 .*\n {2}learned +2 .*\n {2}best +2 /);
    // Finished: the same command asks nobody.
    const again = JSON.parse(expectStatus(await covenant([...command, "--json"], folder), 0).stdout) as {
      satisfaction: object;
    };
    expect(Object.keys(again.satisfaction)).toEqual(["blank", "random", "learned", "best"]);
    expect(forms).toHaveLength(3 * 3 + 1 + 4 * 4);
  });
});
