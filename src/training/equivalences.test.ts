// Ways of computing the same step: in one batch or in parts, packed or a row each, a pair's prompt shared or twice, layers
// kept or computed again. All end in the same loss, gradient norm and weights, but for rounding; the last in the same
// bytes.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import {
  addAdapters,
  allTargets,
  branchTargets,
  createModelState,
  fillInOrder,
  itemLength,
  layOut,
  type ModelState,
  type ModelTask,
  type PackedItem,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";
import { createDpoTrainer, type DpoRow, dpoFeeds, trainDpo } from "./dpo.ts";
import { freshModel, smallConfig } from "./loop.fixture.ts";
import type { StepMetrics } from "./loop.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createRewardTrainer, rewardModelWeights, trainRewardModel } from "./reward-model.ts";
import { createSftTrainer, trainSft } from "./sft.ts";
import type { Trainer } from "./trainer.ts";

// A large epsilon makes AdamW's move follow the size of the gradients, so that weights show what gradients were.
const optimiser = { ...defaultAdamW, epsilon: 1e-2, weightDecay: 0.1 };

/** Rows of very different lengths, so that means by rows and by tokens are not the same. */
const random = createRandom(7);
const tokens = (count: number): number[] => Array.from({ length: count }, () => 4 + random.integer(60));
const items: PackedItem[] = Array.from({ length: 8 }, (_, at) => ({
  trunk: tokens(2 + (at % 4)),
  branches: [tokens(1 + 3 * (at % 5)), tokens(2 + (at % 3))],
}));
const replies = items.map(({ trunk, branches }) => ({ trunk, branches: [branches[0]!] }));
const pairs = items.map((item, at) => ({
  item,
  probability: 1 - 0.05 * at,
  margin: at / 8,
  reference: [-20 - at, -12] as const,
}));

const lora = { rank: 4, alpha: 8, targets: [allTargets], dropout: 0.2, seed: 4 };

/** States to train, as they begin. checkpointing: layers are computed again in the backward pass. */
type Begin = (checkpointing: boolean) => ModelState;
const whole: Begin = (checkpointing) =>
  createModelState(smallConfig, { ...freshModel().weights }, { checkpointing });
const adapted: Begin = (checkpointing) =>
  createModelState(smallConfig, addAdapters(smallConfig, freshModel().weights, lora, 1), {
    adapterScale: 2,
    checkpointing,
  });
const dropped: Begin = (checkpointing) =>
  createModelState(smallConfig, addAdapters(smallConfig, freshModel().weights, lora, 1), {
    lora,
    checkpointing,
  });
const scored: Begin = (checkpointing) =>
  createModelState(smallConfig, rewardModelWeights(smallConfig, freshModel().weights, 11), {
    task: "sequence-classification" satisfies ModelTask,
    checkpointing,
  });

const loop = {
  batch: 8,
  epochs: 4,
  seed: 5,
  schedule: { kind: "constant", peak: 0.05, warmupSteps: 0 },
  padding: 1,
} as const;

/** looks: packed rows of every part of every look at rows kept out. */
type Outcome = {
  readonly metrics: readonly Record<string, number>[];
  readonly state: ModelState;
  readonly looks?: readonly (readonly number[])[];
};

const all = async (steps: AsyncIterable<StepMetrics>): Promise<Record<string, number>[]> => {
  const found: Record<string, number>[] = [];
  for await (const { metrics } of steps) found.push({ ...metrics });
  return found;
};

const expectSame = (one: Outcome, other: Outcome): void => {
  expect(one.metrics.length).toBe(other.metrics.length);
  for (const [at, metrics] of one.metrics.entries())
    for (const [name, value] of Object.entries(metrics))
      expect(Math.abs(value - other.metrics[at]![name]!), `${name} of step ${at}`).toBeLessThan(
        2e-5 * Math.max(1, Math.abs(value)),
      );
  for (const [name, { data }] of Object.entries(one.state.weights)) {
    const theirs = other.state.weights[name]!.data;
    const far = data.reduce((most, value, index) => Math.max(most, Math.abs(value - theirs[index]!)), 0);
    expect(far, name).toBeLessThan(2e-5);
  }
};

/** packed: tokens of the packed row that every part is; batch: rows; heldOut: whether all rows are kept out, too, twice. */
type Way = {
  readonly accumulation?: number;
  readonly checkpointing?: boolean;
  readonly packed?: number;
  readonly batch?: number;
  readonly heldOut?: boolean;
};

