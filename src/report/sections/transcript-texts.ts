// What texts of a conversation look like on the page: who says them, how much of a long one is shown, and the principle that
// they were asked by. Knows no conversation.

import { counted } from "../../core/index.ts";
import type { Principle, PrincipleId } from "../../records/index.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";

/** The run, and how many characters of one text are shown. */
export type View = { readonly data: ReportData; readonly longest: number };

/** Principles of an arm by their ids. */
export type Principles = ReadonlyMap<PrincipleId, Principle>;

const clipped = (text: string, longest: number): Markup =>
  text.length <= longest
    ? html`${text}`
    : html`${text.slice(0, longest)}… <small>(${counted(text.length - longest, "more character")} in the records)</small>`;

/** A text with who says it. tag: what is said of it; kind: a class of the page. */
export const speech = (view: View, who: string, text: string, tag: Markup | null = null, kind = ""): Markup =>
  html`<div class="turn ${kind}"><div class="who"><b>${who}</b>${tag && html` · ${tag}`}</div><div class="text" dir="auto">${text.trim() === "" ? html`<em class="absent">(empty)</em>` : clipped(text, view.longest)}</div></div>
`;

/** A text in one line, cut where it is long. */
export const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 150 ? `${line.slice(0, 149)}…` : line;
};

/** A principle by its title and its id. */
export const principleTag = (principles: Principles, id: PrincipleId): Markup =>
  html`<span class="principle-name">${oneLine(principles.get(id)?.title ?? id)}</span>${principles.has(id) && html` <code>${id}</code>`}`;
