// Programs and their cache: what they refuse, when they are released, and that memory does not grow over steps.

import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hashText } from "../core/index.ts";
import { gradients } from "./gradient.ts";
import { causalAttention } from "./operations/attention.ts";
import { add, multiply, subtract } from "./operations/elementwise.ts";
import { addAlongRows, gatherRows, sumRows, takeAlongRows } from "./operations/indexing.ts";
import { matmul } from "./operations/linear.ts";
import { mean } from "./operations/moments.ts";
import { rotaryEmbedding, tokenLogProbability } from "./operations/network.ts";
import { rmsNorm } from "./operations/normalisation.ts";
import { broadcastTo, concatenate, reshape, slice, sum, transpose } from "./operations/reduction.ts";
import { interpret } from "./reference.ts";
import {
  type CompileOptions,
  compile,
  createProgramCache,
  openPrograms,
  type Program,
  setProvider,
  setThreads,
} from "./session.ts";
import { constant, input, scalar } from "./tensor.ts";

describe("a compiled program", () => {
  const build = () => compile({ y: multiply(input("x", [2]), input("gain", [])) });

  it("runs any number of times, also at the same time", async () => {
    const program = await build();
    const runs = await Promise.all(
      [1, 2, 3].map((gain) => program.run({ x: Float32Array.of(1, 2), gain: Float32Array.of(gain) })),
    );
    expect(runs.map(({ y }) => [...y!])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    await program.release();
  });

  it("names the input that is missing, too long or of another type", async () => {
    const program = await build();
    const x = Float32Array.of(1, 2);
    await expect(program.run({ x })).rejects.toThrow('input "gain" was not fed');
    await expect(program.run({ x: new Float32Array(3), gain: new Float32Array(1) })).rejects.toThrow(
      'input "x" has 3 values, expected [2]',
    );
    await expect(program.run({ x, gain: new BigInt64Array(1) })).rejects.toThrow(
      'input "gain" is fed with int64, expected float32',
    );
    expect(() => interpret([input("x", [1])], {})).toThrow('input "x" was not fed');
    await program.release();
  });

  it("waits for runs under way before it lets go, and refuses later ones", async () => {
    const program = await build();
    const run = program.run({ x: Float32Array.of(1, 2), gain: Float32Array.of(3) });
    const released = program.release();
    expect([...(await run)["y"]!]).toEqual([3, 6]);
    await released;
    await program.release();
    await expect(program.run({ x: new Float32Array(2), gain: new Float32Array(1) })).rejects.toThrow(
      "released",
    );
  });
});

describe("shapes that do not fit", () => {
  const matrix = input("matrix", [2, 3]);
  const vector = input("vector", [4]);
  const indices = input("indices", [4], "int64");
  const cases: [string, () => unknown][] = [
    ["matmul", () => matmul(matrix, matrix)],
    ["add", () => add(matrix, vector)],
    ["subtract", () => subtract(matrix, vector)],
    ["reshape", () => reshape(matrix, [7])],
    ["transpose", () => transpose(matrix, [0, 0])],
    ["broadcast", () => broadcastTo(vector, [3])],
    ["concatenate", () => concatenate([matrix, input("other", [2, 4])], 0)],
    ["slice", () => slice(matrix, 0, 1, 3)],
    ["reduction", () => sum(matrix, [2])],
    ["reduction", () => mean(matrix, [-3])],
    ["gather-rows", () => gatherRows(matrix, vector)],
    ["sum-rows", () => sumRows(indices, matrix, 3)],
    ["take-along-rows", () => takeAlongRows(matrix, indices)],
    ["add-along-rows", () => addAlongRows(matrix, indices, vector)],
    ["rms-norm", () => rmsNorm(matrix, vector, 1e-5)],
    ["rotary-embedding", () => rotaryEmbedding(matrix, indices, matrix, matrix, 1)],
    [
      "attention",
      () =>
        causalAttention(
          input("q", [1, 1, 2, 1, 4]),
          input("k", [1, 2, 1, 4]),
          input("v", [1, 2, 1, 4]),
          input("bias", [1, 1, 2, 1, 2]),
          1,
        ),
    ],
    ["constant", () => constant(new Float32Array(3), [2])],
  ];
  it.each(cases)("are refused where they are written, naming %s", (name, build) => {
    expect(build).toThrow(new RegExp(`^${name}: `));
  });
});

describe("the program cache", () => {
  const fake = (released: string[], key: string): Program => ({
    inputs: new Map(),
    outputs: new Map(),
    run: async () => ({}),
    release: async () => {
      released.push(key);
    },
  });

  const same = (program: Program): Program => program;

  it("builds a key once, and releases the one used longest ago when it is full", async () => {
    const built: string[] = [];
    const released: string[] = [];
    const cache = createProgramCache(async (key) => {
      built.push(key);
      return fake(released, key);
    }, 2);
    const [first, again] = await Promise.all([cache.use("a", same), cache.use("a", same)]);
    expect(first).toBe(again);
    await cache.use("b", same);
    await cache.use("a", same);
    await cache.use("c", same);
    expect([built, released, cache.size]).toEqual([["a", "b", "c"], ["b"], 2]);
    await cache.use("b", same);
    expect([built.length, released]).toEqual([4, ["b", "a"]]);
    await cache.release();
    expect([released.toSorted(), cache.size]).toEqual([["a", "b", "b", "c"], 0]);
  });

  it("holds no more than a budget of bytes, but always the two used last", async () => {
    const released: string[] = [];
    const weigh = (key: string): number => Number(key);
    const cache = createProgramCache(async (key) => fake(released, key), 8, { weigh, budget: 100 });
    for (const key of ["40", "30", "20"]) await cache.use(key, same);
    expect([released, cache.size]).toEqual([[], 3]);
    await cache.use("31", same);
    expect([released, cache.size]).toEqual([["40"], 3]);
    await cache.use("500", same);
    expect([released, cache.size]).toEqual([["40", "30", "20"], 2]);
    await cache.release();
  });

  it("tries again what could not be built, and does not trip over it", async () => {
    let fails = true;
    const cache = createProgramCache(async (key) => {
      if (key === "bad" && fails) throw new Error("no memory");
      return fake([], key);
    }, 1);
    await expect(cache.use("bad", same)).rejects.toThrow("no memory");
    await cache.use("good", same);
    fails = false;
    await cache.use("bad", same);
    expect(cache.size).toBe(1);
    await cache.release();
  });
});

describe("WebGPU", () => {
  it("gives the processor's results, or says what is missing on a machine without a graphics card", async () => {
    const x = input("x", [2, 2]);
    setProvider("webgpu");
    const compiling = compile({ y: matmul(x, x, { transposeB: true }) });
    setProvider("cpu");
    const outcome = await compiling.then(
      async (program) => {
        const { y } = await program.run({ x: Float32Array.of(1, 2, 3, 4) });
        await program.release();
        return Array.from(y as Float32Array).join(" ");
      },
      (thrown: Error) => thrown.message,
    );
    expect(["5 11 11 25", expect.stringContaining("leave COVENANT_PROVIDER out")]).toContainEqual(outcome);
  });
});

describe("threads", () => {
  it("change no bit of a loss and its gradients, whose products and sums are large enough to be shared out", async () => {
    const [tokens, width, vocabulary] = [256, 192, 1024];
    const table = input("table", [vocabulary, width]);
    const weight = input("weight", [width, width]);
    const gain = input("gain", [width]);
    const hidden = rmsNorm(matmul(gatherRows(table, input("rows", [tokens], "int64")), weight), gain, 1e-5);
    const logits = matmul(hidden, table, { transposeB: true });
    const loss = mean(tokenLogProbability(logits, input("wanted", [tokens], "int64")));
    const [byTable, byWeight, byGain] = gradients(loss, [table, weight, gain]);
    const outputs = { loss, byTable: byTable!, byWeight: byWeight!, byGain: byGain! };
    const wave = (length: number, pace: number) =>
      Float32Array.from({ length }, (_, at) => Math.sin(at * pace));
    const ids = (pace: number) => BigInt64Array.from({ length: tokens }, (_, at) => BigInt((at * pace) % 97));
    const feeds = {
      ...{
        table: wave(vocabulary * width, 0.37),
        weight: wave(width * width, 0.73),
        gain: wave(width, 0.11),
      },
      ...{ rows: ids(7), wanted: ids(13) },
    };
    const bytesWith = async (threads: number): Promise<Record<string, number>> => {
      const program = await compile(outputs, { threads });
      const results = await program.run(feeds);
      await program.release();
      return Object.fromEntries(
        Object.entries(results).map(([name, { buffer }]) => [
          name,
          hashText(Buffer.from(buffer).toString("hex")),
        ]),
      );
    };
    const one = await bytesWith(1);
    for (const threads of [2, 3, 8]) expect(await bytesWith(threads)).toEqual(one);
  });

  it.runIf(process.platform === "linux")(
    "are as many as the process is told, and as a program asks for itself (counted in /proc, so on Linux alone)",
    async () => {
      const added = async (options: CompileOptions): Promise<number> => {
        const before = readdirSync("/proc/self/task").length;
        const program = await compile({ doubled: multiply(input("x", [7]), scalar(2)) }, options);
        const after = readdirSync("/proc/self/task").length;
        await program.release();
        return after - before;
      };
      const usual = await added({ threads: 1 });
      setThreads(4);
      try {
        expect((await added({})) - usual).toBe(3);
        expect((await added({ threads: 2 })) - usual).toBe(1);
      } finally {
        setThreads(1);
      }
      expect((await added({})) - usual).toBe(0);
    },
  );
});

describe("sessions", () => {
  const doubled = (key: string) =>
    compile({ doubled: multiply(input("x", [Number(key)]), scalar(2)) }, { threads: 1 });

  it("are as many as the cache may hold however many shapes come, and none when it is released", async () => {
    const before = openPrograms();
    const cache = createProgramCache(doubled, 3);
    for (let step = 0; step < 40; step++) {
      const size = 1 + (step % 10);
      await cache.use(String(size), (program) => program.run({ x: new Float32Array(size) }));
      expect(openPrograms() - before).toBeLessThanOrEqual(3);
    }
    expect(openPrograms() - before).toBe(3);
    // asked for at once, more than the cache holds: none goes before it has done its work
    const results = await Promise.all(
      [11, 12, 13, 14, 15].map((size) =>
        cache.use(String(size), (program) => program.run({ x: new Float32Array(size).fill(size) })),
      ),
    );
    expect(results.map(({ doubled }) => doubled![0])).toEqual([22, 24, 26, 28, 30]);
    expect(openPrograms() - before).toBe(3);
    await Promise.all([cache.release(), cache.release()]);
    expect(openPrograms()).toBe(before);
  });

  it("are counted once however often they are released, and given back after the run under way", async () => {
    const before = openPrograms();
    const program = await doubled("4");
    const run = program.run({ x: Float32Array.of(1, 2, 3, 4) });
    await Promise.all([program.release(), program.release()]);
    expect([...(await run)["doubled"]!]).toEqual([2, 4, 6, 8]);
    await program.release();
    expect(openPrograms()).toBe(before);
  });
});
