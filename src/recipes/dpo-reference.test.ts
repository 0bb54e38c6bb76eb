// The reference of `covenant train dpo` over adapters: log-probabilities that are computed once, before the first step;
// a run that goes on takes them from reference.jsonl.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { InterruptedError } from "../core/index.ts";
import { recipe } from "./train-dpo.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-reference-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const model = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));

type Reference = { readonly chosen: number; readonly rejected: number };
const readLines = <Line>(path: string): Line[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** Trains; stopped when so many steps are done. The clock makes a checkpoint due at every step. */
const train = async (stopAfter?: number): Promise<void> => {
  const controller = new AbortController();
  let time = 0;
  const config = recipe.schema.parse({
    ...{ model, data: join(root, "pairs.jsonl"), out: join(root, "run") },
    dpo: { batch: 4, epochs: 3, schedule: "constant", warmupSteps: 0, lora: { rank: 2 } },
  });
  const running = recipe.run(config, {
    emit(event) {
      if (event.type === "stage-progress" && event.unit === "steps" && event.done === stopAfter)
        controller.abort(new InterruptedError());
    },
    ...{ signal: controller.signal, clock: { now: () => (time += 20_000) }, environment: {} },
  });
  if (stopAfter === undefined) await running;
  else await expect(running).rejects.toBeInstanceOf(InterruptedError);
};

it("is the starting model's, and is not computed again when the run goes on", async () => {
  const prompts = Array.from({ length: 8 }, (_, at) => `How do I plant ${at + 1} trees?`);
  const pairs = prompts.map((prompt) => ({ prompt, chosen: "Dig a hole.", rejected: "No." }));
  writeFileSync(join(root, "pairs.jsonl"), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(""));
  await train(2);
  const file = join(root, "run/dpo/reference.jsonl");
  const reference = readLines<Reference>(file);
  expect(reference).toHaveLength(8);
  const moved = reference.map((line) => ({ ...line, chosen: line.chosen - 40 }));
  writeFileSync(file, moved.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await train();
  const steps = readLines<{ metrics: Record<string, number> }>(join(root, "run/dpo/steps.jsonl"));
  const margins = steps.map(({ metrics }) => metrics["rewards/margins"]!);
  // beta is 0.3, so what was written there shows as a margin of 12
  expect(Math.abs(margins[0]!)).toBeLessThan(1e-3);
  expect(margins.at(-1)!).toBeGreaterThan(10);
  expect(readLines(file)).toEqual(moved);
});
