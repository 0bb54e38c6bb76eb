// `covenant label --comparisons` and `covenant evaluate baselines`: pairs of a file judged by a scripted judge, with what
// guessing is worth beside it.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { labelRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";

const { folder, remove } = makeFolder("labels");
afterAll(remove);

const dialogue = (at: number, reply: string): string => `\n\nHuman: Question {${at}}?\n\nAssistant: ${reply}`;
const rows = Array.from({ length: 12 }, (_, at) => ({
  prompt: "…",
  corrects: [at % 3 === 0 ? " (A)" : " (B)"],
  incorrects: [at % 3 === 0 ? " (B)" : " (A)"],
  text_correct: dialogue(at, `good ${at}${at < 5 ? " and longer" : ""}`),
  text_incorrect: dialogue(
    at,
    at === 11 ? "good as well" : `bad as it can be ${at}`.slice(0, at < 5 ? 5 : 99),
  ),
}));
writeFileSync(join(folder, "hhh.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
writeFileSync(
  join(folder, "judge.yaml"),
  `rules:
  - when: " (A) [[[good"
    score: {" (A)": -0.1, " (B)": -3}
  - score: {" (A)": -3, " (B)": -0.1}
`,
);

const words = (out: string, ...more: readonly string[]): string[] => [
  ...["label", "--comparisons", "hhh.jsonl", "--judge", "scripted:judge.yaml", "--out", out],
  ...["--set", "label.form=paper", ...more],
];

describe("label --comparisons", () => {
  it("says how often the judge is right, beside what guessing is worth", async () => {
    const ended = expectStatus(await covenant(words("given", "--json"), folder), 0);
    const document = JSON.parse(ended.stdout) as Record<string, unknown>;
    expect(document).toMatchObject({
      ...{ judged: 12, flips: 1, rows: 12, method: "choice", form: "paper", clamp: null, votes: null },
      card: { accuracy: { n: 12 }, flipRate: { n: 12 } },
      baselines: { all: { n: 12, always: { "(A)": { count: 4 } }, longer: { count: 5 } }, judged: { n: 12 } },
    });
    const labels = await readRecords(join(folder, "given/label/labels.jsonl"), labelRecordSchema);
    for (const { form, correct, probability, flipped, usage } of labels) {
      expect(form).toBe("paper");
      expect(usage!.promptTokens).toBeGreaterThan(50);
      if (flipped === false)
        expect(correct === 0 ? probability : 1 - (probability ?? 0)).toBeGreaterThan(0.9);
    }
    const again = expectStatus(await covenant(words("given"), folder), 0);
    expect(again.stdout).toMatch(/12 comparisons: 12 judged, 1 of them flipped with the order/);
    expect(again.stdout).toMatch(/\n {2}right +9\d\.\d %/);
    expect(again.stdout).toMatch(/\n {4}always \(A\) +33\.3 % .*of 12/);
    expect(again.stdout).toContain("or: npx covenant export dataset given --out given-dataset\n");
    const exporting = ["export", "dataset", "given", "--out", "exported", "--json"];
    const exported = expectStatus(await covenant(exporting, folder), 0);
    expect(JSON.parse(exported.stdout)).toMatchObject({ splits: [{ split: "train", rows: 12 }] });
    const card = readFileSync(join(folder, "exported/README.md"), "utf8");
    expect(card).toContain("- the prompts and replies (of the file named in the settings;");
    expect(card).not.toContain("replies that were compared");
  });

  it("leaves out published dialogues that are no pair, and says which", async () => {
    const pairs = [
      { chosen: dialogue(1, "good"), rejected: dialogue(1, "bad") },
      { chosen: dialogue(2, "good"), rejected: dialogue(2, "") },
      { chosen: `${dialogue(3, "good")}\n\nHuman: And?\n\nAssistant: a`, rejected: dialogue(3, "bad") },
    ];
    writeFileSync(join(folder, "hh.jsonl"), pairs.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const label = ["label", "--comparisons", "hh.jsonl", "--judge", "scripted:judge.yaml", "--out", "hh"];
    label.push("--set", "label.form=paper");
    const told =
      "hh.jsonl: 2 of 3 rows that were read were left out: 1 whose dialogues part before the last reply (line 3), 1 with a reply without text (line 2).";
    const planned = expectStatus(await covenant([...label, "--dry-run"], folder), 0);
    expect(planned.stdout.replace(/\s+/g, " ")).toContain(told);
    const ended = expectStatus(await covenant([...label, "--json"], folder), 0);
    expect(ended.stderr.replace(/\s+/g, " ")).toContain(told);
    expect(JSON.parse(ended.stdout)).toMatchObject({ judged: 1, unfit: 2 });
    const baselines = ["evaluate", "baselines", "hh.jsonl"];
    const guessed = expectStatus(await covenant([...baselines, "--json"], folder), 0);
    expect(guessed.stderr.replace(/\s+/g, " ")).toContain(told);
    const plannedToo = expectStatus(await covenant([...baselines, "--dry-run"], folder), 0);
    expect(plannedToo.stdout.replace(/\s+/g, " ")).toContain(told);
  });

  it("stops on the way when the judge keeps to one letter, and again where it is continued", async () => {
    const many = Array.from({ length: 90 }, (_, at) => ({
      prompt: `Q ${at}`,
      chosen: "yes",
      rejected: "no",
    }));
    writeFileSync(join(folder, "many.jsonl"), many.map((row) => `${JSON.stringify(row)}\n`).join(""));
    writeFileSync(join(folder, "first.yaml"), 'rules:\n  - reply: "(A)"\n');
    const out = ["label", "--comparisons", "many.jsonl", "--judge", "scripted:first.yaml", "--out", "first"];
    for (const ended of [await covenant(out, folder), await covenant(out, folder)]) {
      expect(expectStatus(ended, 1).stderr).toContain("answers (A) whatever stands there: in 20 of 20");
      const labels = await readRecords(join(folder, "first/label/labels.jsonl"), labelRecordSchema);
      expect(labels).toHaveLength(20);
    }
  });

  it("asks no judge about replies that were cut, and says what to raise where all are", async () => {
    const counts = ["harmful=3", "harmless=2", "lookalike=1"].flatMap((count) => [
      "--set",
      `counts.${count}`,
    ]);
    const label = ["label", ...counts, "--set", "sampling.maxTokens=4", "--out", "cut"];
    const ended = expectStatus(await covenant(label, folder), 1);
    expect(ended.stderr).toMatch(
      /None of 6 comparisons has a label: in 6 a reply was cut at the token limit; the judge was not asked\..*raise --max-tokens.*another --out, or --fresh/,
    );
    const labels = await readRecords(join(folder, "cut/label/labels.jsonl"), labelRecordSchema);
    expect(labels).toHaveLength(6);
    for (const label of labels) {
      expect(label).toMatchObject({ state: "unscored", reason: "reply-cut", probability: null });
      expect(label).not.toHaveProperty("usage");
    }
  });

  it("says why where all was judged and certain labels leave no row", async () => {
    writeFileSync(join(folder, "fair.yaml"), 'rules:\n  - score: {" (A)": -0.7, " (B)": -0.7}\n');
    const given = ["label", "--comparisons", "hhh.jsonl", "--judge", "scripted:fair.yaml", "--out", "fair"];
    const ended = await covenant([...given, "--set", "label.hard=true", "--set", "label.form=paper"], folder);
    expect(expectStatus(ended, 0).stdout).toContain(
      "There are no rows to learn from: 12 preferring neither reply.",
    );
  });

  it("writes certain rows when it is asked to, and refuses what does not go together", async () => {
    const hard = expectStatus(await covenant(words("hard", "--set", "label.hard=true", "--json"), folder), 0);
    const document = JSON.parse(hard.stdout) as { leftOut: object };
    expect(document).toMatchObject({ judged: 12, rows: 11 });
    expect(document.leftOut).toEqual({ undecided: 1 });
    const both = await covenant(words("both", "--prompts", "hhh.jsonl"), folder);
    expect(expectStatus(both, 2).stderr).toContain("give one of the two");
    const clamp = await covenant(words("clamp", "--set", "label.clamp=[0.2, 0.6]"), folder);
    expect(expectStatus(clamp, 2).stderr).toContain("evenly round 0.5");
    const many = await covenant(words("many", "--set", "label.principlesPerComparison=99"), folder);
    expect(expectStatus(many, 2).stderr).toContain("has 12");
  });
});

describe("evaluate baselines", () => {
  it("counts letters and longer replies of a file", async () => {
    const ended = await covenant(["evaluate", "baselines", "hhh.jsonl", "--json"], folder);
    expect(JSON.parse(expectStatus(ended, 0).stdout)).toMatchObject({
      file: join(folder, "hhh.jsonl"),
      n: 12,
      always: { "(A)": { count: 4 }, "(B)": { count: 8 } },
      longer: { count: 5 },
      majority: { answer: "(B)" },
    });
    const none = await covenant(["evaluate", "baselines"], folder);
    expect(expectStatus(none, 2).stderr).toContain("a file of questions");
  });

  it("takes what label --comparisons takes; a place that is always the same tells nothing", async () => {
    const write = (name: string, given: readonly object[]): string => {
      writeFileSync(join(folder, name), given.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return name;
    };
    const evaluate = async (file: string, ...more: readonly string[]): Promise<string> =>
      expectStatus(await covenant(["evaluate", "baselines", file, ...more], folder), 0).stdout;
    const pair = (chosen: string, rejected: string) => ({ prompt: "Is it?", chosen, rejected });
    const pairs = [pair("Yes, it is.", "No."), pair("No.", "Yes."), pair("🙂🙂", "so"), pair("abc", "a")];
    const own = write("own.jsonl", pairs);
    expect(JSON.parse(await evaluate(own, "--json"))).toMatchObject({
      ...{ n: 4, always: null, majority: null, chance: 0.5, unknown: 0 },
      longer: { count: 2, n: 4, ties: 1 },
    });
    expect(await evaluate(own)).toMatch(
      /always the same letter: nothing to know[\s\S]*longer is correct +50\.0 %/,
    );
    const messages = pairs.map(({ prompt, chosen, rejected }) => ({
      prompt: [{ role: "user", content: prompt }],
      chosen: [{ role: "assistant", content: chosen }],
      rejected: [{ role: "assistant", content: rejected }],
    }));
    expect(await evaluate(write("chats.jsonl", messages))).toContain("2 of 4");
    const placed = [0, 1, 1, undefined].map((correct, at) => ({
      ...{ prompt: `Which ${at}?`, replies: ["one", "another"] },
      ...(correct === undefined ? {} : { correct }),
    }));
    const told = await evaluate(write("placed.jsonl", placed));
    expect(told).toMatch(/^3 questions[\s\S]*1 row of which no better reply is known is left out/);
    expect(told).toMatch(/always \(B\) +66\.7 %[\s\S]*majority \(B\) +66\.7 %/);
    const silent = await covenant(["evaluate", "baselines", write("silent.jsonl", placed.slice(3))], folder);
    expect(expectStatus(silent, 2).stderr).toContain("No row of silent.jsonl says which of its two replies");
    const broken = await covenant(["evaluate", "baselines", write("broken.jsonl", [{ prompt: "" }])], folder);
    expect(expectStatus(broken, 2).stderr).toContain("line 1");
  });
});
