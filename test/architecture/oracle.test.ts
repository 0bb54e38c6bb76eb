// The sandbox's oracle measures and never feeds a pipeline: who asks it is listed here, each with a reason, so that a stage
// that begins to learn from it is seen. What models are pretrained on, before any run, may.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** What the sandbox shows of what its oracle knows. */
const oracle = [
  "bestWishes",
  "comparePreference",
  "createAssembly",
  "createBallots",
  "createCorpus",
  "createRatingScenes",
  "parseCritique",
  "parseReply",
  "parseRequest",
  "satisfactionOf",
  "statementPreference",
  "supportOf",
];

/** Who may ask it, what, and why that feeds no training of a run. */
const asking: Readonly<Record<string, readonly [names: readonly string[], reason: string]>> = {
  "src/recipes/inputs/pretraining-documents.ts": [
    ["createAssembly", "createBallots", "createCorpus", "createRatingScenes"],
    "what embedded models are made of, before any run",
  ],
  "src/recipes/stages/contract-benefit.ts": [
    ["bestWishes"],
    "the best constitution that there is, beside which a learned one is measured",
  ],
  "src/recipes/stages/evaluation.ts": [["parseReply"], "verdicts on answers of finished models"],
  "src/recipes/stages/goodhart.ts": [["parseReply"], "harm of a policy beside its reward, in records alone"],
  "src/recipes/stages/measures.ts": [
    ["comparePreference", "parseReply", "statementPreference"],
    "figures of labels and revisions that are finished",
  ],
  "src/recipes/stages/satisfaction.ts": [["satisfactionOf"], "how content people are in the end"],
  "src/recipes/stages/vote-run.ts": [
    ["supportOf"],
    "people who vote as they truly want, where a simulation asks for them; nothing is trained on it",
  ],
};

/** What hands the oracle's knowledge on: exported names of those who ask it, and who may take them. */
const handedOn: Readonly<Record<string, readonly [takers: readonly string[], reason: string]>> = {
  truePreference: [
    ["src/recipes/report.ts", "src/recipes/run.ts"],
    "the labels' card of figures and report, when all is learned",
  ],
  goodhartMeasure: [
    ["src/recipes/stages/arm.ts"],
    "true harm beside a policy's reward; no reward is made of it",
  ],
  armMetrics: [["src/recipes/run.ts"], "figures of arms that are finished"],
  evaluationStage: [["src/recipes/evaluate.ts", "src/recipes/run.ts"], "verdicts on finished models"],
};

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Names that a source takes of the sandbox's face; "*" for all of them. */
const takenOf = (text: string): string[] =>
  [
    ...text.matchAll(
      /(?:import|export)\s+(?:type\s+)?(\{[^}]*\}|\*[^"]*?)\s*from\s*"[^"]*sandbox\/index\.ts"/g,
    ),
  ].flatMap(([, taken]) =>
    taken!.startsWith("*")
      ? ["*"]
      : taken!
          .slice(1, -1)
          .split(",")
          .map((part) => part.trim().split(/\s+/))
          .filter(([word]) => word !== "type" && word !== "")
          .map(([name]) => name!),
  );

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((path) => `src/${path.replaceAll(sep, "/")}`)
  .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !/\.(test|fixture)\.ts$/.test(path))
  .filter((path) => !path.startsWith("src/sandbox/"))
  .map((path) => [path, readFileSync(join(root, path), "utf8")] as const);

it("is asked by those who are listed, for what is listed, and by nobody else", () => {
  const found = sources.flatMap(([path, text]) => {
    const taken = takenOf(text);
    const names = taken.filter((name) => name === "*" || oracle.includes(name));
    return names.length === 0 ? [] : [[path, names.toSorted()] as const];
  });
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(Object.entries(asking).map(([path, [names]]) => [path, names])),
  );
});

it("is never loaded while a command runs, and what it knows is handed on to those who are listed alone", () => {
  const loading = sources.filter(([, text]) => /import\(\s*["'`][^"'`]*sandbox\//.test(text));
  expect(loading.map(([path]) => path)).toEqual([]);
  for (const [name, [takers]] of Object.entries(handedOn)) {
    const imported = new RegExp(`import\\s*\\{[^}]*\\b${name}\\b[^}]*\\}\\s*from`);
    expect(
      sources
        .filter(([, text]) => imported.test(text))
        .map(([path]) => path)
        .toSorted(),
      name,
    ).toEqual(takers);
  }
});

it("finds what a source takes, however it is written", () => {
  expect(takenOf('import { parseReply } from "../../sandbox/index.ts";')).toEqual(["parseReply"]);
  expect(takenOf('import {\n  type Area,\n  supportOf as so,\n} from "../sandbox/index.ts";')).toEqual([
    "supportOf",
  ]);
  expect(takenOf('export * from "../sandbox/index.ts";')).toEqual(["*"]);
  expect(takenOf('import * as world from "../sandbox/index.ts";')).toEqual(["*"]);
  expect(takenOf('import { x } from "../core/index.ts";')).toEqual([]);
});
