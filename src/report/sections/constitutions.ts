// The constitution beside its inversion, principle by principle, with the words that differ marked. Arms beyond the second
// follow by themselves; a run without an inversion shows one column.

import { counted } from "../../core/index.ts";
import type { ArmId, Constitution, Principle } from "../../records/index.ts";
import { armClass } from "../chart-book.ts";
import { compareWords, type Stretch } from "../difference.ts";
import { capitalised } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import { armNamesOf, missing, type SectionMaker } from "./section.ts";

const marked = (stretches: readonly Stretch[]): Markup =>
  html`${stretches.map(({ text, shared }) => (shared ? html`${text}` : html`<mark>${text.trimEnd()}</mark>${text.slice(text.trimEnd().length)}`))}`;

type Side = { readonly arm: ArmId; readonly principle: Principle | undefined };

/** The same principle in another document: by id, else by its place in the list. */
const counterpart = (
  other: Constitution | undefined,
  principle: Principle,
  index: number,
): Principle | undefined =>
  other?.principles.find(({ id }) => id === principle.id) ?? other?.principles[index];

const column = (
  side: Side,
  texts: readonly { name: string; text: Markup }[],
  arms: readonly string[],
): Markup =>
  html`<div class="side"><h4 class="${armClass(arms, side.arm)}">${side.arm}</h4>
<dl>${texts.map(({ name, text }) => html`<dt>${name}</dt><dd dir="auto">${text}</dd>`)}</dl></div>
`;

const fields = [
  { name: "Criticise", key: "critique" },
  { name: "Revise", key: "revision" },
  { name: "Compare", key: "preference" },
] as const;

const beside = (left: Side, right: Side | undefined, arms: readonly string[], open: boolean): Markup => {
  const principle = left.principle as Principle;
  const other = right?.principle;
  const compared = fields.map(({ name, key }) => ({
    name,
    ...compareWords(principle[key], other?.[key] ?? principle[key]),
  }));
  const titles = compareWords(principle.title, other?.title ?? principle.title);
  return html`<details class="principle"${open && html` open`}>
<summary><span class="titles"><span dir="auto">${marked(titles.left)}</span>${other && html`<span dir="auto">${marked(titles.right)}</span>`}</span></summary>
<div class="sides">
${column(
  left,
  compared.map((field) => ({ name: field.name, text: marked(field.left) })),
  arms,
)}${
  right &&
  other &&
  column(
    right,
    compared.map((field) => ({ name: field.name, text: marked(field.right) })),
    arms,
  )
}</div>
<p class="ids">Principle <code>${principle.id}</code>${other && other.id !== principle.id && html` · <code>${other.id}</code>`} · drawn with weight ${principle.weight}${principle.source && html` · ${principle.source}`}</p>
</details>
`;
};

const about = (arm: ArmId, constitution: Constitution, arms: readonly string[]): Markup =>
  html`<li><strong class="${armClass(arms, arm)}">${constitution.name}</strong>, version ${constitution.version}: ${constitution.description} ${constitution.inverts && html`It is the inversion of ${constitution.inverts}.`} <small>Source: ${constitution.source}. Licence: ${constitution.licence}.</small></li>
`;

/** Section 6: constitutions. The first two arms stand beside each other; a third and more follow by themselves. */
export const constitutionsSection: SectionMaker = async (data) => {
  const title = "The constitution, and its inversion";
  const arms = armNamesOf(data);
  const documents = data.arms.flatMap(({ name, constitution }) =>
    constitution ? [{ arm: name, constitution }] : [],
  );
  const [first, second, ...rest] = documents;
  if (first === undefined)
    return { id: "constitution", title, body: missing("The constitutions", "<arm>/constitution.yaml") };
  const heading = second === undefined ? "The constitution" : title;
  const pairs = first.constitution.principles.map((principle, index) => ({
    area: principle.area ?? "general",
    markup: beside(
      { arm: first.arm, principle },
      second && { arm: second.arm, principle: counterpart(second.constitution, principle, index) },
      arms,
      index === 0,
    ),
  }));
  const areas = [...new Set(pairs.map(({ area }) => area))];
  const principles = areas.map(
    (area) =>
      html`<h3 class="area">${capitalised(area.replaceAll("-", " "))}</h3>
${pairs.filter((pair) => pair.area === area).map(({ markup }) => markup)}`,
  );
  const others = rest.map(({ arm, constitution }) =>
    constitution.principles.map((principle) => beside({ arm, principle }, undefined, arms, false)),
  );
  return {
    id: "constitution",
    title: heading,
    body: html`<p>${counted(first.constitution.principles.length, "principle")}, each with three texts: what the model is asked when it criticises an answer, when it rewrites it, and when it compares two. ${second && "Words that differ between the two documents are marked."} Open a principle to read it.</p>
<ul class="documents">
${documents.map(({ arm, constitution }) => about(arm, constitution, arms))}</ul>
${principles}${others}`,
  };
};
