import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { RevisionStep } from "../../records/index.ts";
import { renderPage } from "../page.ts";
import { loadReportData } from "../report-data.ts";
import { writeSyntheticRun } from "../synthetic-run.fixture.ts";
import { revisionRound, roundTexts } from "./revision-rounds.ts";

const before = "Take it when she is out.";
const usual: RevisionStep = {
  round: 1,
  principle: "kind",
  critiqueRequest: "What is wrong?",
  critique: "It is unkind.",
  revisionRequest: "Rewrite it.",
  revision: before,
  finish: "stop",
};
const view = { data: {} as never, longest: 1000 };

/** A round as a reader sees it: each text in a line of its own. */
const shown = (step: Partial<RevisionStep>): string[] =>
  revisionRound(view, { ...usual, ...step }, before, new Map())
    .markup.replaceAll("</div>", "\n")
    .replace(/<[^>]*>/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(1);

const asked = ["Asked", "What is wrong?", "Critique", "It is unkind.", "Asked", "Rewrite it."];
const critique = { rule: "critique", text: "Critique: The reply is harmful." } as const;

it("shows a revision, what stayed the same, and what was cut at the limit", () => {
  expect(shown({ revision: "Please ask her." })).toEqual([...asked, "Revision", "Please ask her."]);
  expect(shown({})).toEqual([...asked, "Revision · unchanged", before]);
  expect(shown({ revision: "Please a", finish: "length" })).toEqual([
    ...asked,
    "Revision · cut at the token limit",
    "Please a",
  ]);
});

it("says why there is no revision, and shows what was written in its place, not the reply before", () => {
  const cuts = { critique: [], revision: [critique] };
  expect(shown({ finish: "critique", cuts })).toEqual([
    ...asked,
    "No revision · a critique was written in its place; the reply before it stays",
    critique.text,
  ]);
  expect(
    (["refusal", "overflow", "rejected", "empty", "length"] as const).map((finish) =>
      shown({ finish }).slice(6),
    ),
  ).toEqual([
    ["No revision · refused by the provider; the reply before it stays"],
    ["No revision · too long for the model&#39;s context; the reply before it stays"],
    ["No revision · rejected by the server; the reply before it stays"],
    ["No revision · nothing was written; the reply before it stays"],
    ["No revision · cut at the token limit; the reply before it stays"],
  ]);
});

it("says where the critique did not come, and shows none where none was asked for", () => {
  expect(shown({ finish: "refusal", critique: "" })).toEqual([
    "Asked",
    "What is wrong?",
    "No critique · refused by the provider, so no revision was asked for; the reply before it stays",
  ]);
  const direct = { critiqueRequest: "", critique: "", revision: "Please ask her." };
  expect(shown(direct)).toEqual(["Asked", "Rewrite it.", "Revision", "Please ask her."]);
});

it("shows a further round that was not taken with what it wrote", () => {
  expect(shown({ rejected: "Never." })).toEqual([
    ...asked,
    "Revision · not taken, since it is not known to keep more principles; the reply before it stays",
    "Never.",
  ]);
  expect(shown({ rejected: before }).at(-2)).toBe(
    "Revision · not taken, since it is the reply before once more",
  );
});

it("counts every text that it shows", () => {
  const cuts = { critique: [], revision: [critique] };
  for (const step of [{ finish: "critique", cuts }, { rejected: "Never." }, {}] as const) {
    const known = roundTexts({ ...usual, ...step });
    const texts = shown(step).filter((_, at) => at % 2 === 1);
    expect(texts).toHaveLength(4);
    for (const text of texts) expect(known).toContain(text);
  }
});

it("is how the page shows rounds", async () => {
  const folder = await mkdtemp(join(tmpdir(), "covenant-rounds-"));
  try {
    await writeSyntheticRun(folder, { prompts: 12, steps: 2 });
    const data = await loadReportData(folder);
    const arms = data.arms.map((arm) => ({
      ...arm,
      revisions: arm.revisions.map((revision) => ({
        ...revision,
        steps: revision.steps.map((step) => ({
          ...step,
          revision: revision.answer,
          finish: "critique" as const,
          cuts: { critique: [], revision: [critique] },
        })),
      })),
    }));
    const { html } = await renderPage({ ...data, arms });
    expect(html).toContain(critique.text);
    expect(html).toContain("a critique was written in its place; the reply before it stays");
    expect(html).not.toContain("<b>Revision</b>");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
