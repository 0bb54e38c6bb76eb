// What a .env file says beside the process's own environment, and what is told of a line in it that says nothing.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readEnvironment } from "./environment.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-env-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = async (text: string, own: Readonly<Record<string, string>> = {}) => {
  writeFileSync(join(folder, ".env"), text);
  const told: string[] = [];
  return { environment: await readEnvironment(folder, own, (warning) => told.push(warning)), told };
};

it("adds what .env says to what is set already", async () => {
  const text = "# models\nexport A=1\nB = two words # a remark\n\nC=\"it's\nhere\"\r\nD='a=b'\nE=\nF=it's";
  const { environment, told } = await read(text, { A: "own" });
  expect(environment).toMatchObject({ A: "own", B: "two words", C: "it's\nhere", D: "a=b", E: "" });
  expect(told).toEqual([]);
});

it.each([
  ["A=1\nOPENAI_API_KEY sk-secret\nB=2", "warning: .env, line 2: no NAME=value, so it sets nothing."],
  ["A='1\n2'\n\n=3", "warning: .env, line 4: no NAME=value"],
  ['A=1\nB="open', "warning: .env, line 2: a quote that nothing closes"],
])("tells of a line that sets nothing, and not what it says: %j", async (text, expected) => {
  const { told } = await read(text);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(expected);
  expect(told[0]).not.toContain("sk-secret");
});

it("is the process's own where there is no .env", async () => {
  rmSync(join(folder, ".env"), { force: true });
  expect(await readEnvironment(folder, { A: "1" })).toEqual({ A: "1" });
});
