// Which key goes to which address. A key is sent only where the person who set it said that it belongs: OPENAI_API_KEY
// to OpenAI alone, ANTHROPIC_API_KEY to Anthropic alone, COVENANT_API_KEY to the hosts that COVENANT_API_KEY_HOSTS
// names and to this machine; as with npm and netrc, which bind a secret to its host. Without such a rule an address
// mistyped or copied from somewhere would be handed the key. Sends nothing itself.

import { UserError } from "../core/index.ts";

/** OpenAI's own address. */
export const openAiAddress = "https://api.openai.com/v1";

/** Anthropic's own address. */
export const anthropicAddress = "https://api.anthropic.com";

const isAt = (baseURL: string, address: string): boolean =>
  new URL(baseURL).origin === new URL(address).origin;

/** Whether an address is OpenAI's own. */
export const isOpenAi = (baseURL: string): boolean => isAt(baseURL, openAiAddress);

const keyName = "COVENANT_API_KEY";
const hostsName = "COVENANT_API_KEY_HOSTS";

type Environment = Readonly<Record<string, string | undefined>>;

/** key: to send, if any; keyVariable: where it comes from; keyAdvice: what to do when the address wants another one. */
export type KeyChoice = {
  readonly key: string | undefined;
  readonly keyVariable: string;
  readonly keyAdvice: string;
};

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** A key that cannot stand in a header would be repeated in fetch's complaint about it. */
const readKey = (name: string, environment: Environment): string | undefined => {
  const key = environment[name]?.trim() || undefined;
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  throw new UserError(
    "model-key",
    `The value of ${name} holds spaces or signs that no key has. Set it to the key alone, without quotes and line breaks.`,
  );
};

/** The hosts named: "host" (any port, https), "host:port" (https), "http://host:port" (unencrypted, on purpose). */
const namedHosts = (environment: Environment): readonly string[] =>
  (environment[hostsName] ?? "")
    .split(/[\s,]+/)
    .map((entry) => entry.toLowerCase().replace(/\/+$/, ""))
    .filter((entry) => entry !== "");

const isNamed = (url: URL, hosts: readonly string[]): boolean => {
  if (hosts.includes(url.origin)) return true;
  if (url.protocol !== "https:") return false;
  return hosts.includes(url.hostname) || hosts.includes(`${url.hostname}:${url.port || "443"}`);
};

/** The code of the error where a key is needed and not there. */
export const missingKey = "model-key-missing";

/** The key of a provider that gives nothing without one. */
const neededKey = (id: string, keyVariable: string, environment: Environment): KeyChoice => {
  const key = readKey(keyVariable, environment);
  if (key === undefined) {
    throw new UserError(
      missingKey,
      `"${id}" needs a key, and the environment variable ${keyVariable} is not set. Set it, or write it into .env.`,
      { model: id },
    );
  }
  return { key, keyVariable, keyAdvice: `Set the environment variable ${keyVariable} to a key` };
};

/**
 * The key for an address, or none. Throws UserError "model-key-missing" when OpenAI's or Anthropic's is missing, and
 * "model-key-host" when COVENANT_API_KEY is set and nothing says whether it belongs to that address, or it would go
 * there unencrypted.
 */
export const keyFor = (id: string, baseURL: string, environment: Environment): KeyChoice => {
  if (isOpenAi(baseURL)) return neededKey(id, "OPENAI_API_KEY", environment);
  if (isAt(baseURL, anthropicAddress)) return neededKey(id, "ANTHROPIC_API_KEY", environment);
  const url = new URL(baseURL);
  const key = readKey(keyName, environment);
  const hosts = namedHosts(environment);
  const choice = { key, keyVariable: keyName, keyAdvice: `Set the environment variable ${keyName} to a key` };
  if (key === undefined || isNamed(url, hosts) || (hosts.length === 0 && isLoopback(url.hostname)))
    return choice;
  const isMeantForHost = hosts.includes(url.hostname) || hosts.includes(url.host);
  if (url.protocol === "http:" && isMeantForHost) {
    throw new UserError(
      "model-key-host",
      `${hostsName} names ${url.host}, but ${url.origin} is not encrypted, so ${keyName} could be read on its way. Use https, or write ${url.origin} into ${hostsName} where the network is your own.`,
      { model: id, host: url.host },
    );
  }
  if (hosts.length === 0) {
    throw new UserError(
      "model-key-host",
      `${keyName} is set, and nothing says that it belongs to ${url.host}. Set ${hostsName}=${url.protocol === "http:" ? url.origin : url.host} to send it there, or unset ${keyName} to go without.`,
      { model: id, host: url.host },
    );
  }
  const entry = url.protocol === "http:" ? url.origin : url.host;
  return {
    ...choice,
    key: undefined,
    keyAdvice: `Add ${entry} to ${hostsName}, and set ${keyName} to a key`,
  };
};
