// Colours, marks and axes that all charts share. A specification carries the light colours, so that it also reads well
// outside the page; whoever draws it into a page may swap each colour for a variable of the same role.
// Knows nothing of records, files or pages; runs in a browser.

import type { TopLevelSpec } from "vega-lite";

/** What every chart function returns: a Vega-Lite specification with its data inside. */
export type ChartSpecification = TopLevelSpec;

/** Width and height of the whole drawing in pixels, axes included. */
export type ChartSize = { readonly width: number; readonly height: number };

/** Every colour by its role. The light values differ from each other, so that a role can be told from its colour. */
export const palette = {
  paper: { light: "#ffffff", dark: "#15181c" },
  ink: { light: "#1b1f24", dark: "#e9ebee" },
  muted: { light: "#59616a", dark: "#a3acb5" },
  grid: { light: "#e4e7ea", dark: "#2c3238" },
  axis: { light: "#7c858e", dark: "#76808a" },
  neutral: { light: "#6b7280", dark: "#aab2bb" },
  first: { light: "#1a5fa6", dark: "#7db8f2" },
  second: { light: "#b54a12", dark: "#f29a63" },
  third: { light: "#5b3f9e", dark: "#b7a2ee" },
  fourth: { light: "#256b43", dark: "#7fcf9f" },
} as const satisfies Record<string, { light: string; dark: string }>;
export type PaletteRole = keyof typeof palette;

/** How the arms of a run are told apart without colour: a shape for points, a dash for lines. */
export const armMarks = [
  { role: "first", shape: "circle", dash: [1, 0], sign: "●" },
  { role: "second", shape: "triangle-up", dash: [6, 3], sign: "▲" },
  { role: "third", shape: "square", dash: [2, 2], sign: "■" },
  { role: "fourth", shape: "diamond", dash: [8, 3, 2, 3], sign: "◆" },
] as const satisfies readonly { role: PaletteRole; shape: string; dash: readonly number[]; sign: string }[];

/** The mark of the arm at this place in the run's list of arms (they repeat after the fourth). */
export const armMark = (index: number): (typeof armMarks)[number] =>
  armMarks[((index % armMarks.length) + armMarks.length) % armMarks.length] as (typeof armMarks)[number];

/** The name under which what belongs to no arm (the base model) is drawn. */
export const neutralSeries = "base";

const seriesOf = (arms: readonly string[]): string[] => [...arms, neutralSeries];

/** Colour by arm; the base model is grey. */
export const armColor = (arms: readonly string[]) => ({
  field: "series",
  type: "nominal" as const,
  legend: null,
  scale: {
    domain: seriesOf(arms),
    range: [...arms.map((_, index) => palette[armMark(index).role].light), palette.neutral.light],
  },
});

/** Shape of points by arm. */
export const armShape = (arms: readonly string[]) => ({
  field: "series",
  type: "nominal" as const,
  legend: null,
  scale: {
    domain: seriesOf(arms),
    range: [...arms.map((_, index) => armMark(index).shape as string), "circle"],
  },
});

/** Dash of lines by arm. */
export const armDash = (arms: readonly string[]) => ({
  field: "series",
  type: "nominal" as const,
  legend: null,
  scale: {
    domain: seriesOf(arms),
    range: [...arms.map((_, index) => [...armMark(index).dash]), [1, 0]],
  },
});

/** The frame of a specification: schema, size that includes the axes, and the common look. */
export const frame = (size: ChartSize, description: string) => ({
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  description,
  width: size.width,
  height: size.height,
  autosize: { type: "fit" as const, contains: "padding" as const },
  padding: { left: 2, right: 6, top: 4, bottom: 2 },
  background: palette.paper.light,
  config: {
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: {
      labelColor: palette.muted.light,
      titleColor: palette.muted.light,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: "normal" as const,
      gridColor: palette.grid.light,
      domainColor: palette.axis.light,
      tickColor: palette.axis.light,
      ticks: false,
      labelPadding: 6,
      titlePadding: 10,
    },
    axisY: { domain: false },
    axisX: { grid: false },
    legend: { labelColor: palette.ink.light, labelFontSize: 12 },
  },
});
