// What generation leaves behind: neither keys and values nor programs that nobody needs.

import { describe, expect, it } from "vitest";
import { InterruptedError } from "../core/index.ts";
import { openPrograms } from "../engine/index.ts";
import { createGenerator } from "./generation.ts";
import { randomModel } from "./random-model.fixture.ts";

const model = { ...randomModel({ endTokenIds: [], maxPositions: 16384 }), frozen: true };
const requestsOf = (maxTokens: number) =>
  Array.from({ length: 16 }, (_, seed) => ({ prompt: [5, 6, 7 + seed], maxTokens, temperature: 1, seed }));

describe("a generator", () => {
  it("compiles no program for one token a row where the prompts' programs give all that is asked for", async () => {
    const before = openPrograms();
    const generator = createGenerator(model);
    await generator.generate(requestsOf(1));
    expect(openPrograms() - before).toBe(1);
    await generator.generate(requestsOf(2));
    expect(openPrograms() - before).toBe(2);
    await generator.release();
    expect(openPrograms()).toBe(before);
  });

  it("compiles nothing where it is stopped before it begins, or where nobody waits for a reply any more", async () => {
    const before = openPrograms();
    const generator = createGenerator(model);
    const signal = AbortSignal.abort();
    await expect(generator.generate(requestsOf(5), { signal })).rejects.toBeInstanceOf(InterruptedError);
    await generator.generate(requestsOf(5).map((request) => ({ ...request, signal })));
    expect(openPrograms()).toBe(before);
    await generator.release();
  });

  it("decodes with the program that it compiled first, however many and whatever they read", async () => {
    for (const count of [1, 3, 5, 16]) {
      const before = openPrograms();
      const generator = createGenerator(model);
      const some = requestsOf(4).slice(0, count);
      await generator.generate(some.map((request, at) => (at % 2 === 0 ? request : { ...request, topK: 3 })));
      expect(openPrograms() - before).toBe(2);
      await generator.release();
    }
  });

  // Node 20 leaves buffers to the collector
  it.skipIf(!("transfer" in ArrayBuffer.prototype))(
    "gives the memory of keys and values back with the last reply, and when it is stopped",
    async () => {
      const generator = createGenerator(model);
      const room = { prompt: [5], maxTokens: 8000, temperature: 1, seed: 1, until: () => true };
      const { layers, keyValueHeads, headSize } = model.config;
      const cache = 4 * 2 * layers * keyValueHeads * headSize * 8000;
      expect(cache).toBeGreaterThan(2 ** 20);
      await generator.generate([room]);
      const { arrayBuffers: before } = process.memoryUsage();
      for (let call = 0; call < 8; call++) await generator.generate([room]);
      const stopped = new AbortController();
      const until = () => {
        stopped.abort();
        return false;
      };
      const stopping = { ...room, until };
      for (let call = 0; call < 8; call++)
        await expect(generator.generate([stopping], { signal: stopped.signal })).rejects.toBeInstanceOf(
          InterruptedError,
        );
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(cache);
      await generator.release();
    },
  );
});
