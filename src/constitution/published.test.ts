// The published JSON shapes as constitutions and as worked examples: in our own words, and the published files
// themselves where they are there.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { missingOf, publishedFile, titled } from "../core/published.fixture.ts";
import { formatConstitution, parseConstitution } from "./document.ts";
import { loadConstitution } from "./library.ts";

import { constitutionFor, someOf } from "./purpose.ts";
import { loadRevisionExamples, parseRevisionExamples } from "./revision-examples.ts";
import { exampleTranscript } from "./transcript.ts";

const requests = {
  calm0: {
    prompt: ["\n\nCritiqueRequest: Say what is loud in the reply.\n\nCritique:"],
    edit_request: "\n\nRevisionRequest: Say it quietly.\n\nRevision:",
  },
  "Calm One": {
    prompt: ["\n\nCritiqueRequest: Is it long: or short?\n\nCritique:", "Is it rude?"],
    edit_request: "\n\nRevisionRequest: Make it short.\n\nRevision:",
  },
};
const questions = ["\nWhich reply is quieter? Options:", "\nWhich is shorter? Options:"];

const reading = (value: unknown) => parseConstitution(JSON.stringify(value), "some/Calm.json");

describe("published principles", () => {
  it("are read without the markers around them", () => {
    const constitution = reading(requests);
    expect(constitution).toMatchObject({ name: "Calm", source: "Calm.json" });
    expect(
      constitution.principles.map(({ id, weight, critique, revision }) => [id, weight, critique, revision]),
    ).toEqual([
      ["calm0", 1, "Say what is loud in the reply.", "Say it quietly."],
      ["calm-one.0", 0.5, "Is it long: or short?", "Make it short."],
      ["calm-one.1", 0.5, "Is it rude?", "Make it short."],
    ]);
  });

  it("of comparisons are read as preferences", () => {
    expect(reading(questions).principles.map(({ id, preference }) => [id, preference])).toEqual([
      ["preference0", "Which reply is quieter?"],
      ["preference1", "Which is shorter?"],
    ]);
  });

  it("are written as YAML and read again", () => {
    for (const value of [requests, questions]) {
      const constitution = reading(value);
      expect(parseConstitution(formatConstitution(constitution), "again.yaml")).toEqual(constitution);
    }
  });

  it("that lack something are refused with the place", () => {
    expect(() => reading({ calm0: { prompt: ["x"] } })).toThrowError(
      /Calm\.json: calm0\.edit_request: got nothing/,
    );
    expect(() => reading({ calm0: { prompt: [], edit_request: "x" } })).toThrowError(/calm0\.prompt/);
    expect(() => reading([])).toThrowError(UserError);
    expect(() => reading({ name: "x", principles: [] })).toThrowError(/licence: got nothing/);
  });

  it("serve the purpose they were published for, and no other", () => {
    const [revising, judging] = [reading(requests), reading(questions)];
    expect(constitutionFor(revising, "revise")).toBe(revising);
    expect(constitutionFor(judging, "judge")).toBe(judging);
    expect(() => constitutionFor(revising, "judge")).toThrowError(
      /"Calm" has 3 principles to revise by and none to compare/,
    );
    expect(() => constitutionFor(judging, "revise")).toThrowError(
      /"Calm" has 2 principles to compare replies by and none/,
    );
    const both = { ...revising, principles: [...revising.principles, ...judging.principles] };
    expect(constitutionFor(both, "judge").principles).toEqual(judging.principles);
  });
});

describe("some of the principles", () => {
  it("lie within more of them, in the document's order, and are the same in the inversion", async () => {
    const constitution = await loadConstitution("general");
    const ids = (count: number, seed: number) =>
      someOf(constitution, count, seed).principles.map(({ id }) => id);
    const all = constitution.principles.map(({ id }) => id);
    for (let count = 1; count < 16; count++) {
      const more = ids(count + 1, 3);
      expect(ids(count, 3).every((id) => more.includes(id))).toBe(true);
      expect(all.filter((id) => more.includes(id))).toEqual(more);
    }
    expect(ids(4, 1)).not.toEqual(ids(4, 2));
    expect(() => someOf(constitution, 17, 1)).toThrowError(/revise\.principles=17.*has 16 principles/);
  });
});

