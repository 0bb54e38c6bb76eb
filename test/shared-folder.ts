// A folder for what the tests of one `vitest run` make once and use in several files. Who makes what in it, they know
// themselves.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** It goes when all tests are done. */
    sharedFolder: string;
  }
}

const folders: string[] = [];

export const setup = (project: TestProject): void => {
  const folder = mkdtempSync(join(tmpdir(), "covenant-shared-"));
  folders.push(folder);
  project.provide("sharedFolder", folder);
};

export const teardown = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};
