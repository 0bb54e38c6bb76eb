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

/** Starts the process of an arm, with this one's environment; what .env says is a recipe's to pass on. */
export const startPartProcess = (): PartProcess => {
  const cache = getCompileCacheDir();
  const child = fork(entry, [], {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }), ...process.env },
  });
  return {
    tell(message) {
      // how it ended, its end tells
      if (child.connected) child.send(message, () => {});
    },
    listen({ message, end }) {
      child.on("message", message);
      child.on("error", ({ message: words }) => {
        if (child.pid === undefined) end(words);
      });
      child.on("exit", (code, signal) => end(signal ?? `exit ${code}`));
    },
    release() {
      if (child.connected) child.disconnect();
    },
  };
};
