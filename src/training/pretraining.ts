// Language-model training from scratch on a stream of weighted documents. Rows are filled from a pool of documents,
// longest first, so that little is wasted; tokens of small weight are drawn with that probability instead of being
// scaled, so the vocabulary-wide part of the loss is computed for few of them (the expectation is the same).

import { createRandom, deriveSeed, throwIfAborted, UserError } from "../core/index.ts";
import {
  fillInOrder,
  layOut,
  type ModelState,
  type Target,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";
import type { OptimiserOptions } from "./optimiser.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { tokenLoss } from "./token-loss.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** Token ids of one document and what each counts in the loss (0 for context). */
export type WeightedDocument = { readonly ids: readonly number[]; readonly weights: ArrayLike<number> };

/** The stream of documents, the shape of a batch, and the schedule. */
export type PretrainingOptions = {
  readonly document: (index: number) => WeightedDocument;
  readonly seed: number;
  readonly rows: number;
  readonly time: number;
  /** Loss tokens of a batch; more are thinned out at random. */
  readonly targets: number;
  readonly padding: number;
  readonly schedule: ScheduleOptions;
  readonly trainer: Trainer<TokenBatchSizes>;
  readonly start?: number;
  readonly signal?: AbortSignal;
};

/** One step: its metrics, the tokens it read, and the documents read so far. */
export type PretrainingStep = {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly documents: number;
};

const poolSize = 96;

/**
 * Takes documents out of the pool until the rows are full; refills the pool from the stream. Throws UserError for a
 * document that no row can hold.
 */
export const createBatcher = (document: (index: number) => WeightedDocument, rows: number, time: number) => {
  const pool: WeightedDocument[] = [];
  let next = 0;
  const refill = (): void => {
    while (pool.length < poolSize) {
      const read = document(next);
      if (read.ids.length > time) {
        throw new UserError(
          "document-too-long",
          `Document ${next} has ${read.ids.length} tokens; a row holds ${time}. Set "time" to at least ${read.ids.length}, or leave the document out.`,
          { document: next, tokens: read.ids.length, time },
        );
      }
      pool.push(read);
      next++;
    }
  };
  return {
    take(): WeightedDocument[] {
      const taken: WeightedDocument[] = [];
      for (let row = 0; row < rows; row++) {
        let left = time;
        for (;;) {
          refill();
          let best = -1;
          pool.forEach(({ ids }, at) => {
            if (ids.length <= left && (best < 0 || ids.length > pool[best]!.ids.length)) best = at;
          });
          // the oldest document goes first into an empty row, so that none waits for ever
          if (left === time) best = 0;
          if (best < 0) break;
          const [chosen] = pool.splice(best, 1);
          taken.push(chosen!);
          left -= chosen!.ids.length;
        }
      }
      return taken;
    },
    get documents(): number {
      return next;
    },
  };
};

/** Chooses the loss tokens: weight 1 and more always, smaller weights with that probability. */
const chooseTargets = (documents: readonly WeightedDocument[], limit: number, seed: number): Target[] => {
  const random = createRandom(seed);
  const chosen: Target[] = [];
  documents.forEach(({ ids, weights }, item) => {
    for (let offset = 1; offset < ids.length; offset++) {
      const weight = weights[offset] ?? 0;
      if (weight >= 1) chosen.push({ item, branch: -1, offset, weight });
      else if (weight > 0 && random.next() < weight) chosen.push({ item, branch: -1, offset, weight: 1 });
    }
  });
  return chosen.length <= limit ? chosen : random.shuffle(chosen).slice(0, limit);
};

/** The trainer of language modelling over a model's state. */
export const createPretrainer = (state: ModelState, optimiser: OptimiserOptions): Trainer<TokenBatchSizes> =>
  createTrainer({ state, optimiser, build: tokenLoss });

/** Trains for schedule.totalSteps steps, yielding after each. A later start replays the stream up to it. */
export async function* pretrain(options: PretrainingOptions): AsyncGenerator<PretrainingStep> {
  const { rows, time, schedule, trainer, start = 0 } = options;
  const batcher = createBatcher(options.document, rows, time);
  for (let step = 0; step < start; step++) batcher.take();
  for (let step = start; step < schedule.totalSteps; step++) {
    throwIfAborted(options.signal);
    const documents = batcher.take();
    const targets = chooseTargets(documents, options.targets, deriveSeed(options.seed, "targets", step));
    const items = documents.map(({ ids }) => ({ trunk: ids, branches: [] }));
    const batch = layOut(items, targets, {
      ...{ padding: options.padding, targets: options.targets },
      filled: fillInOrder(items, time, rows),
    });
    const total = targets.reduce((sum, { weight }) => sum + weight, 0);
    const weights = targetVector(batch, (at) => targets[at]!.weight / total);
    const learningRate = learningRateAt(schedule, step);
    const { loss, gradient_norm } = await trainer.step(
      batch.sizes,
      { ...batch.feeds, weights },
      learningRate,
    );
    const tokens = documents.reduce((sum, { ids }) => sum + ids.length, 0);
    const metrics = { loss: loss!, grad_norm: gradient_norm!, learning_rate: learningRate, tokens };
    yield { step, metrics, tokens, documents: batcher.documents };
  }
}
