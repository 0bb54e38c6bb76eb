// A dry run's tokens are at most: no command sends more than its plan says, whatever the form of its requests.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { formatConstitution, loadConstitution } from "../constitution/index.ts";
import { checkValue, readJsonLines } from "../core/index.ts";
import { estimatePrompt } from "../models/index.ts";
import { messageSchema } from "../records/index.ts";
import { recipe as label } from "./label.ts";
import { recipe as classify } from "./prompts-classify.ts";
import { recipe as generate } from "./prompts-generate.ts";
import { recipe as penetrate } from "./prompts-penetrate.ts";
import type { Recipe } from "./recipe.ts";
import { recipe as revise } from "./revise.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-at-most-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Replies of words of three letters, so that a limit of tokens is reached by as many bytes as it is estimated to have. */
const wordsOfReply = 40;
const words = (letter: string): string => Array(wordsOfReply).fill(`ab${letter}`).join(" ");
const script = write(
  "long.yaml",
  `rules:
  - when: "(A) Yes, nothing has to change."
    score: {"(A)": -3, "(B)": -0.1}
  - score: {"(A)": -0.1, "(B)": -3}
  - reply: [${[..."cdefgh"].map((letter) => JSON.stringify(words(letter))).join(", ")}]
`,
);
const maxTokens = 12;

const turns = [
  "A question of some length, with more to it. ".repeat(8),
  "An answer to it.",
  'And "quoted" what?',
];
const conversations = Array.from({ length: 4 }, (_, at) => ({
  messages: turns.map((turn, place) => ({
    role: place % 2 === 0 ? "user" : "assistant",
    content: `${turn} ${at}`,
  })),
  area: at % 2 === 0 ? "peace" : "privacy",
  kind: "harmful",
}));
const prompts = write("conversations.jsonl", jsonl(conversations));
const comparisons = write(
  "comparisons.jsonl",
  jsonl(
    Array.from({ length: 4 }, (_, at) => ({
      ...{ prompt: `Which? ${at}`, chosen: `${words("c")} ${at}`, rejected: `${words("d")} ${at}` },
    })),
  ),
);
const whole = await loadConstitution("ethical");
const shown = {
  messages: [
    { role: "user" as const, content: "How is it done?" },
    { role: "assistant" as const, content: "In this way." },
  ],
  critiqueRequest: "What is wrong with it?",
  critique: "It says too little of what it is about, and nothing of why.",
  revisionRequest: "Make it better.",
  revision: "It is done in this way, and this is why.",
};
const constitution = write("shown.yaml", formatConstitution({ ...whole, fewShots: [shown, shown] }));

const recorded = z.object({
  type: z.string(),
  request: z.object({ messages: z.array(messageSchema), maxTokens: z.number().optional() }),
});

const asked = { model: `scripted:${script}`, prompts };
const sampling = { maxTokens };
const judged = { comparisons, judge: `scripted:${script}`, sampling };
const cases: readonly (readonly [what: string, recipe: Recipe, settings: object])[] = [
  [
    "revise with a constitution's examples and a recheck",
    revise,
    { ...asked, sampling, constitution, revise: { rounds: 2, recheck: 1 } },
  ],
  [
    "revise in a transcript, directly",
    revise,
    { ...asked, sampling, constitution, revise: { rounds: 1, mode: "direct", form: "transcript" } },
  ],
  ["label by votes", label, { ...judged, constitution: "ethical", label: { method: "votes", votes: 1 } }],
  [
    "label by chains of thought in the paper's words",
    label,
    {
      ...{ ...judged, constitution: "ethical" },
      label: { method: "reasoning", form: "paper", chains: 1, reasoningTokens: wordsOfReply },
    },
  ],
  [
    "prompts penetrate",
    penetrate,
    {
      ...asked,
      sampling,
      areas: [`peace: ${"all of it, and more. ".repeat(12)}`, "privacy"],
      method: "votes",
      votes: 1,
    },
  ],
  ["prompts classify", classify, { ...asked, areas: ["peace", "privacy"], pack: 3, answerTokens: maxTokens }],
  [
    "prompts generate",
    generate,
    { ...asked, count: 4, each: 2, patience: 1, kind: "harmful", answerTokens: maxTokens },
  ],
];

it.each(cases)("%s", async (what, recipe, settings) => {
  const name = what.replaceAll(" ", "-");
  const record = join(folder, `${name}.jsonl`);
  const config = checkValue(
    recipe.schema,
    { out: join(folder, name), record, ...settings },
    { file: "test" },
  );
  const { steps } = await recipe.plan(config, { ...contextFor(), dry: true });
  // A judge that comes to no verdict, and revisions that give no row, end their command, when all is asked.
  await recipe.run(config, contextFor()).catch((thrown: unknown) =>
    expect(thrown).toMatchObject({
      code: expect.stringMatching(/^(?:labels|verdicts|prompts|areas|rows)-none$/),
    }),
  );
  let calls = 0;
  let tokens = 0;
  for await (const { value } of readJsonLines(record, recorded, "drop")) {
    calls++;
    tokens += estimatePrompt(value.request.messages) + (value.request.maxTokens ?? 0);
  }
  expect(calls).toBeGreaterThan(1);
  expect(steps.reduce((sum, step) => sum + step.calls, 0)).toBeGreaterThanOrEqual(calls);
  const planned = steps.reduce((sum, step) => sum + step.tokens, 0);
  expect(planned).toBeGreaterThanOrEqual(tokens);
});
