// Compiled graphs: one ONNX Runtime session each, on the processor unless asked for another provider. A program checks
// what it is fed and runs. Measured on onnxruntime-node 1.30: what enters a session is not copied, what leaves it is
// copied once into fresh memory, given buffers or not; so outputs are simply taken as they come.

import { availableParallelism } from "node:os";
import { CovenantError, UserError } from "../core/index.ts";
import { exportOnnx } from "./onnx-export.ts";
import type { Provider } from "./operation.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { type ElementType, elementTypeOf, type Tensor, type TensorData } from "./tensor.ts";

/** What a program is fed, by the names of its inputs. */
export type Feeds = Readonly<Record<string, TensorData>>;

type Specification = { readonly shape: Shape; readonly type: ElementType };

/** A compiled graph. Call release() when done: sessions hold native memory. */
export type Program = {
  readonly inputs: ReadonlyMap<string, Specification>;
  readonly outputs: ReadonlyMap<string, Specification>;
  /** Runs the graph. Throws CovenantError for a missing or misfitting feed, and after release(). */
  run(feeds: Feeds): Promise<Record<string, TensorData>>;
  /** Gives the session's memory back once the runs under way are done. Calling it again does nothing. */
  release(): Promise<void>;
};

/** How a program is compiled. */
export type CompileOptions = {
  /** Threads of one operation; default: what setThreads says, else ONNX Runtime's choice, one per core. */
  readonly threads?: number;
  readonly optimise?: boolean;
  /** Whether the program keeps what memory a run took for its next one, as by default; asking anew takes time. */
  readonly keepsMemory?: boolean;
};

const checkFeed = (
  name: string,
  data: TensorData | undefined,
  { shape, type }: Specification,
): TensorData => {
  if (data === undefined) throw new CovenantError("engine-feed", `input "${name}" was not fed`, { name });
  if (elementTypeOf(data) !== (type === "bool" ? "uint8" : type)) {
    const got = elementTypeOf(data);
    throw new CovenantError("engine-feed", `input "${name}" is fed with ${got}, expected ${type}`, { name });
  }
  if (data.length !== sizeOf(shape)) {
    throw new CovenantError(
      "engine-feed",
      `input "${name}" has ${data.length} values, expected [${shape.join(", ")}]`,
      { name },
    );
  }
  return data;
};

const loadRuntime = async (): Promise<typeof import("onnxruntime-node")> => {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new CovenantError(
      "engine-runtime",
      "ONNX Runtime could not be loaded on this machine; install the dependencies anew (in a checkout: delete node_modules, then run `node tools/setup.mjs`).",
      {},
      cause,
    );
  }
};

/** What is thrown where a session could not be made: without an adapter nothing can be done but use the processor. */
const sessionTrouble = (thrown: unknown): unknown =>
  thrown instanceof Error && /WebGPU adapter/.test(thrown.message)
    ? new UserError(
        "provider-unavailable",
        "WebGPU found no graphics card on this machine. It needs one with a Vulkan driver and the Vulkan loader (libvulkan.so.1); leave COVENANT_PROVIDER out to compute on the processor.",
        {},
        thrown,
      )
    : thrown;

let open = 0;
let threadsOfProcess: number | undefined;
let providerOfProcess: Provider = "cpu";
let profilesOfProcess: string | undefined;
/** Sessions whose profile is not written: ONNX Runtime does that when a session goes, and a process that ends lets none go. */
const unwritten = new Set<{ endProfiling(): void }>();

/** What every program computes with that this process compiles from now on; at first the processor. */
export const setProvider = (provider: Provider): void => {
  providerOfProcess = provider;
};

/** Threads of one operation for every program that this process compiles from now on; undefined: one per core. */
export const setThreads = (threads: number | undefined): void => {
  threadsOfProcess = threads;
};

const writeProfiles = (): void => {
  for (const session of unwritten) session.endProfiling();
};

/**
 * How the names of files begin that ONNX Runtime's profiler writes, one for every program that this process compiles from
 * now on, when it is released or the process ends; undefined: no profiles, as at first.
 */
export const setProfiles = (prefix: string | undefined): void => {
  process.off("exit", writeProfiles);
  if (prefix !== undefined) process.on("exit", writeProfiles);
  profilesOfProcess = prefix;
};

/** Threads that one operation has in this process. */
export const threadCount = (): number => threadsOfProcess ?? availableParallelism();

/** How many sessions hold native memory in this process: compiled and not yet released. */
export const openPrograms = (): number => open;

