// The frame of a page: one file that fetches nothing, with style, script and data inside and a content security policy that
// forbids everything else; an opening, a list of contents, sections. What they say is given by whoever has it.

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { readTextNow } from "../core/index.ts";
import { palette } from "./charts/index.ts";
import { html, jsonInScript, type Markup, trusted } from "./markup.ts";
import type { Section } from "./sections/section.ts";

const asset = (name: string): string => readTextNow(fileURLToPath(new URL(name, import.meta.url)));

const variables = (side: "light" | "dark"): string =>
  Object.entries(palette)
    .map(([role, colors]) => `--chart-${role}:${colors[side]}`)
    .join(";");

const styleSheet = (): string => {
  const light = `color-scheme:light;${variables("light")}`;
  const dark = `color-scheme:dark;${variables("dark")}`;
  const rules = ["frame", "figures", "transcripts", "sizes"]
    .map((name) => asset(`./styles/${name}.css`))
    .join("\n")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s+/g, " ");
  return `:root{${light}}@media (prefers-color-scheme:dark){:root{${dark}}}:root[data-theme="light"]{${light}}:root[data-theme="dark"]{${dark}}@media print{:root,:root[data-theme]{${light}}}${rules}`;
};

const contents = (sections: readonly Section[]): Markup =>
  html`<nav aria-label="Contents"><ol>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
`;

/** first: the id that keyboards skip to; data: what the page carries, by name (element "data-<name>"). */
export type PageFrame = {
  readonly title: string;
  readonly opening: Markup;
  readonly sections: readonly Section[];
  readonly first: string;
  readonly data: Readonly<Record<string, unknown>>;
};

const embedded = (data: PageFrame["data"]): Markup[] =>
  Object.entries(data).map(
    ([name, value]) => html`<script type="application/json" id="data-${name}">${jsonInScript(value)}</script>
`,
  );

/** The page as text. The same parts give the same bytes. */
export const renderFrame = ({ title, opening, sections, first, data }: PageFrame): string => {
  const script = asset("./page-script.mjs").replace(/<\/script/gi, "<\\/script");
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(styleSheet())}</style>
</head>
<body>
<a class="skip" href="#${first}">Skip to the findings</a>
<div class="page">
${opening}${contents(sections)}<main>
${sections.map(
  ({ id, title: name, body }) => html`<section id="${id}" aria-labelledby="title-${id}">
<h2 id="title-${id}">${name}</h2>
${body}</section>
`,
)}</main>
</div>
${embedded(data)}<script type="module">${trusted(script)}</script>
</body>
</html>
`.markup;
};
