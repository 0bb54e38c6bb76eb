// How many principles for everybody came of a run whose meta-prompt wants an exact number, and why, where something was left
// out or is missing. Nothing is made up to fill the number; how what is missing was asked for is not known here.

import { counted } from "../../core/index.ts";
import type { MetaRecord, PrincipleCount } from "../../records/index.ts";
import type { ReadPrinciple } from "../../simulation/index.ts";
import type { MetaTask } from "./contract-part.ts";

/** What came of a run. leftOut: principles beyond those that are wanted; asked: the records of the meta-model's replies. */
type CameOfRun = {
  readonly constitution: readonly ReadPrinciple[];
  readonly contract: readonly ReadPrinciple[];
  readonly leftOut: number;
  readonly asked: readonly MetaRecord[];
};

const whyLeftOut = (leftOut: number, sorts: boolean): string =>
  sorts
    ? `${leftOut} more that nobody spoke against ${leftOut === 1 ? "was" : "were"} left out as the least wanted`
    : `the meta-model wrote ${leftOut} more, which ${leftOut === 1 ? "was" : "were"} left out, being last in its order`;

const whySorted = ({ contract }: CameOfRun): string => {
  const contrary =
    contract.length === 0
      ? ""
      : ` (what they want contrary things of is in ${counted(contract.length, "clause")} of the contract)`;
  return `users asked for no more that none of them spoke against${contrary}, and none is made up; more runs bring more comments (--runs)`;
};

const whyWritten = ({ asked }: CameOfRun): string => {
  const { attempt, problem } = asked.at(-1)!;
  const last = problem === undefined ? "" : `; the last reply: ${problem}`;
  return `the meta-model was asked ${counted(attempt, "time")} and wrote no more (roles.meta.attempts${last}), and none is made up`;
};

/** What there is to say of the number; null where no exact number is wanted, or it came and nothing was left out. */
export const principleCount = (
  { play: { setup }, state }: Pick<MetaTask, "play" | "state">,
  came: CameOfRun | null,
): PrincipleCount | null => {
  const { exactly, sorts = false } = setup.metaPrompt;
  const { length } = (came ?? { constitution: state.contract.constitution?.principles ?? [] }).constitution;
  if (exactly === undefined) return null;
  const count = { wanted: exactly, came: length };
  if (came === null)
    return length === exactly
      ? null
      : { ...count, why: "nothing could be made of this run, so they are those of before it" };
  if (length < exactly) return { ...count, why: sorts ? whySorted(came) : whyWritten(came) };
  return came.leftOut === 0 ? null : { ...count, why: whyLeftOut(came.leftOut, sorts) };
};

/** "3 of exactly 5 principles for everybody: …", as a sentence. */
export const countSentence = ({ wanted, came, why }: PrincipleCount): string =>
  `${came} of exactly ${counted(wanted, "principle")} for everybody: ${why}.`;
