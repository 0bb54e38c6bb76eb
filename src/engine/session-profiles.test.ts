// ONNX Runtime's profiles: a program that nobody releases has written its own when the process ends, whole.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "covenant-profiles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `
import { compile, input, multiply, setProfiles } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
setProfiles(${JSON.stringify(join(folder, "program"))});
const x = input("x", [2]);
const [left, released] = [await compile({ y: multiply(x, x) }), await compile({ y: multiply(x, x) })];
for (const one of [left, released]) await one.run({ x: Float32Array.of(1, 2) });
await released.release();
`;

it("are written whether a program was released or not", () => {
  const ended = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  expect([ended.status, ended.stderr]).toEqual([0, ""]);
  const profiles = readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as { readonly name: string }[],
  );
  const runs = profiles.map((events) => events.filter(({ name }) => name === "model_run").length);
  expect(runs).toEqual([1, 1]);
});
