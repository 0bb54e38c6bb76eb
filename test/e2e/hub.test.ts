// Models by their name on the hub, against a server on this machine: fetched into the cache as Hugging Face's tools keep
// it, on from where a connection broke, verified, and told clearly when it cannot be.

import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { CovenantError } from "../../src/core/index.ts";
import { openModel, parseModelName } from "../../src/models/index.ts";
import {
  cachedHubFolder,
  type HubProgress,
  hubFolder,
  loadModelFolder,
  readHubName,
} from "../../src/transformer/index.ts";
import { makeFolder, root, start } from "./command.fixture.ts";
import { commit, type HubServer, startHub, type Trouble } from "./hub.fixture.ts";

const { folder, remove } = makeFolder("hub");
afterAll(remove);

const source = join(root, "test/golden/llama-random/tied");
const model = Object.fromEntries(
  readdirSync(source).map((path) => [path, new Uint8Array(readFileSync(join(source, path)))]),
);
const others = { "README.md": Buffer.from("# read"), "pytorch_model.bin": Buffer.from("x".repeat(99)) };

let hub: HubServer;
let places = 0;
let cache = "";
beforeEach(async () => {
  hub = await startHub({ ...model, ...others });
  cache = join(folder, `cache-${places++}`);
});
afterEach(() => hub.close());

const environment = (more: Record<string, string> = {}) => ({
  HF_ENDPOINT: hub.address,
  HF_HUB_CACHE: cache,
  ...more,
});
const fetchModel = (
  name = "hf:someone/model",
  more: Record<string, string> = {},
  onFetch: (progress: HubProgress) => void = () => {},
): Promise<string> =>
  hubFolder(readHubName(name), { environment: environment(more), onFetch, pause: async () => {} });
const failure = async (fetched: Promise<unknown>): Promise<CovenantError> => {
  const thrown = await fetched.catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CovenantError);
  return thrown as CovenantError;
};
const storage = (): string => join(cache, "models--someone--model");

describe("a model on the hub", () => {
  it("lies in the cache as Hugging Face's tools keep it, and only what is needed of it", async () => {
    const fetched = await fetchModel();
    expect(fetched).toBe(join(storage(), "snapshots", commit));
    const needed = Object.keys(model).filter((path) => path !== "golden.json");
    expect(readdirSync(fetched).sort()).toEqual(needed.sort());
    expect(readFileSync(join(storage(), "refs/main"), "utf8")).toBe(commit);
    for (const path of needed) {
      expect(lstatSync(join(fetched, path)).isSymbolicLink()).toBe(true);
      expect(readlinkSync(join(fetched, path))).toMatch(/^\.\.\/\.\.\/blobs\/([0-9a-f]{40}|[0-9a-f]{64})$/);
      expect(readFileSync(join(fetched, path)).equals(Buffer.from(model[path]!))).toBe(true);
    }
    expect((await loadModelFolder(fetched)).weights).toEqual((await loadModelFolder(source)).weights);
  });

  it("is asked for only once, by commit and offline not at all", async () => {
    await fetchModel();
    const before = hub.asked.length;
    await fetchModel();
    expect(hub.asked.length).toBe(before);
    hub.refusal = { status: 500 };
    expect(await fetchModel(`hf:someone/model@${commit}`)).toContain(commit);
    expect(await fetchModel("hf:someone/model", { HF_HUB_OFFLINE: "1" })).toContain(commit);
    await hub.close();
    expect(await fetchModel()).toContain(commit);
    const { code, message } = await failure(fetchModel("hf:someone/model@v1", { HF_HUB_OFFLINE: "1" }));
    expect([code, message]).toEqual(["hub-offline", expect.stringMatching(/HF_HUB_OFFLINE forbids/)]);
  });

  it("tells how far it is, and sends the token", async () => {
    hub.token = "hf_secret";
    const told: HubProgress[] = [];
    await fetchModel("hf:someone/model", { HF_TOKEN: "hf_secret" }, (progress) => told.push(progress));
    expect(told.every(({ done, total }) => done <= total)).toBe(true);
    expect(told.at(-1)!.done).toBe(told.at(-1)!.total);
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).sort((a, b) => a - b));
    expect(new Set(hub.asked.map(({ token }) => token))).toEqual(new Set(["Bearer hf_secret"]));
  });

  it("in several files is fetched with all that the index names", async () => {
    await hub.close();
    const { "model.safetensors": whole, ...rest } = model;
    const map = { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" };
    const index = Buffer.from(JSON.stringify({ weight_map: map }));
    const shards = Object.fromEntries(Object.values(map).map((path) => [path, whole!]));
    hub = await startHub({ ...rest, ...shards, "model.safetensors.index.json": index });
    const fetched = await fetchModel();
    for (const path of Object.values(map)) expect(existsSync(join(fetched, path))).toBe(true);
    expect(await cachedHubFolder(readHubName("someone/model"), environment())).toBe(fetched);
    writeFileSync(join(cache, "models--someone--model/refs/v1"), "not a commit");
    expect(await cachedHubFolder(readHubName("someone/model@v1"), environment())).toBeNull();
  });

  it("is an adapter's base, by a plain name too", async () => {
    const adapter = join(folder, "adapter-of-hub");
    mkdirSync(adapter);
    const written = join(root, "test/golden/adapters/llama-rslora");
    const config = JSON.parse(readFileSync(join(written, "adapter_config.json"), "utf8"));
    for (const base of ["someone/model", "hf:someone/model"]) {
      const named = { ...config, base_model_name_or_path: base, revision: "v1" };
      writeFileSync(join(adapter, "adapter_config.json"), JSON.stringify(named));
      const weights = readFileSync(join(written, "adapter_model.safetensors"));
      writeFileSync(join(adapter, "adapter_model.safetensors"), weights);
      const loaded = await loadModelFolder(adapter, { hub: { environment: environment() } });
      expect(loaded.adapter!.baseFolder).toContain(commit);
    }
    expect(readFileSync(join(storage(), "refs/v1"), "utf8")).toBe(commit);
  });
});

