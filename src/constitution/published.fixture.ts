// Published data of Bai et al. 2022, where it lies beside the checkout. It is not shipped, and tests that need it pass
// over without it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder =
  process.env["COVENANT_SHARED_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));

/** A published prompt file by its name; missing: what a test says when it passes over. */
export const publishedPrompts = (
  name: string,
): { readonly path: string; readonly missing: string | null } => {
  const path = join(folder, "anthropic-cai", "prompts", name);
  return { path, missing: existsSync(path) ? null : `${path} is not there: published data is not shipped` };
};
