// What exported rows and their card say of where they come from: the revisions that were taken, the models that made them,
// the constitution that they were made under, and no address or folder of anybody's machine.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashConstitution, loadConstitution, saveConstitution } from "../../constitution/index.ts";
import { recipe } from "../export-dataset.ts";
import { publicName } from "./public-names.ts";
import { type Item, makeLabelRun, makeReviseRun } from "./run-folders.fixture.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-provenance-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const items: readonly Item[] = [
  {
    ...{ id: "p1", messages: [{ role: "user", content: "May I?" }], answer: "No." },
    ...{ revisions: ["Not now.", "Never!"], turnedDown: [2], replies: ["Ask her.", "Do it."] },
    probability: 0.2,
  },
];

let count = 0;
const exported = async (run: string, settings: object = {}) => {
  const out = join(folder, `out-${count++}`);
  const config = recipe.schema.parse({ run: join(folder, run), out, ...settings });
  const emit = () => undefined;
  const context = { emit, signal: new AbortController().signal, clock: { now: () => 0 }, environment: {} };
  const outcome = await recipe.run(config, context);
  const document = outcome.document as {
    readonly splits: readonly { readonly file: string }[];
    readonly leftOut: object;
  };
  const rows = document.splits.flatMap(({ file }) =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
  const card = readFileSync(join(out, "README.md"), "utf8");
  return { rows, leftOut: document.leftOut, card, lines: outcome.lines };
};

describe("a revision that was turned down", () => {
  it("is no row: the critique that stands beside a revision is the one that led to it", async () => {
    await makeReviseRun(join(folder, "rechecked"), items);
    const { rows } = await exported("rechecked", { shape: "chain" });
    expect(rows.map((row) => [row["critic_response"], row["revision_response"]])).toEqual([
      ["Critique 1.", "Not now."],
    ]);
    const pairs = await exported("rechecked", { shape: "preferences", style: "standard" });
    expect(pairs.rows).toMatchObject([{ chosen: "Not now.", principle: "be-kind" }]);
    const all = await exported("rechecked", { shape: "chain", revisions: "all" });
    expect([all.rows.length, all.leftOut]).toEqual([1, {}]);
  });
});

describe("the card", () => {
  it("names the critic where another model than the one that answers criticises and revises", async () => {
    await makeReviseRun(join(folder, "critic"), items, { critic: "http://10.0.0.7:8000/v1#critic" });
    const { card } = await exported("critic");
    expect(card).toContain(
      "- answers: embedded:covenant-tiny\n- critiques and revisions: critic (behind an endpoint)",
    );
    await makeReviseRun(join(folder, "alone"), items);
    const { card: own, lines } = await exported("alone");
    expect(own).toContain("- answers, critiques and revisions: embedded:covenant-tiny");
    expect(lines).toContainEqual(expect.stringContaining("train sft --model embedded:covenant-tiny --data"));
  });

  it("says how much came from other models than were asked, and nothing where nothing did", async () => {
    const [item] = items;
    const many = ["p1", "p2", "p3"].map((id) => ({
      ...item!,
      id,
      ...(id === "p3" ? {} : { answeredBy: "another" }),
    }));
    await makeLabelRun(join(folder, "others-label"), many);
    await makeReviseRun(join(folder, "others-revise"), many);
    const told = "- From another model than the one that was asked, as its server said:";
    expect((await exported("others-label")).card).toContain(`${told} 2 replies, 2 labels.\n`);
    expect((await exported("others-revise")).card).toContain(`${told} 2 revisions.\n`);
    await makeLabelRun(join(folder, "own-label"), many.slice(2));
    expect((await exported("own-label")).card).not.toContain("another model");
  });

  it("shows the principles that the run worked under, not what its file became afterwards", async () => {
    const file = join(folder, "own.yaml");
    const before = await loadConstitution("ethical");
    const [first] = before.principles;
    const changed = { ...before, principles: [{ ...first!, critique: "SOMETHING ELSE?" }] };
    await saveConstitution(file, before);
    const settings = { constitution: file };
    const contents = { constitution: hashConstitution(before) };
    await makeReviseRun(join(folder, "told"), items, settings, contents);
    expect((await exported("told")).card).toContain(`- **${before.principles[1]!.id}**`);
    await saveConstitution(file, changed);
    const { card } = await exported("told");
    expect(card).not.toContain("SOMETHING ELSE");
    expect(card).toContain("The document that the run used did not lie where it was found");
    await saveConstitution(join(folder, "told/constitution.yaml"), before);
    expect((await exported("told")).card).toContain(`- **${before.principles[1]!.id}**`);
  });

  it("shows no settings of the sandbox's prompts where the prompts were a file's", async () => {
    const counts = { harmful: 20, harmless: 0, lookalike: 0 };
    await makeReviseRun(join(folder, "of-sandbox"), items, { counts });
    expect((await exported("of-sandbox")).card).toContain("prompts: sandbox\ncounts:\n  harmful: 20\n");
    await makeReviseRun(join(folder, "of-file"), items, { counts, prompts: "own.jsonl" });
    const { card } = await exported("of-file");
    expect(card).toContain("prompts: own.jsonl\n");
    expect(card).not.toMatch(/counts:|harmful: 20/);
    await makeLabelRun(join(folder, "of-pairs"), items, { counts, comparisons: "pairs.jsonl" });
    const compared = (await exported("of-pairs")).card;
    expect(compared).toContain("comparisons: pairs.jsonl\n");
    expect(compared).not.toMatch(/counts:|prompts: sandbox/);
  });

  it("says nothing of comparisons under principles that only revise", async () => {
    const ethical = await loadConstitution("ethical");
    const [first, second] = ethical.principles;
    const { opposite: _, ...revising } = { ...first!, preference: "" };
    const document = { ...ethical, principles: [revising, second!] };
    await makeReviseRun(
      ...([join(folder, "revise-only"), items, {}, { constitution: hashConstitution(document) }] as const),
    );
    await saveConstitution(join(folder, "revise-only/constitution.yaml"), document);
    const { card } = await exported("revise-only");
    const [, shown, next] = card.split("- **");
    expect(shown).toContain(`${first!.id}**`);
    expect(shown).not.toContain("comparison:");
    expect(next).toContain(`  - comparison: ${second!.preference.trim().replace(/\s+/g, " ")}\n`);
  });

  it("names no machine: not of a pool's members, nor of files of rules and recordings", async () => {
    const pool = "http://10.0.0.7:8000/v1#judge|https://gpu.private.example/v1#judge|openai:gpt";
    const settings = { model: "scripted:/home/jane/rules.yaml", judge: pool };
    await makeLabelRun(join(folder, "pool"), items, settings, { judge: pool });
    const { card, rows } = await exported("pool");
    expect(rows[0]!["judge"]).toBe("judge (behind an endpoint) | openai:gpt");
    for (const secret of ["10.0.0.7", "private.example", "/home/jane"]) expect(card).not.toContain(secret);
    expect(card).toContain("replies that were compared: scripted:rules.yaml");
  });
});

describe("a public name", () => {
  it.each([
    ["http://10.0.0.7:8000/v1#me", "me (behind an endpoint)"],
    ["HTTP://10.0.0.7:8000/v1", "a model (behind an endpoint)"],
    ["replay:/home/jane/r.jsonl#http://10.0.0.7/v1#me", "replay:r.jsonl#me (behind an endpoint)"],
    ["replay:/home/jane/r.jsonl", "replay:r.jsonl"],
    ["scripted:rules.yaml", "scripted:rules.yaml"],
    ["../elsewhere/model", "model"],
    ["a | b", "a | b"],
    ["two\nlines", "two\nlines"],
    ["openai:gpt-4o", "openai:gpt-4o"],
  ])("of %s is %s", (name, wanted) => {
    expect(publicName(name)).toBe(wanted);
  });
});
