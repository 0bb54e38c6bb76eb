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
  "createCorpus",
  "parseCritique",
  "parseReply",
  "satisfactionOf",
  "statementPreference",
  "supportOf",
];

/** Who may ask it, what, and why that feeds no training of a run. */
const asking: Readonly<Record<string, readonly [names: readonly string[], reason: string]>> = {
  "src/recipes/pretraining-documents.ts": [
    ["createAssembly", "createCorpus"],
    "what the embedded model is made of, before any run",
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

it("is asked by those who are listed, for what is listed, and by nobody else", () => {
  const found = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => `src/${path.replaceAll(sep, "/")}`)
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !/\.(test|fixture)\.ts$/.test(path))
    .filter((path) => !path.startsWith("src/sandbox/"))
    .flatMap((path) => {
      const taken = takenOf(readFileSync(join(root, path), "utf8"));
      const names = taken.filter((name) => name === "*" || oracle.includes(name));
      return names.length === 0 ? [] : [[path, names.toSorted()] as const];
    });
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(Object.entries(asking).map(([path, [names]]) => [path, names])),
  );
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
