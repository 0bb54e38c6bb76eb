// Fetching one file from the hub: in parts where the connection breaks, on from where an earlier try ended, and into
// its place only when size and hash are those that the hub promised. What the hub refuses becomes a UserError that
// says what to do. Knows nothing of models.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { fileError, InterruptedError, messageOf, throwIfAborted, UserError } from "../core/index.ts";

/** Bytes fetched of all that the model needs. */
export type HubProgress = { readonly file: string; readonly done: number; readonly total: number };

/**
 * environment: HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, and where the cache lies (HF_HUB_CACHE, HF_HOME,
 * XDG_CACHE_HOME). pause: waits before a broken download goes on; by default in real time. space: bytes that are left on a
 * folder's disk; by default the disk is asked.
 */
export type HubOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onFetch?: (progress: HubProgress) => void;
  readonly pause?: (milliseconds: number) => Promise<void>;
  readonly space?: (folder: string) => Promise<number>;
};

/** A model on the hub. revision: a branch, a tag or a commit. */
export type HubName = { readonly repository: string; readonly revision: string };

/** What a fetched file is known by: the hash that its content must have, which is also its name among the blobs. */
export type HubFile = {
  readonly path: string;
  readonly size: number;
  /** sha256 of large files; git's hash of others. */
  readonly hash: string;
};

/** fetch with the token, and with failures as UserErrors. */
export type HubFetch = typeof fetch;

/** An answer that no hub gives. what: what is wrong with it. */
export const noHub = (endpoint: string, what: string, cause?: unknown): UserError =>
  new UserError(
    "hub-answer",
    `${endpoint} does not answer as the Hugging Face hub does: ${what.replace(/\.$/, "")}. Set HF_ENDPOINT to the address of a hub, or unset it for https://huggingface.co; if it is right, something on the way answers in its place (a proxy, a log-in page).`,
    { endpoint },
    cause,
  );

/** What the hub's library gives. It throws TypeErrors and SyntaxErrors where it cannot read an answer: no JSON, or other fields. */
export const askHub = async <Answer>(endpoint: string, ask: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await ask();
  } catch (thrown) {
    const isUnread = thrown instanceof TypeError || thrown instanceof SyntaxError;
    throw isUnread ? noHub(endpoint, messageOf(thrown), thrown) : thrown;
  }
};

/** Whether no hub answered: nobody did, or something else in its place. What is in the cache is used then. */
export const isNoHub = (thrown: unknown): boolean =>
  thrown instanceof UserError && (thrown.code === "hub-unreachable" || thrown.code === "hub-answer");

/** A connection that broke. */
const broken = (what: string, cause?: unknown): UserError =>
  new UserError("hub-broken", `The connection broke: ${what}.`, {}, cause);

/** What another try may overcome: no connection, a broken one, a server that has too much to do. */
const isPassing = (thrown: unknown): thrown is UserError =>
  thrown instanceof UserError && ["hub-unreachable", "hub-broken", "hub-busy"].includes(thrown.code);

const refusal = (response: Response, { repository, revision }: HubName, hasToken: boolean): UserError => {
  const kind = response.headers.get("x-error-code") ?? "";
  const facts = { repository, revision, status: response.status, kind };
  const page = `https://huggingface.co/${repository}`;
  const token = hasToken
    ? "The token in HF_TOKEN does not allow it: use one of an account with access"
    : "Set HF_TOKEN (in the environment or in .env) to a token of an account with access";
  if (kind === "RevisionNotFound")
    return new UserError(
      "hub-model-missing",
      `${repository} on the Hugging Face hub has no revision "${revision}". Look for one at ${page}/commits/main.`,
      facts,
    );
  if (kind === "GatedRepo" || response.status === 403)
    return new UserError(
      "hub-gated",
      `${repository} is gated: its owner asks for an agreement first. Agree at ${page}. ${token}.`,
      facts,
    );
  if (response.status === 404 || kind === "RepoNotFound")
    return new UserError(
      "hub-model-missing",
      `There is no model ${repository} on the Hugging Face hub that could be seen from here. Check the name. If it is private: ${token}.`,
      facts,
    );
  if (response.status === 401)
    return new UserError("hub-forbidden", `${repository} may not be read. ${token} (${page}).`, facts);
  return new UserError(
    response.status === 429 || response.status >= 500 ? "hub-busy" : "hub-refused",
    `The Hugging Face hub answered ${response.status} for ${repository}. Try again later, or check HF_ENDPOINT.`,
    facts,
  );
};

