// What is told of a network that fails on the way to the hub: what passes by itself, what is an address of the user's own that
// never answered, and which of two hosts it was.

import { afterEach, describe, expect, it, vi } from "vitest";
import { CovenantError, UserError } from "../../core/index.ts";
import { uploadToHub } from "./hub-upload.ts";

afterEach(() => void vi.unstubAllGlobals());

const own = "http://hub.example:8080/hf";
const storage = "https://storage.example/bucket/object?X-Amz-Signature=signed";

/** Answers of a hub by the ends of its addresses, up to the storage. */
const answers: Readonly<Record<string, unknown>> = {
  create: { url: own },
  main: { files: [{ path: "a.parquet", uploadMode: "lfs" }], commitOid: "0" },
};

/** Uploads one large file. fails: which calls get no answer, by what code. */
const failing = async (code: string, fails: (url: URL) => boolean, endpoint: string | undefined) => {
  vi.stubGlobal("fetch", async (input: string | URL, init: RequestInit) => {
    const url = new URL(String(input));
    if (fails(url)) throw new TypeError("fetch failed", { cause: Object.assign(new Error(""), { code }) });
    if (!url.pathname.endsWith("/batch")) return Response.json(answers[url.pathname.split("/").at(-1)!]);
    const { objects } = JSON.parse(String(init.body)) as { objects: object[] };
    const upload = { href: storage };
    return Response.json({ objects: objects.map((one) => ({ ...one, actions: { upload } })) });
  });
  const thrown: unknown = await uploadToHub({
    ...{ kind: "dataset", name: "someone/things", isPrivate: true, update: false, title: "Add" },
    files: [{ path: "a.parquet", content: new Blob(["rows"]) }],
    environment: { HF_TOKEN: "hf_secret", HF_ENDPOINT: endpoint },
    signal: new AbortController().signal,
  }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CovenantError);
  const { code: kind, message, facts } = thrown as CovenantError;
  expect(message).not.toMatch(/hf_secret|signed/);
  const isWrongUse = thrown instanceof UserError;
  expect(facts["retriable"] === true).toBe(!isWrongUse);
  return { kind, message, isWrongUse };
};

const always = (): boolean => true;
const inStorage = ({ host }: URL): boolean => host === "storage.example";

describe("a network that fails on the way to the hub", () => {
  it.each([
    ["EAI_AGAIN", own, false],
    ["ENETUNREACH", own, false],
    ["EHOSTUNREACH", own, false],
    ["EAI_AGAIN", undefined, false],
    ["ENOTFOUND", undefined, false],
    ["ECONNREFUSED", undefined, false],
    ["ENOTFOUND", own, true],
    ["ECONNREFUSED", own, true],
  ])(
    "passes by itself but for an address of one's own that is not there: %s at %s",
    async (code, endpoint, isWrongUse) => {
      const told = await failing(code, always, endpoint);
      expect(told).toMatchObject({ kind: "hub-unreachable", isWrongUse });
      expect(told.message).toContain(`no connection to ${endpoint ?? "https://huggingface.co"} (${code})`);
      expect(told.message.includes("HF_ENDPOINT")).toBe(isWrongUse);
    },
  );

  it("passes by itself where the address has answered before", async () => {
    const later = (url: URL): boolean => !url.pathname.endsWith("/create");
    for (const code of ["ENOTFOUND", "ECONNREFUSED"])
      expect(await failing(code, later, own)).toMatchObject({ kind: "hub-unreachable", isWrongUse: false });
  });

  it("is told of the host where it was", async () => {
    const lost = await failing("ECONNRESET", always, own);
    expect([lost.kind, lost.message]).toEqual([
      "hub-lost",
      expect.stringMatching(/^The connection to http:\/\/hub\.example:8080\/hf was lost \(ECONNRESET\)/),
    ]);
    for (const [code, kind] of [
      ["ECONNRESET", "hub-lost"],
      ["ENOTFOUND", "hub-unreachable"],
    ] as const) {
      const told = await failing(code, inStorage, own);
      expect(told).toMatchObject({ kind, isWrongUse: false });
      expect(told.message).toContain("storage of large files at storage.example");
      expect(told.message).not.toContain("hub.example");
    }
  });
});
