// The page, charts and tables of a social contract are held to the records that the runs left: every figure is worked out anew
// from the lines of the files.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { parseYaml } from "../core/index.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import { intervalOf, linesOf, meanOf, readPage, written } from "./summaries/made-page.fixture.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const scale = [0, 10] as const;
const users = ["amina", "dale", "kamala", "tove"];
const runs = 3;
const turns = 2;

const library = parseYaml(readFileSync(at("src/simulation/stakeholders/library/personas.yaml"), "utf8"), {
  file: "personas.yaml",
}) as { id: string; name: string }[];
/** A user's name on the page, by seat. */
const nameOf = (seat: string): string =>
  `${seat.replace("-", " ")}, ${library.find(({ id }) => id === users[Number(seat.split("-")[1]) - 1])!.name}`;

const play = (out: string, config: z.input<typeof contractSchema>) =>
  recipe.run(recipe.schema.parse({ ...config, out: join(folder, out) }), contextFor());

type Rating = {
  readonly run: number;
  readonly turn: number;
  readonly talk: string;
  readonly of: "own" | "others";
  readonly ratings: Readonly<Record<string, number | null>>;
  readonly missing?: Readonly<Record<string, string>>;
  readonly feedback: string;
};
type Metric = { readonly of: Rating["of"]; readonly id: string; readonly title: string };
const metrics: readonly Metric[] = [
  { of: "own", id: "satisfaction", title: "Satisfaction" },
  { of: "others", id: "harmlessness", title: "Harmlessness, as others rate it" },
];

