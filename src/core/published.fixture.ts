// Published data that tests read where it lies: in the folder that COVENANT_SHARED_DATA names, else in shared/data beside
// the checkout. It is no part of the repository; tests that need it say so and pass over without it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A checkout lies beside the data, or in a folder beside it. */
const places = [
  fileURLToPath(new URL("../../../shared/data", import.meta.url)),
  fileURLToPath(new URL("../../../../shared/data", import.meta.url)),
];
const folder = process.env["COVENANT_SHARED_DATA"] ?? places.find((place) => existsSync(place)) ?? places[0]!;

/** A file of published data; missing: what a test says when it passes over, false where the file is there. */
export const publishedFile = (path: string): { readonly path: string; readonly missing: string | false } => {
  const whole = join(folder, path);
  return {
    path: whole,
    missing: existsSync(whole) ? false : `${whole} is not there: published data is not shipped`,
  };
};
