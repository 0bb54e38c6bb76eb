// `npm test`: types, Biome and the tests, side by side, since none of them keeps every core busy from beginning to end.
// The first that fails ends the others. Words behind `npm test --` are for Vitest. The long tests, of kills, memory,
// whole models and whole trainings, are `npm run test:long`.

import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const program = (...path) => join(root, "node_modules", ...path);

/** Node's compile cache, as bin/covenant.mjs has it: files of tests that have a process of their own start sooner. */
const env = { NODE_COMPILE_CACHE: program(".cache", "node"), ...process.env };

const running = new Set();

/** Runs a program to its end. quiet: what it says is shown only when it fails. */
const start = (name, path, words, quiet, more = {}) =>
  new Promise((resolve) => {
    const stdio = quiet ? ["ignore", "pipe", "pipe"] : "inherit";
    const child = spawn(process.execPath, [path, ...words], { cwd: root, env: { ...env, ...more }, stdio });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (part) => {
        said += part;
      });
    }
    running.add(child);
    child.on("close", (status) => {
      running.delete(child);
      if (status !== 0 && process.exitCode === undefined) {
        process.exitCode = 1;
        for (const other of running) other.kill();
        process.stderr.write(`${said}\n${name} failed.\n`);
      }
      resolve();
    });
  });

await Promise.all([
  start(
    "The tests",
    program("vitest", "vitest.mjs"),
    ["run", "--project=!long", ...process.argv.slice(2)],
    false,
  ),
  // one checker, and memory in place of collecting garbage: a third of the processor's time of four, beside the tests
  start("The check of types", program("typescript", "bin", "tsc"), ["-p", ".", "--checkers", "1"], true, {
    GOGC: "400",
  }),
  start("Biome", program("@biomejs", "biome", "bin", "biome"), ["check", "--colors=force", "."], true),
]);
