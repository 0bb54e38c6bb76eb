// The table on invented figures: what lies apart, what only is higher, what was not learned, and the row over all seeds.

import { describe, expect, it } from "vitest";
import { type BenefitRun, benefitMarkers, formatBenefit, gapAbove } from "./benefit-table.ts";
import { replaceBetweenMarkers } from "./seeds-table.ts";

const figure = (value: number, worst: number) => ({
  ...{ value, low: value - 0.5, high: value + 0.5, n: 2, worst: { user: "user-1", value: worst } },
  principles: ["Be discreet."],
});

const run = (seed: number, values: readonly [number, number, number, number]): BenefitRun => {
  const names = ["blank", "random", "learned", "best"] as const;
  return {
    seed,
    citations: { cited: 4, right: 3 },
    figures: {
      blank: figure(values[0], 2),
      random: figure(values[1], 2),
      learned: figure(values[2], 3),
      best: figure(values[3], 4),
    },
    answers: names.flatMap((constitution, at) =>
      [-0.1, 0.1].map((shift) => ({
        constitution,
        satisfaction: { "user-1": values[at]! + shift, "user-2": values[at]! + shift },
      })),
    ),
  };
};

const cells = (text: string, seed: string): string[] =>
  text
    .split("\n")
    .find((line) => line.startsWith(`| ${seed} |`))!
    .split(" | ");

const missed: BenefitRun = { seed: 2, figures: null, answers: [], citations: { cited: 0, right: 0 } };

describe("the table of benefits", () => {
  const text = formatBenefit([run(0, [4, 5, 6.2, 7]), run(1, [5, 5.5, 5.2, 7]), missed], "About.");

  it("says whether the learned constitution is higher, and whether intervals lie apart", () => {
    expect(cells(text, "0").slice(1)).toEqual([
      ...["4.00 [3.50, 4.50]", "5.00 [4.50, 5.50]", "6.20 [5.70, 6.70]", "7.00 [6.50, 7.50]"],
      ...["2.00 → 3.00", "yes, apart", "yes, apart", "3 of 4 |"],
    ]);
    expect(cells(text, "1").slice(-3)).toEqual(["yes, intervals overlap", "**no**", "3 of 4 |"]);
  });

  it("shows a seed on which nothing was learned as one that missed, and says of how many the means are", () => {
    expect(cells(text, "2").slice(-3)).toEqual(["**no**", "**no**", "– |"]);
    expect(text).not.toContain("| all, by bootstrap |");
    expect(cells(text, "2 of 3 seeds, by bootstrap")[3]).toMatch(/^5\.70 \[/);
    expect(cells(text, "2 of 3 seeds, by bootstrap").at(-1)).toBe("6 of 8 |");
  });

  it("makes no number of replies that are no answers, nor a verdict, and says how many there are", () => {
    const [whole, other] = [run(0, [4, 5, 6.2, 7]), run(1, [4, 5, 6.4, 7])];
    const unanswered: BenefitRun = {
      ...other,
      figures: {
        ...other.figures!,
        blank: { ...other.figures!.blank, n: 1, unanswered: { refusal: 1 } },
        random: {
          ...{ value: null, low: null, high: null, n: 0, worst: null, principles: ["Be discreet."] },
          unanswered: { refusal: 1, empty: 1 },
        },
      },
      answers: other.answers.map((answer, at) =>
        answer.constitution === "random" || at === 0 ? { ...answer, satisfaction: null } : answer,
      ),
    };
    const told = formatBenefit([whole, unanswered], "About.");
    expect(cells(told, "1")[2]).toBe("–");
    expect(cells(told, "1").slice(-3, -1)).toEqual(["yes, apart", "–"]);
    // The answer of seed 1 that there is without a constitution, 4.1, and both of seed 0; random ones of seed 0 alone.
    expect(cells(told, "all, by bootstrap")[1]).toMatch(/^4\.05 \[4\.00, 4\.10\]/);
    expect(cells(told, "all, by bootstrap")[2]).toBe("5.00 [5.00, 5.00]");
    expect(told).toContain(
      "\n\nReplies that are no answers and count in no figure:\n\n- seed 1, blank: 1 of 2 (1 refusal)\n- seed 1, random: 2 of 2 (1 refusal, 1 empty)",
    );
    const silentWorst = { ...unanswered.figures!.learned, worst: null };
    const figures = { ...unanswered.figures!, learned: silentWorst };
    expect(cells(formatBenefit([{ ...unanswered, figures }], ""), "1")[5]).toBe("2.00 → –");
  });

  it("draws whole seeds for the interval over them: answers that agree within a seed make it no narrower", () => {
    const of = (low: number, high: number) =>
      cells(formatBenefit([run(0, [1, 1, low, 1]), run(1, [1, 1, high, 1])], ""), "all, by bootstrap")[3];
    expect(of(5, 7)).toBe("6.00 [5.00, 7.00]");
    expect(of(6, 6)).toBe("6.00 [6.00, 6.00]");
  });

  it("has Student's interval beside it, which few seeds make wider, inside the scale", () => {
    const text = formatBenefit([run(0, [4, 5, 6.2, 7]), run(1, [4.2, 5.2, 6.4, 7])], "");
    expect(cells(text, "all, by bootstrap")[3]).toBe("6.30 [6.20, 6.40]");
    // 12.706 times the standard error of 0.1
    expect(cells(text, "all, by Student's t")[3]).toBe("6.30 [5.03, 7.57]");
    expect(cells(text, "all, by Student's t").slice(-3, -1)).toEqual([
      "yes, intervals overlap",
      "yes, intervals overlap",
    ]);
  });

  it("is held to intervals over seeds that lie apart; a seed that learned nothing is a miss", () => {
    const runs = [run(0, [4, 5, 6.2, 7]), run(1, [4.2, 5.2, 6.4, 7])];
    expect(gapAbove(runs, "blank")).toBeCloseTo(2, 9);
    expect(gapAbove(runs, "random")).toBeCloseTo(1, 9);
    expect(gapAbove([run(0, [4, 5, 5.1, 7]), run(1, [4, 5.2, 5.4, 7])], "random")).toBeLessThan(0);
    expect(gapAbove([...runs, missed], "blank")).toBeNaN();
  });

  it("is written between markers of its own", () => {
    const { begin, end } = benefitMarkers;
    const document = `before\n${begin}\nold\n${end}\nafter`;
    const once = replaceBetweenMarkers(document, text, benefitMarkers);
    expect(once).toContain("- seed 0: Be discreet.");
    expect(once).not.toContain("old");
    expect(replaceBetweenMarkers(once, text, benefitMarkers)).toBe(once);
  });
});
