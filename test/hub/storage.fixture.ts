// The storage beside a hub, for large files: what Git LFS's batch call hands out is an address that is signed for one
// object, and it takes that object's bytes alone. A token has no business there: signed addresses refuse one. In one
// part, or in several with their ETags named at the end. Stricter than the hub in one thing: bytes of another sha256 are
// refused at once, where the hub refuses them at the commit or not at all.

import { createHash, randomUUID } from "node:crypto";
import { type Answer, type Ask, jsonOf, refuse, refuseStorage } from "./answers.fixture.ts";
import { type Repository, sha256Of } from "./repositories.fixture.ts";

type Wanted = { readonly oid: string; readonly size: number };

/** What one signed address takes. part: from 1, of an object in parts; undefined for a whole one. */
type Grant = {
  readonly repository: Repository;
  readonly wanted: Wanted;
  readonly bytes: number;
  readonly parts?: Map<number, Buffer>;
  readonly part?: number;
};

export type Storage = {
  /** The answer to a batch call. */
  batch(repository: Repository, ask: Ask): Answer;
  /** Bytes of an object, or of a part of one. */
  put(ask: Ask): Answer;
  /** All parts are there. */
  complete(ask: Ask): Answer;
  /** Whether an object is there, as who uploaded it may ask. */
  verify(repository: Repository, ask: Ask): Answer;
};

const lfsType = "application/vnd.git-lfs+json";

const isWanted = (value: unknown): value is Wanted => {
  const { oid, size } = (value ?? {}) as Partial<Wanted>;
  return /^[0-9a-f]{64}$/.test(String(oid)) && Number.isSafeInteger(size) && Number(size) >= 0;
};

const etagOf = (bytes: Buffer): string => `"${createHash("md5").update(bytes).digest("hex")}"`;

/** Why a PUT is none that such a storage takes; undefined where it is one. */
const wrongPut = ({ headers, body }: Ask, grant: Grant | undefined): Answer | undefined => {
  if (headers["authorization"] !== undefined) return refuseStorage(400, "InvalidArgument");
  if (grant === undefined) return refuseStorage(403, "SignatureDoesNotMatch");
  if (headers["content-length"] === undefined) return refuseStorage(411, "MissingContentLength");
  if (body.length === 0) return refuseStorage(501, "NotImplemented");
  return body.length === grant.bytes ? undefined : refuseStorage(400, "IncompleteBody");
};

/** The addresses that were handed out, and what a batch call answers for one object. */
const openGrants = (address: string, filesAddress: string, partBytes: number) => {
  const grants = new Map<string, Grant>();
  const sign = (path: string, grant: Grant): string => {
    const signature = randomUUID();
    grants.set(signature, grant);
    return `${filesAddress}/storage/${path}?X-Amz-Signature=${signature}`;
  };
  const grantOf = ({ query }: Ask): Grant | undefined => grants.get(query.get("X-Amz-Signature") ?? "");

  const upload = (repository: Repository, wanted: Wanted, transfers: readonly unknown[]) => {
    if (wanted.size <= partBytes || !transfers.includes("multipart"))
      return { href: sign(wanted.oid, { repository, wanted, bytes: wanted.size }) };
    const parts = new Map<number, Buffer>();
    const header: Record<string, string> = { chunk_size: String(partBytes) };
    for (let part = 1; (part - 1) * partBytes < wanted.size; part++) {
      const bytes = Math.min(partBytes, wanted.size - (part - 1) * partBytes);
      const name = String(part).padStart(5, "0");
      header[name] = sign(`${wanted.oid}/${name}`, { repository, wanted, bytes, parts, part });
    }
    const whole = { repository, wanted, bytes: wanted.size, parts };
    return { href: sign(`${wanted.oid}/complete`, whole), header };
  };

  const objectOf = (repository: Repository, wanted: unknown, transfers: readonly unknown[]) => {
    if (!isWanted(wanted))
      return { oid: "", size: 0, error: { code: 422, message: "an object is an oid and a size" } };
    const known = repository.objects.get(wanted.oid);
    if (known !== undefined && known.length !== wanted.size)
      return { ...wanted, error: { code: 422, message: "the object has another size" } };
    if (known !== undefined) return wanted;
    const prefix = repository.type === "dataset" ? "datasets/" : "";
    const verify = { href: `${address}/${prefix}${repository.id}.git/info/lfs/objects/verify` };
    return { ...wanted, actions: { upload: upload(repository, wanted, transfers), verify } };
  };

  return { grantOf, objectOf };
};

