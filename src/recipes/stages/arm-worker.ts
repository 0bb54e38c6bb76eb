// The other side of arm-processes.ts, in a process of its own: does one arm's stages in the run folder that the asking
// process holds, and sends it the events; before and after that, answers for the models that it is told to open.

import { type Clock, CovenantError, InterruptedError, packError } from "../../core/index.ts";
import { type LanguageModel, openModel } from "../../models/index.ts";
import { openPart, type RunEventBody } from "../../runs/index.ts";
import { useComputing } from "../settings/computing.ts";
import { runArm } from "./arm.ts";
import { type ArmTask, type ArmTasks, type FromArm, readToArm } from "./arm-messages.ts";

/**
 * What does the tasks of one arm's process: call it with every message, with a task when the one before has ended. tell:
 * sends an answer. Whatever is thrown is told; the process ends when the asking one lets it go.
 */
export const createArmWorker = (
  clock: Clock,
  tell: (message: FromArm) => void,
): ((message: unknown) => Promise<void>) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  let asked: LanguageModel | undefined;

  const work = async ({ job, folder, seed, reused, environment, load }: ArmTasks["work"]["given"]) => {
    const emit = (event: RunEventBody) => tell({ type: "event", event });
    using run = await openPart({ folder, part: job.name, seed, clock, signal, emit, reused });
    const context = { emit: () => {}, signal, clock, environment };
    // awaited here: the part is held until it is done
    return await runArm({ run, context, ...(load === undefined ? {} : { load }) }, job);
  };
  const open = async ({ name, environment, load }: ArmTasks["open"]["given"]) => {
    const options = { environment, signal, ...(load === undefined ? {} : { load }) };
    asked = await openModel(name, { ...options, onNotice: (notice) => tell({ type: "notice", notice }) });
    return asked.capabilities;
  };
  const opened = (): LanguageModel => {
    if (asked !== undefined) return asked;
    throw new CovenantError("arm-process-model", "An arm's process was asked before it opened a model.");
  };
  const perform = async (task: ArmTask): Promise<ArmTasks[ArmTask["type"]]["gives"]> => {
    if (task.type === "generate") return opened().generate(task.given, { signal });
    if (task.type === "score") return opened().score(task.given, { signal });
    await asked?.close();
    asked = undefined;
    await useComputing(task.given.environment);
    return task.type === "work" ? work(task.given) : open(task.given);
  };

  return async (message) => {
    try {
      const told = readToArm(message);
      if (told.type === "stop") stopping.abort(new InterruptedError("Interrupted.", { drains: true }));
      else tell({ type: "done", result: await perform(told) });
    } catch (thrown) {
      tell({ type: "failed", error: packError(thrown) });
    }
  };
};
