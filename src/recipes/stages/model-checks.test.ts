// By what a model that was named is known again: the files that it is read from, whatever stands on what.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { checkModel } from "./model-checks.ts";

const golden = fileURLToPath(new URL("../../../test/golden", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "covenant-model-checks-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const at = (...parts: readonly string[]): string => join(place, ...parts);

const context = {
  emit: () => {},
  signal: new AbortController().signal,
  clock: manualClock(0),
  environment: {},
};

/** A copy of an adapter over another folder of this place. */
const adapterOver = (name: string, base: string): void => {
  cpSync(join(golden, "adapters/mistral"), at(name), { recursive: true });
  const file = at(name, "adapter_config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...config, base_model_name_or_path: at(base) }));
};

it("is another model where the weights below an adapter, or below an adapter's adapter, are others", async () => {
  cpSync(join(golden, "families/mistral"), at("root"), { recursive: true });
  adapterOver("inner", "root");
  adapterOver("outer", "inner");
  const hashes = async (): Promise<(string | null)[]> =>
    Promise.all(
      ["root", "inner", "outer"].map(async (name) => (await checkModel(at(name), "asked", context)).hash),
    );
  const before = await hashes();
  expect(await hashes()).toEqual(before);
  expect(new Set(before).size).toBe(3);
  const file = at("root/model.safetensors");
  const bytes = readFileSync(file);
  // of a number, the lowest byte
  bytes[bytes.length - 4] = bytes.at(-4)! ^ 1;
  writeFileSync(file, bytes);
  const after = await hashes();
  expect(after.map((hash, index) => hash === before[index])).toEqual([false, false, false]);
});
