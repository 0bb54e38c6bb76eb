import { describe, expect, it } from "vitest";
import { palette } from "./theme.ts";

/** Relative luminance and contrast as WCAG 2.2 defines them. */
const luminance = (color: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

describe("the palette", () => {
  it("measures contrast as WCAG does", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 6);
    expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  });

  it.each(["light", "dark"] as const)("can be read in the %s theme", (theme) => {
    const paper = palette.paper[theme];
    for (const role of ["ink", "muted", "neutral", "first", "second", "third", "fourth"] as const) {
      expect(contrast(palette[role][theme], paper), role).toBeGreaterThanOrEqual(4.5);
    }
    // Lines that mean something; the grid means nothing.
    expect(contrast(palette.axis[theme], paper), "axis").toBeGreaterThanOrEqual(3);
  });

  it("has a light colour of its own for each role, by which it is told in a drawing", () => {
    const colors = Object.values(palette).map(({ light }) => light);
    expect(new Set(colors).size).toBe(colors.length);
  });
});