const transcript =
  "\n\nHuman: Hello {first}\n\nAssistant: What?\n\nHuman: Once more\n\nAssistant: No.\n\nCritiqueRequest: Is it kind?\n\nCritique: No.\n\nRevisionRequest: Make it kind.\n\nRevision: Gladly.";

describe("worked examples", () => {
  it("are read from transcripts and give the same words again", () => {
    const [example] = parseRevisionExamples(JSON.stringify([`${transcript}\n\nHuman:`]), "shots.json");
    expect(example).toEqual({
      messages: [
        { role: "user", content: "Hello {first}" },
        { role: "assistant", content: "What?" },
        { role: "user", content: "Once more" },
        { role: "assistant", content: "No." },
      ],
      critiqueRequest: "Is it kind?",
      critique: "No.",
      revisionRequest: "Make it kind.",
      revision: "Gladly.",
    });
    expect(exampleTranscript(example!, false)).toBe(transcript);
    expect(exampleTranscript(example!, true)).toBe(
      transcript.replace(/\n\nCritiqueRequest.*?(?=\n\nRevisionR)/s, ""),
    );
    const ours = JSON.stringify({ fewShots: [example] });
    expect(parseRevisionExamples(ours, "shots.yaml")).toEqual([example]);
  });

  it.each([
    ["no list", { a: 1 }, /shots\.json: got an object/],
    ["nothing", [], /got an empty list/],
    [
      "comparisons",
      [{ prompt: "x", corrects: ["y"], incorrects: ["z"] }],
      /show how to judge and not how to revise/,
    ],
    ["a transcript without a revision", [transcript.replace(/\n\nRevision: .*/, "")], /\[0\].*lacks a turn/],
    ["a missing field", [{ messages: [], critiqueRequest: "x" }], /shots\.json, \[0\]:/],
  ])("that are %s are refused", (_, value, message) => {
    expect(() => parseRevisionExamples(JSON.stringify(value), "shots.json")).toThrowError(message);
  });
});

describe("the examples that come with Covenant", () => {
  it("are worked examples", async () => {
    const file = fileURLToPath(new URL("../../examples/few-shots.yaml", import.meta.url));
    expect(await loadRevisionExamples(file)).toHaveLength(3);
  });
});

const prompts = (name: string) => publishedFile(`anthropic-cai/prompts/${name}.json`);
const [revising, choosing] = [prompts("CritiqueRevisionInstructions"), prompts("RLMadisonInstructions")];
const [revisingShots, choosingShots] = [
  prompts("CritiqueRevisionFewShotPrompts"),
  prompts("RLMadisonFewShotPrompts"),
];
const published = [revising, choosing, revisingShots, choosingShots];

describe.skipIf(missingOf(...published))(titled("the published files", ...published), () => {
  it("give 16 principles of each kind", async () => {
    const constitution = await loadConstitution(revising.path);
    const raw = JSON.parse(await readFile(revising.path, "utf8")) as Record<
      string,
      { prompt: string[]; edit_request: string }
    >;
    expect(constitution.principles).toHaveLength(16);
    for (const { id, critique, revision } of constitution.principles) {
      expect(raw[id]?.prompt).toEqual([`\n\nCritiqueRequest: ${critique}\n\nCritique:`]);
      expect(raw[id]?.edit_request).toBe(`\n\nRevisionRequest: ${revision}\n\nRevision:`);
    }
    const judging = await loadConstitution(choosing.path);
    const list = JSON.parse(await readFile(choosing.path, "utf8")) as string[];
    expect(judging.principles.map(({ preference }) => `\n${preference} Options:`)).toEqual(list);
  });

  it("give few-shots with all their words", async () => {
    const { path } = revisingShots;
    const raw = JSON.parse(await readFile(path, "utf8")) as string[];
    const examples = await loadRevisionExamples(path);
    expect(examples.map((example) => exampleTranscript(example, false))).toEqual(
      raw.map((text) => text.replace(/\n\nHuman:$/, "")),
    );
    await expect(loadRevisionExamples(choosingShots.path)).rejects.toThrowError(/show how to judge/);
  });
});
