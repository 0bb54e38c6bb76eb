// What a sceptical reader meets on the page: its title, what kind of run it is, the judge's ties, and warnings once.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { armTitle } from "./arm-titles.ts";
import { renderPage } from "./page.ts";
import { loadReportData } from "./report-data.ts";
import { writeSyntheticRun } from "./synthetic-run.fixture.ts";

it("says what kind of run it is, how many pairs are ties, and each warning once with its stages", async () => {
  const folder = await mkdtemp(join(tmpdir(), "covenant-page-"));
  await writeSyntheticRun(folder, { prompts: 6, steps: 2, arms: ["ethical"] });
  const data = await loadReportData(folder, () => () => 0);
  const text = "2 of 680 comparisons gave no training row.";
  const warnings = ["ethical/reward", "ethical/dpo"].map((stage) => ({ stage, code: "rows-left-out", text }));
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
  expect(html.match(/<p class="scope">/g)).toHaveLength(1);
  // what says that the figures mean nothing for the constitution does not wait for the end of the page
  const foreign = "2 of 2 principles are not on one of the sandbox's areas.";
  const told = await renderPage({ ...data, warnings: [{ code: "principles-foreign", text: foreign }] });
  expect(told.html).toMatch(/<p class="scope">This is a toy[^\n]*<\/p>\s*<p class="scope">2 of 2 principles/);
  await rm(folder, { recursive: true });
});

it("calls the arm of a constitution of one's own by its name, and leaves the records' names in the page's data", async () => {
  const folder = await mkdtemp(join(tmpdir(), "covenant-page-"));
  await writeSyntheticRun(folder, { prompts: 300, steps: 2 });
  const path = join(folder, "ethical/constitution.yaml");
  const document = await readFile(path, "utf8");
  const outcomes = (page: string) => page.match(/data-outcomes="[^"]*"/g);
  const before = outcomes((await renderPage(await loadReportData(folder))).html);
  expect(before?.length).toBeGreaterThan(10);
  expect(document).toContain("name: ethical");
  await writeFile(path, document.replace("name: ethical", "name: kindness"));
  const { html } = await renderPage(await loadReportData(folder));
  const text = html
    .replace(/<script[\s\S]*?<\/script>/g, "")
    .replace(/<h3 id="times">[\s\S]*$/, "")
    .replace(/<[^>]*>/g, " ");
  expect(outcomes(html)).toEqual(before);
  expect(text).toContain("Under the kindness constitution, harmful answers");
  expect(text).toContain("Harmful answers of kindness SL-CAI");
  expect(text).toContain("The inverted RL-CAI is");
  expect(text).toMatch(/above the kindness one/);
  expect(text).not.toMatch(/\bethical (SL|DPO|RL|one|constitution|labels|reward)|Ethical:|, ethical\b/);
  const data =
    /<script type="application\/json" id="data-metrics">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "{}";
  expect(Object.keys(JSON.parse(data).arms)).toEqual(["ethical", "inverted"]);
  await rm(folder, { recursive: true });
});

it("cuts a long name, and does not take a constitution called as its own inversion for it", () => {
  expect(armTitle("kindness")).toBe("kindness");
  expect(armTitle("inverted")).toBe("inverted (as written)");
  expect(armTitle("What the tenants of our house want of an assistant")).toBe(
    "“What the tenants of our house w…”",
  );
});
