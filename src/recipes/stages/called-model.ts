// A model as a command without a run folder uses it: opened with what its calls share (account, budget, recording), and
// what is to be known of it is told as a warning. Stages of a run have stage-model.ts.

import { CovenantError, UserError } from "../../core/index.ts";
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

/** A failed call of a command that keeps nothing of what it asked: the same command begins anew. */
const withoutKeeping = (thrown: unknown): unknown =>
  thrown instanceof CovenantError && !(thrown instanceof UserError) && "retriable" in thrown.facts
    ? new CovenantError(thrown.code, thrown.message, { ...thrown.facts, kept: false }, thrown)
    : thrown;

/** Opens a model for the time of one piece of work. Failures say in their facts that nothing is kept (kept: false). */
export const withCalledModel = async <Result>(
  name: string,
  { context, calls, load }: CalledModelOptions,
  work: (model: LanguageModel) => Promise<Result>,
): Promise<Result> => {
  const told = new Set<string>();
  const opened = withModel(name, context, context.signal, work, name, {
    ...(await calls.optionsFor(name)),
    ...(load === undefined || !runsHere(name) ? {} : { load }),
    onNotice({ code, text, wait = 0 }) {
      const whole = wait < longWait ? text : `${text} ${againIn(wait)}.`;
      // every try at a server that is away, and every answer of another model, is told of in the same words
      if (wait < longWait && told.has(whole)) return;
      told.add(whole);
      context.emit({ type: "warning", time: context.clock.now(), code, text: whole });
    },
  });
  return opened.catch((thrown: unknown) => {
    throw withoutKeeping(thrown);
  });
};
