// A whole run of a few prompts and steps in a folder of its own, for the tests of whole runs and of what interrupts them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Ended, makeFolder, makeModel, start, writeTinyConfig } from "./command.fixture.ts";

/** With two threads both arms work at once, each in a process of its own; in this process, one after the other. */
export const withThreads = (count: number): NodeJS.ProcessEnv => ({
  ...process.env,
  COVENANT_THREADS: String(count),
});

/** The words of the run in a folder out. */
export const runInto = (out: string, ...more: string[]): string[] => [
  ...["run", "--config", "tiny.yaml", "--seed", "1", "--out", out],
  ...more,
];

type RunEvent = { readonly type: string; readonly stage?: string; readonly reason?: string };

/**
 * A folder for runs. prepare: makes the model and the settings. armsAtOnce: runs a command there. eventsOf: what a run's
 * log says.
 */
export const makeRunFolder = () => {
  const { folder, remove } = makeFolder("run");
  const inFolder = (path: string): string => join(folder, path);
  return {
    folder,
    remove,
    inFolder,
    async prepare(): Promise<void> {
      await makeModel(folder);
      writeTinyConfig(folder);
    },
    armsAtOnce: (words: readonly string[]): Promise<Ended> =>
      start(words, folder, undefined, withThreads(2)).ended,
    eventsOf: (out: string): RunEvent[] =>
      readFileSync(inFolder(`${out}/events.jsonl`), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as RunEvent),
  };
};
