// The version of Covenant, read from its own package.json: the same two folders up from src/core and dist/core, so that
// the sources and the built package tell the same without a copy of it.

import { fileURLToPath } from "node:url";
import { readTextNow } from "./files.ts";
import { parseJson } from "./json.ts";

const packageFile = fileURLToPath(new URL("../../package.json", import.meta.url));

/** "0.1.0". */
export const covenantVersion = (): string => {
  const document = parseJson(readTextNow(packageFile), { file: packageFile });
  return String((document as { version?: unknown }).version ?? "unknown");
};
