// A folder's files to a repository on the Hugging Face hub, by @huggingface/hub: the repository made, or an existing one
// added to where that is wanted, and all files in one commit. Every refusal is told with what to do. The token comes
// from the environment and stands in no message. Large files go by Git LFS, as the hub takes them from every client: an
// upload that ended midway goes on where it was, since what has arrived is not asked for again. Knows nothing of what the
// files hold.

import { pathToFileURL } from "node:url";
import { createRepo, datasetInfo, HubApiError, listFiles, modelInfo, uploadFiles } from "@huggingface/hub";
import { CovenantError, InterruptedError, messageOf, UserError } from "../../core/index.ts";

export type RepositoryKind = "dataset" | "model";

/** content: where the file lies, or what is in it. */
export type UploadedFile = { readonly path: string; readonly content: URL | Blob };

export type Upload = {
  readonly kind: RepositoryKind;
  /** "owner/name". */
  readonly name: string;
  readonly isPrivate: boolean;
  /** Whether a repository that is there already may be added to. */
  readonly update: boolean;
  readonly files: readonly UploadedFile[];
  readonly title: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/** A file on this machine as one to upload. */
export const fileOnDisk = (path: string, file: string): UploadedFile => ({
  path,
  content: pathToFileURL(file),
});

/** Where it is now, and who sees it. */
export type Uploaded = { readonly address: string; readonly isPrivate: boolean };

const tokenPage = "https://huggingface.co/settings/tokens";

/** The token of the environment. Throws UserError where there is none, or one that is none. */
export const requireToken = (environment: Upload["environment"]): string => {
  const token = environment["HF_TOKEN"]?.trim() ?? "";
  if (token.startsWith("hf_")) return token;
  throw new UserError(
    "hub-token",
    token === ""
      ? `There is no token for the Hugging Face hub. Set HF_TOKEN (in the environment or in .env) to one with write access: ${tokenPage}.`
      : `HF_TOKEN holds no token of the Hugging Face hub: those begin with "hf_". Make one with write access: ${tokenPage}.`,
  );
};

const namedHub = (environment: Upload["environment"]): string => environment["HF_ENDPOINT"]?.trim() ?? "";

/** The hub that the environment names, or the one of Hugging Face. */
export const hubAddress = (environment: Upload["environment"]): string => {
  const address = (namedHub(environment) || "https://huggingface.co").replace(/\/+$/, "");
  if (/^https?:\/\//.test(address) && URL.canParse(address)) return address;
  throw new UserError(
    "hub-address",
    `HF_ENDPOINT is "${address}", which is no web address. Expected one like https://huggingface.co; leave HF_ENDPOINT out for that one.`,
    { address },
  );
};

/** Something that passes: the command line adds that the same command goes on. */
const passing = (
  code: string,
  message: string,
  facts: Readonly<Record<string, unknown>>,
  cause: unknown,
): CovenantError =>
  new CovenantError(
    code,
    `${message} All files go in one commit, so the repository holds all of them or none; large ones that have arrived are not sent again.`,
    { ...facts, retriable: true },
    cause,
  );

/** Codes of a network, or a resolver of names, that is away: none of them says that an address is wrong. */
const networkAway = new Set(["EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"]);

/** Codes of a host that is not there: for ever where its address is wrong, else for a while. */
const hostAbsent = new Set(["ECONNREFUSED", "ENOTFOUND"]);

type Announced = { readonly files: readonly { readonly path: string; readonly size: number }[] };

/**
 * The hub's answer on how files are to come, with empty ones as plain files: the storage of large files takes none, and
 * huggingface_hub sends them so, too.
 */
const emptyAsPlain = async (address: string, body: unknown, answer: Response): Promise<Response> => {
  if (!answer.ok || !address.includes("/preupload/")) return answer;
  const { files } = JSON.parse(String(body)) as Announced;
  const empty = new Set(files.filter(({ size }) => size === 0).map(({ path }) => path));
  const told = (await answer.json()) as Announced;
  const modes = told.files.map((file) => (empty.has(file.path) ? { ...file, uploadMode: "regular" } : file));
  return Response.json({ ...told, files: modes });
};

/**
 * The error of a call that got no answer. Only an address of the user's own that never answered may be a wrong one. hub: its
 * address; url: that was called, of which no more than the host is told, since the storage's are signed.
 */
const unanswered = (
  thrown: unknown,
  { hub, url, mayBeWrong }: { readonly hub: string; readonly url: string; readonly mayBeWrong: boolean },
): CovenantError => {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const code = (cause as { code?: string }).code ?? "";
  // where several addresses of a host were tried there is no message
  const told = messageOf(cause) || code;
  const { host } = new URL(url);
  const isHub = host === new URL(hub).host;
  const place = isHub ? hub : `the hub's storage of large files at ${host}`;
  const facts = { address: isHub ? hub : host };
  if (!networkAway.has(code) && !hostAbsent.has(code))
    return passing("hub-lost", `The connection to ${place} was lost (${told}).`, facts, thrown);
  const text = `Got no connection to ${place} (${told}).`;
  return isHub && mayBeWrong && hostAbsent.has(code)
    ? new UserError("hub-unreachable", `${text} Check HF_ENDPOINT and the network.`, facts, thrown)
    : passing("hub-unreachable", `${text} Check the network.`, facts, thrown);
};

/** fetch, with a network that fails as an error that says so. isNamed: whether the user named the hub's address. */
const reaching = (hub: string, isNamed: boolean, signal: AbortSignal): typeof fetch => {
  let hasAnswered = false;
  return async (input, init) => {
    const url = String(input);
    try {
      const answer = await fetch(input, { ...init, signal: init?.signal ?? signal });
      hasAnswered = true;
      return await emptyAsPlain(url, init?.body, answer);
    } catch (thrown) {
      if (signal.aborted) throw new InterruptedError();
      throw unanswered(thrown, { hub, url, mayBeWrong: isNamed && !hasAnswered });
    }
  };
};

const passes = (status: number): boolean => status === 429 || status >= 500;

/** What the storage beside the hub refused; its addresses are signed, so they stand in no message. */
const storageRefusal = (status: number, { kind, name }: Upload, thrown: HubApiError): CovenantError => {
  const { host } = new URL(thrown.url);
  const facts = { kind, name, status };
  // not the error itself, whose text holds the signed address
  const cause = new Error(`status ${status} of ${host}`);
  const text = `The hub's storage of large files answered ${status} for ${name}.`;
  return passes(status) || status === 408
    ? passing("hub-storage", `${text} Try again later.`, facts, cause)
    : new UserError(
        "hub-storage-refused",
        `${text} It takes files at addresses that the hub hands out for a while: check that this machine's clock is right and that no proxy changes what is sent to ${host}, then run the same command again. Large files that have arrived are not sent again.`,
        facts,
        cause,
      );
};

/** What the hub refused, with what to do about it. */
const refusal = (thrown: unknown, upload: Upload): unknown => {
  if (!(thrown instanceof HubApiError)) return thrown;
  const { kind, name, environment } = upload;
  const { statusCode: status } = thrown;
  if (new URL(thrown.url).host !== new URL(hubAddress(environment)).host)
    return storageRefusal(status, upload, thrown);
  const [owner] = name.split("/");
  const told = (code: string, message: string): UserError =>
    new UserError(code, message, { kind, name, status }, thrown);
  if (status === 401)
    return told(
      "hub-token-refused",
      `The hub does not accept the token in HF_TOKEN (status 401). Make one with write access: ${tokenPage}.`,
    );
  if (status === 403)
    return told(
      "hub-forbidden",
      `The token in HF_TOKEN may not write to ${name} (status 403). Use one with write access to ${owner}, or choose another --to.`,
    );
  if (status === 404)
    return told(
      "hub-missing",
      `The hub has no ${kind} ${name} that could be written to from here (status 404). Check --to: "${owner}" must be an account or organisation that the token may write to.`,
    );
  if (status === 412)
    return told(
      "hub-conflict",
      `Somebody else added to the ${kind} ${name} at the same time (status 412), and nothing was added here. Look at what is there now; with --update the same command adds to it.`,
    );
  if (passes(status))
    return passing(
      "hub-busy",
      `The hub answered ${status} for ${name}. Try again later.`,
      { kind, name, status },
      thrown,
    );
  return told("hub-refused", `The hub refused ${name} (status ${status}): ${thrown.message}`);
};

type Access = {
  readonly accessToken: string;
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
};

/** Whether a repository holds nothing but what the hub put there itself, as one does whose first upload ended midway. */
const isEmpty = async ({ kind, name }: Upload, access: Access): Promise<boolean> => {
  for await (const { path } of listFiles({ repo: { type: kind, name }, ...access }))
    if (path !== ".gitattributes") return false;
  return true;
};

/**
 * A repository that is there already: may it be added to? Resolves to whether it is private. Throws UserError where it
 * may not.
 */
const checkExisting = async (upload: Upload, access: Access): Promise<boolean> => {
  const { kind, name, isPrivate, update } = upload;
  if (!update && !(await isEmpty(upload, access)))
    throw new UserError(
      "hub-exists",
      `There is a ${kind} ${name} on the hub already. Choose another --to, or give --update to add a commit to it.`,
      { kind, name },
    );
  const info =
    kind === "dataset" ? await datasetInfo({ name, ...access }) : await modelInfo({ name, ...access });
  if (info.private || !isPrivate) return info.private;
  throw new UserError(
    "hub-public",
    `The ${kind} ${name} is public, and this is to be private. Make it private on the hub first, choose another --to, or say that it may be public: --set private=false.`,
    { kind, name },
  );
};

/** Makes the repository, or finds that it is there; resolves to whether it is private. */
const openRepository = async (upload: Upload, access: Access): Promise<boolean> => {
  const { kind, name, isPrivate } = upload;
  const visibility = isPrivate ? "private" : "public";
  try {
    await createRepo({ repo: { type: kind, name }, visibility, ...access });
    return isPrivate;
  } catch (thrown) {
    if (!(thrown instanceof HubApiError) || thrown.statusCode !== 409) throw thrown;
    return checkExisting(upload, access);
  }
};

/** Uploads files in one commit. Throws UserError for all that the hub refuses. */
export const uploadToHub = async (upload: Upload): Promise<Uploaded> => {
  const { kind, name, environment, signal } = upload;
  const hubUrl = hubAddress(environment);
  const reach = reaching(hubUrl, namedHub(environment) !== "", signal);
  const access = { accessToken: requireToken(environment), hubUrl, fetch: reach };
  try {
    const isPrivate = await openRepository(upload, access);
    await uploadFiles({
      repo: { type: kind, name },
      files: [...upload.files],
      commitTitle: upload.title,
      abortSignal: signal,
      // by Git LFS, which is what tools/parity/check_hub.py checks; the hub moves it to its Xet storage by itself
      useXet: false,
      ...access,
    });
    return { address: `${hubUrl}/${kind === "dataset" ? "datasets/" : ""}${name}`, isPrivate };
  } catch (thrown) {
    if (signal.aborted) throw new InterruptedError();
    throw refusal(thrown, upload);
  }
};
