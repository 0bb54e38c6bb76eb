// Installs what the lock file names when node_modules is missing or does not match it, so that `npm start` and
// `npm test` are each enough on a fresh clone. Plain JavaScript: it runs on whatever Node is there, before anything
// is installed.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const readPackages = (path) => {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch {
    return undefined;
  }
};

/**
 * Whether node_modules holds what the lock file names: compares the lock with the copy of it that npm leaves in
 * node_modules. By content, not by time: a checkout renews the time of files that did not change.
 */
export const isInstalled = (folder) => {
  const locked = readPackages(join(folder, "package-lock.json"));
  const installed = readPackages(join(folder, "node_modules", ".package-lock.json"));
  if (locked === undefined || installed === undefined) return false;
  const isSame = (path) =>
    locked[path]?.version === installed[path]?.version &&
    locked[path]?.integrity === installed[path]?.integrity;
  const wanted = Object.keys(locked).filter(
    (path) => path !== "" && !locked[path].optional && !locked[path].peer,
  );
  return wanted.every(isSame) && Object.keys(installed).every(isSame);
};

/** Runs `npm ci` with the npm that called us, or the one in PATH. Returns its exit status. */
const install = () => {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  const command = npm === undefined ? ["npm"] : [node ?? process.execPath, npm];
  const [program, ...first] = command;
  const result = spawnSync(program, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    shell: npm === undefined && process.platform === "win32",
    // Its install step fetches CUDA libraries; the processor's are in the package.
    env: { ONNXRUNTIME_NODE_INSTALL: "skip", ...process.env },
  });
  if (result.status === 0) return 0;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  process.stderr.write(
    `Installing the dependencies failed${result.error ? ` (${result.error.message})` : ""}. ` +
      "Check the network or the registry, then run the same command again.\n",
  );
  return result.status ?? 1;
};

/** Installs when needed. Returns 0, or what npm ended with. */
export const setUp = () => {
  if (isInstalled(root)) return 0;
  const first = !existsSync(join(root, "node_modules"));
  process.stderr.write(
    `${first ? "Installing" : "Updating"} the dependencies, Node 24 among them (once) ...\n`,
  );
  return install();
};

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) {
  process.exitCode = setUp();
}
