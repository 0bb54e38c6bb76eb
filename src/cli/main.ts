// The process: its arguments, streams, environment and signals handed to the command line. The first Ctrl-C asks the
// command to stop and keeps what is finished; the second ends the process at once; in a conversation the first stops
// the reply. A reader of stdout that leaves (`covenant ... | head`) asks for the same as the first, and what has
// finished by then ends as it would have.

import type { EventEmitter } from "node:events";
import { fileError, InterruptedError, systemClock } from "../core/index.ts";
import { recipes, useComputing } from "../recipes/index.ts";
import { calledAs, calledIn } from "./called-as.ts";
import { runCommandLine } from "./command-line.ts";
import { createConversation } from "./conversation.ts";
import { readEnvironment } from "./environment.ts";
import { describeFailure, exitStatus, statusOf } from "./exit-status.ts";
import { createInterruption } from "./interruption.ts";
import { startPartProcess } from "./part-process.ts";
import { processTerminal, showControls } from "./terminal.ts";

const every = (milliseconds: number, callback: () => void): (() => void) => {
  const timer = setInterval(callback, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

const { signal, interrupt, stop } = createInterruption(systemClock, () =>
  process.exit(exitStatus.interrupted),
);
for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
// bin/covenant.mjs says so where who waits for this process ended without handing a signal on
(process as EventEmitter).on("parent-end", stop);
process.on("SIGINT", () => {
  if (!conversation.intercept()) interrupt();
});

// Not through interrupt: it would end a command that is stopping already at once.
const output = new AbortController();
let unwritten = false;
const terminal = processTerminal((failure) => {
  output.abort(new InterruptedError("Interrupted.", { drains: true }));
  if (failure === undefined) return;
  unwritten = true;
  terminal.err(showControls(describeFailure(fileError(failure, "write", "standard output"), false)));
  // the command may have ended before
  process.exitCode = exitStatus.failed;
});
const conversation = createConversation({
  ...{ input: process.stdin, output: process.stdout, clock: systemClock, interrupt },
  hint: terminal.err,
});
try {
  const environment = await readEnvironment(process.cwd(), process.env, terminal.err);
  await useComputing(environment);
  process.exitCode = await runCommandLine({
    words: process.argv.slice(2),
    recipes,
    terminal,
    environment,
    clock: systemClock,
    signal: AbortSignal.any([signal, output.signal]),
    conversation,
    startProcess: startPartProcess,
    program: calledAs(calledIn(process.env, process.argv[1]!, process.cwd())),
    ...(terminal.isLive ? { every } : {}),
  });
} catch (thrown) {
  terminal.err(showControls(describeFailure(thrown, false)));
  process.exitCode = statusOf(thrown);
} finally {
  if (unwritten) process.exitCode = exitStatus.failed;
  conversation.close();
}
