// How much memory loading a checkpoint takes, beside its weights: whole, in fewer bits, and when it is only looked at.

import { execFileSync } from "node:child_process";
import { cp, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseModelConfig } from "./config.ts";
import { elementCount, parameterCount, parameterShapes } from "./parameters.ts";

const golden = new URL("../../test/golden/", import.meta.url).pathname;
let place = "";
let copies = 0;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "covenant-loading-"));
});
afterAll(() => rm(place, { recursive: true, force: true }));

/** A folder with a model of some 190 MB in float32: zeros that take no place on the disk. */
const largeModel = async (dtype: string, width: number) => {
  const folder = join(place, `copy-${copies++}`);
  await cp(join(golden, "llama-random/tied"), folder, { recursive: true });
  const file = join(folder, "config.json");
  const large = { hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 3 };
  const raw = { ...JSON.parse(await readFile(file, "utf8")), ...large, head_dim: 256 };
  await writeFile(file, JSON.stringify(raw));
  const config = parseModelConfig(raw);
  let end = 0;
  const header = Object.entries(parameterShapes(config)).map(([name, shape]) => {
    const begin = end;
    end += elementCount(shape) * width;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await rm(join(folder, "model.safetensors"));
  const weights = await open(join(folder, "model.safetensors"), "w");
  await weights.write(Buffer.concat([length, json]));
  await weights.truncate(8 + json.length + end);
  await weights.close();
  return { folder, inMemory: 4 * parameterCount(config) };
};

/**
 * By how many bytes a process grows at its peak that works on a folder, once it has done the same on a small one. A busy
 * system takes pages of the program itself out of memory meanwhile, which makes the peak of all pages too low: where
 * Linux tells which pages are the program's own data, what they have grown by in the end counts where it is more.
 */
const growth = (folder: string, work: string): number => {
  const program = `
    import { checkModelFolder, loadModelFolder } from ${JSON.stringify(new URL("./checkpoint.ts", import.meta.url).href)};
    import { readFileSync } from "node:fs";
    const peak = () => process.resourceUsage().maxRSS * 1024;
    const status = process.platform === "linux" ? () => readFileSync("/proc/self/status", "utf8") : () => "";
    const data = () => 1024 * Number(/^RssAnon:\\s+(\\d+) kB$/m.exec(status())?.[1] ?? 0);
    const work = ${work};
    await work(${JSON.stringify(join(golden, "llama-random/tied"))});
    const before = [peak(), data()];
    const kept = await work(${JSON.stringify(folder)});
    console.log(Math.max(peak() - before[0], data() - before[1]), kept.config.layers);`;
  const words = ["--input-type=module", "--eval", program];
  return Number(execFileSync(process.execPath, words, { encoding: "utf8" }).split(" ")[0]);
};

describe("the memory of loading", () => {
  it.each([
    ["BF16", 2],
    ["F32", 4],
  ])("is little more than the weights while a model of %s loads", async (dtype, width) => {
    const { folder, inMemory } = await largeModel(dtype, width);
    const grown = growth(folder, "(folder) => loadModelFolder(folder)");
    expect(inMemory).toBeGreaterThan(180e6);
    expect(grown / inMemory).toBeGreaterThan(0.8);
    expect((grown - inMemory) / 1e6).toBeLessThan(40);
  });

  it.each([
    ["when it is only looked at", "(folder) => checkModelFolder(folder)", 0.35],
    ["in 4 bits", '(folder) => loadModelFolder(folder, { load: "4bit" })', 0.5],
    ["in 8 bits", '(folder) => loadModelFolder(folder, { load: "8bit" })', 0.65],
  ])("is far less than the weights %s", async (_, work, share) => {
    for (const [dtype, width] of [
      ["BF16", 2],
      ["F32", 4],
    ] as const) {
      const { folder, inMemory } = await largeModel(dtype, width);
      expect(growth(folder, work) / inMemory, dtype).toBeLessThan(share);
    }
  });
});
