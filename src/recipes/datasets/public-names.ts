// Names as strangers may read them: what a person's machine and network are called stays out of what is published. Knows
// paths and addresses, not what lies there.

import { basename, isAbsolute, relative } from "node:path";

/** A path seen from where the command runs; of one that lies elsewhere its last part alone. */
const publicPath = (path: string): string => {
  const inside = relative(process.cwd(), path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? basename(path) : inside;
};

/** A model, file or document by a name without address and home folder: "my-model (behind an endpoint)". */
export const publicName = (name: string): string => {
  if (/^https?:\/\//.test(name)) return `${name.split("#")[1] ?? "a model"} (behind an endpoint)`;
  const path = name.replace(/^file:\/\//, "");
  return isAbsolute(path) || path.startsWith("..") ? publicPath(path) : path;
};

/** A configuration with such names in all of its texts. */
export const publicValues = (value: unknown): unknown => {
  if (typeof value === "string") return publicName(value);
  if (Array.isArray(value)) return value.map(publicValues);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, publicValues(inner)]));
};
