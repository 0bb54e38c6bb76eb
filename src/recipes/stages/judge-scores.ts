// Whether a judge gives log-probabilities that can be read. A judge behind an endpoint has to be asked, and is asked before
// anything else is paid for, and so is a recording of one; what the question is, the caller knows.

import { UserError } from "../../core/index.ts";
import { isEndpoint, isReplay, type LanguageModel, missingReplay } from "../../models/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { isNews, type Pipeline, withStageModel } from "./stage-model.ts";

/** judge: its name. isWritten: verdicts are what it writes, whatever it gives. */
export type AskedJudge = { readonly judge: string; readonly isWritten: boolean };

/** Warns, once in a run, that a judge is asked in another way than was wanted; null: it is not. */
export const tellVotes = (
  { run }: Pick<Pipeline, "run">,
  stage: Pick<StageContext, "warn">,
  notice: string | null,
): void => {
  const code = "judge-votes";
  if (notice !== null && isNews(run, { code, text: notice })) stage.warn(code, notice);
};

/** Whether a recording has no answer to what was asked. */
const isUnrecorded = (thrown: unknown): boolean =>
  thrown instanceof UserError && thrown.code === missingReplay;

/**
 * Asks a judge behind an endpoint, or its recording, which tells what the server said. null: it need not be asked, since a
 * model that is here knows when it is open, and for written verdicts it is all the same; nor can it where what is recorded
 * was not asked. Throws what ask throws: UserError where the method needs log-probabilities and there are none.
 */
export const tryScores = async (
  pipeline: Pipeline,
  stage: StageContext,
  { judge, isWritten }: AskedJudge,
  ask: (judge: LanguageModel) => Promise<boolean>,
): Promise<boolean | null> => {
  const isRecorded = isReplay(judge);
  if (isWritten || !(isRecorded || isEndpoint(judge))) return null;
  let gives: boolean | null = null;
  try {
    await withStageModel(pipeline, stage, judge, async (opened) => {
      gives = await ask(opened);
    });
  } catch (thrown) {
    if (!(isRecorded && isUnrecorded(thrown))) throw thrown;
  }
  return gives;
};
