// Builds dist/ for the published package: types stripped by the compiler, and the files beside the sources (prompts,
// constitutions) copied, since sources find them by their own place.

import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [source, built] = [join(root, "src"), join(root, "dist")];

rmSync(built, { recursive: true, force: true });
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
const result = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (result.status === 0) {
  cpSync(source, built, { recursive: true, filter: (path) => !/\.tsx?$/.test(path) });
} else {
  process.exitCode = result.status ?? 1;
}
