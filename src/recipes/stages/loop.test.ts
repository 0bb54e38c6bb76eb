// A loop as a stage: the best weights are those with the least loss on rows kept out, however often it is interrupted;
// and what is left where the disk fills up while a checkpoint is written.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DiskWriter, systemDisk } from "../../core/index.ts";
import type { RunEvent } from "../../records/index.ts";
import { openRun } from "../../runs/index.ts";
import { createSftTrainer, defaultAdamW, loopSteps, trainSft } from "../../training/index.ts";
import {
  createModelState,
  createScorer,
  initialParameters,
  type ModelConfig,
  type ModelState,
} from "../../transformer/index.ts";
import { trainStage } from "./train-stage.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-loop-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config: ModelConfig = {
  family: "llama",
  vocabularySize: 64,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 1,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  maxPositions: 64,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [0],
  padTokenId: 1,
};

const row = (at: number) => ({ trunk: [2, 4 + at, 3], branches: [[20 + ((at * 7) % 30), 40 + (at % 9), 0]] });
const rows = Array.from({ length: 6 }, (_, at) => row(at));
// Rows of another kind: what is learned of the others makes them less likely in the end.
const heldOut = { rows: Array.from({ length: 4 }, (_, at) => row(at + 30)), every: 2 };

/** notices: what was said of where it went on. */
type Ended = {
  readonly state: ModelState;
  readonly losses: number[];
  readonly saved: boolean;
  readonly notices: string[];
};

/** Trains in a run of this name; with `stopAt` it is stopped after so many steps, by an error. */
const train = async (
  name: string,
  keepBest: boolean,
  stopAt = Number.POSITIVE_INFINITY,
  disk: DiskWriter = systemDisk,
  runDisk: DiskWriter = systemDisk,
): Promise<Ended> => {
  const state = createModelState(config, initialParameters(config, 3));
  const trainer = createSftTrainer(state, defaultAdamW);
  const losses: number[] = [];
  let saved = false;
  let time = 0;
  // A second a look: a checkpoint is due after some steps.
  const clock = { now: () => (time += 1_000) };
  const loop = {
    trainer,
    rows,
    heldOut,
    batch: 3,
    accumulation: 2,
    epochs: 12,
    seed: 5,
    schedule: { kind: "constant", peak: 0.02, warmupSteps: 0 } as const,
    padding: 1,
  };
  const notices: string[] = [];
  await using run = await openTestRun(name, clock, runDisk, (event) => {
    if (event.type === "notice") notices.push(event.text);
  });
  await run
    .stage({ name: "sl", inputs: {} }, (stage) =>
      trainStage({
        name: "sl",
        stage,
        clock,
        state,
        trainer,
        totalSteps: loopSteps(loop),
        keepBest,
        disk,
        note: () => "",
        loop: (start) => trainSft({ ...loop, start }),
        onStep: async ({ step, metrics }) => {
          if (step >= stopAt) throw new Error("stopped");
          if (metrics["eval_loss"] !== undefined) losses[step] = metrics["eval_loss"];
        },
        save: async () => {
          saved = true;
        },
      }),
    )
    .catch((error: Error) => {
      if (error.message !== "stopped") throw error;
    });
  return { state, losses: losses.filter((loss) => loss !== undefined), saved, notices };
};

const openTestRun = async (
  name: string,
  clock: { now(): number },
  disk: DiskWriter,
  onEvent: (event: RunEvent) => void,
) => {
  const run = await openRun({
    folder: join(folder, name),
    name: "test",
    config: {},
    contents: {},
    seed: 1,
    stages: ["sl"],
    clock,
    disk,
    onEvent,
    signal: new AbortController().signal,
  });
  return Object.assign(run, { [Symbol.asyncDispose]: () => run.close() });
};

const lossOn = async (state: ModelState): Promise<number> => {
  const scorer = createScorer(state);
  const tokens = (await scorer.tokens(heldOut.rows)).flatMap(([reply]) => [...reply!]);
  await scorer.release();
  return -tokens.reduce((sum, value) => sum + value, 0) / tokens.length;
};

const bytesOf = ({ weights }: ModelState): string =>
  Object.entries(weights)
    .map(
      ([name, { data }]) =>
        `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")}`,
    )
    .join("\n");

const stepIdOf = (step: number): string => `sl/step-${String(step).padStart(5, "0")}`;
const bestOf = (name: string): unknown =>
  JSON.parse(readFileSync(join(folder, name, "sl/best.jsonl"), "utf8").trim());

