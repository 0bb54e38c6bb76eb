// A folder's files to a repository on the Hugging Face hub, by @huggingface/hub: the repository made, or an existing one
// added to where that is wanted, and all files in one commit. Every refusal is told with what to do. The token comes
// from the environment and stands in no message. Knows nothing of what the files hold.

import { pathToFileURL } from "node:url";
import { createRepo, datasetInfo, HubApiError, modelInfo, uploadFiles } from "@huggingface/hub";
import { InterruptedError, messageOf, UserError } from "../../core/index.ts";

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

/** The hub that the environment names. */
export const hubAddress = (environment: Upload["environment"]): string =>
  (environment["HF_ENDPOINT"]?.trim() || "https://huggingface.co").replace(/\/+$/, "");

/** fetch, with a network that fails as a UserError. */
const reaching = (address: string, signal: AbortSignal): typeof fetch => {
  return async (input, init) => {
    try {
      return await fetch(input, { ...init, signal: init?.signal ?? signal });
    } catch (thrown) {
      if (signal.aborted) throw new InterruptedError();
      const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
      throw new UserError(
        "hub-unreachable",
        `${address} cannot be reached (${messageOf(cause)}). Check the network and HF_ENDPOINT, and run the same command again, with --update if the repository has been made by now.`,
        { address },
        thrown,
      );
    }
  };
};

/** What the hub refused, with what to do about it. */
const refusal = (thrown: unknown, { kind, name }: Upload): unknown => {
  if (!(thrown instanceof HubApiError)) return thrown;
  const { statusCode: status } = thrown;
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
  if (status === 429 || status >= 500)
    return told(
      "hub-busy",
      `The hub answered ${status} for ${name}. Try again later, with --update if the repository has been made by now.`,
    );
  return told("hub-refused", `The hub refused ${name} (status ${status}): ${thrown.message}`);
};

type Access = {
  readonly accessToken: string;
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
};

/** A repository that is there already: may it be added to? Throws UserError where not. */
const checkExisting = async ({ kind, name, isPrivate, update }: Upload, access: Access): Promise<void> => {
  if (!update)
    throw new UserError(
      "hub-exists",
      `There is a ${kind} ${name} on the hub already. Choose another --to, or give --update to add a commit to it.`,
      { kind, name },
    );
  if (!isPrivate) return;
  const info =
    kind === "dataset" ? await datasetInfo({ name, ...access }) : await modelInfo({ name, ...access });
  if (info.private) return;
  throw new UserError(
    "hub-public",
    `The ${kind} ${name} is public, and this is to be private. Make it private on the hub first, choose another --to, or say that it may be public: --set private=false.`,
    { kind, name },
  );
};

/** Uploads files in one commit; resolves to the repository's address. Throws UserError for all that the hub refuses. */
export const uploadToHub = async (upload: Upload): Promise<string> => {
  const { kind, name, isPrivate, environment, signal } = upload;
  const hubUrl = hubAddress(environment);
  const access = { accessToken: requireToken(environment), hubUrl, fetch: reaching(hubUrl, signal) };
  const repo = { type: kind, name };
  try {
    await createRepo({ repo, visibility: isPrivate ? "private" : "public", ...access }).catch(
      async (thrown: unknown) => {
        if (!(thrown instanceof HubApiError) || thrown.statusCode !== 409) throw thrown;
        await checkExisting(upload, access);
      },
    );
    await uploadFiles({
      repo,
      files: [...upload.files],
      commitTitle: upload.title,
      abortSignal: signal,
      ...access,
    });
  } catch (thrown) {
    if (signal.aborted) throw new InterruptedError();
    throw refusal(thrown, upload);
  }
  return `${hubUrl}/${kind === "dataset" ? "datasets/" : ""}${name}`;
};
