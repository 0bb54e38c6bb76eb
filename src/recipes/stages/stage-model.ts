// A model as a data stage uses it: what it is asked is counted and written to the event log, what is to be
// known of it becomes a warning. The counts are for people and bills; no record depends on them.

import { type LanguageModel, type LoadFormat, runsHere } from "../../models/index.ts";
import type { RunEvent, Usage } from "../../records/index.ts";
import type { Run, StageContext } from "../../runs/index.ts";
import type { RecipeContext } from "../recipe.ts";
import type { EndpointSettings } from "../settings.ts";
import { withModel } from "./models.ts";

/**
 * A run with the context of the recipe that made it. endpoint: how endpoints are called, where not by default. load: how
 * models that answer here hold their projections, where not in full; models elsewhere are not concerned.
 */
export type Pipeline = {
  readonly run: Run;
  readonly context: RecipeContext;
  readonly endpoint?: EndpointSettings;
  readonly load?: LoadFormat;
};

/** Writes down what was asked since the last time, with other things to count. */
export type CountUsage = (counts?: Readonly<Record<string, number>>) => void;

type Tally = { calls: number; promptTokens: number; completionTokens: number; repeats: number };

const emptyTally = (): Tally => ({ calls: 0, promptTokens: 0, completionTokens: 0, repeats: 0 });

const counting = (model: LanguageModel, add: (usages: readonly Usage[]) => void): LanguageModel => ({
  ...model,
  async generate(requests, options) {
    const replies = await model.generate(requests, options);
    add(replies.map(({ usage }) => usage));
    return replies;
  },
  async score(requests, options) {
    const scores = await model.score(requests, options);
    add(scores.map(({ usage }) => usage));
    return scores;
  },
});

/** What a run was told once and need not be told again by its next stage. */
const toldTo = new WeakMap<Run, Set<string>>();

const isNews = (run: Run, text: string): boolean => {
  const told = toldTo.get(run) ?? new Set<string>();
  toldTo.set(run, told);
  const isNew = !told.has(text);
  told.add(text);
  return isNew;
};

/** The first is worth a warning, then every tenth power. */
const isTold = (count: number): boolean => Number.isInteger(Math.log10(count));

/** Opens a model for one piece of a stage's work. id: how records name it, where not by its name. */
export const withStageModel = async (
  { run, context, endpoint, load }: Pipeline,
  stage: StageContext,
  name: string,
  work: (model: LanguageModel, countUsage: CountUsage) => Promise<void>,
  id = name,
): Promise<void> => {
  let tally = emptyTally();
  let repeats = 0;
  const countUsage: CountUsage = (counts = {}) => {
    const told = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    if (tally.calls + tally.repeats > 0 || Object.keys(told).length > 0) {
      stage.emit({ type: "stage-usage", stage: stage.name, ...tally, counts: told });
    }
    tally = emptyTally();
  };
  const add = (usages: readonly Usage[]): void => {
    tally.calls += usages.length;
    for (const { promptTokens, completionTokens } of usages) {
      tally.promptTokens += promptTokens;
      tally.completionTokens += completionTokens;
    }
  };
  try {
    await withModel(name, context, stage.signal, (model) => work(counting(model, add), countUsage), id, {
      ...(endpoint === undefined
        ? {}
        : {
            concurrency: endpoint.concurrency,
            timeout: endpoint.timeoutSeconds * 1000,
            retry: { attempts: endpoint.attempts },
          }),
      ...(load === undefined || !runsHere(name) ? {} : { load }),
      onNotice({ code, text }) {
        if (code !== "model-retry") {
          // Which words were foreign differs from stage to stage; that they were is told once a run.
          if (isNews(run, code === "model-foreign-text" ? code : text)) stage.warn(code, text);
          return;
        }
        tally.repeats++;
        repeats++;
        const times = repeats === 1 ? "" : ` (${repeats} calls so far)`;
        if (isTold(repeats)) stage.warn(code, `${text} The call is made again${times}.`);
      },
    });
  } finally {
    countUsage();
  }
};

/** What stages asked of models, over all attempts of the run; counts added up by name. */
export type Spent = Tally & { readonly counts: Readonly<Record<string, number>> };

/** Adds up a run's usage events for the named stages. */
export const spentOn = (events: readonly RunEvent[], stages: readonly string[]): Spent => {
  const sum = emptyTally();
  const counts: Record<string, number> = {};
  for (const event of events) {
    if (event.type !== "stage-usage" || !stages.includes(event.stage)) continue;
    for (const key of ["calls", "promptTokens", "completionTokens", "repeats"] as const)
      sum[key] += event[key];
    for (const [name, count] of Object.entries(event.counts)) counts[name] = (counts[name] ?? 0) + count;
  }
  return { ...sum, counts };
};
