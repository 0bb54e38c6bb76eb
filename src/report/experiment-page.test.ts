// Pages of experiments: charts without warnings whatever the figures are, also none and single ones; texts of people escaped;
// nothing fetched; drawings that stand alone as files.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GroupFigure } from "../records/index.ts";
import { arguedTable } from "./argued-table.ts";
import { type ContractPageData, contractPage } from "./contract-page.ts";
import { drawExperiment } from "./experiment-page.ts";
import { groupsPage } from "./groups-page.ts";
import { type VotePageData, votePage } from "./vote-page.ts";

const nasty = `<script>alert("x")</script> & 'q' {{b}} "]}\\`;
const metric = { id: "good", name: nasty, of: "own", low: 0, high: 10 } as const;

const contract = (users: number, runs: number): ContractPageData => ({
  ...{ runs, turnsPerRun: 2, metrics: [metric], facts: [["Seed", nasty]] },
  users: Array.from({ length: users }, (_, at) => ({ id: `user-${at}`, name: `${at} ${nasty}` })),
  turns: Array.from({ length: users * runs }, (_, at) => ({
    ...{ run: 1 + (at % runs), turn: 1, user: `user-${Math.floor(at / runs)}`, metric, value: at % 10, n: 1 },
  })),
  means: Array.from({ length: runs }, (_, at) => ({
    ...{
      run: at + 1,
      metric,
      estimate: { value: 5, low: users > 1 ? 4 : null, high: users > 1 ? 6 : null, n: users },
    },
  })),
  remarks: [nasty],
  benefit: {
    requests: 60,
    rows: ["none", nasty].map((constitution) => ({
      ...{ constitution, principles: 2, estimate: { value: 5.125, low: 4, high: 6, n: 60 } },
      ...{ worst: { user: "user-0", value: -0.5 }, unanswered: 0 },
    })),
    remarks: [nasty],
  },
  documents: [
    {
      ...{ part: "constitution", all: runs + 5 },
      runs: Array.from({ length: runs }, (_, at) => at + 1),
      similarity: Array.from({ length: runs }, () => Array<number>(runs).fill(0.5)),
      last: [nasty],
      argued: [{ principle: nasty, remarks: [{ speaker: nasty, said: nasty, told: nasty }] }],
    },
  ],
});

describe("the page of a contract", () => {
  it.each([
    [1, 1],
    [5, 2],
    [13, 40],
  ])("of %i users and %i runs is drawn without warnings, with all texts escaped", async (users, runs) => {
    const { html, charts, warnings } = await drawExperiment(contractPage(contract(users, runs)));
    expect(warnings).toEqual([]);
    expect(html).not.toContain("<script>alert");
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.replaceAll(/"\$schema":"[^"]*"/g, "")).not.toMatch(/https?:\/\//);
    for (const { svg } of charts) {
      expect(svg).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).not.toContain("<script>");
      expect(svg).not.toContain("var(--");
    }
    expect(new Set(charts.map(({ name }) => name)).size).toBe(charts.length);
  });

  it("tells runs of one turn as runs, and what an oracle says only where there is one", async () => {
    const data = contract(2, 2);
    const turns = (await drawExperiment(contractPage(data))).html;
    expect(turns).toContain("turn by turn");
    expect(turns).toContain("Of the documents of 7 runs only the last 2 are compared.");
    const [own] = data.documents;
    const compared = contractPage({ ...data, documents: [{ ...own!, all: 2 }] });
    expect((await drawExperiment(compared)).html).not.toContain("are compared.");
    expect(turns).toMatch(/True satisfaction.*none.*5\.13.*4\.00 to 6\.00.*−0\.50/s);
    const runs = (await drawExperiment(contractPage({ ...data, turnsPerRun: 1, benefit: null }))).html;
    expect(runs).toContain("run by run");
    expect(runs).not.toMatch(/turn by turn|hairline|True satisfaction/);
  });

  it("is the same for the same data", async () => {
    const draw = async () => (await drawExperiment(contractPage(contract(3, 3)))).html;
    expect(await draw()).toBe(await draw());
  });
});

