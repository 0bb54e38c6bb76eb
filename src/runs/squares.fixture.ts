// A small run for tests: two stages of squares, written two rows at a time, that go on where their file ends.

import { expect } from "vitest";
import { z } from "zod";
import { manualClock, UserError } from "../core/index.ts";
import { type RunEvent, recordFields } from "../records/index.ts";
import { openRun, type Run, type RunOptions } from "./index.ts";

export const rowSchema = z.object({ ...recordFields, value: z.number() });
export type Row = z.infer<typeof rowSchema>;

export const row = (stage: string, seed: number, index: number): Row => ({
  id: `${stage}-${index}`,
  parents: [],
  stage,
  seed,
  value: index * index,
});

export type Log = { readonly events: RunEvent[]; readonly worked: string[] };
export const createLog = (): Log => ({ events: [], worked: [] });
export const typesOf = (log: Log): string[] => log.events.map((event) => event.type);

export const optionsFor = (folder: string, log: Log, changes: Partial<RunOptions> = {}): RunOptions => ({
  folder,
  name: "squares",
  config: { seed: 1, count: 5, nested: { rate: 0.5 } },
  seed: 1,
  stages: ["first", "second"],
  clock: manualClock(1000),
  onEvent: (event) => log.events.push(event),
  ...changes,
});

/** A stage that writes `count` rows, two at a time, and goes on where the file ends. */
export const writeRows = async (
  run: Run,
  name: string,
  count: number,
  log: Log,
  after: string[] = [],
): Promise<void> => {
  await run.stage({ name, inputs: { count }, after }, async (stage) => {
    log.worked.push(name);
    const file = await stage.records("rows.jsonl", rowSchema);
    for (let index = file.existing; index < count; ) {
      const chunk = [row(name, stage.seed, index)];
      if (index + 1 < count) chunk.push(row(name, stage.seed, index + 1));
      await file.append(chunk);
      index += chunk.length;
      stage.progress(index, count, "rows");
    }
  });
};

export const runSquares = async (options: RunOptions, log: Log, counts = [5, 3]): Promise<string> => {
  await using run = await openRun(options);
  await writeRows(run, "first", counts[0]!, log);
  await writeRows(run, "second", counts[1]!, log, ["first"]);
  await run.write("metrics.json", { sum: 30, seconds: await run.seconds() });
  return (await run.finish()).contentHash;
};

export const reasonOf = async (promise: Promise<unknown>): Promise<UserError> => {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(UserError);
  return thrown as UserError;
};