/** fetch for one model: the token goes to the endpoint alone, and an answer that is none becomes a UserError. */
export const hubFetch = (name: HubName, endpoint: string, options: HubOptions): HubFetch => {
  const token = options.environment["HF_TOKEN"]?.trim() ?? "";
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (token !== "") headers.set("authorization", `Bearer ${token}`);
    headers.set("user-agent", "covenant");
    const { signal } = options;
    let response: Response;
    try {
      response = await fetch(input, { ...init, headers, ...(signal === undefined ? {} : { signal }) });
    } catch (thrown) {
      if (signal?.aborted) throw new InterruptedError();
      const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
      throw new UserError(
        "hub-unreachable",
        `${endpoint} cannot be reached (${messageOf(cause)}), and ${name.repository} (${name.revision}) is not whole in the cache. Check the network; what was fetched so far is kept.`,
        { endpoint },
        thrown,
      );
    }
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw refusal(response, name, token !== "");
  };
};

/** address: where the file lies; blob: where it is to lie. */
export type BlobDownload = {
  readonly address: string;
  readonly blob: string;
  readonly file: HubFile;
  readonly fetch: HubFetch;
};

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const unfinishedOf = (blob: string): string => `${blob}.incomplete`;

/** Bytes of a file that its place among the blobs has not yet: what lies there of an earlier try need not find room. */
export const missingBytes = async (blob: string, { size }: HubFile): Promise<number> => {
  const there = Math.max(await sizeOf(blob), await sizeOf(unfinishedOf(blob)));
  return there > size ? size : size - there;
};

/** Appends what is missing. Throws UserError "hub-broken" when the answer ends too early. */
const fetchRest = async (
  { address, file, fetch }: BlobDownload,
  unfinished: string,
  tell: (done: number) => void,
): Promise<void> => {
  let done = await sizeOf(unfinished);
  if (done > file.size) {
    await rm(unfinished, { force: true });
    done = 0;
  }
  if (done === file.size && done > 0) return;
  // Compressed, a file could not be taken up in the middle.
  const headers = { "accept-encoding": "identity", ...(done > 0 ? { range: `bytes=${done}-` } : {}) };
  const response = await fetch(address, { headers });
  if (response.status === 416) {
    await rm(unfinished, { force: true });
    throw broken("the hub has another file by now");
  }
  const continues =
    response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${done}-`);
  const target = await open(unfinished, continues === true ? "a" : "w");
  if (continues !== true) done = 0;
  try {
    for await (const part of response.body ?? []) {
      await target.writeFile(part);
      done += part.length;
      tell(Math.min(done, file.size));
    }
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && /^E[A-Z]+$/.test(String(thrown.code))) {
      const onDisk = fileError(thrown, "write", unfinished);
      if (onDisk instanceof UserError) throw onDisk;
    }
    throw broken(messageOf(thrown), thrown);
  } finally {
    await target.close();
  }
  if (done < file.size) throw broken(`it ended after ${done} of ${file.size} bytes`);
};

/** sha256 for large files; for others git's: sha1 over "blob <size>\0" and the content. */
const hashOf = async (path: string, { hash, size }: HubFile): Promise<string> => {
  const digest = createHash(hash.length === 64 ? "sha256" : "sha1");
  if (hash.length === 40) digest.update(`blob ${size}\0`);
  for await (const part of createReadStream(path)) digest.update(part as Uint8Array);
  return digest.digest("hex");
};

const attempts = 6;

/**
 * Fetches a file to its place among the blobs; one that is there already is left. tell: bytes of it so far. Throws
 * UserError when the connection keeps breaking (what was fetched is kept for the next time), when the disk is full, and
 * when the content is not what the hub promised.
 */
export const downloadBlob = async (
  download: BlobDownload,
  { signal, pause }: HubOptions,
  tell: (done: number) => void,
): Promise<void> => {
  const { blob, file, address } = download;
  if ((await sizeOf(blob)) === file.size && file.size > 0) return;
  const unfinished = unfinishedOf(blob);
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    const before = await sizeOf(unfinished);
    try {
      await fetchRest(download, unfinished, tell);
      break;
    } catch (thrown) {
      if (signal?.aborted) throw new InterruptedError();
      if (!isPassing(thrown)) throw thrown;
      // A try that got on does not count: a long file may break many times.
      if ((await sizeOf(unfinished)) > before) attempt = 0;
      if (attempt >= attempts)
        throw new UserError(
          "hub-connection-lost",
          `${file.path} could not be fetched to its end (${thrown.message.replace(/\.$/, "")}). Run the same command again: it goes on where it stopped.`,
          { address },
          thrown,
        );
      await (pause ?? wait)(500 * 2 ** attempt);
    }
  }
  const size = await sizeOf(unfinished);
  const hash = size === file.size ? await hashOf(unfinished, file) : "";
  if (hash !== file.hash) {
    await rm(unfinished, { force: true });
    throw new UserError(
      "hub-hash",
      `${file.path} came with ${size} bytes${hash === "" ? "" : ` of hash ${hash}`}, and the hub promised ${file.size} of hash ${file.hash}. It was thrown away. Run the same command again; if it comes again, something on the way changes files.`,
      { address, got: hash, expected: file.hash },
    );
  }
  await rename(unfinished, blob);
};
