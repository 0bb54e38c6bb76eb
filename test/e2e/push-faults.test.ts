// Uploads that end midway: a connection that is lost, a hub that is busy, a process that is killed. What was sent stays,
// nothing half is to be seen, the same command goes on, and the token is nowhere.

import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { headOf } from "../hub/repositories.fixture.ts";
import { startUploadHub, type UploadHub } from "../hub/server.fixture.ts";
import { covenant, type Ended, expectStatus, makeFolder, start } from "./command.fixture.ts";

const { folder, remove } = makeFolder("push-faults");
afterAll(remove);

const partBytes = 200_000;
/** Three files that go to the storage, one of them in three parts, and one that does not. */
const contents: Readonly<Record<string, Buffer>> = {
  "README.md": Buffer.from("# rows"),
  "data/one.parquet": randomBytes(150_000),
  "data/three.parquet": randomBytes(500_000),
  "data/two.parquet": randomBytes(150_001),
};
const paths = Object.keys(contents);

beforeAll(() => {
  mkdirSync(join(folder, "rows/data"), { recursive: true });
  mkdirSync(join(folder, "own"));
  for (const [path, content] of Object.entries(contents)) writeFileSync(join(folder, "rows", path), content);
});

let hub: UploadHub;
const said: string[] = [];
const open = async (): Promise<UploadHub> => {
  hub = await startUploadHub({ partBytes });
  return hub;
};
afterEach(() => hub.close());

const command = ["export", "push", "rows", "--to", "someone/things"];
/** What the command writes of itself, temporary files too, is in this test's folder. */
const environment = () => ({
  ...process.env,
  ...{ TMPDIR: join(folder, "own"), HOME: join(folder, "own"), XDG_CACHE_HOME: join(folder, "own") },
  ...{ HF_ENDPOINT: hub.address, HF_TOKEN: "hf_secret" },
});

const push = async (status: number, ...words: string[]): Promise<Ended> => {
  const ended = expectStatus(await covenant([...command, ...words], folder, environment()), status);
  said.push(ended.stdout, ended.stderr);
  return ended;
};

/** As a process of its own. */
const begin = () => start(command, folder, undefined, environment());

const repository = () => hub.repositories.get("datasets/someone/things")!;
const isNothingThere = (): boolean => headOf(repository()).files.size === 1;
const puts = (): string[] => hub.asked.filter((asked) => asked.startsWith("PUT "));
const oidOf = (path: string): string => createHash("sha256").update(contents[path]!).digest("hex");

const expectAllThere = (): void => {
  const { files } = headOf(repository());
  expect([...files.keys()].sort()).toEqual([".gitattributes", ...paths]);
  for (const path of paths) expect(files.get(path)!.content.equals(contents[path]!)).toBe(true);
  expect(hub.unknown).toEqual([]);
};

describe("an upload that ends midway", () => {
  it("goes on with the same command after a connection that was lost in the middle of a large file", async () => {
    await open();
    hub.trouble = { at: `/storage/${oidOf("data/two.parquet")}`, cutAfter: 50_000 };
    const { stderr, status } = await begin().ended;
    said.push(stderr);
    expect(status).toBe(1);
    const { host } = new URL(hub.filesAddress);
    expect(stderr).toContain(`The connection to the hub's storage of large files at ${host} was lost`);
    expect(stderr).toContain("the same command again continues");
    // one message, no trace of what else was under way
    expect(stderr).not.toMatch(/^\s+at |AbortError|Unhandled/m);
    expect(isNothingThere()).toBe(true);
    const sent = [...repository().objects.keys()];
    expect(sent).not.toContain(oidOf("data/two.parquet"));
    hub.trouble = null;
    hub.asked.length = 0;
    const { stdout } = await push(0);
    expect(stdout).toContain("Uploaded 4 files");
    expectAllThere();
    expect(puts().filter((asked) => sent.some((oid) => asked.includes(oid)))).toEqual([]);
  });

  it.each([
    ["/preupload/", 429],
    ["/objects/batch", 503],
    ["/storage/", 500],
    ["/complete", 503],
    ["/commit/", 503],
    ["/commit/", 412],
  ])("leaves nothing half at %s answering %d, and the same command goes on", async (at, status) => {
    await open();
    hub.trouble = { at, status };
    const { stderr } = await push(status === 412 ? 2 : 1);
    expect(stderr).toContain(String(status));
    expect(stderr).not.toMatch(/Signature|^\s+at /m);
    expect(isNothingThere()).toBe(true);
    hub.trouble = null;
    await push(0);
    expectAllThere();
  });

  it.each([
    ["/storage/", 1],
    ["/commit/", 5],
  ])("goes on after it was killed at %s", async (at, sentAtMost) => {
    await open();
    const reached = new Promise<void>((resolve) => {
      hub.trouble = { at, hold: resolve };
    });
    const killed = begin();
    // a process that ends by itself fails what follows, and hangs nothing
    await Promise.race([reached, killed.ended]);
    killed.child.kill("SIGKILL");
    expect((await killed.ended).status).toBeNull();
    expect(isNothingThere()).toBe(true);
    const sent = [...repository().objects.keys()];
    hub.trouble = null;
    hub.asked.length = 0;
    said.push(...Object.values(expectStatus(await begin().ended, 0)).map(String));
    expectAllThere();
    // a process killed before the commit had sent everything
    if (at === "/commit/") expect([sent.length, puts()]).toEqual([3, []]);
    // what had arrived is not sent again
    expect(puts().filter((asked) => sent.some((oid) => asked.includes(oid)))).toEqual([]);
    expect(sent.length).toBeLessThanOrEqual(sentAtMost);
  });

  it("needs --update where the commit came through and its answer was lost", async () => {
    await open();
    hub.trouble = { at: "/commit/", times: 1, loseAnswer: true };
    expect((await push(1)).stderr).toContain("all of them or none");
    expectAllThere();
    expect((await push(2)).stderr).toContain("already. Choose another --to, or give --update");
    await push(0, "--update");
    expectAllThere();
    expect(puts()).toHaveLength(5);
  });
});

describe("a repository that is there and empty", () => {
  it("is told as what it is: public where it is to be private, private where nothing was said", async () => {
    await open();
    hub.trouble = { at: "/commit/", status: 503 };
    await push(1);
    hub.trouble = null;
    expect((await push(2, "--private")).stderr).toContain("is public, and this is to be private");
    hub.repositories.set("datasets/someone/things", { ...repository(), visibility: "private" });
    expect((await push(0)).stdout).toContain("to the private dataset");
  });
});

describe("the token", () => {
  it("is in no file that was written and in nothing that was said", () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
    expect(said.length).toBeGreaterThan(20);
    for (const text of [...said, ...texts]) expect(text).not.toMatch(/hf_secret|Signature=/);
  });
});
