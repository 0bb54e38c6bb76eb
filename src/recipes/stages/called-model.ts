// A model as a command without a run folder uses it: opened with what its calls share (account, budget, recording), and
// what is to be known of it is told as a warning. Stages of a run have stage-model.ts.

import { type LanguageModel, type LoadFormat, runsHere } from "../../models/index.ts";
import type { RecipeContext } from "../recipe.ts";
import type { Calls } from "./calls.ts";
import { withModel } from "./models.ts";
import { againIn, longWait } from "./stage-model.ts";

/** load: how a model that runs here holds its projections, where not in full. */
export type CalledModelOptions = {
  readonly context: RecipeContext;
  readonly calls: Calls;
  readonly load?: LoadFormat | undefined;
};

/** Opens a model for the time of one piece of work. */
export const withCalledModel = async <Result>(
  name: string,
  { context, calls, load }: CalledModelOptions,
  work: (model: LanguageModel) => Promise<Result>,
): Promise<Result> => {
  const told = new Set<string>();
  return withModel(name, context, context.signal, work, name, {
    ...(await calls.optionsFor(name)),
    ...(load === undefined || !runsHere(name) ? {} : { load }),
    onNotice({ code, text, wait = 0 }) {
      // every answer of another model is told of, in the same words
      if (code === "model-other" && told.has(text)) return;
      told.add(text);
      const whole = wait < longWait ? text : `${text} ${againIn(wait)}.`;
      context.emit({ type: "warning", time: context.clock.now(), code, text: whole });
    },
  });
};