/** What a way changes of a loop over these rows. */
const changed = <Row>({ accumulation = 1, batch = 8, heldOut = false }: Way, rows: readonly Row[]) => ({
  rows,
  accumulation,
  batch,
  ...(heldOut ? { heldOut: { rows: [...rows, ...rows], every: 2 } } : {}),
});

/** A trainer that says what it looks at. */
const watched = <Sizes extends { readonly batch: number }>(trainer: Trainer<Sizes>) => {
  const looks: number[][] = [];
  const evaluate: Trainer<Sizes>["evaluate"] = (parts) => {
    const all = [...parts];
    looks.push(all.map(({ sizes }) => sizes.batch));
    return trainer.evaluate(all);
  };
  return { trainer: { ...trainer, evaluate }, looks };
};

const partsOf = <Row>(packed: number | undefined, itemOf: (row: Row) => PackedItem) =>
  packed === undefined ? {} : { packedRow: { time: packed, itemOf } };
const itself = (item: PackedItem): PackedItem => item;
const inPair = ({ item }: { readonly item: PackedItem }): PackedItem => item;

const sftFrom =
  (begin: Begin) =>
  async (way: Way): Promise<Outcome> => {
    const state = begin(way.checkpointing ?? false);
    const { trainer, looks } = watched(createSftTrainer(state, optimiser));
    const parts = partsOf(way.packed, itself);
    const metrics = await all(trainSft({ ...loop, trainer, ...changed(way, replies), ...parts }));
    await trainer.release();
    return { metrics, state, looks };
  };

type Method = (way: Way) => Promise<Outcome>;

/** A method that goes each way once, however often it is compared. */
const once = (method: Method): Method => {
  const outcomes = new Map<string, Promise<Outcome>>();
  return (way) => {
    const { accumulation = 1, ...others } = way;
    const key = JSON.stringify({ accumulation, ...others });
    const outcome = outcomes.get(key) ?? method(way);
    outcomes.set(key, outcome);
    return outcome;
  };
};

const learning: Record<string, Method> = {
  SFT: sftFrom(whole),
  "SFT with adapters": sftFrom(adapted),
  async "the reward model"(way) {
    const state = scored(way.checkpointing ?? false);
    const { trainer, looks } = watched(createRewardTrainer(state, optimiser, { centring: 0.01 }));
    const parts = partsOf<(typeof pairs)[number]>(way.packed, inPair);
    const metrics = await all(trainRewardModel({ ...loop, trainer, ...changed(way, pairs), ...parts }));
    await trainer.release();
    return { metrics, state, looks };
  },
  async DPO(way) {
    const state = whole(way.checkpointing ?? false);
    const options = { loss: "sigmoid", beta: 0.1, labelSmoothing: 0.1, sftWeight: 0.5 } as const;
    const { trainer, looks } = watched(createDpoTrainer(state, optimiser, options));
    const parts = partsOf<(typeof pairs)[number]>(way.packed, inPair);
    const metrics = await all(trainDpo({ ...loop, trainer, ...changed(way, pairs), ...parts }));
    await trainer.release();
    return { metrics, state, looks };
  },
};

const onceEach = (methods: Record<string, Method>): Record<string, Method> =>
  Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, once(method)]));
const methods = onceEach(learning);

