// The experiment on whom each rule of social choice leaves how well off: a vote on an embedded model for seeds 0 to 4, and the
// table of docs/experiments.md from what the oracle tells of each. How seeds are run: oracle-runs.ts.
// npm run bench:vote-oracle -- [--seeds 0,1,2,3,4] [--out runs/vote-oracle] [--config FILE] [--tables-only] [--model ./folder, ...]

import { hold } from "./goals.ts";
import { runOracleExperiment } from "./oracle-runs.ts";
import { formatVotes, leastGain, type VoteRun, voteMarkers } from "./vote-table.ts";

await runOracleExperiment<{ satisfaction?: VoteRun["figures"] }, VoteRun>({
  bench: import.meta.url,
  command: ["simulate", "vote"],
  config: "configs/simulate/vote/minority.yaml",
  out: "runs/vote-oracle",
  // nobody proposed what could be voted on, or nobody's support could be read
  nothing: ["candidates-none", "ballots-none"],
  markers: voteMarkers,
  read: ({ seed, metrics }) => ({ seed, figures: metrics?.satisfaction ?? null }),
  format: formatVotes,
  hold: (runs) =>
    hold(
      {
        what: "the worst-off user under maximin above plurality's, on the seed where that is least",
        unit: "of 10",
        least: 0.01,
      },
      leastGain(runs),
    ),
});
