// What is said of a learned constitution beside a random one, and of replies that are no answers.

import { expect, it } from "vitest";
import { learnedBesideRandom, satisfactionSections } from "./satisfaction-section.ts";

const row = (constitution: string, low: number, high: number) => ({
  constitution,
  estimate: { value: (low + high) / 2, low, high, n: 40 },
});

it("is better, worse or not told apart, request by request, and nothing where it was not measured", () => {
  const told = (value: number, low: number, high: number, p: number | null = 0.001) =>
    learnedBesideRandom([
      // whose own intervals overlap in every case
      row("random", 4, 6),
      { ...row("learned", 4, 6), besideRandom: { ...{ value, low, high, n: 40, p }, rose: 20, fell: 10 } },
    ]);
  expect(told(0.29, 0.01, 0.58)).toEqual({
    verdict: "better",
    text: expect.stringContaining(
      "better off than under as many principles drawn at random: by 0.29 on the same 40 requests (95 % interval 0.01 to 0.58).",
    ) as string,
  });
  expect(told(-0.29, -0.58, -0.01)).toMatchObject({
    verdict: "worse",
    text: expect.stringContaining(
      "worse off than under as many principles drawn at random: by 0.29 on the same 40 requests (95 % interval 0.01 to 0.58).",
    ) as string,
  });
  expect(told(0.05, -0.27, 0.39, 0.8)).toMatchObject({
    verdict: "unclear",
    text: expect.stringContaining("is 0.05 (95 % interval −0.27 to 0.39).") as string,
  });
  expect(told(0.29, 0.01, 0.58, 0.2)).toMatchObject({
    verdict: "unclear",
    text: expect.stringContaining("the exact test does not tell it from chance") as string,
  });
  expect(learnedBesideRandom([row("learned", 1, 2)])).toBeNull();
});

it("has dashes where nothing was answered, how many answers there are, and what is said of the others", () => {
  const worst = { user: "user-1", value: 5 };
  const sectionOf = (unanswered: readonly [blank: number, random: number], remarks: readonly string[]) =>
    satisfactionSections(
      {
        ...{ requests: 40, remarks },
        rows: [
          {
            ...{ constitution: "blank", principles: 0, unanswered: unanswered[0], worst: null },
            estimate: { value: null, low: null, high: null, n: 0 },
          },
          { ...row("random", 4, 8), ...{ principles: 2, worst, unanswered: unanswered[1] } },
        ],
      },
      [{ id: "user-1", name: "user 1, Ann" }],
      { said: "", lead: "" },
    )[0]!;
  const { lead, tables } = sectionOf([40, 0], ["40 of 40 are none."]);
  expect(lead).toMatch(/ 40 of 40 are none\.$/);
  expect(tables[0]!.head).toEqual([
    ...["constitution", "principles", "answers", "mean of users", "worst-off user"],
  ]);
  expect(tables[0]!.rows).toEqual([
    ["blank", "0", "0 of 40", "–", "–"],
    [
      ...["random", "2", "40 of 40", { text: "6.00", note: "4.00 to 8.00" }],
      { text: "5.00", note: "user 1, Ann" },
    ],
  ]);
  expect(sectionOf([0, 0], []).tables[0]!.head).not.toContain("answers");
});
