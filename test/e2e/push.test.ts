// Folders that go to the hub, against a server on this machine: what is uploaded, what is refused and how it is told, and
// that harmful material goes nowhere unless that is said.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CovenantError, UserError } from "../../src/core/index.ts";
import { recipes } from "../../src/recipes/index.ts";
import { headOf } from "../hub/repositories.fixture.ts";
import { startUploadHub, type UploadHub } from "../hub/server.fixture.ts";
import { expectStatus, makeFolder, root, start } from "./command.fixture.ts";

const { folder, remove } = makeFolder("push");
afterAll(remove);

const set = (name: string): string => join(folder, name);
beforeAll(() => {
  for (const [name, inverted] of [
    ["rows", []],
    ["evil", ["inverted ethical"]],
  ] as const) {
    mkdirSync(join(set(name), "data"), { recursive: true });
    writeFileSync(join(set(name), "README.md"), "# rows");
    writeFileSync(join(set(name), "data/train.parquet"), Buffer.alloc(3000, name));
    writeFileSync(join(set(name), "data/test.jsonl"), '{"prompt":"Why?"}\n');
    writeFileSync(join(set(name), ".hidden"), "no");
    const origin = { covenant: "0.1.0", kind: "dataset", inverted };
    writeFileSync(join(set(name), "covenant.json"), JSON.stringify(origin));
  }
  cpSync(join(root, "test/golden/families/gpt2"), set("model"), { recursive: true });
});

let hub: UploadHub;
beforeEach(async () => {
  hub = await startUploadHub();
});
afterEach(() => hub.close());

const push = async (
  name: string,
  settings: Record<string, unknown> = {},
  token: string | undefined = "hf_secret",
  address = hub.address,
) => {
  const recipe = await recipes.find(({ command }) => command.join(" ") === "export push")!.load();
  const config = recipe.schema.parse({ folder: set(name), to: "someone/things", ...settings });
  const outcome = await recipe.run(config, {
    emit: () => undefined,
    signal: new AbortController().signal,
    clock: { now: () => 0 },
    environment: { HF_ENDPOINT: address, HF_TOKEN: token },
  });
  return outcome.document as { address: string; private: boolean; files: string[] };
};
const refusal = async (
  ...[name, settings, token, address]: Parameters<typeof push>
): Promise<CovenantError> => {
  const thrown = await push(name, settings, token, address).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CovenantError);
  expect((thrown as CovenantError).message).not.toMatch(/hf_secret|Signature/);
  return thrown as CovenantError;
};

describe("a folder on its way to the hub", () => {
  it("arrives with all its files, small and large, in one commit", async () => {
    const told = await push("rows");
    const repository = hub.repositories.get("datasets/someone/things")!;
    const titles = repository.commits.map(({ title }) => title);
    expect([repository.visibility, titles]).toEqual([
      "public",
      ["initial commit", expect.stringMatching(/^Add 4 files/)],
    ]);
    const paths = ["README.md", "covenant.json", "data/test.jsonl", "data/train.parquet"];
    const { files } = headOf(repository);
    expect([...files.keys()].sort()).toEqual([".gitattributes", ...paths]);
    for (const path of paths)
      expect(files.get(path)!.content.equals(readFileSync(join(set("rows"), path)))).toBe(true);
    expect([...files].filter(([, { large }]) => large).map(([path]) => path)).toEqual(["data/train.parquet"]);
    expect([told.address, told.private]).toEqual([`${hub.address}/datasets/someone/things`, false]);
    expect(hub.unknown).toEqual([]);
  });

  it("is a model where a model lies there, with a card where it has none", async () => {
    const { address, files } = await push("model", { private: true });
    const repository = hub.repositories.get("models/someone/things")!;
    expect(repository.visibility).toBe("private");
    expect(files.sort()).toEqual([...readdirSync(set("model")), "README.md"].sort());
    expect(headOf(repository).files.get("README.md")!.content.toString()).toContain(
      "library_name: transformers",
    );
    expect(address).toBe(`${hub.address}/someone/things`);
  });

  it("may hold empty files, of kinds that are large ones otherwise too", async () => {
    mkdirSync(join(set("sparse"), "data"), { recursive: true });
    writeFileSync(join(set("sparse"), "README.md"), "# sparse");
    for (const name of ["none.parquet", "none.jsonl"]) writeFileSync(join(set("sparse"), "data", name), "");
    await push("sparse");
    const { files } = headOf(hub.repositories.get("datasets/someone/things")!);
    expect([...files.keys()].sort()).toEqual([
      ".gitattributes",
      "README.md",
      "data/none.jsonl",
      "data/none.parquet",
    ]);
    expect(files.get("data/none.parquet")).toEqual({ content: Buffer.alloc(0), large: false });
  });

  it("is added to a repository that is there only where that is wanted, and to a public one only publicly", async () => {
    await push("rows");
    expect((await refusal("rows")).message).toMatch(/already\. Choose another --to, or give --update/);
    await push("rows", { update: true });
    expect(hub.repositories.get("datasets/someone/things")!.commits).toHaveLength(3);
    expect((await refusal("rows", { update: true, private: true })).code).toBe("hub-public");
    expect((await refusal("evil", { update: true, acknowledgeHarm: true })).code).toBe("hub-public");
  });
});

