// Draws a chart specification to one SVG that follows the page: colours become variables of the same role, fonts come
// from the page, numbers are rounded, and every mark with a description shows it on hover. Vega is loaded on first use.

import { CovenantError } from "../core/index.ts";
import { type ChartSpecification, palette } from "./charts/index.ts";

/**
 * svg: for a page; file: the same as a file of its own, in light colours. width: what the drawing was made for, in pixels;
 * warnings: what the compiler or the renderer had to say.
 */
export type Drawing = {
  readonly svg: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly warnings: readonly string[];
};

type WarningLogger = {
  level: { (): number; (value: number): WarningLogger };
  error: (...parts: readonly unknown[]) => WarningLogger;
  warn: (...parts: readonly unknown[]) => WarningLogger;
  info: () => WarningLogger;
  debug: () => WarningLogger;
};

const collectWarnings = (into: string[]): WarningLogger => {
  const note = (...parts: readonly unknown[]): WarningLogger => {
    into.push(parts.map(String).join(" "));
    return logger;
  };
  const quiet = (): WarningLogger => logger;
  const level = ((value?: number) => (value === undefined ? 1 : logger)) as WarningLogger["level"];
  const logger: WarningLogger = { level, error: note, warn: note, info: quiet, debug: quiet };
  return logger;
};

const variables = new Map<string, string>(
  Object.entries(palette).map(([role, { light }]) => [light, `var(--chart-${role})`]),
);

const roundNumbers = (text: string): string =>
  text.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => {
    const rounded = Math.round(Number(number) * 100) / 100;
    return String(Object.is(rounded, -0) ? 0 : rounded);
  });

/** What Vega writes, made fit for a page. prefix: keeps ids of several drawings apart. */
const adapt = (svg: string, prefix: string): string => {
  const order = new Map<string, string>();
  const rename = (id: string): string => {
    const known = order.get(id) ?? `${prefix}-clip-${order.size + 1}`;
    order.set(id, known);
    return known;
  };
  const themed = svg
    .replace(/<rect width="[\d.]+" height="[\d.]+" fill="[^"]*"\/>/, "")
    .replace(/(fill|stroke)="(#[0-9a-f]{6})"/g, (whole, attribute: string, color: string) => {
      const variable = variables.get(color);
      return variable === undefined ? whole : `${attribute}="${variable}"`;
    })
    .replace(/<path class="(?:back|fore)ground" aria-hidden="true"[^>]*\/>/g, "")
    .replace(/ (?:font-family|xmlns|xmlns:xlink|version|pointer-events|aria-roledescription)="[^"]*"/g, "")
    .replace(/ (?:role="graphics-[a-z]+"|stroke-miterlimit="\d+"|class="mark-[^"]*")/g, "")
    .replace(/ opacity="1"/g, "")
    .replace(/\b(clip|gradient_)\d+\b/g, (id) => rename(id))
    .replace(/<(path|line) aria-label="([^"]*)"([^>]*)\/>/g, "<$1$3><title>$2</title></$1>")
    .replace(/ aria-label="[^"]*"/g, "")
    .replace(/ aria-hidden="true"/g, "");
  return roundNumbers(themed);
};

/** Removes groups that hold nothing, which Vega writes in numbers. */
const withoutEmptyGroups = (svg: string): string => {
  let text = svg;
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(/<g(?: [^>]*)?><\/g>/g, "");
  }
  return text;
};

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const titleHeight = 30;

/** What Vega writes, as a file that stands alone: with its title over the drawing. */
const asFile = (raw: string, title: string): string => {
  const [, width = "0", height = "0"] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(raw) ?? [];
  const whole = Math.ceil(Number(height)) + titleHeight;
  const head =
    `<title>${escaped(title)}</title>` +
    `<rect y="-${titleHeight}" width="${width}" height="${whole}" fill="${palette.paper.light}"/>` +
    `<text x="6" y="-11" font-family="system-ui, sans-serif" font-size="15" font-weight="600" fill="${palette.ink.light}">${escaped(title)}</text>`;
  return `${roundNumbers(raw)
    .replace(/ height="[\d.]+"/, ` height="${whole}"`)
    .replace(/viewBox="[^"]*"/, `viewBox="0 -${titleHeight} ${width} ${whole}"`)
    .replace(/^(<svg[^>]*>)/, `$1${head}`)}\n`;
};

type RawDrawing = { readonly raw: string; readonly warnings: readonly string[] };

/** What Vega writes for a specification. Throws CovenantError when it cannot be drawn. */
const drawRaw = async (specification: ChartSpecification, id: string): Promise<RawDrawing> => {
  const [{ compile }, { parse, View }] = await Promise.all([import("vega-lite"), import("vega")]);
  const warnings: string[] = [];
  const logger = collectWarnings(warnings);
  try {
    const compiled = compile(specification, { logger });
    const view = new View(parse(compiled.spec), { renderer: "none", logger });
    const raw = await view.toSVG();
    view.finalize();
    return { raw, warnings };
  } catch (cause) {
    throw new CovenantError("chart-undrawable", `The chart "${id}" cannot be drawn.`, { id }, cause);
  }
};

/** The last drawings by specification: pages of one process share many charts, and Vega takes some 20 ms for each. */
const drawn = new Map<string, RawDrawing>();
const drawingsKept = 100;

const drawOnce = async (specification: ChartSpecification, id: string): Promise<RawDrawing> => {
  const key = JSON.stringify(specification);
  const drawing = drawn.get(key) ?? (await drawRaw(specification, id));
  drawn.delete(key);
  drawn.set(key, drawing);
  if (drawn.size > drawingsKept) drawn.delete(drawn.keys().next().value!);
  return drawing;
};

/**
 * The specification as SVG. id: unique in the page; label: what a screen reader says instead of the picture; title: over the
 * drawing where it stands alone. The same specification gives the same text. Throws CovenantError when it cannot be drawn.
 */
export const drawChart = async (
  specification: ChartSpecification,
  id: string,
  label: string,
  title = label,
): Promise<Drawing> => {
  const { raw, warnings } = await drawOnce(specification, id);
  const size = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(raw);
  const width = Math.ceil(Number(size?.[1] ?? 0));
  const height = Math.ceil(Number(size?.[2] ?? 0));
  const body = withoutEmptyGroups(adapt(raw, id))
    .replace(/^<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "");
  return {
    file: asFile(raw, title),
    svg: `<svg class="drawing" role="img" aria-label="${escaped(label)}" viewBox="0 0 ${width} ${height}" style="max-width:${width}px">${body}</svg>`,
    width,
    height,
    warnings,
  };
};
