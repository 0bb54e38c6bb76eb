// A model named in one string: where it runs and which one it is. Secrets in an address are refused here, before the
// name can get into a record. Pure text; opens nothing.

import { UserError } from "../core/index.ts";

/**
 * endpoint: an OpenAI-compatible server, asked for chats, or for plain completions where the name says so; openai,
 * anthropic: the providers themselves.
 */
export type ServedName =
  | {
      readonly type: "endpoint";
      readonly baseURL: string;
      readonly model: string;
      readonly generation?: "completions";
    }
  | { readonly type: "openai"; readonly model: string }
  | { readonly type: "anthropic"; readonly model: string };

/**
 * pool: several of those that share the work, by their own names; embedded: a model shipped with Covenant; folder: a
 * model folder for the embedded engine; hub: a model on the Hugging Face hub, fetched for it; scripted: a file of rules;
 * replay: a recording, and whose answers of it.
 */
export type ModelName =
  | ServedName
  | { readonly type: "pool"; readonly members: readonly string[] }
  | { readonly type: "embedded"; readonly model: string }
  | { readonly type: "folder"; readonly folder: string }
  | { readonly type: "hub"; readonly name: string }
  | { readonly type: "scripted"; readonly file: string }
  | { readonly type: "replay"; readonly file: string; readonly model?: string };

const forms =
  'Use "http://host:port/v1#model", "http://host:port/v1/completions#model", "openai:model", "anthropic:model", "embedded:covenant-tiny", "./folder", "hf:owner/name", "scripted:file.yaml", "replay:file.jsonl", or several endpoints with | between.';

const reject = (name: string, problem: string, advice = forms): never => {
  throw new UserError("model-name", `Model name "${name}": ${problem}. ${advice}`, { name });
};

const parseEndpoint = (name: string): ServedName => {
  if (!URL.canParse(name)) return reject(name, "this is not a valid address");
  const url = new URL(name);
  if (url.username !== "" || url.password !== "") {
    const shown = `${url.protocol}//...@${url.host}${url.pathname}${url.hash}`;
    return reject(
      shown,
      "the address holds a user name or password",
      "Leave it out and put the key into the environment variable COVENANT_API_KEY.",
    );
  }
  if (url.search !== "") {
    const shown = `${url.origin}${url.pathname}?...${url.hash}`;
    return reject(
      shown,
      "the address holds a query, which Covenant would have to write into records",
      "Leave the query out; a key belongs into the environment variable COVENANT_API_KEY.",
    );
  }
  let model: string;
  try {
    model = decodeURIComponent(url.hash.slice(1));
  } catch {
    return reject(name, "the model name after # is not readable (a stray % sign)");
  }
  if (model === "") return reject(name, "no model is named after the address", 'Add it, e.g. "#my-model".');
  const address = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  const [, base, chat] = /^(.*?)(\/chat)?\/completions$/.exec(address) ?? [];
  if (chat !== undefined)
    return reject(name, "the address of chats is found without its end", `Use "${base}#${model}".`);
  if (base !== undefined) return { type: "endpoint", baseURL: base, model, generation: "completions" };
  return { type: "endpoint", baseURL: address, model };
};

const parseHubName = (name: string, rest: string): string =>
  /^([A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*(@[A-Za-z0-9][\w./-]*)?$/.test(rest)
    ? rest
    : reject(
        name,
        "this is no name on the Hugging Face hub",
        'Use "hf:owner/name" or "hf:owner/name@revision".',
      );

const parsePool = (name: string): ModelName => {
  const members = name.split("|").map((member) => member.trim());
  for (const member of members) {
    if (member === "") return reject(name, "a | stands where no endpoint follows or comes before");
    const { type } = parseModelName(member);
    if (!["endpoint", "openai", "anthropic"].includes(type))
      return reject(name, `"${member}" runs here or is a file, and a pool is made of endpoints`);
  }
  const twice = members.find((member, at) => members.indexOf(member) !== at);
  return twice === undefined ? { type: "pool", members } : reject(name, `"${twice}" is in it twice`);
};

/** Whose answers of a recording: what follows the file's ending and a #, where several models were recorded. */
const parseReplay = (rest: string): ModelName => {
  const [, file = rest, model] = /^(.*?\.jsonl)#(.+)$/s.exec(rest) ?? [];
  return { type: "replay", file, ...(model === undefined ? {} : { model }) };
};

/** Reads a model name. Throws UserError "model-name" for anything that is not one of the forms. */
export const parseModelName = (name: string): ModelName => {
  if (name.includes("|") && !name.startsWith("replay:")) return parsePool(name);
  if (/^https?:/i.test(name)) return parseEndpoint(name);
  if (name === "." || name === ".." || /^(\.{0,2}|~|[A-Za-z]:)[/\\]/.test(name)) {
    return { type: "folder", folder: name };
  }
  if (/^[\w.-]+:\d+([/#]|$)/.test(name))
    return reject(name, "the address does not begin with http:// or https://", `Use "http://${name}".`);
  const colon = name.indexOf(":");
  const scheme = colon < 0 ? "" : name.slice(0, colon);
  const rest = name.slice(colon + 1).trim();
  if (!["openai", "anthropic", "embedded", "hf", "scripted", "replay"].includes(scheme)) {
    return reject(name, colon < 0 ? "it does not say where the model runs" : `"${scheme}:" is not known`);
  }
  if (rest === "") return reject(name, `nothing follows "${scheme}:"`);
  if (scheme === "openai" || scheme === "anthropic") return { type: scheme, model: rest };
  if (scheme === "hf") return { type: "hub", name: parseHubName(name, rest) };
  if (scheme === "scripted") return { type: "scripted", file: rest };
  if (scheme === "replay") return parseReplay(rest);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(rest)) {
    return reject(name, "an embedded model is one word", "For a folder write its path, e.g. ./my-model.");
  }
  return { type: "embedded", model: rest };
};