describe("the page of a vote", () => {
  const vote = (users: number, candidates: number, rounds: number): VotePageData => {
    const estimate = { value: 5, low: users > 1 ? 0 : null, high: users > 1 ? 10 : null, n: users };
    const worth = {
      ...{ estimate, nash: null, least: 1, worstOff: nasty, leftOut: nasty, filled: 1, principles: [nasty] },
    };
    return {
      scripted: false,
      ...{ rule: "maximin", approveFrom: 6, scale: { low: 0, high: 10 }, facts: [["Seed", nasty]] },
      users: Array.from({ length: users }, (_, at) => ({ id: `user-${at}`, name: `${at} ${nasty}` })),
      candidates: Array.from({ length: candidates }, (_, at) => ({
        ...{ text: nasty, chosen: at < 2, estimate },
        support: Array.from({ length: users }, (__, user) =>
          (user + at) % 3 === 0 ? { value: null, counts: user === 0 ? null : 4.25 } : { value: 5 },
        ),
      })),
      ...{ lots: [nasty], principles: [nasty], remarks: [nasty], benefit: null },
      argued: [{ principle: nasty, remarks: [{ speaker: nasty, said: nasty, told: nasty }] }],
      rules: [
        { rule: "maximin", decides: true, worth },
        { rule: "borda", decides: false, worth: { ...worth, principles: ["other"] } },
        { rule: "maximin-exact", decides: false, worth: null },
      ],
      documents: Array.from({ length: rounds }, (_, at) => ({
        ...{ round: `round ${at + 1}`, name: "draft 1", stands: at % 2 === 0, estimate, principles: [nasty] },
      })),
      rounds: rounds === 0 ? [] : [nasty],
    };
  };

  it.each([
    [1, 1, 0],
    [6, 17, 3],
    [40, 90, 9],
  ])(
    "of %i users, %i candidates and %i rounds is drawn without warnings, with all texts escaped",
    async (...sizes) => {
      const { html, warnings } = await drawExperiment(votePage(vote(...sizes)));
      expect(warnings).toEqual([]);
      expect(html).not.toContain("<script>alert");
      expect(html).toContain("Here they choose 2 sets: maximin; borda.");
      expect(html.includes("counts as 4.3")).toBe(sizes[0] > 1);
      expect(html.includes("What did criticism change?")).toBe(sizes[2] > 0);
    },
  );
});

describe("groups that are equal", () => {
  it("are all named, and none of them is called the highest", async () => {
    const figure = (group: string, value: number): GroupFigure => ({
      ...{ id: group, parents: [], stage: "results", seed: 0, over: "simulations", group, step: 1 },
      ...{ user: "all", metric: "utilitarian", value, standardError: null, low: null, high: null, n: 1 },
    });
    const figures = [figure("borda", 7), figure("maximin", 7), figure("plurality", 6.004), figure("none", 6)];
    const page = groupsPage({
      ...{ eyebrow: "e", headline: "h", standfirst: "s", step: "Stage", figures, first: [], likeness: null },
      ...{ failures: [], facts: [] },
    });
    expect(page.sections.flatMap((section) => section.figures.map(({ seen }) => seen)).join()).toContain(
      "Highest: borda and maximin with 7.00; lowest: plurality and none with 6.00.",
    );
  });
});

describe("the table of remarks", () => {
  it("gives every principle rows of its own, also beside one of the same title", () => {
    const remark = (speaker: string) => ({ speaker, said: "s", told: "t" });
    const principles = [
      { principle: "Be brief.", remarks: [remark("a"), remark("b")] },
      { principle: "Be brief.", remarks: [remark("c")] },
      { principle: "Be kind.", remarks: [] },
      { principle: "Be brief.", remarks: [remark("d")] },
    ];
    const [table] = arguedTable(principles);
    expect(table!.rows.map(([title, speaker]) => [title, speaker])).toEqual([
      ["Be brief.", "a"],
      ["", "b"],
      ["Be brief.", "c"],
      ["Be brief.", "d"],
    ]);
    expect(arguedTable([principles[2]!])).toEqual([]);
  });
});

describe("the page of groups", () => {
  const figure = fc.record({
    group: fc.constantFrom("a", "b", nasty),
    step: fc.integer({ min: 1, max: 4 }),
    user: fc.constantFrom("all", "fixed", "flexible", "user-1, amina"),
    metric: fc.constantFrom("given", "own.good", "accepted", "principles.contract", "distance"),
    value: fc.double({ min: -20, max: 200, noNaN: true }),
    width: fc.option(fc.double({ min: 0, max: 5, noNaN: true })),
    n: fc.integer({ min: 1, max: 9 }),
  });

  it("is drawn without warnings for any figures", async () => {
    const drawn = fc.asyncProperty(fc.array(figure, { maxLength: 25 }), async (given) => {
      const figures = given.map(
        ({ width, ...one }, at): GroupFigure => ({
          ...{ id: String(at), parents: [], stage: "results", seed: 0, over: "simulations", ...one },
          standardError: width,
          low: width === null ? null : one.value - width,
          high: width === null ? null : one.value + width,
        }),
      );
      const page = groupsPage({
        ...{ eyebrow: "e", headline: "h", standfirst: "s", step: "Run", figures, first: [], likeness: null },
        ...{ failures: [nasty], facts: [] },
      });
      const { warnings, html } = await drawExperiment(page);
      expect(warnings).toEqual([]);
      expect(html).not.toContain("<script>alert");
    });
    await fc.assert(drawn, { numRuns: 15, seed: 7 });
  });
});
