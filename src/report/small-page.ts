// A small page: a title with drawings, tables and paragraphs, as one file that fetches nothing and follows the reader's
// light or dark. What is on it is given by whoever has it.

import { palette } from "./charts/index.ts";
import { html, type Markup, trusted } from "./markup.ts";

const styleSheet = (): string => {
  const variables = (side: "light" | "dark"): string =>
    Object.entries(palette)
      .map(([role, colors]) => `--chart-${role}:${colors[side]}`)
      .join(";");
  return (
    `:root{color-scheme:light dark;${variables("light")}}` +
    `@media (prefers-color-scheme:dark){:root{${variables("dark")}}}` +
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;" +
    "background:var(--chart-paper);color:var(--chart-ink)}table{border-collapse:collapse;width:100%}" +
    "th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid var(--chart-grid)}" +
    "th,td small{white-space:nowrap}td{vertical-align:top}small{opacity:.7}" +
    "th:first-child,td:first-child{text-align:left}.drawing{width:100%;height:auto}"
  );
};

/** The page as text. */
export const renderSmallPage = (title: string, body: Markup): string => {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>
<style>${trusted(styleSheet())}</style></head><body><h1>${title}</h1>
${body}
</body></html>
`;
  return markup;
};
