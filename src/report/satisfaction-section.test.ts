// What is said of a learned constitution beside a random one, and of replies that are no answers.

import { expect, it } from "vitest";
import { learnedBesideRandom, satisfactionSections } from "./satisfaction-section.ts";

const row = (constitution: string, low: number, high: number) => ({
  constitution,
  estimate: { value: (low + high) / 2, low, high, n: 40 },
});

it("is better, worse or not told apart, by intervals, and nothing where one was not measured", () => {
  const told = (low: number, high: number) =>
    learnedBesideRandom([row("blank", 1, 2), row("random", 4, 5), row("learned", low, high)]);
  expect(told(5.1, 6)).toMatchObject({ verdict: "better", text: expect.stringContaining("better off") });
  expect(told(2, 3.9)).toMatchObject({ verdict: "worse", text: expect.stringContaining("worse off") });
  expect(told(4.9, 6)).toMatchObject({ verdict: "unclear", text: expect.stringContaining("cannot be told") });
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
