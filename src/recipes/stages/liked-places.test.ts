import { expect, it } from "vitest";
import { checkLabels } from "./judging.ts";

/** Labels of which so many flipped, always for the first place, and of the others half were for it. */
async function* labels(flips: number) {
  for (let at = 0; at < 60; at++)
    yield at < flips
      ? { state: "judged" as const, flipped: true, orders: [0.9, 0.1] as [number, number] }
      : { state: "judged" as const, flipped: false, orders: [0.9, 0.8] as [number, number] };
}

it.each([
  ["labels-place", 28],
  ["labels-flip", 60],
] as const)("a judge that reasons is not told to reason: %s", async (wanted, flips) => {
  const said = async (method: "auto" | "reasoning"): Promise<string> => {
    const told: string[] = [];
    const stage = { warn: (code: string, text: string) => told.push(`${code}: ${text}`) };
    await checkLabels(stage, labels(flips), { judge: "judge", requested: { method } });
    return told.join("\n");
  };
  expect(await said("auto")).toMatch(new RegExp(`^${wanted}: .*label\\.method=reasoning`));
  expect(await said("reasoning")).toMatch(new RegExp(`^${wanted}: .*choose another judge\\.$`));
});