describe("a batch of eight is eight parts of one row", () => {
  it.each(Object.keys(methods))("of %s", async (name) => {
    expectSame(await methods[name]!({}), await methods[name]!({ accumulation: 8 }));
  });

  it.each(Object.keys(methods))("and as many as fill packed rows of 32 tokens, of %s", async (name) => {
    expectSame(await methods[name]!({}), await methods[name]!({ packed: 32 }));
    expectSame(await methods[name]!({}), await methods[name]!({ packed: 32, accumulation: 3 }));
  });

  it.each(Object.keys(methods))(
    "and a look at rows kept out says the same in packed rows that all of them fill, of %s",
    async (name) => {
      const way = { batch: 4, accumulation: 4, heldOut: true };
      const plain = await methods[name]!(way);
      const packed = await methods[name]!({ ...way, packed: 256 });
      expect(plain.metrics.filter((step) => "eval_loss" in step)).toHaveLength(4);
      expectSame(plain, packed);
      // a part of a step has one row; so had every part of a look
      expect(new Set(plain.looks!.map((parts) => parts.length))).toEqual(new Set([16]));
      const ofSft = name.startsWith("SFT");
      const tokens = 2 * (ofSft ? replies : items).reduce((sum, item) => sum + itemLength(item), 0);
      for (const parts of packed.looks!) expect(parts.length).toBe(Math.ceil(tokens / 256));
    },
  );

  it("and whole steps in the rows that they have in common, filled longest first, are each row on its own", async () => {
    const many = Array.from({ length: 100 }, (_, at) => ({
      trunk: tokens(8 + (at % 9)),
      branches: [tokens(10 + ((at * 7) % 30))],
    }));
    const learn = async (accumulation: number) => {
      const state = whole(false);
      const trainer = createSftTrainer(state, optimiser);
      const shapes: TokenBatchSizes[][] = [];
      const stepOver: typeof trainer.stepOver = (parts, rate) => {
        const all = [...parts];
        shapes.push(all.map(({ sizes }) => sizes));
        return trainer.stepOver(all, rate);
      };
      const rows = { rows: many, batch: 50, accumulation, epochs: 2 };
      const metrics = await all(trainSft({ ...loop, ...rows, trainer: { ...trainer, stepOver } }));
      await trainer.release();
      return { metrics, state, shapes };
    };
    const [together, alone] = [await learn(1), await learn(50)];
    expectSame(together, alone);
    const [[first]] = together.shapes as [[TokenBatchSizes]];
    expect(together.shapes).toEqual(together.shapes.map(() => [first]));
    expect(first.batch).toBeGreaterThanOrEqual(8);
    expect(alone.shapes.map(({ length }) => length)).toEqual([50, 50, 50, 50]);
  });

  it("and three parts of up to three", async () => {
    expectSame(await methods["SFT"]!({}), await methods["SFT"]!({ accumulation: 3 }));
  });
});

describe("layers that are computed again in the backward pass change no byte", () => {
  const ways = { ...methods, "SFT with adapters and dropout": once(sftFrom(dropped)) };
  it.each(Object.entries(ways))("of %s", async (_, method) => {
    for (const accumulation of [1, 3]) {
      const kept = await method({ accumulation });
      const again = await method({ accumulation, checkpointing: true });
      expect(again.metrics).toEqual(kept.metrics);
      expect(again.state.weights).toEqual(kept.state.weights);
    }
  });
});

/** One step of SFT on the replies, in rows of so many tokens. */
const sftStepIn = async (time: number) => {
  const state = freshModel();
  const trainer = createSftTrainer(state, optimiser);
  const batch = layOut(replies, branchTargets(replies), { padding: 1, filled: fillInOrder(replies, time) });
  const weights = targetVector(batch, () => 1 / batch.count);
  const metrics = [await trainer.step(batch.sizes, { ...batch.feeds, weights }, 0.05)];
  await trainer.release();
  return { metrics, state, rows: batch.sizes.batch };
};

/** One step of DPO; plain: every reply has a prompt of its own. */
const dpoStep = async (plain: boolean): Promise<Outcome> => {
  const state = freshModel();
  const options = { loss: "sigmoid", beta: 0.1, labelSmoothing: 0, sftWeight: 0 } as const;
  const trainer = createDpoTrainer(state, optimiser, options);
  const rows: readonly DpoRow[] = pairs;
  const laid = plain
    ? items.flatMap(({ trunk, branches }) => branches.map((branch) => ({ trunk, branches: [branch] })))
    : items;
  const targets = branchTargets(laid);
  const batch = layOut(laid, targets, { padding: 1, filled: fillInOrder(laid, 64) });
  const sizes = { ...batch.sizes, pairs: 8 };
  const feeds: Record<string, Float32Array> = dpoFeeds(rows, rows.length, sizes);
  if (plain) {
    for (const side of ["chosen", "rejected"]) feeds[side] = new Float32Array(8 * sizes.targets);
    targets.forEach(({ item }, at) => {
      const side = item % 2 === 0 ? "chosen" : "rejected";
      feeds[side]![Math.floor(item / 2) * sizes.targets + at] = 1;
    });
  }
  const metrics = [await trainer.step(sizes, { ...batch.feeds, ...feeds }, 0.05)];
  await trainer.release();
  return { metrics, state };
};

describe("the layout of a batch changes nothing", () => {
  it("packed rows are rows by themselves", async () => {
    const packed = await sftStepIn(192);
    const alone = await sftStepIn(19);
    expect(packed.rows).toBe(1);
    expect(alone.rows).toBeGreaterThan(4);
    expectSame(packed, alone);
  });

  it("a prompt that chosen and rejected share is a prompt for each", async () => {
    expectSame(await dpoStep(false), await dpoStep(true));
  });
});
