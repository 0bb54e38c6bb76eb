// Starts another process of this program for a part of a recipe's work. It ends with this one, and what it would print
// on stdout is nobody's to read.

import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { fileURLToPath } from "node:url";
import type { PartProcess } from "../recipes/index.ts";

const source = fileURLToPath(new URL("./arm-process.ts", import.meta.url));
/** In the published package types are stripped already. */
const entry = existsSync(source) ? source : source.replace(/\.ts$/, ".js");

/** Starts the process of an arm. environment: its variables, beside where the compile cache lies. */
export const startPartProcess = (environment: NodeJS.ProcessEnv): PartProcess => {
  const cache = getCompileCacheDir();
  const child = fork(entry, [], {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }), ...environment },
  });
  return {
    tell(message) {
      if (child.connected) child.send(message);
    },
    listen({ message, end }) {
      child.on("message", message);
      child.on("error", ({ message: words }) => end(words));
      child.on("exit", (code, signal) => end(signal ?? `exit ${code}`));
    },
    release() {
      if (child.connected) child.disconnect();
    },
  };
};
