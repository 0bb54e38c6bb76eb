// "~" at the beginning of a path. Shells replace it only at the beginning of a word, so not in `--out=~/runs` or in a
// configuration file; there it is ours to do.

import { homedir } from "node:os";
import { join } from "node:path";

/** The path with a leading "~" replaced by the user's home folder; any other text as it was. */
export const expandHome = (path: string): string =>
  path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
