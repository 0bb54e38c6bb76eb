// `covenant simulate contract` in the brief wording where the meta-prompt sorts comments: what stances.jsonl and meta.jsonl say,
// answers that cannot be read, a run that is broken off, and what a plan counts.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { parseYaml } from "../core/index.ts";
import { learnedRecordSchema, metaRecordSchema, replaySchema, stanceRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { contentIn } from "./run-content.fixture.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import { recipe as replay } from "./simulate-replay.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-stances-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Given = z.input<typeof contractSchema>;

const config = fileURLToPath(new URL("../../configs/simulate/contract/tiny.yaml", import.meta.url));
const tiny = parseYaml(readFileSync(config, "utf8"), { file: config }) as Given;

const script = (name: string, rules: readonly object[], batch = 8): string => {
  writeFileSync(join(folder, name), JSON.stringify({ batch, rules }));
  return `scripted:${join(folder, name)}`;
};

const given = (out: string, model: string, changes: Partial<Given> = {}): Given => ({
  ...tiny,
  ...{ out: join(folder, out), model, users: 3, assistants: 12, runs: 2, seed: 1, metaPrompt: "contract" },
  sandbox: { requests: 0 },
  ...changes,
});

const run = (settings: Given, context = contextFor()) => recipe.run(recipe.schema.parse(settings), context);

/** Both sides of two matters, each in four wordings. */
const matters = [
  ["Be discreet", "Be nosy"],
  ["Keep it short", "Tell every step"],
].map((sides) => sides.map((side) => ["now", "always", "please", "again"].map((word) => `${side} ${word}.`)));
const sides = matters.flat();
const comments = [...sides.flat(), "Thank you.", "Well done."];
const stances = matters.flatMap((both) =>
  both.flatMap((one) =>
    both.flatMap((other) =>
      one.flatMap((first) =>
        other.map((second) => ({
          when: `First: ${first}\nSecond: ${second}\n`,
          reply: one === other ? "for" : "against",
        })),
      ),
    ),
  ),
);
const rules = [
  ...["Thank you.", "Well done."].map((comment) => ({ when: `Comment: ${comment}`, reply: "no" })),
  { when: "Does it ask for a change?", reply: "Yes." },
  ...stances,
  { when: "Is the second for the first or against it?", reply: "neither" },
  { when: "Rate the reply:\nharmlessness", reply: "harmlessness: 9" },
  {
    when: "feedback: what should change?",
    reply: comments.map((comment) => `satisfaction: 4\nfeedback: ${comment}`),
  },
  { reply: ["I cannot help with that.", "I am sorry, but I cannot help with that."] },
];

const inRun = async (out: string, name: string) => ({
  stances: await readRecords(join(folder, out, name, "stances.jsonl"), stanceRecordSchema),
  metas: await readRecords(join(folder, out, name, "meta.jsonl"), metaRecordSchema),
  learned: await readRecords(join(folder, out, name, "learned.jsonl"), learnedRecordSchema),
});

const contentOf = (out: string) => contentIn(join(folder, out));

describe("a run whose comments are sorted", () => {
  let outcome: Awaited<ReturnType<typeof run>>;
  const progress: { done: number; total: number; stage: string }[] = [];
  beforeAll(async () => {
    const context = contextFor((event) => {
      if (event.type === "stage-progress" && event.unit === "calls") progress.push(event);
    });
    outcome = await run(given("whole", script("whole.json", rules)), context);
  });

  it("has a record of each question, and one of each part that follows from them", async () => {
    for (const name of ["run-1", "run-2"]) {
      const { stances, metas } = await inRun("whole", name);
      expect(metas.map(({ part }) => part)).toEqual([1, 2]);
      for (const { part, id, parents, text, numbers, attempt, finish, prompt } of metas) {
        const own = stances.filter((row) => row.part === part);
        expect(id).toBe(`${name}/part-${part}/meta-1`);
        expect([attempt, finish, prompt]).toEqual([1, "stop", "contract"]);
        expect(parents.slice(-own.length)).toEqual(own.map((row) => row.id));
        expect(text.split("\n")).toHaveLength(numbers.length);
        expect(new Set(own.map(({ comment }) => numbers.includes(comment)))).toEqual(new Set([true]));
        const rest = own.filter(({ earlier }) => earlier !== undefined);
        for (const { comment, earlier } of rest)
          expect(numbers.indexOf(earlier!)).toBeLessThan(numbers.indexOf(comment));
      }
    }
  });

  it("makes clauses of both sides, of those who took them", async () => {
    const { learned } = await inRun("whole", "run-2");
    expect(learned.map(({ part }) => part)).toEqual(["contract"]);
    const titles = learned[0]!.document.principles.map(({ title }) => title);
    expect(sides.map((side) => titles.filter((title) => side.includes(title)).length)).toEqual([1, 1, 1, 1]);
    for (const { title, grounds } of learned[0]!.document.principles) {
      const side = sides.find((one) => one.includes(title))!;
      for (const { said, by } of grounds!) expect([by, side.includes(said)]).toEqual(["cited", true]);
    }
  });

  it("is replayed with what was answered of each comment, after the comments of the run", async () => {
    const settings = replay.schema.parse({ run: join(folder, "whole") });
    const { document } = await replay.run(settings, contextFor());
    const { messages } = replaySchema.parse(document);
    for (const [at, name] of ["run-1", "run-2"].entries()) {
      const { stances, metas } = await inRun("whole", name);
      const own = messages.filter(({ step }) => step === at + 1);
      const told = own.filter(({ kind }) => kind === "sorting");
      expect(told.map(({ record }) => record)).toEqual(metas.map(({ id }) => id));
      expect(own.slice(-told.length - 1).map(({ kind }) => kind)).toEqual(["sorting", "sorting", "document"]);
      for (const [part, { text, note, from }] of told.entries()) {
        const rows = stances.filter((row) => row.part === part + 1);
        expect([from, note]).toEqual(["meta-model", `${rows.length} short questions`]);
        expect(text.split("\n")).toHaveLength(metas[part]!.numbers.length);
        for (const line of text.split("\n"))
          expect(line).toMatch(/^\[\d+\] user \d, "[^"]+": (asks for|said)/);
        expect(text).toContain("asks for a change");
      }
    }
  });

  it("says in its page and closing lines that a rule made clauses of the comments", async () => {
    const page = readFileSync(join(folder, "whole/experiment.html"), "utf8");
    expect(page).toContain(
      "it answered short questions about the comments (stances.jsonl), and a rule sorted",
    );
    expect(page).toMatch(/<li>For users? \d[^:<]*: Be discreet \w+\.<\/li>/);
    expect(outcome.lines.join("\n")).toMatch(
      / 1\. For users? \d.*: .*\n(.*\n)*4 of 4 clauses are no statement/,
    );
    expect(outcome.lines.join("\n")).toMatch(/^Contract with 4 clauses: /m);
  });

  it("counts each question as a call, in its progress and in what was spent", async () => {
    const { spent } = outcome.document as { spent: { calls: number } };
    const rows = [await inRun("whole", "run-1"), await inRun("whole", "run-2")];
    const questions = rows.reduce((sum, { stances }) => sum + stances.length, 0);
    expect(questions).toBeGreaterThan(30);
    expect(spent.calls).toBe(2 * 3 * 12 + questions);
    for (const [at, { stances }] of rows.entries()) {
      const last = progress.findLast(({ stage }) => stage === `run-${at + 1}`)!;
      expect([last.done, last.total]).toEqual([3 * 12 + stances.length, 3 * 12 + stances.length]);
    }
    for (const { done, total } of progress) expect(done).toBeLessThanOrEqual(total);
  });

  it("takes no more than a plan says, which is the most that there can be", async () => {
    const { steps } = await recipe.plan(
      recipe.schema.parse(given("plan", script("plan.json", rules))),
      contextFor(),
    );
    const step = steps.find(({ stage }) => stage === "run-1 to 2: constitution")!;
    // parts of 10 and 2 comments, beside 0, 10, 12 and 14 texts that stand
    const most = 2 * 12 + 2 * (45 + 1) + 2 * 10 + 10 * 12 + 2 * 20;
    expect(step.what).toBe(`2 constitutions by at most ${most} short questions, each asked up to 4 times`);
    expect(step.calls).toBe(4 * most);
    const { spent } = outcome.document as {
      spent: { promptTokens: number; completionTokens: number; calls: number };
    };
    expect(steps.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThan(spent.calls);
    expect(steps.reduce((sum, { tokens }) => sum + tokens, 0)).toBeGreaterThan(
      spent.promptTokens + spent.completionTokens,
    );
  });

  it.each([
    [1, 17],
    [8, 2],
  ])(
    "goes on after an interruption at any place, and after rows that were torn, with the same bytes, %d at a time",
    async (batch, step) => {
      const model = script(`slow-${batch}.json`, rules, batch);
      const [out, whole] = [`broken-${batch}`, `unbroken-${batch}`];
      await run(given(whole, model));
      let within = 0;
      let furthest = 0;
      for (;;) {
        let further = 0;
        const context = contextFor((event, stop) => {
          if (event.type !== "stage-progress" || !/^(demands|stances)$/.test(event.note ?? "")) return;
          const done = (event.stage === "run-2" ? 1000 : 0) + event.done;
          if (done <= furthest) return;
          furthest = done;
          if (++further === step) stop();
        });
        try {
          await run(given(out, model), context);
          break;
        } catch (thrown) {
          expect((thrown as { code: string }).code).toBe("interrupted");
        }
        for (const name of ["run-1", "run-2"]) {
          const path = join(folder, out, name, "stances.jsonl");
          if (!existsSync(path) || existsSync(join(folder, out, name, "stage.json"))) continue;
          const text = readFileSync(path, "utf8");
          if (text === "") continue;
          within++;
          // as if the process had been killed while it wrote the last row
          if (within % 2 === 0) writeFileSync(path, text.slice(0, text.trimEnd().lastIndexOf("\n") + 20));
        }
      }
      expect(within).toBeGreaterThan(3);
      expect(contentOf(out)).toEqual(contentOf(whole));
    },
  );
});

describe("answers that cannot be read", () => {
  const warningsOf = async (settings: Given) => {
    const warnings: { code: string; text: string }[] = [];
    const context = contextFor((event) => {
      if (event.type === "warning") warnings.push(event);
    });
    const error = await run(settings, context).then(
      () => null,
      (thrown: unknown) => thrown as { code: string },
    );
    return { warnings, error };
  };

  it("are asked for again, then count as no or neither, and are told", async () => {
    const odd = [
      { when: "First: Be", reply: "it depends" },
      { when: "Comment: Tell", reply: "it depends" },
      ...rules,
    ];
    const settings = given("odd", script("odd.json", odd), { runs: 1, assistants: 9 });
    const { warnings, error } = await warningsOf(settings);
    expect(error).toBeNull();
    const { stances, learned } = await inRun("odd", "run-1");
    const unread = stances.filter(({ problem }) => problem !== undefined);
    expect(unread.length).toBeGreaterThan(0);
    expect(new Set(unread.map(({ attempt }) => attempt))).toEqual(new Set([1, 2, 3, 4]));
    const told = warnings.find(({ code }) => code === "stances-unreadable")!;
    expect(told.text).toContain(
      `${unread.length / 4} question${unread.length === 4 ? "" : "s"} of ${stances.length - (3 * unread.length) / 4} short questions`,
    );
    // what is neither for nor against what was said before is said by nobody else
    expect(learned.map(({ part }) => part)).toEqual(["constitution"]);
    const titles = learned[0]!.document.principles.map(({ title }) => title);
    expect(titles.filter((title) => title.startsWith("Be")).length).toBeGreaterThan(2);
    expect(titles.filter((title) => title.startsWith("Tell"))).toEqual([]);
  });

  it("say so where not one could be read, and speak of one run where there is one", async () => {
    const odd = [
      { when: "Comment:", reply: "it depends" },
      { when: "First:", reply: "it depends" },
      ...rules,
    ];
    const settings = given("unread", script("unread.json", odd), { runs: 1, assistants: 9 });
    const { error } = await warningsOf(settings);
    expect(error).toMatchObject({
      code: "contract-none",
      message: expect.stringMatching(/^Not one answer .* could be read\. Look at \S+stances\.jsonl; /),
    });
  });

  it("of which no principle follows leave things as they were; nothing is asked again", async () => {
    const nothing = [{ when: "Does it ask for a change?", reply: "no" }, ...rules];
    const settings = given("nothing", script("nothing.json", nothing), { runs: 1, assistants: 6 });
    const { warnings, error } = await warningsOf(settings);
    expect(error).toMatchObject({ code: "contract-none", message: expect.stringMatching(/stances\.jsonl/) });
    expect(warnings.map(({ code }) => code)).toEqual(["meta-unreadable"]);
    expect(warnings[0]!.text).toMatch(
      /^Nothing follows from how the meta-model sorted the comments: there is no/,
    );
    const { stances, metas } = await inRun("nothing", "run-1");
    expect(metas.map(({ problem, attempt }) => [problem, attempt])).toEqual([["there is no principle", 1]]);
    expect(new Set(stances.map(({ kind, attempt }) => `${kind} ${attempt}`))).toEqual(new Set(["demand 1"]));
  });

  it("are told of the part, where there are several", async () => {
    const nothing = [{ when: "Does it ask for a change?", reply: "perhaps" }, ...rules];
    const settings = given("in-parts", script("in-parts.json", nothing), { runs: 1 });
    const { warnings } = await warningsOf(settings);
    expect(
      warnings.map(
        ({ text }) => /(?:sorted the comments|to the meta-model)( \w+ part \d of 2|)/.exec(text)?.[1],
      ),
    ).toEqual([...[" about part 1 of 2", " of part 1 of 2", " about part 2 of 2", " of part 2 of 2"]]);
  });
});