describe("a broken download", () => {
  it("goes on where the connection was cut, as often as it gets on", async () => {
    const trouble: Trouble = { cutAfter: 6000, cuts: 8 };
    hub.trouble.set("model.safetensors", trouble);
    const fetched = await fetchModel("hf:someone/model", {}, ({ file }) => {
      if (file === "model.safetensors") trouble.cut?.();
    });
    expect(readFileSync(join(fetched, "model.safetensors")).equals(model["model.safetensors"]!)).toBe(true);
    const ranges = hub.asked.filter(({ path }) => path === "model.safetensors").map(({ range }) => range);
    const starts = ranges.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "bytes=0-")![1]));
    expect([starts.length, starts[0]]).toEqual([9, 0]);
    expect(starts).toEqual([...new Set(starts)].sort((one, other) => one - other));
  });

  it("that never gets on is given up, and the next command goes on with what is there", async () => {
    const content = model["model.safetensors"]!;
    const blob = join(storage(), "blobs", createHash("sha256").update(content).digest("hex"));
    mkdirSync(join(storage(), "blobs"), { recursive: true });
    writeFileSync(`${blob}.incomplete`, content.subarray(0, 5000));
    hub.trouble.set("model.safetensors", { cutAfter: 0, cuts: 99 });
    const { code, message } = await failure(fetchModel());
    expect([code, message]).toEqual([
      "hub-connection-lost",
      expect.stringMatching(/goes on where it stopped/),
    ]);
    hub.trouble.clear();
    hub.asked.length = 0;
    await fetchModel();
    const again = hub.asked.filter(({ path }) => path === "model.safetensors");
    expect(again.map(({ range }) => range)).toEqual(["bytes=5000-"]);
    expect(existsSync(`${blob}.incomplete`)).toBe(false);
    expect(readFileSync(blob).equals(content)).toBe(true);
  });

  it.each(["", "sharded "])("between two files is no whole %smodel, and goes on there", async (kind) => {
    if (kind !== "") {
      await hub.close();
      const { "model.safetensors": whole, ...rest } = model;
      const shard = "model-00001-of-00001.safetensors";
      const index = Buffer.from(JSON.stringify({ weight_map: { a: shard } }));
      hub = await startHub({ ...rest, [shard]: whole!, "model.safetensors.index.json": index });
    }
    const named = `hf:someone/model@${commit}`;
    const seen = new Set<string>();
    for (let stopAt = 1; ; stopAt++) {
      cache = join(folder, `between-${places++}`);
      const controller = new AbortController();
      const begun = new Set<string>();
      const fetched = hubFolder(readHubName(named), {
        environment: environment(),
        signal: controller.signal,
        onFetch: ({ file }) => {
          begun.add(file);
          if (begun.size === stopAt + 1) controller.abort();
        },
      });
      const broken = await fetched.catch((thrown: unknown) => thrown);
      for (const file of begun) seen.add(file);
      if (typeof broken === "string") break;
      expect(broken).toBeInstanceOf(CovenantError);
      expect(await cachedHubFolder(readHubName(named), environment())).toBeNull();
      const whole = await fetchModel(named);
      for (const file of begun) expect(existsSync(join(whole, file))).toBe(true);
    }
    expect(seen.size).toBeGreaterThan(4);
  });

  it("needs room for what is missing alone", async () => {
    const content = model["model.safetensors"]!;
    const blob = join(storage(), "blobs", createHash("sha256").update(content).digest("hex"));
    mkdirSync(join(storage(), "blobs"), { recursive: true });
    writeFileSync(`${blob}.incomplete`, content.subarray(0, content.length - 10));
    const others = Object.entries(model).filter(
      ([path]) => !["golden.json", "model.safetensors"].includes(path),
    );
    const missing = others.reduce((sum, [, { length }]) => sum + length, 10);
    const withSpace = (left: number) =>
      hubFolder(readHubName("hf:someone/model"), { environment: environment(), space: async () => left });
    const { code, message } = await failure(withSpace(missing - 1));
    expect([code, message]).toEqual(["disk-full", expect.stringMatching(/more are needed/)]);
    expect(await withSpace(missing)).toContain(commit);
  });

  it.each(["model.safetensors", "config.json"])(
    "with other bytes than promised is thrown away (%s)",
    async (path) => {
      const content = Uint8Array.from(model[path]!);
      content[content.length - 3]! ^= 1;
      hub.trouble.set(path, { content });
      const { code, message } = await failure(fetchModel());
      expect([code, message]).toEqual(["hub-hash", expect.stringMatching(/thrown away/)]);
      expect(await cachedHubFolder(readHubName("someone/model"), environment())).toBeNull();
      hub.trouble.clear();
      expect(await fetchModel()).toContain(commit);
    },
  );
});

