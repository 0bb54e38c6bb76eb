// The hub of the tests refuses what the hub refuses: what it lets through would look like an upload and be none. Its other
// half, that official clients can work with it, is tools/parity/check_hub.py.

import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { headOf } from "./repositories.fixture.ts";
import { startUploadHub, type UploadHub } from "./server.fixture.ts";

let hub: UploadHub;
beforeEach(async () => {
  hub = await startUploadHub({ partBytes: 4 });
  await ask("/api/repos/create", { name: "rows", organization: "someone", type: "dataset" });
});
afterEach(() => hub.close());

const lfs = { accept: "application/vnd.git-lfs+json", "content-type": "application/vnd.git-lfs+json" };
const ask = (path: string, value: unknown, headers: Record<string, string> = {}, token = "hf_secret") =>
  fetch(path.startsWith("http") ? path : hub.address + path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: typeof value === "string" ? value : JSON.stringify(value),
  });
const put = async (href: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(href, { method: "PUT", body, headers });

const oid = createHash("sha256").update("right").digest("hex");
type Action = { href: string; header: Record<string, string> };
const batch = async (size = 5): Promise<{ actions?: { upload: Action; verify: Action }; error?: object }> => {
  const objects = [{ oid, size }];
  const transfers = ["basic", "multipart"];
  const path = "/datasets/someone/rows.git/info/lfs/objects/batch";
  const answer = await ask(path, { operation: "upload", transfers, objects, hash_algo: "sha256" }, lfs);
  return ((await answer.json()) as { objects: [object] }).objects[0];
};
const commit = async (lines: readonly object[], header: object = {}, token?: string): Promise<number> => {
  const all = [{ key: "header", value: { summary: "More", ...header } }, ...lines];
  const body = all.map((line) => JSON.stringify(line)).join("\n");
  const type = { "content-type": "application/x-ndjson" };
  return (await ask("/api/datasets/someone/rows/commit/main", body, type, token)).status;
};
const large = (size: number) => [{ key: "lfsFile", value: { path: "large.bin", algo: "sha256", oid, size } }];
const small = (path: string, text: string) => {
  const content = Buffer.from(text).toString("base64");
  return [{ key: "file", value: { path, content, encoding: "base64" } }];
};
const repository = () => hub.repositories.get("datasets/someone/rows")!;

/** Uploads "right" in its two parts. */
const uploadInParts = async (parts: readonly [string, string]): Promise<Response> => {
  const { href, header } = (await batch()).actions!.upload;
  const etags: string[] = [];
  for (const [at, part] of parts.entries())
    etags.push((await put(header[`0000${at + 1}`]!, part)).headers.get("etag")!);
  return ask(href, { oid, parts: etags.map((etag, at) => ({ partNumber: at + 1, etag })) });
};

describe("a large file", () => {
  it("is committed only once it is there, with its size", async () => {
    expect(await commit(large(5))).toBe(400);
    expect((await uploadInParts(["righ", "t"])).status).toBe(200);
    expect(await commit(large(6))).toBe(400);
    expect(headOf(repository()).title).toBe("initial commit");
    expect(await commit(large(5))).toBe(200);
    expect(headOf(repository()).files.get("large.bin")!.content.toString()).toBe("right");
    expect((await batch()).actions).toBeUndefined();
    expect((await batch(6)).error).toBeDefined();
  });

  it("of other bytes, other parts or missing parts is refused", async () => {
    expect((await uploadInParts(["wron", "g"])).status).toBe(400);
    const { upload, verify } = (await batch()).actions!;
    const first = upload.header["00001"]!;
    expect((await put(first, "r")).status).toBe(400);
    expect((await put(first, "righ", { authorization: "Bearer hf_secret" })).status).toBe(400);
    expect((await put(first.split("?")[0]!, "righ")).status).toBe(403);
    const etag = (await put(first, "righ")).headers.get("etag");
    expect((await ask(upload.href, { oid, parts: [{ partNumber: 1, etag }] })).status).toBe(400);
    expect((await ask(verify.href, { oid, size: 5 })).status).toBe(404);
    expect(repository().objects.size).toBe(0);
  });
});

describe("a commit", () => {
  it("on another parent, of binary files or too large ones, or to a strange path is refused, and whole or not at all", async () => {
    const first = headOf(repository()).oid;
    const refused: readonly [readonly object[], object, number][] = [
      [small("a.txt", "a"), { parentCommit: "0".repeat(40) }, 412],
      [small("a.txt", "a\0"), {}, 400],
      [small("a.txt", "a".repeat(10 * 1024 * 1024 + 1)), {}, 400],
      [small("../a.txt", "a"), {}, 400],
      [small("README.md", "---\na: [\n---\n"), {}, 400],
      [[...small("a.txt", "a"), ...large(5)], {}, 400],
      [small("a.txt", "a"), { summary: "" }, 400],
    ];
    for (const [lines, header, status] of refused) expect(await commit(lines, header)).toBe(status);
    expect(repository().commits).toHaveLength(1);
    expect(await commit(small("a.txt", "a"), { parentCommit: first })).toBe(200);
    expect(await commit(small("b.txt", "b"), { parentCommit: first })).toBe(412);
  });

  it("needs a token that is one and may write", async () => {
    expect(await commit(small("a.txt", "a"), {}, "hf_reader")).toBe(403);
    expect(await commit(small("a.txt", "a"), {}, "hf_stranger")).toBe(401);
  });
});
