// Simulations that are killed with signal 9 where little is left to ask: in a late stage of which some files are there, and
// games beside the page, which is made as that of the others. The same command ends in the same bytes of every file.
// kills.test.ts, contract.test.ts and games.test.ts kill them while they ask an endpoint, simulation-experiments.test.ts a sweep.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { contentHashOf, covenant, expectStatus, filesOf, makeFolder, root } from "../e2e/command.fixture.ts";
import { killedAt, type Moment } from "../e2e/kill.fixture.ts";

const { folder, remove } = makeFolder("simulation-kills");
afterAll(remove);

const example = (name: string): string => join(root, "examples", name);
const scripted = (name: string): string[] => ["--model", `scripted:${example(name)}`];
const people = ["--users", "amina,dale,kamala,tove"];

/** Comments that a script sorts, in the brief wording, by twenty or so short questions. */
const sorting = [
  { when: "Does it ask for a change?", reply: "yes" },
  { when: "First: Be", reply: "neither" },
  { when: "Is the second for the first or against it?", reply: "against" },
  { when: "Rate the reply:\nharmlessness", reply: "harmlessness: 9" },
  {
    when: "feedback: what should change?",
    reply: ["Be discreet.", "Be kind.", "Keep it short.", "Tell every step.", "Name your sources."].map(
      (said) => `satisfaction: 4\nfeedback: ${said}`,
    ),
  },
  { reply: "I cannot help with that." },
];
writeFileSync(join(folder, "sorting.json"), JSON.stringify({ batch: 4, rules: sorting }));

type Case = readonly [command: string, words: readonly string[], moments: readonly Moment[]];

const cases: readonly Case[] = [
  [
    "simulate vote",
    [...people, "--seats", "2", "--rounds", "1", ...scripted("vote-script.yaml")],
    [{ file: "opening/choices.jsonl", lines: 1 }],
  ],
  [
    "simulate contract",
    [...people, "--runs", "2", "--turns", "1", ...scripted("contract-script.yaml")],
    [{ file: "run-2/learned.jsonl", lines: 1 }],
  ],
  [
    "simulate contract",
    [
      ...["--config", join(root, "configs/simulate/contract/tiny.yaml"), "--meta-prompt", "contract"],
      ...["--model", "scripted:sorting.json", "--set", "assistants=6", "--runs", "2"],
      ...["--set", "sandbox.requests=0"],
    ],
    [
      { file: "run-1/stances.jsonl", lines: 5 },
      { file: "run-2/stances.jsonl", lines: 5 },
    ],
  ],
  [
    "simulate games",
    ["--repetitions", "3", "--iterations", "2", "--groups", "fair"],
    [
      { file: "figures/figures.csv", lines: 1 },
      { file: "experiment.html", lines: 1 },
    ],
  ],
];

it.each(cases)("%s that is killed ends in the same bytes", async (command, words, moments) => {
  const given = (out: string): string[] => [...command.split(" "), ...words, "--out", out];
  const at = cases.findIndex(([, own]) => own === words);
  const [whole, killed] = [`${at} whole`, `${at} killed`];
  expectStatus(await covenant(given(whole), folder), 0);
  for (const { file, ...moment } of moments)
    await killedAt(given(killed), folder, { ...moment, file: `${killed}/${file}` });
  expectStatus(await covenant(given(killed), folder), 0);
  expect(filesOf(join(folder, killed))).toEqual(filesOf(join(folder, whole)));
  expect(contentHashOf(join(folder, killed))).toBe(contentHashOf(join(folder, whole)));
});
