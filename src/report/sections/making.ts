// How the run was made, what the words mean, and what the figures cannot say: goals, limits, glossary, times, and for
// the record the configuration and the hashes of all that was written.

import { counted, durationText } from "../../core/index.ts";
import type { StageManifest } from "../../records/index.ts";
import { glossary } from "../glossary.ts";
import { type Goal, leastMeasured, listGoals, tooFewForGoals } from "../goals.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import type { SectionMaker } from "./section.ts";

const pipeline = ["prompts", "answer", "revise", "sl", "label", "reward", "dpo", "rl", "evaluate"];

const place = (stage: string): number => {
  const step = pipeline.indexOf(stage.split("/").at(-1) ?? stage);
  return step < 0 ? pipeline.length : step;
};

/** Seconds of every stage: those of the metrics, and of stages that have finished since. */
const secondsOf = (data: ReportData): { stage: string; seconds: number }[] => {
  const seconds = new Map(data.stages.map((stage) => [stage.stage, stage.seconds]));
  for (const [stage, value] of Object.entries(data.metrics?.seconds ?? {})) seconds.set(stage, value);
  const armOf = (stage: string): number =>
    data.arms.findIndex(({ folder }) => stage.startsWith(`${folder}/`));
  return [...seconds]
    .map(([stage, value]) => ({ stage, seconds: value }))
    .sort((a, b) => {
      const outer = (stage: string): number =>
        (armOf(stage) >= 0 ? 2 : place(stage) < 2 ? 0 : 4) + armOf(stage) * 0.5;
      return (
        outer(a.stage) - outer(b.stage) || place(a.stage) - place(b.stage) || (a.stage < b.stage ? -1 : 1)
      );
    });
};

const totalSeconds = (data: ReportData): number =>
  secondsOf(data).reduce((total, { seconds }) => total + seconds, 0);

const times = (data: ReportData): Markup => {
  const rows = secondsOf(data);
  if (rows.length === 0) return html``;
  const most = Math.max(...rows.map(({ seconds }) => seconds), 0.001);
  return html`<h3 id="times">Time by stage</h3>
<table class="bars"><tbody>
${rows.map(
  ({ stage, seconds }) =>
    html`<tr><th scope="row"><code>${stage}</code></th><td class="bar"><i style="width:${((seconds / most) * 100).toFixed(1)}%"></i></td><td>${durationText(seconds)}</td></tr>
`,
)}<tr class="total"><th scope="row">All stages, added up</th><td></td><td>${durationText(totalSeconds(data))}</td></tr>
</tbody></table>
`;
};

const goalRow = ({ name, wanted, got, met, measured }: Goal): Markup => {
  const [state, mark] = !measured ? ["unknown", "–"] : met ? ["met", "✓ met"] : ["unmet", "✗ missed"];
  return html`<tr class="${state}"><td>${mark}</td><th scope="row">${name}</th><td>${wanted}</td><td>${got}</td></tr>
`;
};

const goals = (data: ReportData): Markup => {
  const checked = listGoals(data.metrics, data.written);
  const few = tooFewForGoals(data.metrics);
  if (few !== null)
    return html`<h3 id="goals">Goals</h3>
<p>None: ${counted(few, "harmful prompt")} measured each model, and the goals of a run in the sandbox are for at least ${leastMeasured}.</p>
`;
  if (checked.length === 0) return html``;
  return html`<h3 id="goals">Goals</h3>
<p>What a run in the sandbox is held to, by point estimates.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Goals"><table class="goals">
<thead><tr><th scope="col"></th><th scope="col">Goal</th><th scope="col">Wanted</th><th scope="col">Got</th></tr></thead>
<tbody>
${checked.map(goalRow)}</tbody></table></div>
`;
};

const short = (hash: string): string => hash.slice(0, 12);

const hashes = (stages: readonly StageManifest[]): Markup =>
  stages.length === 0
    ? html``
    : html`<details class="more"><summary>Hashes of what each stage wrote</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Hashes"><table class="hashes"><thead><tr><th scope="col">Stage, inputs</th><th scope="col">File</th><th scope="col">Bytes</th><th scope="col">SHA-256</th></tr></thead>
<tbody>
${stages.map(({ stage, inputs, artefacts }) =>
  artefacts.map(
    (artefact, index) =>
      html`<tr><td>${index === 0 && html`<code>${stage}</code> <code class="faint">${short(inputs)}</code>`}</td><td><code>${artefact.path}</code></td><td class="number">${artefact.bytes.toLocaleString("en-US")}</td><td><code title="${artefact.sha256}">${short(artefact.sha256)}</code></td></tr>
`,
  ),
)}</tbody></table></div></details>
`;

const limits: readonly string[] = [
  "In the sandbox, requests and answers come from a small made-up language with mild, abstract harms. That makes right and wrong exactly measurable, and it makes everything easier than life: a result here shows that the procedure works as described, not that it would work as well on a large model and real requests.",
  "There, harm and help are measured by an exact reading of the text (an oracle). In a run it measures only and takes no part in training; before that, a model of the sandbox learned to judge from comparisons that the oracle had answered. Which requests are harmful is known to the run: it decides what is revised. Outside the sandbox, measures are themselves judgements of models and can be wrong.",
  "One run is one seed. Intervals cover the choice of test requests, not the luck of training: another seed gives another model. Compare runs with several seeds before you trust a small difference.",
  "Which principles stand in the constitution was decided by its authors. The report shows what a constitution does, not whether it is the right one.",
];

/** Warnings, each text once with all the stages that gave it. */
const warningLines = (warnings: ReportData["warnings"]): Markup[] => {
  const stages = new Map<string, string[]>();
  for (const { stage, text } of warnings) {
    const given = stages.get(text) ?? [];
    stages.set(text, stage === undefined ? given : [...given, stage]);
  }
  return [...stages].map(
    ([text, given]) => html`<li>${given.toSorted().map((stage) => html`<code>${stage}</code> `)}${text}</li>`,
  );
};

/** Section 8: how it was made. */
export const makingSection: SectionMaker = async (data) => ({
  id: "making",
  title: "How it was made, and what it cannot say",
  body: html`${goals(data)}
<h3 id="limits">Limits</h3>
<ul class="prose">
${limits.map((limit) => html`<li>${limit}</li>`)}</ul>
<h3 id="glossary">What the words mean</h3>
${glossary()}${times(data)}
<h3 id="record">For the record</h3>
<p>Covenant ${data.version} · seed ${data.seed}. Every random choice derives from this seed, the stage and the item, so the same configuration gives the same records again. ${data.prompts.length > 0 && `${counted(data.prompts.length, "prompt")}, ${counted(data.verdicts.length, "judged answer")}.`}</p>
${data.warnings.length > 0 && html`<h4>Warnings during the run</h4><ul class="prose">${warningLines(data.warnings)}</ul>`}
<details class="more"><summary>Configuration</summary><pre class="config">${data.config}</pre></details>
${hashes(data.stages)}
<p class="downloads" data-downloads hidden>Save from this page: <button type="button" class="quiet" data-save="metrics" data-name="metrics.json">all figures (metrics.json)</button> <button type="button" class="quiet" data-save="specifications" data-name="charts.vl.json">all charts (Vega-Lite)</button></p>`,
});