/** address: of the hub. filesAddress: of the storage. partBytes: objects over it go in parts of it. */
export const openStorage = (address: string, filesAddress: string, partBytes: number): Storage => {
  const { grantOf, objectOf } = openGrants(address, filesAddress, partBytes);
  return {
    batch: (repository, ask) => {
      if (ask.headers["content-type"] !== lfsType || ask.headers["accept"] !== lfsType)
        return refuse(406, `a batch call is ${lfsType}`);
      const { operation, transfers = ["basic"], objects, hash_algo = "sha256" } = jsonOf(ask) ?? {};
      // @huggingface/hub writes sha_256, and the hub takes it
      const isKnown = hash_algo === "sha256" || hash_algo === "sha_256";
      if (operation !== "upload" || !isKnown || !Array.isArray(objects) || objects.length === 0)
        return refuse(422, "a batch call has an operation and objects");
      if (!Array.isArray(transfers) || !transfers.includes("basic"))
        return refuse(422, "no known way of transfer");
      // the hub would choose it, and nothing here speaks it
      if (transfers.includes("xet")) return refuse(501, "this hub does not speak Xet");
      const answers = objects.map((wanted) => objectOf(repository, wanted, transfers));
      const isInParts = answers.some((one) => "actions" in one && "header" in one.actions.upload);
      return {
        headers: { "content-type": lfsType },
        value: { transfer: isInParts ? "multipart" : "basic", objects: answers },
      };
    },
    put: (ask) => {
      const grant = grantOf(ask);
      const wrong = wrongPut(ask, grant);
      if (wrong !== undefined) return wrong;
      const { repository, wanted, part, parts } = grant!;
      if (part !== undefined) parts!.set(part, ask.body);
      else if (parts !== undefined) return refuseStorage(405, "MethodNotAllowed");
      else if (sha256Of(ask.body) !== wanted.oid) return refuseStorage(400, "BadDigest");
      else repository.objects.set(wanted.oid, ask.body);
      return { headers: { etag: etagOf(ask.body) }, bytes: Buffer.alloc(0) };
    },
    complete: (ask) => {
      const grant = grantOf(ask);
      if (grant?.parts === undefined || grant.part !== undefined)
        return refuseStorage(403, "SignatureDoesNotMatch");
      const { repository, wanted, parts } = grant;
      const { oid, parts: named } = jsonOf(ask) ?? {};
      const put = [...parts].sort(([one], [other]) => one - other);
      const expected = put.map(([partNumber, bytes]) => ({ partNumber, etag: etagOf(bytes) }));
      if (oid !== wanted.oid || JSON.stringify(named) !== JSON.stringify(expected))
        return refuseStorage(400, "InvalidPart");
      const whole = Buffer.concat(put.map(([, bytes]) => bytes));
      if (whole.length !== wanted.size || sha256Of(whole) !== wanted.oid)
        return refuseStorage(400, "BadDigest");
      repository.objects.set(wanted.oid, whole);
      return { value: { success: true } };
    },
    verify: (repository, ask) => {
      const { oid, size } = jsonOf(ask) ?? {};
      const stored = repository.objects.get(String(oid));
      if (stored === undefined) return refuse(404, "the object is not there");
      return stored.length === size ? { value: {} } : refuse(422, "the object has another size");
    },
  };
};
