// What a sceptical reader meets on the page: its title, what kind of run it is, the judge's ties, and warnings once.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { renderPage } from "./page.ts";
import { loadReportData } from "./report-data.ts";
import { writeSyntheticRun } from "./synthetic-run.fixture.ts";

it("says what kind of run it is, how many pairs are ties, and each warning once with its stages", async () => {
  const folder = await mkdtemp(join(tmpdir(), "covenant-page-"));
  await writeSyntheticRun(folder, { prompts: 6, steps: 2, arms: ["ethical"] });
  const data = await loadReportData(folder, () => () => 0);
  const text = "2 of 680 comparisons gave no training row.";
  const warnings = ["ethical/reward", "ethical/dpo"].map((stage) => ({ stage, text }));
  const { html } = await renderPage({ ...data, warnings });
  expect(html).toMatch(/<title>Under the ethical constitution, [^<]* · Covenant<\/title>/);
  expect(html).toMatch(/<\/h1>\s*<p class="scope">This is a toy/);
  const { labels } = data.metrics!.arms["ethical"]!;
  const judged = labels.n - labels.identical - labels.unscored;
  expect(html).toContain(`Ethical: ${judged - labels.accuracy.n} of ${judged} judged pairs are ties`);
  expect(html).toContain("Flipped, of decidable pairs");
  expect(html.split(text)).toHaveLength(2);
  expect(html).toContain("<code>ethical/dpo</code> <code>ethical/reward</code> 2 of 680");
  expect(html).toContain(
    "@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }",
  );
  await rm(folder, { recursive: true });
});
