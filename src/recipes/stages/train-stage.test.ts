// A training stage gives its sessions back and keeps its checkpoint however it ends.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InterruptedError } from "../../core/index.ts";
import type { StageContext } from "../../runs/index.ts";
import type { StepMetrics, Trainer } from "../../training/index.ts";
import { createModelState, type ModelConfig } from "../../transformer/index.ts";
import { trainStage } from "./train-stage.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-train-stage-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stage over a fake trainer that says what happens to it; a checkpoint is due after every step. */
const train = (change: { fails?: Error; saveFails?: Error } = {}) => {
  const said: string[] = [];
  let time = 0;
  const trainer: Trainer<unknown> = {
    step: async () => ({}),
    stepOver: async () => ({}),
    evaluate: async () => ({}),
    snapshot: () => ({ step: 0, moments: {} }),
    restore: () => undefined,
    release: async () => {
      said.push("trainer released");
    },
  };
  const stage = {
    folder,
    seed: 1,
    progress: () => undefined,
    records: async () => ({ existing: 0, append: async () => undefined, close: () => undefined }),
  } as unknown as StageContext;
  const loop = async function* (start: number): AsyncGenerator<StepMetrics> {
    for (let step = start; step < 3; step++) {
      if (step === 2 && change.fails !== undefined) throw change.fails;
      yield { step, metrics: { loss: 1 } };
    }
  };
  const done = trainStage({
    name: "sl",
    stage,
    // Between two looks a checkpoint becomes due; writing one takes no time.
    clock: { now: () => (time += 20_000) },
    state: createModelState({} as ModelConfig, { w: { shape: [1], data: Float32Array.of(1) } }),
    trainer,
    totalSteps: 3,
    note: () => "",
    loop,
    held: [{ release: async () => void said.push("scorer released") }],
    save: async () => {
      if (change.saveFails !== undefined) throw change.saveFails;
      said.push("saved");
    },
  });
  return { said, done };
};

const hasCheckpoint = (): boolean => existsSync(join(folder, "checkpoint.safetensors"));

describe("trainStage", () => {
  it("releases, saves, and removes the checkpoint at the end", async () => {
    const { said, done } = train();
    await done;
    expect(said).toEqual(["trainer released", "scorer released", "saved"]);
    expect(hasCheckpoint()).toBe(false);
  });

  it.each([
    ["an error", new Error("diverged")] as const,
    ["an interruption", new InterruptedError()] as const,
  ])("releases and keeps the checkpoint after %s", async (_, fails) => {
    const { said, done } = train({ fails });
    await expect(done).rejects.toBe(fails);
    expect(said).toEqual(["trainer released", "scorer released"]);
    expect(hasCheckpoint()).toBe(true);
  });

  it("keeps the checkpoint when what was learned could not be saved", async () => {
    const { said, done } = train({ saveFails: new Error("disk full") });
    await expect(done).rejects.toThrow("disk full");
    expect(said).toEqual(["trainer released", "scorer released"]);
    expect(hasCheckpoint()).toBe(true);
  });
});
