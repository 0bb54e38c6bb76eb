// How alike the documents are that runs ended with: of so many at most, and the page says of how many.

import { describe, expect, it } from "vitest";
import { groupsPage } from "../../report/index.ts";
import { mostCompared } from "../../simulation/index.ts";
import type { Source } from "../stages/experiment-sources.ts";
import { likenessOf } from "./experiment-summary.ts";

const sourceOf = (text: string | null, at: number): Source => ({
  ...{ name: `run ${at}`, kind: "contract", cell: "", label: "", repetition: at, seed: at, content: "" },
  ...{ scaleOf: () => undefined, metrics: [] },
  rows: () => (async function* () {})(),
  document: async () => text,
});

describe("likeness of documents", () => {
  const seen = async (texts: readonly (string | null)[]): Promise<string | undefined> => {
    const likeness = await likenessOf(texts.map(sourceOf), ({ name }) => name);
    const page = groupsPage({
      ...{ eyebrow: "", headline: "", standfirst: "", step: "Run", figures: [], first: [], likeness },
      ...{ failures: [], facts: [] },
    });
    return page.sections.find(({ id }) => id === "likeness")?.figures[0]?.seen;
  };

  it("is of the first of many, of how many the page says", async () => {
    const many = Array.from({ length: mostCompared + 3 }, (_, at) => `Be kind ${at}.`);
    expect(await seen([null, ...many, null])).toBe(
      `Each row and column is a run; the first ${mostCompared} of ${mostCompared + 3}.`,
    );
    expect(await seen(many.slice(3))).toBe("Each row and column is a run.");
    expect(await seen(["Be kind.", null])).toBeUndefined();
  });
});
