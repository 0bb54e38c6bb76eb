#!/usr/bin/env node
// The `covenant` command. In a checkout it runs the TypeScript sources on the pinned Node that npm has installed
// (package `node`), whatever Node started it; in the published package it runs the built dist/. It passes streams,
// signals and the exit status through. Node's compile cache keeps what it made of the sources: with it a command
// starts in half the time.

import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import * as module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(realpathSync(fileURLToPath(import.meta.url))), "..");
const source = join(root, "src", "cli", "main.ts");
const built = join(root, "dist", "cli", "main.js");
const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

const cache = process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "node");

const setUp = `\`node tools/setup.mjs\` in ${root}`;

const fail = (text) => {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
};

const isPinned = () => existsSync(pinned) && realpathSync(pinned) === realpathSync(process.execPath);

/** Node strips types by itself from 24 on. */
const readsTypeScript = () => Number(process.versions.node.split(".")[0]) >= 24;

const runOnPinned = () => {
  const child = spawn(pinned, [source, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const forward = (signal) => child.kill(signal);
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
  if (existsSync(built)) await import(pathToFileURL(built).href);
  else fail(`Covenant is not complete: neither ${source} nor ${built} is there. Install it again.`);
} else if (
  isPinned() ||
  (!existsSync(pinned) && readsTypeScript() && existsSync(join(root, "node_modules")))
) {
  await import(pathToFileURL(source).href);
} else if (existsSync(pinned)) {
  runOnPinned();
} else {
  fail(`The dependencies are not installed. Run ${setUp}, then the same command again.`);
}
