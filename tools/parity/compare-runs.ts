// Two runs of `covenant label` over the same pairs by different judges, or of `covenant revise` over the same prompts
// by different providers, side by side (run-comparison.ts). Prints a line each.
// Usage: node tools/parity/compare-runs.ts FOLDER FOLDER

import { type ComparedLabels, compareRuns, type Share } from "./run-comparison.ts";

const [one, other] = process.argv.slice(2);
if (one === undefined || other === undefined) throw new Error("two run folders are wanted");

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const counted = ({ same, of }: Share): string => `${same} of ${of}`;

const sayLabels = ({ both, alone, mean, most, preferences, orders, flips, votes }: ComparedLabels): void => {
  say(
    `${both} labels by both, ${alone} by one alone: |dP(A)| mean ${mean.toExponential(1)}, most ${most.toExponential(1)}`,
  );
  const shares = { preference: preferences, "preference in each order": orders, "flip or none": flips };
  say(
    Object.entries(shares)
      .map(([what, share]) => `${counted(share)} with the same ${what}`)
      .join("; "),
  );
  if (votes === undefined) return;
  const [first, second] = votes.letters;
  say(
    `${counted(votes.same)} with the same votes in both orders; for a letter were ${counted(first)} votes of the one, ${counted(second)} of the other`,
  );
};

const { labels, answers, chains } = await compareRuns(one, other);
if (labels !== undefined) sayLabels(labels);
if (answers !== undefined) say(`${counted(answers)} answers the same`);
if (chains !== undefined) say(`${counted(chains)} chains of critiques and revisions the same`);
