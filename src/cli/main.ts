// The process: its arguments, streams, environment and signals handed to the command line. The first Ctrl-C asks the
// command to stop and keeps what is finished; the second ends the process at once.

import { systemClock } from "../core/index.ts";
import { recipes } from "../recipes/index.ts";
import { runCommandLine } from "./command-line.ts";
import { readEnvironment } from "./environment.ts";
import { describeFailure, exitStatus, statusOf } from "./exit-status.ts";
import { createInterruption } from "./interruption.ts";
import { processTerminal } from "./terminal.ts";

const every = (milliseconds: number, callback: () => void): (() => void) => {
  const timer = setInterval(callback, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

// A reader that has gone (`covenant ... | head`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(exitStatus.done);
  });
}

const { signal, interrupt } = createInterruption(systemClock, () => process.exit(exitStatus.interrupted));
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);

const terminal = processTerminal();
try {
  process.exitCode = await runCommandLine({
    words: process.argv.slice(2),
    recipes,
    terminal,
    environment: await readEnvironment(process.cwd(), process.env),
    clock: systemClock,
    signal,
    ...(terminal.isLive ? { every } : {}),
  });
} catch (thrown) {
  terminal.err(describeFailure(thrown, false));
  process.exitCode = statusOf(thrown);
}
