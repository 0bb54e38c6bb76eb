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

/** missing: why tests that need the file are passed over; false where it is there. */
export type PublishedFile = { readonly path: string; readonly missing: string | false };

/** A file of published data. */
export const publishedFile = (path: string): PublishedFile => {
  const whole = join(folder, path);
  return {
    path: whole,
    missing: existsSync(whole) ? false : `${whole} is not there: published data is not shipped`,
  };
};

/** Why tests that need these files are passed over; false where all are there. */
export const missingOf = (...files: readonly PublishedFile[]): string | false =>
  files.find(({ missing }) => missing !== false)?.missing ?? false;

/** The name of tests that need these files, with the reason where they are passed over. */
export const titled = (name: string, ...files: readonly PublishedFile[]): string => {
  const missing = missingOf(...files);
  return missing === false ? name : `${name} (${missing})`;
};
