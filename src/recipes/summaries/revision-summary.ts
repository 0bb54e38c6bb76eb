// What `covenant revise` says at its end of the rows that it made, of why there are none, and of what comes next.
// How replies ended is told in data-summary.ts' words; knows no record.

import { join } from "node:path";
import { CovenantError, counted } from "../../core/index.ts";
import type { ReplyTally, StepCounts } from "../stages/tallies.ts";
import { describeFinishes } from "./data-summary.ts";
import { datasetWords, nextCommands, trainedWords } from "./next-command.ts";

/** The kinds of prompts whose answers are learned as they are. */
export type KeptKind = "harmless" | "lookalike";
type Kept = Readonly<Record<KeptKind, number>>;

/** What of the settings is told. */
type Told = { readonly out: string; readonly model: string; readonly maxTokens: number };

/** How many answers are learned as they are. */
export const keptRows = ({ harmless, lookalike }: Kept): number => harmless + lookalike;

/** What to do where a model criticises in the place of revising; nothing where none did. */
export const describeCritiques = ({ critique }: Pick<StepCounts, "critique">): string[] =>
  critique === 0
    ? []
    : [
        "A critique in the place of a revision is no row, and the reply before it stays. Worked examples show a model the difference: --few-shots examples/few-shots.yaml, or your own.",
      ];

type Came = {
  readonly answered: Pick<ReplyTally, "finishes">;
  readonly steps: StepCounts;
  readonly revised: number;
  readonly kept: Kept;
};

/** What to do about how answers and revisions ended; each once. */
const remediesFor = (answers: Came["answered"]["finishes"], steps: StepCounts): string[] => {
  const ended = (finish: keyof typeof answers): boolean => answers[finish] + steps[finish] > 0;
  return [
    ...(ended("length") ? ["Where replies are cut, raise --max-tokens."] : []),
    ...(ended("refusal")
      ? [
          "What the provider refuses to answer, another model may answer: choose one with --model, or --critic for critique and revision alone; or give other prompts.",
        ]
      : []),
    ...(ended("empty")
      ? [
          "Where replies are empty, give the model more tokens with --max-tokens (one that thinks before it answers needs them), or choose another with --model.",
        ]
      : []),
    ...(ended("overflow")
      ? ["What is too long for the context needs shorter prompts, or a model with a longer one."]
      : []),
    ...(ended("rejected")
      ? ["Why the server rejected a request is told above, in a warning: mend that, or choose another model."]
      : []),
  ];
};

/**
 * Throws where nothing came that can be learned; the run is whole, and its chains can be looked at. document: what --json
 * says of it, beside the error.
 */
export const requireRows = (
  { out, maxTokens }: Told,
  { answered, steps, revised, kept }: Came,
  document: object,
): void => {
  if (revised + keptRows(kept) > 0) return;
  const remedies = [
    ...remediesFor(answered.finishes, steps),
    ...describeCritiques(steps),
    "With other settings give another --out, or --fresh.",
  ];
  throw new CovenantError(
    "rows-none",
    [
      "No revision is a whole reply, so there are no rows to learn from.",
      describeFinishes(answered.finishes, maxTokens, "answer"),
      describeFinishes(steps, maxTokens, "revision"),
      `All that was written: ${join(out, "revise", "revisions.jsonl")}.`,
      ...remedies,
    ].join(" "),
    { folder: out, ...steps, document },
  );
};

/** The rows, the share of kept answers among them where there are both, and what comes next. */
export const describeRows = ({ out, model }: Told, revised: number, kept: Kept): string[] => {
  const answers = keptRows(kept);
  const rows = revised + answers;
  const kinds = [...(kept.harmless > 0 ? ["harmless"] : []), ...(kept.lookalike > 0 ? ["look-alike"] : [])];
  const file = join(out, "rows", "sft.jsonl");
  return [
    `${counted(rows, "training row")}: ${file}`,
    ...(answers === 0 || answers === rows
      ? []
      : [
          `Of the rows ${Math.round((100 * answers) / rows)} % are kept answers to ${kinds.join(" and ")} prompts.`,
        ]),
    ...nextCommands(["train", "sft", ...trainedWords(model), "--data", file], datasetWords(out)),
  ];
};
