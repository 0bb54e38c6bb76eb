#!/usr/bin/env node
// The `covenant` command. In a checkout it runs the TypeScript sources on the pinned Node that npm has installed
// (package `node`), whatever Node started it; in the published package it runs the built dist/. It passes streams,
// signals and the exit status through, and ends where the process ended that waits for it. Node's compile cache keeps
// what it made of the sources: with it a command starts in half the time.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import * as module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const launcher = realpathSync(fileURLToPath(import.meta.url));
const root = join(dirname(launcher), "..");
const source = join(root, "src", "cli", "main.ts");
const built = join(root, "dist", "cli", "main.js");
const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

const cache = process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "node");

const setUp = `\`node tools/setup.mjs\` in ${root}`;

const fail = (text) => {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
};

/** The environment's name for the process id of this file where it starts itself on the pinned Node. */
const launcherName = "COVENANT_LAUNCHER";
const isStartedByLauncher = process.env[launcherName] === String(process.ppid);

/** The environment's name for the file that was called: src/cli/called-as.ts says after it how commands are typed. */
if (!isStartedByLauncher) process.env.COVENANT_CALLED = process.argv[1];

const isPinned = () =>
  existsSync(pinned) && (isStartedByLauncher || realpathSync(pinned) === realpathSync(process.execPath));

/** Node strips types by itself from 24 on. */
const readsTypeScript = () => Number(process.versions.node.split(".")[0]) >= 24;

/**
 * Whether npx or `npm start` waits for this process, through a shell as a rule. They hand no signal on through it, and
 * nobody can who is killed.
 */
const isStartedByNpm = /^(["']?covenant["']?|node bin\/covenant\.mjs run)$/.test(
  process.env.npm_lifecycle_script ?? "",
);

/** What Linux says of a process; nothing elsewhere, and of one that is gone. */
const readProcess = (id, what) => {
  try {
    return readFileSync(`/proc/${id}/${what}`, "utf8");
  } catch {
    return "";
  }
};

/** The parent of a process; undefined where it cannot be read, which says nothing. */
const parentOf = (id) =>
  readProcess(id, "stat")
    .replace(/^.*\) /s, "")
    .split(" ")[1];

const isShell = (id) => /^[^\0]*sh\0-c\0/.test(readProcess(id, "cmdline"));

const parentCheckMilliseconds = 1000;

/**
 * Calls back once when one of those that wait for this process has ended: what loses its parent gets another one. Only
 * these are watched: whoever else started the command may end and leave a server running on purpose (&, nohup, setsid).
 */
const watchParent = (orphaned) => {
  if (!isStartedByLauncher && !isStartedByNpm) return;
  const parent = process.ppid;
  // npm's shell may wait with npm above it, which is watched as well
  const above = !isStartedByLauncher && isShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    const isAlone = above !== undefined && (parentOf(parent) ?? above) !== above;
    if (process.ppid === parent && !isAlone) return;
    clearInterval(timer);
    orphaned();
  }, parentCheckMilliseconds);
  timer.unref();
};

/** Runs the command in this process. It listens for "parent-end" as soon as it can stop by itself. */
const runHere = async (file) => {
  watchParent(() => process.emit("parent-end") || process.kill(process.pid, "SIGTERM"));
  await import(pathToFileURL(file).href);
};

const runOnPinned = () => {
  const child = spawn(pinned, [launcher, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, NODE_COMPILE_CACHE: cache, [launcherName]: String(process.pid) },
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  let isTold = false;
  const forward = (signal) => {
    isTold = true;
    child.kill(signal);
  };
  // a second signal would end at once what is stopping already
  watchParent(() => isTold || forward("SIGTERM"));
  for (const signal of signals) process.on(signal, forward);
  child.on("error", (error) =>
    fail(`Cannot start ${pinned}: ${error.message}. Delete node_modules and run ${setUp}.`),
  );
  child.on("exit", (code, signal) => {
    for (const name of signals) process.off(name, forward);
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
};

// Node 20 has none.
if (existsSync(join(root, "node_modules"))) module.enableCompileCache?.(cache);

if (!existsSync(source)) {
  if (existsSync(built)) await runHere(built);
  else fail(`Covenant is not complete: neither ${source} nor ${built} is there. Install it again.`);
} else if (
  isPinned() ||
  (!existsSync(pinned) && readsTypeScript() && existsSync(join(root, "node_modules")))
) {
  await runHere(source);
} else if (existsSync(pinned)) {
  runOnPinned();
} else {
  fail(`The dependencies are not installed. Run ${setUp}, then the same command again.`);
}