describe("a contract", () => {
  const file = (...path: readonly string[]): string => join(folder, "whole", ...path);
  /** The user for whom the draft of each rating was written, beside it. */
  let ratings: (Rating & { readonly owner: string })[];
  let page: ReturnType<typeof readPage>;
  const inRun = ({ of, id }: Metric, run: number, more: (rating: (typeof ratings)[number]) => boolean) =>
    ratings
      .filter((one) => one.of === of && one.run === run && more(one))
      .flatMap((one) => one.ratings[id] ?? []);
  /** Means of the users who have ratings. */
  const userMeans = (metric: Metric, run: number): number[] =>
    users.flatMap((_, place) => {
      const own = inRun(metric, run, ({ owner }) => owner === `user-${place + 1}`);
      return own.length === 0 ? [] : [meanOf(own)];
    });

  beforeAll(async () => {
    await play("whole", {
      ...{ model: `scripted:${at("examples/contract-script.yaml")}`, users, runs, turns },
    });
    ratings = Array.from({ length: runs }, (_, index) => `run-${index + 1}`).flatMap((name) => {
      const drafts = linesOf<{ talk: string; user: string }>(file(name, "drafts.jsonl"));
      const owners = new Map(drafts.map(({ talk, user }) => [talk, user]));
      return linesOf<Rating>(file(name, "ratings.jsonl")).map((one) => ({
        ...one,
        owner: owners.get(one.talk)!,
      }));
    });
    page = readPage(file());
    // what is missing must be able to go wrong, and users to differ
    expect(ratings.some((one) => Object.values(one.ratings).includes(null))).toBe(true);
    expect(new Set(userMeans(metrics[0]!, 1)).size).toBeGreaterThan(1);
    expect(meanOf(userMeans(metrics[0]!, 1))).not.toBeCloseTo(meanOf(inRun(metrics[0]!, 1, () => true)), 3);
  });

  it("has the mean of every user's ratings in every turn, and of all users, in its panels", () => {
    for (const metric of metrics) {
      const wanted: [string, string, number, number][] = [];
      for (let run = 1; run <= runs; run++)
        for (let turn = 1; turn <= turns; turn++) {
          const place = (run - 1) * turns + turn;
          const own = users.map((_, index) =>
            inRun(metric, run, (one) => one.turn === turn && one.owner === `user-${index + 1}`),
          );
          const all = meanOf(own.filter(({ length }) => length > 0).map(meanOf));
          for (const [index, values] of own.entries()) {
            const name = nameOf(`user-${index + 1}`);
            if (values.length > 0) wanted.push([name, "this user", place, meanOf(values)]);
            wanted.push([name, "mean of all users", place, all]);
          }
        }
      const rows = page.chart(`turns-${metric.of}-${metric.id}`)!;
      const key = ([panel, series, place]: readonly unknown[]): string => `${panel}, ${series} ${place}`;
      const found = new Map(rows.map((row) => [key([row["panel"], row["series"], row["at"]]), row]));
      expect([...found.keys()].sort()).toEqual(wanted.map(key).sort());
      for (const one of wanted) {
        expect(found.get(key(one))!.value).toBeCloseTo(one[3], 9);
        expect(String(found.get(key(one))!["tip"])).toContain(written(one[3]));
      }
    }
  });

  it("has the mean over users of every run with Student's interval, in chart, table and words", () => {
    const rows = page.chart("means")!;
    const table = page.table("Mean over users");
    expect(rows).toHaveLength(metrics.length * runs);
    expect(table[0]!.map(({ text }) => text)).toEqual(["", "run 1", "run 2", "run 3"]);
    for (const [place, metric] of metrics.entries()) {
      for (let run = 1; run <= runs; run++) {
        const { value, low, high } = intervalOf(userMeans(metric, run), scale);
        const row = rows.find((one) => one["panel"] === metric.title && one["at"] === run)!;
        expect(row.value).toBeCloseTo(value, 9);
        expect(row.low).toBeCloseTo(low, 3);
        expect(row.high).toBeCloseTo(high, 3);
        expect(table[place + 1]![run]).toEqual({
          ...{ text: written(value), note: `${written(low)} to ${written(high)}` },
        });
      }
      const [first, last] = [1, runs].map((run) => written(meanOf(userMeans(metric, run))));
      expect(page.seen("means")).toContain(`${metric.title}: ${first} in the first run, ${last} in the last`);
      if (metric.of === "own")
        expect(page.headline).toBe(`4 simulated people: satisfaction from ${first} to ${last} in 3 runs`);
    }
  });

  it("has the documents that the runs left, and how alike each is to the one before", () => {
    type Learned = {
      readonly part: string;
      readonly state: string;
      readonly similarity: number | null;
      readonly document: { readonly principles: readonly { title: string; area?: string }[] };
    };
    const learned = Array.from({ length: runs }, (_, index) =>
      linesOf<Learned>(file(`run-${index + 1}`, "learned.jsonl")),
    );
    const lists = (["constitution", "contract"] as const).map((part) => {
      const own = learned.flatMap((rows) => rows.filter((one) => one.part === part));
      const rows = page.chart(`similarity-${part}`)!;
      for (const { row, column, value } of rows as unknown as {
        row: number;
        column: number;
        value: number;
      }[]) {
        if (row === column) expect(value).toBeCloseTo(1, 9);
        if (row === column + 1) expect(value).toBeCloseTo(own[row]!.similarity!, 9);
      }
      expect(rows).toHaveLength((own.length * (own.length + 1)) / 2);
      expect(page.seen(`similarity-${part}`)).toContain(
        `The last two are at ${own.at(-1)!.similarity!.toFixed(2)},`,
      );
      return own
        .at(-1)!
        .document.principles.map(({ title, area = "all users" }) =>
          part === "contract" ? `For ${area}: ${title}` : title,
        );
    });
    expect(page.lists).toEqual(lists);
  });

  it("has what was said for each principle, and whether it was found to say so, as the documents have it", () => {
    type Ground = { readonly speaker: string; readonly said: string; by: string; doubtful?: string };
    type Learned = {
      readonly part: string;
      readonly document: { readonly principles: readonly { title: string; grounds?: readonly Ground[] }[] };
    };
    const { principles } = linesOf<Learned>(file(`run-${runs}`, "learned.jsonl")).find(
      ({ part }) => part === "constitution",
    )!.document;
    const [, ...rows] = page.table("What was said for them");
    const look = (one: Ground): string =>
      one.by === "similar"
        ? "not cited; the most similar in its words"
        : one.doubtful === undefined
          ? "cited; shares a word with it"
          : "cited; shares no word with it";
    expect(rows.map((row) => row.map(({ text }) => text))).toEqual(
      principles.flatMap(({ title, grounds = [] }) =>
        grounds.map((ground, at) => [
          at === 0 ? title : "",
          nameOf(ground.speaker),
          ground.said,
          look(ground),
        ]),
      ),
    );
    expect(rows.length).toBeGreaterThan(0);
    const { runs: told } = JSON.parse(readFileSync(file("metrics.json"), "utf8")) as {
      runs: { documents: { citations: { cited: number; sharing: number } }[] }[];
    };
    const all = told.at(-1)!.documents.map(({ citations }) => citations);
    const sum = (key: "cited" | "sharing"): number => all.reduce((total, one) => total + one[key], 0);
    expect(page.text).toContain(`Of ${sum("cited")} citations ${sum("sharing")} share`);
  });

  it("has the same means in metrics.json, and every number and message in its tables", () => {
    const rowsIn = (name: string) =>
      parse(readFileSync(file("tables", name)), { columns: true }) as Record<string, string>[];
    const told = JSON.parse(readFileSync(file("metrics.json"), "utf8")) as {
      runs: Record<"users" | "all", Record<string, never>>[];
    };
    type Mean = { value: number | null; n: number; missing: Record<string, number> };
    for (let run = 1; run <= runs; run++)
      for (const metric of metrics)
        for (const [who, means] of [
          ...Object.entries(
            told.runs[run - 1]!.users as Record<string, Record<string, Record<string, Mean>>>,
          ),
          ["all", told.runs[run - 1]!.all as unknown as Record<string, Record<string, Mean>>] as const,
        ]) {
          const isTheirs = ({ owner }: { readonly owner: string }): boolean => who === "all" || owner === who;
          const values = inRun(metric, run, isTheirs);
          const lost = ratings.filter(
            (one) =>
              one.of === metric.of && one.run === run && isTheirs(one) && one.ratings[metric.id] === null,
          );
          const { value, n, missing } = means[metric.of]![metric.id]!;
          // All users: each counts alike, as on the page.
          const wanted = who === "all" ? userMeans(metric, run) : values;
          expect(n).toBe(wanted.length);
          if (wanted.length === 0) expect(value).toBeNull();
          else expect(value).toBeCloseTo(meanOf(wanted), 9);
          expect(Object.values(missing).reduce((sum, count) => sum + count, 0)).toBe(lost.length);
        }
    const numbers = rowsIn("ratings.csv");
    const given = ratings.flatMap((one) => Object.values(one.ratings));
    expect(numbers.map(({ value }) => (value === "" ? null : Number(value)))).toEqual(given);
    const messages = rowsIn("messages.csv");
    expect(messages.filter(({ role }) => role === "user").map(({ text }) => text)).toEqual(
      ratings.filter(({ of }) => of === "own").map(({ feedback }) => feedback),
    );
  });
});