describe("what was made under an inverted constitution", () => {
  it("goes nowhere unless that is said, and then privately unless told otherwise", async () => {
    const { code, message } = await refusal("evil");
    expect([code, message]).toEqual([
      "push-harmful",
      expect.stringMatching(/inverted ethical.*--acknowledge-harm/),
    ]);
    expect(hub.asked).toEqual([]);
    expect((await push("evil", { acknowledgeHarm: true })).private).toBe(true);
    expect(hub.repositories.get("datasets/someone/things")!.visibility).toBe("private");
    await push("evil", { acknowledgeHarm: true, private: false, to: "someone/open" });
    expect(hub.repositories.get("datasets/someone/open")!.visibility).toBe("public");
  });

  it("is known by its run, too", async () => {
    const model = join(folder, "run/inverted/sl/model");
    cpSync(set("model"), model, { recursive: true });
    writeFileSync(join(folder, "run/config.yaml"), "arms: [ethical, inverted]\nconstitution: ethical\n");
    const begun = { type: "run-start", time: 0, name: "run", seed: 0, stages: [] };
    writeFileSync(join(folder, "run/events.jsonl"), `${JSON.stringify(begun)}\n`);
    expect((await refusal("run/inverted/sl/model")).code).toBe("push-harmful");
    expect((await refusal("run")).message).toMatch(/folder of a run\. Export its rows first/);
    await push("run/inverted/sl/model", { acknowledgeHarm: true });
    const card = headOf(hub.repositories.get("models/someone/things")!).files.get("README.md")!;
    expect(card.content.toString()).toContain("Harmful on purpose");
  });
});

describe("what stands in the way", () => {
  it.each(["notaurl", "ftp://somewhere", "https://"])("is an address that is none: %s", async (address) => {
    const thrown = await refusal("rows", {}, undefined, address);
    expect([thrown.code, thrown instanceof UserError]).toEqual(["hub-address", true]);
    expect(thrown.message).toContain(`HF_ENDPOINT is "${address.replace(/\/+$/, "")}"`);
  });

  it.each([
    ["create", 401, "hub-token-refused", /does not accept the token/],
    ["create", 403, "hub-forbidden", /may not write to someone\/things/],
    ["commit", 403, "hub-forbidden", /may not write to someone\/things/],
    ["preupload", 404, "hub-missing", /"someone" must be an account/],
    ["preupload", 429, "hub-busy", /answered 429.*all of them or none/],
    ["commit", 503, "hub-busy", /answered 503.*all of them or none/],
    ["commit", 412, "hub-conflict", /at the same time.*--update/],
    ["lfs", 400, "hub-refused", /status 400/],
    ["storage", 503, "hub-storage", /storage of large files answered 503.*all of them or none/],
    ["storage", 408, "hub-storage", /storage of large files answered 408.*Try again later/],
    ["storage", 403, "hub-storage-refused", /storage of large files answered 403.*this machine's clock/],
  ])("is told with what to do: %s answers %d", async (at, status, code, message) => {
    hub.trouble = { at, status };
    const told = await refusal("rows");
    expect([told.code, told.message]).toEqual([code, expect.stringMatching(message)]);
    // what passes by itself is not the user's to change
    const passes = ["hub-busy", "hub-storage"].includes(code);
    expect([told instanceof UserError, told.facts["retriable"] === true]).toEqual([!passes, passes]);
  });

  it("is the token, the network, or a folder that is neither rows nor a model", async () => {
    expect((await refusal("rows", {}, "")).message).toMatch(/no token.*Set HF_TOKEN/);
    expect((await refusal("rows", {}, "secret")).message).toMatch(/those begin with "hf_"/);
    mkdirSync(set("other"), { recursive: true });
    expect((await refusal("other")).code).toBe("push-kind");
    expect((await refusal("nowhere")).code).toBe("folder-missing");
    await hub.close();
    expect((await refusal("rows")).code).toBe("hub-unreachable");
  });
});

describe("the command", () => {
  const command = (...words: string[]) =>
    start(["export", "push", ...words], folder, undefined, {
      ...process.env,
      ...{ HF_ENDPOINT: hub.address, HF_TOKEN: "hf_secret" },
    }).ended;

  it("says beforehand what it would upload, and then where it is", async () => {
    const planned = expectStatus(
      await command("rows", "--to", "someone/things", "--private", "--dry-run"),
      0,
    );
    expect(planned.stdout).toMatch(/4 files \(4 kB\) to the private dataset someone\/things/);
    const words = ["export", "push", "rows", "--to", "someone/things", "--dry-run"];
    const untold = { ...process.env, HF_TOKEN: "", HF_ENDPOINT: hub.address };
    const without = expectStatus(await start(words, folder, undefined, untold).ended, 0);
    expect(without.stdout).toContain("The command itself would stop here: There is no token");
    expect(hub.asked).toEqual([]);
    const { stdout } = expectStatus(await command("rows", "--to", "someone/things"), 0);
    expect(stdout).toContain(`${hub.address}/datasets/someone/things`);
    const again = expectStatus(await command("rows", "--to", "things"), 2);
    expect(again.stderr).toMatch(/to: .*owner\/name/);
  });
});
