// Whether a judge gives log-probabilities that can be read. A judge behind an endpoint has to be asked, and is asked before
// anything else is paid for; what the question is, the caller knows.

import { isEndpoint, type LanguageModel } from "../../models/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { type Pipeline, withStageModel } from "./stage-model.ts";

/** judge: its name. method: how verdicts are to be read from it. */
export type AskedJudge = { readonly judge: string; readonly method: string };

/**
 * Asks a judge behind an endpoint. null: it need not be asked, since a model that is here knows when it is open, and for
 * votes it is all the same. Throws what ask throws: UserError where the method needs log-probabilities and there are none.
 */
export const tryScores = async (
  pipeline: Pipeline,
  stage: StageContext,
  { judge, method }: AskedJudge,
  ask: (judge: LanguageModel) => Promise<boolean>,
): Promise<boolean | null> => {
  if (!isEndpoint(judge) || method === "votes") return null;
  let gives = true;
  await withStageModel(pipeline, stage, judge, async (opened) => {
    gives = await ask(opened);
  });
  return gives;
};