/** Compiles named outputs into one session. Throws UserError where WebGPU is asked for and finds no adapter. */
export const compile = async (
  outputs: Readonly<Record<string, Tensor>>,
  options: CompileOptions = {},
): Promise<Program> => {
  const runtime = await loadRuntime();
  const provider = providerOfProcess;
  const { bytes, external, inputs } = exportOnnx(outputs, provider);
  const threads = options.threads ?? threadsOfProcess;
  const creating = runtime.InferenceSession.create(bytes, {
    executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
    externalData: external,
    // Planned blocks come on top of what the first run took: a third more memory for no time (docs/experiments.md).
    enableMemPattern: false,
    enableCpuMemArena: options.keepsMemory ?? true,
    graphOptimizationLevel: options.optimise === false ? "disabled" : "all",
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(profilesOfProcess === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: profilesOfProcess }),
  });
  const session = await creating.catch((thrown: unknown) => {
    throw sessionTrouble(thrown);
  });
  open++;
  if (profilesOfProcess !== undefined) unwritten.add(session);
  const specifications = new Map(
    Object.entries(outputs).map(([name, { shape, type }]) => [name, { shape, type }]),
  );
  const wrap = (data: TensorData, { shape, type }: Specification) =>
    new runtime.Tensor(type, data as Float32Array, shape as number[]);
  const running = new Set<Promise<unknown>>();
  let released: Promise<void> | undefined;
  return {
    inputs,
    outputs: specifications,
    async run(feeds) {
      if (released !== undefined)
        throw new CovenantError("engine-released", "this program was released; compile it again");
      const given: Record<string, InstanceType<typeof runtime.Tensor>> = {};
      for (const [name, specification] of inputs)
        given[name] = wrap(checkFeed(name, feeds[name], specification), specification);
      const run = session.run(given);
      running.add(run);
      try {
        const results = await run;
        return Object.fromEntries(
          Object.entries(results).map(([name, { data }]) => [name, data as TensorData]),
        );
      } finally {
        running.delete(run);
      }
    },
    release: () => {
      released ??= Promise.allSettled([...running]).then(async () => {
        unwritten.delete(session);
        await session.release();
        open--;
      });
      return released;
    },
  };
};

/**
 * weigh: bytes that a program of this key holds beside what it is fed. budget: bytes that all may hold; the two used
 * last are kept whatever they weigh, since work often goes to and fro between two shapes.
 */
export type ProgramWeights = { readonly weigh: (key: string) => number; readonly budget: number };

/** A program that a cache holds, how many use it, and whether it goes when they have done so. */
type Held = { readonly building: Promise<Program>; users: number; leaves: boolean };

/**
 * Programs by key (a shape bucket), at most `limit` at a time beside those in use, and no more than `weights` allows: the
 * one used longest ago is released first, as soon as nobody uses it. A program that could not be built is tried again at
 * the next call.
 */
export const createProgramCache = (
  build: (key: string) => Promise<Program>,
  limit = 8,
  weights?: ProgramWeights,
) => {
  const programs = new Map<string, Held>();
  const start = (key: string): Held => {
    const held: Held = { building: build(key), users: 0, leaves: false };
    held.building.catch(() => {
      if (programs.get(key) === held) programs.delete(key);
    });
    return held;
  };
  /** Releases a program that is to go, once nobody uses it. */
  const settle = async ({ building, users, leaves }: Held): Promise<void> => {
    if (!leaves || users > 0) return;
    const program = await building.catch(() => undefined);
    await program?.release();
  };
  const drop = (held: Held): Promise<void> => {
    held.leaves = true;
    return settle(held);
  };
  const isTooMuch = (): boolean => {
    if (programs.size > limit) return true;
    if (weights === undefined || programs.size <= 2) return false;
    return [...programs.keys()].reduce((sum, key) => sum + weights.weigh(key), 0) > weights.budget;
  };
  return {
    /** Does something with the program of a key, which is built on first use and stays until that is done. */
    async use<Result>(key: string, work: (program: Program) => Result | Promise<Result>): Promise<Result> {
      const held = programs.get(key) ?? start(key);
      programs.delete(key);
      programs.set(key, held);
      held.users++;
      try {
        while (isTooMuch()) {
          const [oldest, other] = [...programs][0]!;
          programs.delete(oldest);
          await drop(other);
        }
        return await work(await held.building);
      } finally {
        held.users--;
        await settle(held);
      }
    },
    get size(): number {
      return programs.size;
    },
    /** Releases all programs; one in use goes when that is done. */
    async release(): Promise<void> {
      const all = [...programs.values()];
      programs.clear();
      await Promise.all(all.map(drop));
    },
  };
};

export type ProgramCache = ReturnType<typeof createProgramCache>;
