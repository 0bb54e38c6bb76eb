// A file of a data set by its name on the hub, against a server on this machine: fetched into the cache once, verified,
// found there without a network, and loaded by `covenant prompts load`.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cachedHubDataset, hubDatasetFile, readHubDataset } from "../../src/transformer/index.ts";
import { expectStatus, makeFolder, start } from "./command.fixture.ts";
import { commit } from "./hub.fixture.ts";

const { folder, remove } = makeFolder("hub-dataset");
const content = Buffer.from('prompt,type,label,focus\n"Is it\n{safe}?",homonyms,safe,x\n');
const path = "data/a b.csv";
const oid = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

let server: Server;
let asked: string[] = [];
let environment: Record<string, string> = {};
beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    asked.push(pathname);
    const json = (value: unknown): void => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    if (/^\/api\/datasets\/someone\/rows\/revision\/(main|HEAD)$/.test(pathname))
      json({ _id: "1", id: "someone/rows", sha: commit, lastModified: "2026-01-01T00:00:00Z" });
    else if (pathname === `/api/datasets/someone/rows/paths-info/${commit}`) {
      let body = "";
      request.on("data", (part) => {
        body += String(part);
      });
      request.on("end", () =>
        json(body.includes(path) ? [{ type: "file", path, size: content.length, oid }] : []),
      );
    } else if (pathname === `/datasets/someone/rows/resolve/${commit}/data/a%20b.csv`) response.end(content);
    else if (pathname.startsWith("/log-in/")) response.end("<html>");
    else {
      response.statusCode = 404;
      response.end("not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  environment = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HUB_CACHE: join(folder, "cache") };
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  remove();
});

const name = `hf:datasets/someone/rows/${path}`;

describe("a file of a data set on the hub", () => {
  it("is fetched once into the cache that Hugging Face's tools keep, and found there without a network", async () => {
    const file = readHubDataset(name);
    expect(await cachedHubDataset(file, environment)).toBeNull();
    const fetched = await hubDatasetFile(file, { environment });
    expect(fetched).toBe(join(folder, "cache/datasets--someone--rows/snapshots", commit, path));
    expect(readFileSync(fetched)).toEqual(content);
    expect(existsSync(join(folder, "cache/datasets--someone--rows/blobs", oid))).toBe(true);
    asked = [];
    expect(await hubDatasetFile(file, { environment })).toBe(fetched);
    expect(asked.filter((one) => one.includes("/resolve/"))).toEqual([]);
    const logIn = `${environment["HF_ENDPOINT"]}/log-in`;
    for (const other of [{ HF_HUB_OFFLINE: "1" }, { HF_ENDPOINT: logIn }])
      expect(await hubDatasetFile(file, { environment: { ...environment, ...other } })).toBe(fetched);
  });

  it("is taken by every command that takes prompts, as its rows are written, in a format of its own", async () => {
    writeFileSync(
      join(folder, "judge.yaml"),
      "rules:\n  - reply: Hi.\n    score: {'(A)': -0.1, '(B)': -2}\n",
    );
    const words = ["label", "--prompts", name, "--model", "scripted:judge.yaml", "--json", "--dry-run"];
    const run = (more: readonly string[], own: Record<string, string>) =>
      start([...words, ...more], folder, undefined, { ...process.env, ...environment, ...own }).ended;
    const elsewhere = { HF_HUB_CACHE: join(folder, "empty") };
    const fetching = expectStatus(await run([], elsewhere), 0);
    expect(JSON.parse(fetching.stdout)).toMatchObject({
      steps: [{ stage: "fetch", what: `${name}, before anything can be counted`, calls: 0 }],
      seconds: null,
      notices: [
        {
          code: "not-checked",
          text: `${name} is not here, and a dry run fetches nothing: its rows were not looked at, nor what is checked after them: the models (scripted:judge.yaml) and what lies in runs/label.`,
        },
      ],
    });
    expect(existsSync(elsewhere.HF_HUB_CACHE)).toBe(false);
    const planned = expectStatus(await run([], {}), 0);
    expect(JSON.parse(planned.stdout)).toMatchObject({ steps: [{ calls: 2 }, { calls: 2 }] });
    const other = expectStatus(await run(["--format", "advbench"], {}), 2);
    expect(other.stderr).toMatch(/a b\.csv, line 2: target: got nothing/);
  });

  it("is loaded by its name", async () => {
    const words = ["prompts", "load", name, "--json", "--out", "loaded"];
    const { stdout } = expectStatus(
      await start(words, folder, undefined, { ...process.env, ...environment }).ended,
      0,
    );
    expect(JSON.parse(stdout)).toMatchObject({ prompts: 1, formats: { [name]: "xstest" } });
  });

  it("is read as training rows, faults by its name; a dry run fetches nothing", async () => {
    const words = ["train", "sft", "--data", name, "--out", "trained"];
    const train = (more: readonly string[], cache: string) => {
      const variables = { ...process.env, ...environment, HF_HUB_CACHE: join(folder, cache) };
      return start([...words, ...more], folder, undefined, variables).ended;
    };
    const dry = expectStatus(await train(["--dry-run"], "empty"), 0);
    expect(dry.stdout).toContain(`the rows of ${name}, to be fetched first`);
    expect(existsSync(join(folder, "empty"))).toBe(false);
    const { stderr } = expectStatus(await train([], "cache"), 2);
    expect(stderr).toContain(
      `${name}, line 2: got the fields: prompt, type, label, focus; expected prompt and`,
    );
    expect(existsSync(join(folder, "trained"))).toBe(false);
  });

  it("is told when it is not there, and when its name is none", async () => {
    const missing = hubDatasetFile(readHubDataset("hf:datasets/someone/rows/none.csv"), { environment });
    await expect(missing).rejects.toThrow(/has no file none\.csv\. Name one of its files: https:/);
    const foreign = hubDatasetFile(readHubDataset("hf:datasets/nobody/rows/none.csv"), { environment });
    await expect(foreign).rejects.toMatchObject({ code: "hub-model-missing" });
    for (const wrong of ["hf:datasets/rows.csv", "hf:datasets/a/b/../c", "hf:datasets/a/b@x/"])
      expect(() => readHubDataset(wrong)).toThrow(/expected hf:datasets\/owner\/name\/path/);
  });
});
