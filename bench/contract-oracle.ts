// The experiment on what learned constitutions are worth: a social contract on an embedded model for seeds 0 to 4, and the
// table of docs/experiments.md from what the oracle tells of each. How seeds are run: oracle-runs.ts.
// npm run bench:contract-oracle -- [--seeds 0,1,2,3,4] [--out runs/contract-oracle] [--tables-only] [--model ./folder, ...]

import { join } from "node:path";
import { loadConstitution } from "../src/constitution/index.ts";
import { satisfactionRecordSchema } from "../src/records/index.ts";
import { readRecords } from "../src/runs/index.ts";
import { type BenefitRun, benefitMarkers, formatBenefit, gapAbove } from "./benefit-table.ts";
import { hold } from "./goals.ts";
import { runOracleExperiment } from "./oracle-runs.ts";

await runOracleExperiment<{ satisfaction?: BenefitRun["figures"] }, BenefitRun>({
  bench: import.meta.url,
  command: ["simulate", "contract"],
  config: "configs/simulate/contract/tiny.yaml",
  out: "runs/contract-oracle",
  // the meta-model wrote nothing that could be read, or nobody asked for a change
  nothing: ["contract-none", "contract-unasked"],
  markers: benefitMarkers,
  async read({ seed, folder, metrics }) {
    const figures = metrics?.satisfaction ?? null;
    if (figures === null) return { seed, figures, answers: [], citations: { cited: 0, right: 0 } };
    const answers = await readRecords(
      join(folder, "satisfaction", "answers.jsonl"),
      satisfactionRecordSchema,
    );
    const learned = await loadConstitution(join(folder, "constitution.yaml"));
    const cited = learned.principles.flatMap(({ grounds = [] }) =>
      grounds.filter(({ by }) => by === "cited"),
    );
    const right = cited.filter(({ doubtful }) => doubtful === undefined);
    return { seed, figures, answers, citations: { cited: cited.length, right: right.length } };
  },
  format: formatBenefit,
  hold(runs) {
    for (const [name, text] of [
      ["blank", "none"],
      ["random", "random ones"],
    ] as const) {
      const what = `the learned constitution's interval over seeds above that of ${text}`;
      hold({ what, unit: "of 10", least: 0.01 }, gapAbove(runs, name));
    }
  },
});
