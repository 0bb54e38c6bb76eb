// The processes of a run's arms, each with its share of the threads, for as long as the run needs them. Beside the arms'
// stages they answer for models that both arms need: batches of small models are too small for several threads, so two
// processes with half of the requests each are done sooner than one with all threads. How a process is started, the
// caller knows.

import { CovenantError, InterruptedError, throwIfAborted, unpackError } from "../../core/index.ts";
import { threadCount } from "../../engine/index.ts";
import type { OpenModel } from "../../models/index.ts";
import type { PartProcess, RecipeContext } from "../recipe.ts";
import type { ArmName } from "../settings/arms.ts";
import { threadsVariable } from "../settings/computing.ts";
import { type ArmNews, type ArmTasks, readFromArm, readResult } from "./arm-messages.ts";

/** signal: stops the task, and the process for good. hear: of what happens meanwhile; what it throws stops the task. */
type TaskOptions = { readonly signal: AbortSignal; readonly hear: (news: ArmNews) => void };

/** The process of an arm: started with its first task, one task at a time. */
export type ArmProcess = {
  /** Rejects with what was thrown there. */
  perform<Name extends keyof ArmTasks>(
    type: Name,
    given: ArmTasks[Name]["given"],
    options: TaskOptions,
  ): Promise<ArmTasks[Name]["gives"]>;
  /** Lets it go: it ends. */
  release(): void;
};

/** How a process ended that said neither that it was done nor that it failed. */
const endedEarly = (arm: ArmName, how: string): CovenantError =>
  new CovenantError(
    "arm-process-ended",
    `The process of the arm "${arm}" ended (${how}) before its work did. The same command continues. Where the machine had too little memory for several arms at once, end other programs first.`,
    { arm, how },
  );

const createArmProcess = (arm: ArmName, startProcess: () => PartProcess): ArmProcess => {
  let child: PartProcess | undefined;
  /** Of the task under way. */
  let listener: { message(said: unknown): void; end(how: string): void } | undefined;
  const start = (): PartProcess => {
    const started = startProcess();
    started.listen({
      message: (said) => listener?.message(said),
      end(how) {
        child = undefined;
        listener?.end(how);
      },
    });
    return started;
  };
  return {
    async perform<Name extends keyof ArmTasks>(
      type: Name,
      given: ArmTasks[Name]["given"],
      { signal, hear }: TaskOptions,
    ) {
      throwIfAborted(signal);
      child ??= start();
      const { tell } = child;
      const stop = (): void => tell({ type: "stop" });
      let failure: { readonly thrown: unknown } | undefined;
      const ended = new Promise<unknown>((resolve, reject) => {
        listener = {
          message(said) {
            try {
              const message = readFromArm(said);
              if (message.type === "failed") reject(failure?.thrown ?? unpackError(message.error));
              else if (message.type === "done" && failure !== undefined) reject(failure.thrown);
              // one task at a time: what is done is the one that was told
              else if (message.type === "done") resolve(message.result);
              else if (failure === undefined) hear(message);
            } catch (thrown) {
              failure ??= { thrown };
              stop();
            }
          },
          end: (how) =>
            reject(failure?.thrown ?? (signal.aborted ? new InterruptedError() : endedEarly(arm, how))),
        };
      });
      tell({ type, given });
      signal.addEventListener("abort", stop);
      try {
        return readResult(type, await ended);
      } finally {
        signal.removeEventListener("abort", stop);
        listener = undefined;
      }
    },
    release: () => child?.release(),
  };
};

/** Work for several processes at once; where one fails the others are stopped, and what it threw is thrown. */
export const together = async <Item, Result>(
  items: readonly Item[],
  stopping: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> => {
  const others = new AbortController();
  const signal = AbortSignal.any([stopping, others.signal]);
  let first: { readonly thrown: unknown } | undefined;
  const done = await Promise.all(
    items.map(async (item): Promise<Result[]> => {
      try {
        return [await work(item, signal)];
      } catch (thrown) {
        first ??= { thrown };
        others.abort();
        return [];
      }
    }),
  );
  if (first !== undefined) throw first.thrown;
  return done.flat();
};

/** For callers that give no signal. */
const never = new AbortController().signal;

/** Gives every process its share of the items, and the results in the items' order. */
const shared = async <Item, Result>(
  processes: readonly ArmProcess[],
  items: readonly Item[],
  stopping: AbortSignal,
  ask: (process: ArmProcess, own: readonly Item[], signal: AbortSignal) => Promise<readonly Result[]>,
): Promise<Result[]> => {
  const count = processes.length;
  // in turn, since like lengths stand together
  const shares = processes.map((process, place) => ({
    process,
    own: items.filter((_, at) => at % count === place),
  }));
  const results = await together(shares, stopping, async ({ process, own }, signal) => ({
    of: await ask(process, own, signal),
  }));
  return items.map((_, at) => results[at % count]!.of[Math.floor(at / count)]!);
};

/** The processes of several arms. openModel: opens a model that runs here in all of them, to answer together. */
export type ArmProcesses = Disposable & {
  readonly processOf: (arm: ArmName) => ArmProcess;
  /** The run's, with each one's share of the threads. */
  readonly environment: RecipeContext["environment"];
  readonly openModel: OpenModel;
};

/** Processes for arms that can work at once (canWorkAtOnce). */
export const openArmProcesses = (
  arms: readonly ArmName[],
  startProcess: () => PartProcess,
  environment: RecipeContext["environment"],
): ArmProcesses => {
  const byArm = new Map(arms.map((arm) => [arm, createArmProcess(arm, startProcess)]));
  const processes = [...byArm.values()];
  const threads = String(Math.floor(threadCount() / arms.length));
  const own = { ...environment, [threadsVariable]: threads };
  return {
    environment: own,
    processOf: (arm) => byArm.get(arm)!,
    async openModel(name, { signal = never, load, onNotice }) {
      const hear = (news: ArmNews): void => {
        if (news.type === "notice") onNotice?.(news.notice);
      };
      const given = { name, environment: own, load };
      const capabilities = await together(processes, signal, (process, stopping) =>
        process.perform("open", given, { signal: stopping, hear }),
      );
      return {
        id: name,
        capabilities: {
          ...capabilities[0]!,
          batch: capabilities.reduce((sum, { batch }) => sum + batch, 0),
        },
        generate: (requests, call) =>
          shared(processes, requests, call?.signal ?? signal, (process, part, stopping) =>
            process.perform("generate", part, { signal: stopping, hear }),
          ),
        score: (requests, call) =>
          shared(processes, requests, call?.signal ?? signal, (process, part, stopping) =>
            process.perform("score", part, { signal: stopping, hear }),
          ),
        // the processes let go of it when they are told to do something else
        close: async () => {},
      };
    },
    [Symbol.dispose]() {
      for (const process of processes) process.release();
    },
  };
};
