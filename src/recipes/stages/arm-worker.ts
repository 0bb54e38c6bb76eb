// The other side of arms-at-once.ts, in a process of its own: does one arm's stages in the run folder that the asking
// process holds, and sends it the events.

import { type Clock, InterruptedError, packError } from "../../core/index.ts";
import { openPart, type RunEventBody } from "../../runs/index.ts";
import { useComputing } from "../computing.ts";
import { runArm } from "./arm.ts";
import type { FromArm, ToArm } from "./arm-messages.ts";

/**
 * What does the work of one arm: call it with every message. tell: sends an answer. Whatever is thrown is told; the
 * process ends when the asking one lets it go.
 */
export const createArmWorker = (
  clock: Clock,
  tell: (message: FromArm) => void,
): ((message: ToArm) => Promise<void>) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const work = async ({
    job,
    folder,
    seed,
    environment,
    load,
  }: Extract<ToArm, { type: "work" }>): Promise<void> => {
    try {
      await useComputing(environment);
      const emit = (event: RunEventBody) => tell({ type: "event", event });
      using run = await openPart({ folder, part: job.name, seed, clock, signal, emit });
      const context = { emit: () => {}, signal, clock, environment };
      const pipeline = { run, context, ...(load === undefined ? {} : { load }) };
      tell({ type: "done", records: await runArm(pipeline, job) });
    } catch (thrown) {
      tell({ type: "failed", error: packError(thrown) });
    }
  };
  return async (message) => {
    if (message.type === "work") return work(message);
    stopping.abort(new InterruptedError("Interrupted.", { drains: true }));
  };
};