describe("what the hub refuses", () => {
  it.each([
    [{ status: 404 }, "hub-model-missing", /There is no model someone\/model.*Check the name/],
    [{ status: 401, code: "RepoNotFound" }, "hub-model-missing", /If it is private: Set HF_TOKEN/],
    [{ status: 403 }, "hub-gated", /Agree at https:\/\/huggingface\.co\/someone\/model\. Set HF_TOKEN/],
    [{ status: 401 }, "hub-forbidden", /may not be read\. Set HF_TOKEN/],
    [{ status: 503 }, "hub-busy", /answered 503.*Try again later/],
    [
      { status: 200 },
      "hub-answer",
      /does not answer as the Hugging Face hub does: .*JSON.* Set HF_ENDPOINT .*unset it/,
    ],
  ])("is told with what to do: %j", async (refusal, code, message) => {
    hub.refusal = refusal;
    const told = await failure(fetchModel());
    expect([told.code, told.message]).toEqual([code, expect.stringMatching(message)]);
  });

  it("is no matter to a model that is whole in the cache, where no hub answers", async () => {
    const fetched = await fetchModel();
    hub.refusal = { status: 200 };
    expect(await fetchModel()).toBe(fetched);
  });

  it("is told of answers alone: a fault of ours is not the hub's", async () => {
    const space = (): never => {
      throw new TypeError("ours");
    };
    const fetched = hubFolder(readHubName("hf:someone/model"), { environment: environment(), space });
    await expect(fetched).rejects.toThrow(/^ours$/);
  });

  it("says what is wrong with the token, the revision, the network and the files", async () => {
    hub.token = "hf_right";
    expect((await failure(fetchModel("someone/model", { HF_TOKEN: "hf_wrong" }))).message).toMatch(
      /token in HF_TOKEN does not allow it/,
    );
    hub.token = null;
    expect((await failure(fetchModel("someone/model@v9"))).message).toMatch(/no revision "v9"/);
    await hub.close();
    expect((await failure(fetchModel())).code).toBe("hub-unreachable");
    hub = await startHub({ "config.json": model["config.json"]!, ...others });
    expect((await failure(fetchModel())).message).toMatch(/has pytorch_model\.bin, which must be converted/);
  });

  it("or is no name, is told before anyone is asked", () => {
    for (const name of ["hf:", "hf:a/b/c", "hf:../etc", "hf:a/b@", "hf:a b"])
      expect(() => parseModelName(name)).toThrow(CovenantError);
    expect(() => readHubName("a/b@../../x")).toThrow(/hf:owner\/name@revision/);
    expect(parseModelName("hf:someone/model@v1")).toEqual({ type: "hub", name: "someone/model@v1" });
  });
});

describe("the name as a command takes it", () => {
  const variables = () => ({ ...process.env, ...environment(), HF_TOKEN: undefined });

  it("opens, and trains, with the token of a .env", async () => {
    const opened = await openModel("hf:someone/model", { environment: environment() });
    expect(opened.id).toBe("hf:someone/model");
    await opened.close();
    hub.token = "hf_very_secret";
    hub.asked.length = 0;
    cache = join(folder, `cache-${places++}`);
    const settings = ["lora.rank=2", "epochs=1"].flatMap((one) => ["--set", `sft.${one}`]);
    const words = [
      "train",
      "sft",
      "--model",
      "hf:someone/model",
      "--data",
      join(root, "test/e2e/rows.jsonl"),
    ];
    const place = join(folder, "command");
    mkdirSync(place);
    writeFileSync(join(place, ".env"), "HF_TOKEN=hf_very_secret\n");
    const dry = await start([...words, "--dry-run"], place, undefined, {
      ...variables(),
      HF_HUB_CACHE: join(folder, "empty"),
    }).ended;
    expect([dry.status, dry.stderr, existsSync(join(folder, "empty"))]).toEqual([0, "", false]);
    const { status, stderr } = await start([...words, ...settings], place, undefined, variables()).ended;
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("hf_very_secret")]);
    expect(new Set(hub.asked.map(({ token }) => token))).toEqual(new Set(["Bearer hf_very_secret"]));
    const config = JSON.parse(readFileSync(join(place, "runs/sft/sl/adapter/adapter_config.json"), "utf8"));
    expect([config.base_model_name_or_path, config.revision]).toEqual(["someone/model", "main"]);
  });
});
