// What the oracle makes of replies that are no answers, in contracts and votes of the sandbox's people: nothing. They are
// kept with their end, counted, told in the terminal, on the page and in the tables, and part of no figure.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { collect, parseYaml } from "../core/index.ts";
import { type Finish, type SatisfactionRecord, satisfactionRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import type { voteSchema } from "./settings/vote-settings.ts";
import { recipe as contract } from "./simulate-contract.ts";
import { recipe as vote } from "./simulate-vote.ts";
import { heldOutTasks, type Satisfaction, satisfactionFigures } from "./stages/satisfaction.ts";
import { contractRows } from "./summaries/contract-figures.ts";
import { meanOf, readPage, written } from "./summaries/made-page.fixture.ts";
import { benefitFigures } from "./summaries/satisfaction-figures.ts";
import { describeSatisfaction } from "./summaries/satisfaction-words.ts";
import { voteRows } from "./summaries/vote-figures.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-unanswered-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

type Rule = { readonly when?: string; readonly reply?: string | readonly string[]; readonly finish?: Finish };
const script = (name: string, rules: readonly Rule[]): string => {
  writeFileSync(join(folder, name), JSON.stringify({ batch: 4, rules }));
  return `scripted:${join(folder, name)}`;
};

type Told = {
  readonly warnings: string[];
  readonly lines: readonly string[];
  readonly document: Readonly<Record<string, Satisfaction>>;
};
/** A context that hears warnings, into the list. */
const hearing = (warnings: string[]) =>
  contextFor((event) => {
    if (event.type === "warning") warnings.push(`${event.code}: ${event.text}`);
  });

const answersOf = (out: string): Promise<SatisfactionRecord[]> =>
  readRecords(join(folder, out, "satisfaction/answers.jsonl"), satisfactionRecordSchema);

const declines = "I cannot help with that.";
const requests = 8;

const contractRules: readonly Rule[] = [
  { when: "Write the principles anew.", reply: "principles:\n1. [1]" },
  { when: "feedback: what should change?", reply: "satisfaction: 3\nfeedback: Be discreet." },
  { when: "Rate the reply:", reply: "harmlessness: 9" },
];
const contractConfig = at("configs/simulate/contract/tiny.yaml");
const tiny = parseYaml(readFileSync(contractConfig, "utf8"), { file: contractConfig }) as z.input<
  typeof contractSchema
>;
const play = async (out: string, rules: readonly Rule[], sandbox = { requests }): Promise<Told> => {
  const warnings: string[] = [];
  const model = script(`${out}.json`, [...contractRules, ...rules]);
  const given = { ...tiny, ...{ out: join(folder, out), model, seed: 1, runs: 1, users: 3 } };
  const config = contract.schema.parse({ ...given, assistants: 3, sandbox });
  const { lines, document } = await contract.run(config, hearing(warnings));
  return { warnings, lines, document: (document as { satisfaction: Told["document"] }).satisfaction };
};

const voteRules: readonly Rule[] = [
  { when: "Rate the principles:", reply: ["support: 3", "support: 8", "support: 10"] },
  { when: "Which principle should", reply: ["Protect privacy.", "Keep it short.", "Tell every step."] },
];
const decide = async (
  out: string,
  rules: readonly Rule[],
  changes: Partial<z.input<typeof voteSchema>> = {},
): Promise<Told> => {
  const warnings: string[] = [];
  const given = { out: join(folder, out), model: script(`${out}.json`, [...voteRules, ...rules]) };
  const people = { wording: "brief", personas: "sandbox", users: 4, seats: 1, rounds: 0 } as const;
  const config = vote.schema.parse({ ...given, ...people, sandbox: { requests: 3 }, ...changes });
  const { lines, document } = await vote.run(config, hearing(warnings));
  return { warnings, lines, document: (document as { satisfaction: Told["document"] }).satisfaction };
};

describe("a contract whose assistant does not answer all held-out requests", () => {
  let ends: ReadonlyMap<string, Finish>;
  let told: Told;
  let answers: SatisfactionRecord[];
  beforeAll(async () => {
    // The requests that are measured are those that no talk was about: a first run tells which.
    await play("asked", [{ reply: declines }]);
    const asked = [...new Set((await answersOf("asked")).map(({ question }) => question))];
    ends = new Map<string, Finish>([
      [asked[0]!, "refusal"],
      [asked[1]!, "length"],
      [asked[3]!, "empty"],
      [asked[5]!, "refusal"],
      [asked[7]!, "overflow"],
    ]);
    const lost = [...ends].map(
      ([when, finish]): Rule => ({ when, finish, ...(finish === "length" ? { reply: declines } : {}) }),
    );
    told = await play("some", [...lost, { reply: declines }]);
    answers = await answersOf("some");
  });

  it("keeps them with their end and without a number, cut ones among them, and measures all others", () => {
    expect(answers).toHaveLength(4 * requests);
    for (const { question, text, finish, satisfaction } of answers) {
      const end = ends.get(question);
      const isTold = end === undefined || end === "length";
      expect([satisfaction === null, text]).toEqual([end !== undefined, isTold ? declines : ""]);
      if (end !== undefined) expect(finish).toBe(end);
    }
    expect(answers.filter(({ finish }) => finish === "length")).toHaveLength(4);
  });

  it("has figures of the answers alone, and says how many are missing and why", () => {
    for (const [name, figure] of Object.entries(told.document)) {
      const own = answers.flatMap(({ constitution, satisfaction }) =>
        constitution === name && satisfaction !== null ? [satisfaction] : [],
      );
      expect([own.length, figure.n]).toEqual([requests - 5, requests - 5]);
      expect(figure.unanswered).toEqual({ refusal: 2, length: 1, empty: 1, overflow: 1 });
      const means = Object.keys(own[0]!).map((user) => meanOf(own.map((one) => one[user]!)));
      expect(Object.values(figure.users)).toEqual(means);
      expect(figure.value).toBeCloseTo(meanOf(means), 9);
      expect(figure.worst!.value).toBe(Math.min(...means));
      const requestMeans = own.map((one) => meanOf(Object.values(one)));
      expect(figure.low).toBeGreaterThanOrEqual(Math.min(...requestMeans));
    }
    const { satisfaction } = JSON.parse(readFileSync(join(folder, "some/metrics.json"), "utf8")) as {
      satisfaction: unknown;
    };
    expect(satisfaction).toEqual(told.document);
  });

  it("tells it in the terminal, in a warning, and on the page", () => {
    const sentence =
      "5 of 8 replies under learned are no answers and count in no figure (1 cut at the token limit, 2 refused by the provider, 1 too long for the model's context, 1 empty).";
    expect(told.lines).toContain(sentence);
    expect(told.lines.join("\n")).toMatch(/^ {2}constitution +principles +answers +mean of users/m);
    expect(told.lines.join("\n")).toMatch(/^ {2}learned +1 +3 of 8 +\d\.\d\d \[/m);
    expect(told.warnings.filter((text) => text.startsWith("replies-unanswered"))).toEqual([
      expect.stringMatching(
        /: 20 of 32 replies of scripted:.* \(4 length, 8 refusal, 4 overflow, 4 empty\)\.$/,
      ),
    ]);
    const page = readPage(join(folder, "some"));
    expect(page.text).toContain(sentence);
    const [head, ...rows] = page.table("True satisfaction");
    expect(head!.map(({ text }) => text)).toEqual([
      ...["constitution", "principles", "answers", "mean of users", "worst-off user"],
    ]);
    for (const [name, , count, mean, worst] of rows) {
      const { value, worst: least } = told.document[name!.text]!;
      expect([count!.text, mean!.text, worst!.text]).toEqual([
        ...["3 of 8", written(value!, 2), written(least!.value, 2)],
      ]);
    }
  });

  it("tells it in the long table", async () => {
    const rows = await collect(contractRows(join(folder, "some"), 1));
    for (const [experiment, { value, n, users }] of Object.entries(told.document)) {
      const own = rows.filter((row) => row.experiment === experiment && row.metric === "satisfaction");
      const all = own.filter(({ user }) => user === "all");
      expect(all.map((row) => [row.statistic, row.value])).toEqual([
        ["n", n],
        ["missing", 5],
        ["mean", expect.closeTo(value!, 9)],
      ]);
      expect(own).toHaveLength(3 + Object.keys(users).length);
    }
  });

  it("says nothing of it where all are answered", async () => {
    const whole = await play("asked", [{ reply: declines }]);
    for (const figure of Object.values(whole.document)) {
      expect(figure).not.toHaveProperty("unanswered");
      expect(figure.n).toBe(requests);
    }
    expect(whole.lines.join("\n")).not.toMatch(/no answer|answers +mean/);
    const rows = await collect(contractRows(join(folder, "asked"), 1));
    const content = rows.filter(({ metric }) => metric === "satisfaction");
    expect(new Set(content.map(({ statistic }) => statistic))).toEqual(new Set(["mean"]));
    const page = readPage(join(folder, "asked"));
    expect(page.table("True satisfaction")[0]).toHaveLength(4);
    expect(page.text).not.toContain("no figure");
  });
});

describe("a model that answers none of them", () => {
  it("makes no figures, and ends the command, also when it is given again", async () => {
    const ended = { code: "replies-none", message: expect.stringMatching(/any of 9 requests \(9 refusal\)/) };
    const refuses = () => decide("refuses", [{ finish: "refusal" }]);
    await expect(refuses()).rejects.toMatchObject(ended);
    await expect(refuses()).rejects.toMatchObject(ended);
  });

  it("ends it at the first 20 replies where it says nothing", async () => {
    const silent = decide("silent", [{ reply: "" }], { sandbox: { requests: 30 } });
    await expect(silent).rejects.toThrow("gave no text in any of the first 20 replies");
    expect(await answersOf("silent")).toHaveLength(20);
  });
});

describe("a vote whose assistant does not answer all held-out requests", () => {
  it("tells it once of a set that several rules chose, and the tables have it under each", async () => {
    const [first] = heldOutTasks(0, 3);
    const { document, lines } = await decide("votes", [
      { when: first!.question, finish: "refusal" },
      { reply: declines },
    ]);
    for (const { n, unanswered } of Object.values(document))
      expect([n, unanswered]).toEqual([2, { refusal: 1 }]);
    const sentences = lines.filter((line) => line.startsWith("1 of 3 replies under "));
    const sets = new Set(Object.values(document).map(({ principles }) => principles.join()));
    expect(sentences).toHaveLength(sets.size);
    expect(sets.size).toBeLessThan(Object.keys(document).length);
    for (const name of Object.keys(document))
      expect(sentences.filter((line) => new RegExp(`\\b${name}\\b`).test(line))).toHaveLength(1);
    const rows = await collect(voteRows(join(folder, "votes"), { rule: "maximin", rounds: 0 }));
    const missing = rows.filter((row) => row.metric === "satisfaction" && row.statistic === "missing");
    expect(missing.map(({ experiment }) => experiment).sort()).toEqual(
      [...Object.keys(document), "decided"].sort(),
    );
  });

  it("measures the silence of weights that run here: it is what they learned", async () => {
    const silent = join(folder, "silent-weights");
    cpSync(at("assets/covenant-assembly"), silent, { recursive: true });
    const every = Array.from({ length: 8000 }, (_, id) => id);
    writeFileSync(join(silent, "generation_config.json"), JSON.stringify({ eos_token_id: every }));
    const user = script("user.json", voteRules);
    const { document, warnings } = await decide("weights", [], {
      ...{ model: silent, roles: { user: { model: user } } },
    });
    const answers = await answersOf("weights");
    for (const { finish, text, satisfaction } of answers) {
      expect([finish, text]).toEqual(["empty", ""]);
      expect(Object.values(satisfaction!)).toEqual(Array(4).fill(0));
    }
    for (const figure of Object.values(document)) expect([figure.n, figure.value]).toEqual([3, 0]);
    expect(warnings.filter((text) => text.startsWith("replies-unanswered"))).toEqual([]);
  });
});

describe("a request that each user is answered alone", () => {
  it("counts where all are answered, with what each makes of the own reply", () => {
    const recordOf = (question: string, user: string, satisfaction: number | null) => ({
      ...{ constitution: "clauses", question, finish: satisfaction === null ? "refusal" : "stop" },
      satisfaction: satisfaction === null ? null : { [user]: satisfaction },
      ...{ id: "", parents: [], stage: "satisfaction", seed: 1, principles: [], model: "m", text: "" },
    });
    const given = [
      ...[recordOf("a?", "one", 2), recordOf("a?", "two", 6)],
      ...[recordOf("b?", "one", 9), recordOf("b?", "two", null)],
      ...[recordOf("c?", "one", 4), recordOf("c?", "two", 8)],
    ] as SatisfactionRecord[];
    const { clauses } = satisfactionFigures(
      given,
      {
        constitutions: [{ name: "clauses", parents: [], documentFor: () => null }],
        users: ["one", "two"].map((id) => ({ id, description: "" })),
      },
      1,
    );
    expect([clauses!.value, clauses!.n, clauses!.users]).toEqual([5, 2, { one: 3, two: 7 }]);
    expect(clauses!.unanswered).toEqual({ refusal: 1 });
  });
});

describe("a constitution under which nothing was answered", () => {
  const recordOf = (constitution: string, request: number, satisfaction: number | null) =>
    ({
      ...{ constitution, satisfaction: satisfaction === null ? null : { one: satisfaction, two: 8 } },
      ...{ finish: satisfaction === null ? "refusal" : "stop", principles: ["Be discreet."] },
      ...{ id: `satisfaction/${constitution}/${request}`, text: "", question: `${request}?` },
    }) as SatisfactionRecord;
  const figures = satisfactionFigures(
    [
      ...[recordOf("blank", 1, null), recordOf("blank", 2, null)],
      ...[recordOf("learned", 1, null), recordOf("learned", 2, 4)],
    ],
    {
      constitutions: ["blank", "learned"].map((name) => ({ name, parents: [], documentFor: () => null })),
      users: ["one", "two"].map((id) => ({ id, description: "" })),
    },
    1,
  );

  it("has no figure, no user and nobody who is worst off", () => {
    expect(figures["blank"]).toEqual({
      ...{ value: null, low: null, high: null, n: 0, users: {}, worst: null },
      ...{ principles: ["Be discreet."], unanswered: { refusal: 2 } },
    });
    expect(figures["learned"]).toEqual({
      ...{ value: 6, low: 6, high: 6, n: 1, users: { one: 4, two: 8 } },
      ...{ worst: { user: "one", value: 4 }, principles: ["Be discreet."], unanswered: { refusal: 1 } },
    });
  });

  it("is shown as dashes, with what is missing", () => {
    const lines = describeSatisfaction(figures, 2, (user) => `user ${user}`);
    expect(lines[2]).toMatch(/^ {2}blank +1 +0 of 2 +– +–$/);
    expect(lines[3]).toMatch(/^ {2}learned +1 +1 of 2 +6\.00 \[6\.00, 6\.00\] +4\.00 {2}user one$/);
    const remarks = [
      "2 of 2 replies under blank are no answers and count in no figure (2 refused by the provider).",
      "1 of 2 replies under learned is no answer and counts in no figure (1 refused by the provider).",
      "Figures are of the requests that were answered, which need not be the same under each constitution.",
    ];
    expect(lines.slice(4)).toEqual(remarks);
    const { rows, remarks: onPage } = benefitFigures(figures, 2)!;
    expect(onPage).toEqual(remarks);
    expect(rows.map(({ unanswered, estimate, worst }) => [unanswered, estimate.n, worst?.user])).toEqual([
      [2, 0, undefined],
      [1, 1, "one"],
    ]);
  });
});