describe("a contract of the sandbox's people", () => {
  it("has what the oracle measured, by constitution, as the answers have it", async () => {
    const config = at("configs/simulate/contract/tiny.yaml");
    await play("sandbox", {
      ...(parseYaml(readFileSync(config, "utf8"), { file: config }) as z.input<typeof contractSchema>),
      ...{ model: `scripted:${at("examples/contract-brief-script.yaml")}`, seed: 1, runs: 1 },
      sandbox: { requests: 8 },
    });
    const file = (...path: readonly string[]): string => join(folder, "sandbox", ...path);
    type Answer = { constitution: string; satisfaction: Record<string, number> };
    const answers = linesOf<Answer>(file("satisfaction/answers.jsonl"));
    const { satisfaction } = JSON.parse(readFileSync(file("metrics.json"), "utf8")) as {
      satisfaction: Record<
        string,
        {
          value: number;
          low: number;
          high: number;
          principles: string[];
          besideRandom?: { value: number; n: number };
        }
      >;
    };
    const contents = (name: string): number[] =>
      answers
        .filter(({ constitution }) => constitution === name)
        .map((answer) => meanOf(Object.values(answer.satisfaction)));
    const [head, ...rows] = readPage(file()).table("True satisfaction");
    expect(head!.map(({ text }) => text)).toEqual([
      ...["constitution", "principles", "mean of users", "worst-off user"],
    ]);
    expect(rows.map(([name]) => name!.text)).toEqual([...new Set(answers.map((one) => one.constitution))]);
    for (const [name, principles, mean, worst] of rows) {
      const own = answers.filter(({ constitution }) => constitution === name!.text);
      expect(own).toHaveLength(8);
      const means = Object.keys(own[0]!.satisfaction).map((user) =>
        meanOf(own.map((one) => one.satisfaction[user]!)),
      );
      const { low, high, principles: texts } = satisfaction[name!.text]!;
      expect(low).toBeLessThanOrEqual(meanOf(means));
      expect(high).toBeGreaterThanOrEqual(meanOf(means));
      expect([principles!.text, mean, worst!.text]).toEqual([
        String(texts.length),
        { text: written(meanOf(means), 2), note: `${written(low, 2)} to ${written(high, 2)}` },
        written(Math.min(...means), 2),
      ]);
      const { besideRandom } = satisfaction[name!.text]!;
      if (name!.text === "random") expect(besideRandom).toBeUndefined();
      else {
        const differences = contents(name!.text).map((value, at) => value - contents("random")[at]!);
        expect(besideRandom).toMatchObject({ n: 8, value: expect.closeTo(meanOf(differences), 9) as number });
      }
      expect(worst!.note).toMatch(new RegExp(`^user ${means.indexOf(Math.min(...means)) + 1}, `));
    }
  });
});
