// Names as strangers may read them: what a person's machine and network are called stays out of what is published. Knows
// paths and addresses, not what lies there.

import { basename, isAbsolute, relative } from "node:path";

/** A path seen from where the command runs; of one that lies elsewhere its last part alone. */
const publicPath = (path: string): string => {
  const inside = relative(process.cwd(), path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? basename(path) : inside;
};

const isServed = (name: string): boolean => /^(https?:\/\/|openai:|anthropic:)/i.test(name);

/** The members of a pool; null: it is none. */
const poolOf = (name: string): readonly string[] | null => {
  const members = name.split("|").map((member) => member.trim());
  return members.length > 1 && members.every(isServed) ? members : null;
};

/** A model, file or document by a name without address and home folder: "my-model (behind an endpoint)". */
export const publicName = (name: string): string => {
  // a recording names the model whose answers it has as it was called: by an address, or several
  const [, recording, recorded] = /^replay:(.*?\.jsonl)#(.+)$/s.exec(name) ?? [];
  if (recording !== undefined && recorded !== undefined)
    return `replay:${publicName(recording)}#${publicName(recorded)}`;
  const members = poolOf(name);
  if (members !== null) return [...new Set(members.map(publicName))].join(" | ");
  const [, model] = /^https?:\/\/[^#]*#?(.*)$/is.exec(name) ?? [];
  if (model !== undefined) return `${model === "" ? "a model" : model} (behind an endpoint)`;
  const [, scheme = "", path = ""] = /^(scripted:|replay:|file:\/\/)?(.*)$/s.exec(name) ?? [];
  const own = isAbsolute(path) || path.startsWith("..") ? publicPath(path) : path;
  return scheme === "file://" ? own : `${scheme}${own}`;
};

/** A configuration with such names in all of its texts. */
export const publicValues = (value: unknown): unknown => {
  if (typeof value === "string") return publicName(value);
  if (Array.isArray(value)) return value.map(publicValues);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, publicValues(inner)]));
};
