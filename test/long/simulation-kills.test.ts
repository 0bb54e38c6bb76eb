// Simulations that are killed with signal 9 where little is left to ask: in a late stage of which some files are there, in a
// cell of a sweep and behind its last, and games beside the page, which is made as that of the others. The same command ends
// in the same bytes of every file. Games at an endpoint, too; kills.test.ts and contract.test.ts kill others while they ask.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import {
  contentHashOf,
  covenant,
  expectStatus,
  filesOf,
  makeFolder,
  root,
  type Started,
  start,
} from "../e2e/command.fixture.ts";
import { startChatServer } from "../e2e/endpoint.fixture.ts";
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

const sweep = `
command: games
settings: {repetitions: 3, iterations: 2, heldOut: {currencies: []}}
grid: {groups: [[fair], [selfish]]}
seeds: [0, 1]
`;
writeFileSync(join(folder, "sweep.yaml"), sweep);

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
  [
    "simulate sweep",
    ["--config", "sweep.yaml", "--quiet"],
    [
      { file: "cells/groups-fair/seed-0/iteration-1/games.jsonl", lines: 1 },
      { file: "runs/runs.jsonl", lines: 1 },
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

it("games against an endpoint that are killed end with the same content, and ask hardly anything twice", async () => {
  let asked: string[] = [];
  let running: Started | undefined;
  let killAt = Number.POSITIVE_INFINITY;
  const server = await startChatServer({
    onCall(body) {
      asked.push(JSON.stringify(body));
      if (asked.length === killAt) running?.child.kill("SIGKILL");
    },
    writes: (messages) => {
      const text = messages.at(-1)!.content;
      if (text.startsWith("You watch")) return "Reason: so\nPrinciple: Share evenly.";
      return text.includes("You decide") ? "Offer: total 10 dollars, keep 5, give 5" : "Decision: accept";
    },
  });
  const tens = ["--set", "amounts.least=10", "--set", "amounts.most=10", "--set", "currencies=dollars"];
  const play = async (out: string) => {
    const words = ["simulate", "games", "--out", out, "--model", server.name, "--groups", "fair", "--quiet"];
    running = start(
      [...words, "--repetitions", "2", "--iterations", "2", "--concurrency", "4", ...tens],
      folder,
    );
    return running.ended;
  };
  try {
    expectStatus(await play("whole"), 0);
    const whole = asked.length;
    let total = 0;
    for (const at of [30, 45, Number.POSITIVE_INFINITY]) {
      asked = [];
      killAt = at;
      expect((await play("killed")).status).toBe(at === Number.POSITIVE_INFINITY ? 0 : null);
      total += asked.length;
    }
    expect(contentHashOf(join(folder, "killed"))).toBe(contentHashOf(join(folder, "whole")));
    expect(filesOf(join(folder, "killed"))).toEqual(filesOf(join(folder, "whole")));
    expect(total).toBeLessThanOrEqual(whole + 2 * 4);
  } finally {
    await server.stop();
  }
}, 150_000);
