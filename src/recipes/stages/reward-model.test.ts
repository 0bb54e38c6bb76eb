// A reward model as a reward: over as many bits as its adapter was trained on, and read where its training read it.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { scoreOfLogit } from "../../training/index.ts";
import {
  compileChatTemplate,
  createScorer,
  frozenState,
  loadModelFolder,
  saveModelFolder,
} from "../../transformer/index.ts";
import { openReward, trainedNotices } from "./reward-model.ts";

const golden = fileURLToPath(new URL("../../../test/golden", import.meta.url));
const folder = join(golden, "adapters/reward");
const context = {
  ...{ emit() {}, signal: new AbortController().signal, clock: manualClock(), environment: {} },
};
const items = [
  { trunk: [5, 6, 7], branches: [[8, 9, 0]] },
  { trunk: [5, 6], branches: [[20, 21]] },
];

const rewards = async (load?: "4bit"): Promise<readonly number[]> => {
  const opened = await openReward(folder, context, "plain", load);
  return opened.reward(items).finally(() => opened.release());
};

it("stays beside weights in fewer bits, as it was trained, and is merged into whole ones", async () => {
  const live = createScorer(frozenState(await loadModelFolder(folder, { load: "4bit" })));
  const scores = (await live.scores(items)).map(([logit]) => scoreOfLogit(logit!));
  await live.release();
  const [held, whole] = [await rewards("4bit"), await rewards()];
  held.forEach((found, at) => {
    expect(found).toBeCloseTo(scores[at]!, 6);
    expect(Math.abs(found - whole[at]!)).toBeGreaterThan(1e-5);
  });
});

it("is read behind the closing of whichever token ends a turn, once it is saved", async () => {
  const place = mkdtempSync(join(tmpdir(), "covenant-reward-model-"));
  try {
    const { tokenizer, generationConfig, ...model } = await loadModelFolder(
      join(golden, "llama-random/scored"),
    );
    // as Gemma has it: config.json names another token than the one that ends a turn, generation_config.json both
    const [end, pad] = [tokenizer.idOf("<|end|>")!, tokenizer.idOf("<|pad|>")!];
    const lined = "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>\\n' }}{% endfor %}";
    const saved = join(place, "model");
    await saveModelFolder(saved, {
      ...model,
      config: { ...model.config, endTokenIds: [pad] },
      tokenizer: tokenizer.files,
      chatTemplate: compileChatTemplate(lined),
      generationConfig: { ...generationConfig, endTokenIds: [pad, end] },
    });
    const opened = await openReward(saved, context);
    await opened.release();
    expect(opened.context).toBe(model.config.maxPositions - 1);
  } finally {
    rmSync(place, { recursive: true });
  }
});

it("is told to be read in full where its run says that it was trained over fewer bits", async () => {
  const place = mkdtempSync(join(tmpdir(), "covenant-reward-load-"));
  const adapter = join(place, "reward/adapter");
  cpSync(folder, adapter, { recursive: true });
  expect(await trainedNotices(adapter, undefined)).toEqual([]);
  writeFileSync(join(place, "config.yaml"), "reward:\n  load: 4bit\n");
  const [told] = await trainedNotices(adapter, undefined);
  expect(told).toMatchObject({
    code: "reward-load",
    text: expect.stringContaining("--reward-load 4bit") as string,
  });
  expect(await trainedNotices(adapter, "4bit")).toEqual([]);
  writeFileSync(join(place, "config.yaml"), "reward: {}\n");
  expect(await trainedNotices(adapter, undefined)).toEqual([]);
  writeFileSync(join(place, "config.yaml"), "data: other\n");
  expect(await trainedNotices(adapter, undefined)).toEqual([]);
  rmSync(place, { recursive: true });
});

describe("what the training of a reward model found out", () => {
  const stage = mkdtempSync(join(tmpdir(), "covenant-reward-chance-"));
  afterAll(() => rmSync(stage, { recursive: true }));
  const pairs = (right: number, wrong: number): void => {
    const records = Array.from({ length: right + wrong }, (_, at) => ({
      ...{ id: `reward/held-out/${at}`, parents: [], stage: "reward", seed: 1 },
      ...{ probability: 0.9, chosen: at < right ? 0.7 : 0.2, rejected: 0.4 },
    }));
    writeFileSync(
      join(stage, "held-out.jsonl"),
      records.map((record) => `${JSON.stringify(record)}\n`).join(""),
    );
  };
  const told = async () => (await trainedNotices(join(stage, "model"), undefined)).map(({ text }) => text);

  it("is told again to whoever takes it as a reward", async () => {
    pairs(6, 2);
    expect(await told()).toEqual([]);
    writeFileSync(join(stage, "stage.json"), "{}");
    const [text] = await told();
    expect(text).toMatch(
      /^Of the reward model .*model its training says: .*orders 75 % of 8 held-out pairs.*guessing/,
    );
    pairs(1, 0);
    expect((await told())[0]).toMatch(/Only 1 pair was kept out of training, too few to tell/);
    pairs(40, 2);
    expect(await told()).toEqual([]);
  });
});
