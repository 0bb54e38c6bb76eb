// A stage's models: what a run is told of text outside the embedded model's language, and which prompts training takes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import type { RunEvent } from "../../records/index.ts";
import { openRun } from "../../runs/index.ts";
import { sandboxPrompts } from "../../sandbox/index.ts";
import { withStageModel } from "./stage-model.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-stage-model-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The warnings of a run of two stages that ask covenant-tiny for one token to each text. */
const warningsOn = async (name: string, texts: readonly string[]): Promise<string[]> => {
  const warnings: string[] = [];
  const emit = (event: RunEvent): void => {
    if (event.type === "warning") warnings.push(`${event.code}: ${event.text}`);
  };
  const clock = manualClock();
  const signal = new AbortController().signal;
  const context = { emit, fresh: false, signal, clock, environment: {} };
  const stages = ["one", "two"];
  const folder = join(root, name);
  await using run = await openRun({
    folder,
    name,
    config: {},
    seed: 1,
    stages,
    clock,
    onEvent: emit,
    signal,
  });
  const requests = texts.map((content) => ({
    messages: [{ role: "user" as const, content }],
    maxTokens: 1,
    temperature: 0,
    seed: 1,
  }));
  for (const stage of stages)
    await run.stage({ name: stage, inputs: {} }, (opened) =>
      withStageModel({ run, context }, opened, "embedded:covenant-tiny", async (model) => {
        await model.generate(requests.toSpliced(stage === "one" ? 0 : 1, 1));
      }),
    );
  return warnings;
};

describe("text outside the embedded model's language", () => {
  it("is told of once a run, whichever words it is", async () => {
    const told = await warningsOn("foreign", [
      "Which volcanoes erupted in Iceland?",
      "Explain quantum chromodynamics thoroughly.",
    ]);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^model-foreign-text: .*chromodynamics.*nonsense/);
  });

  it("is not found in the sandbox's own prompts", async () => {
    const prompts = sandboxPrompts({
      split: "train",
      counts: { harmful: 30, harmless: 30, lookalike: 30 },
      seed: 3,
    });
    expect(
      await warningsOn(
        "own",
        prompts.map(({ messages }) => messages.at(-1)!.content),
      ),
    ).toEqual([]);
  });
});
