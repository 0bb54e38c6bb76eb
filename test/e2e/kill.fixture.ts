// Commands that are killed with signal 9 at a moment that no clock decides: the process stands still at its next look at the
// clock once a file holds so many lines, and is killed there.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "./command.fixture.ts";

const standing = "stands still";

// a clock that goes by the same at each look, and no further once the lines are there
const clock = `import { existsSync, readFileSync, writeSync } from "node:fs";
const { FILE, LINES, TICK } = process.env;
const start = Date.now();
let ahead = 0;
Date.now = () => {
  if (existsSync(FILE) && readFileSync(FILE, "utf8").split("\\n").length > Number(LINES)) {
    writeSync(2, "${standing}");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  return start + (ahead += Number(TICK));
};
`;

/** file: in the folder that the command runs in. tick: milliseconds that go by at each look at the clock. */
export type Moment = { readonly file: string; readonly lines: number; readonly tick?: number };

/**
 * Starts `covenant ...` in a folder and kills it at its first look at the clock with so many lines in the file; gives what
 * it said on stderr. Throws when it ends before.
 */
export const killedAt = async (
  words: readonly string[],
  folder: string,
  { file, lines, tick = 0 }: Moment,
): Promise<string> => {
  const preloaded = join(folder, "clock.mjs");
  writeFileSync(preloaded, clock);
  let reached = (): void => {};
  const isThere = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let said = "";
  const listen = (text: string): void => {
    said += text;
    if (said.includes(standing)) reached();
  };
  const { child, ended } = start(words, folder, listen, {
    ...process.env,
    ...{ NODE_OPTIONS: `--import=${pathToFileURL(preloaded).href}` },
    ...{ FILE: join(folder, file), LINES: String(lines), TICK: String(tick) },
  });
  const early = await Promise.race([isThere, ended]);
  if (early !== undefined) throw new Error(`It ended before ${file} had ${lines} lines:\n${early.stderr}`);
  child.kill("SIGKILL");
  const { status, stderr } = await ended;
  if (status !== null) throw new Error(`It ended with ${status} before it was killed:\n${stderr}`);
  return stderr;
};
