// What equal runs have in common: records, figures, tables and documents, without times and without what was asked.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The texts of a run folder that do not depend on when it ran, by their paths in it. */
export const contentIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .sort()
      .filter((path) => /\.(jsonl|yaml|csv)$|^metrics\.json$/.test(path))
      .filter((path) => !/^(events\.jsonl|config\.yaml|calls.*)$/.test(path))
      .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
  );
