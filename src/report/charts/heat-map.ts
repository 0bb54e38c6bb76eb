// How alike things are, two by two: a square a pair, the darker the more alike, with the number in it where there is room.
// Knows nothing of how likeness is measured.

import { shortName } from "./short-name.ts";
import { type ChartSize, type ChartSpecification, frame, palette } from "./theme.ts";

/** labels: of rows and columns alike; values: 0 to 1 for each pair, rows by columns; null: not known. */
export type HeatMapInput = ChartSize & {
  readonly measure: string;
  readonly labels: readonly string[];
  readonly values: readonly (readonly (number | null)[])[];
};

/** Two decimals; "1" for what is as good as 1. */
const shortText = (value: number): string =>
  value.toFixed(2) === "1.00" ? "1" : value.toFixed(2).replace(/^0/, "");

/** At most so many rows carry numbers. */
const mostNumbers = 14;

/** The lower half of the square, since the upper one says the same. */
export const heatMapChart = (input: HeatMapInput): ChartSpecification => {
  const { labels, values, measure } = input;
  const rows = values.flatMap((row, at) =>
    row.slice(0, at + 1).flatMap((value, column) =>
      value === null
        ? []
        : [
            {
              ...{ row: at, column, value, text: shortText(value) },
              tip: `${labels[at]} and ${labels[column]}: ${value.toFixed(2)}`,
            },
          ],
    ),
  );
  const names = `${JSON.stringify(labels.map((label) => shortName(label, 26)))}[datum.value]`;
  const placed = (field: "row" | "column") => ({
    field,
    type: "ordinal" as const,
    scale: { domain: labels.map((_, at) => at), paddingInner: 0.04, paddingOuter: 0 },
    axis: {
      title: null,
      labelExpr: names,
      labelLimit: 0,
      domain: false,
      labelColor: palette.ink.light,
      ...(field === "column" ? { labelAngle: labels.some((one) => one.length > 6) ? -40 : 0 } : {}),
    },
  });
  const encoding = { x: placed("column"), y: placed("row") };
  return {
    ...frame(input, `${measure}, of each pair of ${labels.length}`),
    data: { values: rows },
    layer: [
      {
        mark: { type: "rect", aria: true, color: palette.first.light },
        encoding: {
          ...encoding,
          opacity: {
            field: "value",
            type: "quantitative",
            legend: null,
            scale: { domain: [0, 1], range: [0.04, 0.5] },
          },
          description: { field: "tip" },
        },
      },
      ...(labels.length > mostNumbers
        ? []
        : [
            {
              mark: { type: "text" as const, aria: false, color: palette.ink.light, fontSize: 12 },
              encoding: { ...encoding, text: { field: "text", type: "nominal" as const } },
            },
          ]),
    ],
  };
};
