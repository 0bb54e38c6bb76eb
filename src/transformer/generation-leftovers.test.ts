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

  it("gives the memory of keys and values back with the last reply, and when it is stopped", async () => {
    const generator = createGenerator(model);
    const room = { prompt: [5], maxTokens: 8000, temperature: 1, seed: 1, until: () => true };
    const { layers, keyValueHeads, headSize } = model.config;
    const cache = 4 * 2 * layers * keyValueHeads * headSize * 8000;
    expect(cache).toBeGreaterThan(2 ** 20);
    await generator.generate([room]);
    const { arrayBuffers: before } = process.memoryUsage();
    for (let call = 0; call < 8; call++) await generator.generate([room]);
    const stopped = new AbortController();
    const stopping = { ...room, until: () => Boolean(stopped.abort()) };
    for (let call = 0; call < 8; call++)
      await expect(generator.generate([stopping], { signal: stopped.signal })).rejects.toBeInstanceOf(
        InterruptedError,
      );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(cache);
    await generator.release();
  });
});