describe("the best weights", () => {
  it("are kept where that is asked for, and the last ones otherwise", async () => {
    const last = await train("last", false);
    const best = await train("best", true);
    expect(best.losses).toEqual(last.losses);
    const least = Math.min(...best.losses);
    expect(last.losses.at(-1)!).toBeGreaterThan(least + 0.05);
    expect(await lossOn(best.state)).toBeCloseTo(least, 4);
    expect(await lossOn(last.state)).toBeCloseTo(last.losses.at(-1)!, 4);
    expect(existsSync(join(folder, "best/sl/best.safetensors"))).toBe(false);
    // every second step is looked at
    const step = 2 * best.losses.indexOf(least) + 1;
    expect(bestOf("best")).toMatchObject({ step, metric: "eval_loss", value: least, looks: 12 });
    expect(bestOf("best")).toMatchObject({ last: best.losses.at(-1)!, parents: [stepIdOf(step)] });
    expect(existsSync(join(folder, "last/sl/best.jsonl"))).toBe(false);
    expect(best.notices).toEqual([
      expect.stringContaining(`sl: keeps the weights behind step ${step + 1} of 24`),
    ]);
  });

  it("are the same after interruptions before, at and behind the best step", async () => {
    const whole = await train("whole", true);
    for (const stopAt of [1, 4, 9, 17]) expect((await train("broken", true, stopAt)).saved).toBe(false);
    for (const file of ["checkpoint", "best"])
      expect(existsSync(join(folder, `broken/sl/${file}.safetensors`)), file).toBe(true);
    const broken = await train("broken", true);
    expect(broken.saved).toBe(true);
    expect(bytesOf(broken.state) === bytesOf(whole.state)).toBe(true);
    const read = (name: string, file: string): string => readFileSync(join(folder, name, "sl", file), "utf8");
    for (const file of ["steps.jsonl", "best.jsonl"]) expect(read("broken", file)).toBe(read("whole", file));
  });
});

describe("an interrupted training", () => {
  it("says that it begins anew where there was no checkpoint yet, and where it goes on otherwise", async () => {
    expect((await train("told", false, 2)).notices).toEqual([]);
    expect((await train("told", false, 20)).notices).toEqual([
      "sl: begins anew at its first step, since it was stopped before its first checkpoint (every 15 seconds)",
    ]);
    expect((await train("told", false, 22)).notices).toEqual([
      "sl: goes on from its checkpoint behind step 20 of 24",
    ]);
    expect((await train("told", false)).notices).toEqual([
      "sl: goes on from its checkpoint behind step 20 of 24; 2 steps behind it are taken again",
    ]);
  });
});

describe("a training that was stopped behind its save", () => {
  it("ends as it would have, and trains nothing again", async () => {
    const stopped = train("saved", true, undefined, undefined, {
      ...systemDisk,
      write(descriptor, bytes) {
        // stage.json's
        if (Buffer.from(bytes).includes('"artefacts"')) throw new Error("killed");
        return systemDisk.write(descriptor, bytes);
      },
    });
    await expect(stopped).rejects.toThrow("killed");
    expect(readdirSync(join(folder, "saved/sl")).sort()).toEqual([
      ...[".inputs", ".saved", "best.jsonl", "steps.jsonl"],
    ]);
    const steps = readFileSync(join(folder, "saved/sl/steps.jsonl"), "utf8");
    const { losses, saved, notices } = await train("saved", true);
    expect({ losses, saved }).toEqual({ losses: [], saved: false });
    expect(notices).toEqual(["sl: was trained to its end and saved before"]);
    expect(readFileSync(join(folder, "saved/sl/steps.jsonl"), "utf8")).toBe(steps);
    const { artefacts } = JSON.parse(readFileSync(join(folder, "saved/sl/stage.json"), "utf8")) as {
      artefacts: { path: string }[];
    };
    expect(artefacts.map(({ path }) => path)).toEqual(["best.jsonl", "steps.jsonl"]);
    expect(readdirSync(join(folder, "saved/sl"))).not.toContain(".saved");
  });
});

/** A disk with room for so many bytes, which takes what still fits. */
const diskWith = (room: number): DiskWriter => ({
  ...systemDisk,
  write(descriptor, bytes) {
    if (room === 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    const taken = systemDisk.write(descriptor, bytes.subarray(0, room));
    room -= taken;
    return taken;
  },
});

describe("a disk that fills up while a checkpoint is written", () => {
  it.each([false, true])(
    "ends the command and leaves the older one, from which it goes on (best: %s)",
    async (keepBest) => {
      const whole = await train("whole", keepBest);
      const file = join(folder, "full/sl/checkpoint.safetensors");
      await train("full", keepBest, 18);
      const older = readFileSync(file);
      for (const room of [0, 5, 300, older.length / 2]) {
        await expect(train("full", keepBest, Number.POSITIVE_INFINITY, diskWith(room))).rejects.toMatchObject(
          {
            code: "disk-full",
          },
        );
        expect(readFileSync(file).equals(older)).toBe(true);
        expect(readdirSync(join(folder, "full/sl")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      }
      expect(bytesOf((await train("full", keepBest)).state) === bytesOf(whole.state)).toBe(true);
    },
  );
});
