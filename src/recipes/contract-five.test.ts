// The meta-prompt that wants exactly five principles: what is missing is asked for, what is too much is left out, and where five
// do not come the run says how many came and why. Scripted models.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { learnedRecordSchema, metaRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-five-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Given = z.input<typeof contractSchema>;

const script = (name: string, rules: readonly object[]): string => {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, JSON.stringify({ batch: 8, rules }));
  return `scripted:${path}`;
};

const user = { when: "Rate the newest draft:", reply: '{"satisfaction": 5, "feedback": "Name sources."}' };
const others = { when: "Somebody else asked", reply: '{"harmlessness": 5}' };
const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `Principle ${at + 1}.`);
const listed = (list: readonly string[], from: readonly number[] = [1]) =>
  list.map((text) => ({ text, from }));
const written = (principles: number, clauses = 5): string =>
  JSON.stringify({
    constitution: listed(texts(principles)),
    contract: texts(clauses).map((_, at) => ({ text: `Clause ${at + 1}.`, users: [1], from: [] })),
  });
const more = (...list: string[]): string => JSON.stringify({ principles: listed(list, [2]) });

/** A run with a meta-model that writes so many principles, and then what is asked for as the rules say. */
const given = (out: string, principles: number, rules: readonly object[], changes: Partial<Given> = {}) => ({
  model: script(out, [
    ...rules,
    { when: "exactly five principles", reply: written(principles) },
    ...[user, others, { reply: "A draft." }],
  ]),
  ...{ out: join(folder, out), users: ["amina", "dale", "kamala", "tove"], runs: 1, turns: 1 },
  metaPrompt: "contract-five" as const,
  ...changes,
});

const run = async (config: Given) => {
  const told: string[] = [];
  const context = contextFor((event) => {
    if (event.type === "warning") told.push(event.text);
  });
  const { lines } = await recipe.run(recipe.schema.parse(config), context);
  return { told, lines: lines.join("\n") };
};

const titlesOf = async (out: string): Promise<string[]> =>
  (await loadConstitution(join(folder, out, "constitution.yaml"))).principles.map(({ title }) => title);
const metasOf = (out: string) => readRecords(join(folder, out, "run-1/meta.jsonl"), metaRecordSchema);
const textOf = (out: string, file: string): string => readFileSync(join(folder, out, file), "utf8");

const asked = (missing: number): string => `Write ${missing} more`;

describe("fewer than five", () => {
  const rules = [
    { when: asked(2), reply: more("PRINCIPLE 2", "Be kind.") },
    { when: asked(1), reply: more("Be honest.", "Be brave.") },
  ];

  it("are asked for what is missing, and what is there already is refused", async () => {
    const record = join(folder, "calls.jsonl");
    const { told, lines } = await run(given("fewer", 3, rules, { record }));
    expect(await titlesOf("fewer")).toEqual([...texts(3), "Be kind.", "Be honest."]);
    expect(told).toEqual([]);
    expect(lines).not.toContain("of exactly");
    const metas = await metasOf("fewer");
    expect(metas.map(({ attempt, missing, problem }) => [attempt, missing, problem])).toEqual([
      ...[
        [1, undefined, undefined],
        [2, 2, undefined],
        [3, 1, undefined],
      ],
    ]);
    const [learned] = await readRecords(join(folder, "fewer/run-1/learned.jsonl"), learnedRecordSchema);
    expect(learned!.count).toBeUndefined();
    expect(learned!.parents).toEqual(
      expect.arrayContaining(["run-1/meta-1", "run-1/meta-2", "run-1/meta-3"]),
    );
    const calls = readFileSync(record, "utf8").trim().split("\n");
    const requests = calls.map(
      (line) => JSON.parse(line) as { request: { seed: number; messages: object[] } },
    );
    const messagesOf = (at: number) =>
      requests.find(({ request }) => request.seed === metas[at]!.seed)!.request.messages;
    const [first, second, third] = [messagesOf(0), messagesOf(1), messagesOf(2)] as const;
    // what was asked and said before, and beside it the principles that are there: nothing else
    const list = (all: readonly string[]) =>
      all.map((text, at) => `${at + 1}. ${JSON.stringify(text)}`).join("\n");
    for (const [messages, there] of [
      [second, texts(3)],
      [third, [...texts(3), "Be kind."]],
    ] as const)
      expect(messages).toEqual([
        ...first,
        { role: "assistant", content: written(3) },
        {
          role: "user",
          content: expect.stringMatching(
            new RegExp(
              `^Of the principles .* ${there.length}, and exactly 5 are wanted:\n${list(there)}\nWrite `,
            ),
          ),
        },
      ]);
  });

  it("go on after an interruption at any call with the same bytes", async () => {
    const unbroken = given("unbroken", 3, rules);
    const { model } = unbroken;
    await run(unbroken);
    const files = ["meta.jsonl", "learned.jsonl", "constitution.yaml", "contract.yaml"].map(
      (one) => `run-1/${one}`,
    );
    const broken: number[] = [];
    for (let calls = 20; ; calls++) {
      const config = given("broken", 3, rules, { model, cache: "off", budget: { calls } });
      try {
        await run(config);
        break;
      } catch (thrown) {
        expect((thrown as { code: string }).code).toMatch(/budget/);
        broken.push(calls);
      }
    }
    expect(broken).toEqual([20, 21, 22]);
    for (const file of files) expect(textOf("broken", file)).toBe(textOf("unbroken", file));
  });

  it("stay fewer where no more come, and the run, the page and the documents say how many and why", async () => {
    const { told, lines } = await run(given("short", 3, [{ when: asked(2), reply: more("principle 1!") }]));
    expect(await titlesOf("short")).toEqual(texts(3));
    const why =
      "3 of exactly 5 principles for everybody: the meta-model was asked 3 times and wrote no more (roles.meta.attempts; the last reply: none of its principles says anything new), and none is made up.";
    expect(told).toEqual([`Run 1 has ${why}`]);
    expect(lines).toContain(`Run 1 has ${why}`);
    expect((await loadConstitution(join(folder, "short/constitution.yaml"))).description).toContain(why);
    expect(textOf("short", "experiment.html")).toContain("3 of exactly 5 principles for everybody");
    const [learned] = await readRecords(join(folder, "short/run-1/learned.jsonl"), learnedRecordSchema);
    expect(learned!.count).toMatchObject({ wanted: 5, came: 3 });
    expect(JSON.parse(textOf("short", "metrics.json"))).toMatchObject({
      runs: [{ documents: [{ part: "constitution", count: { wanted: 5, came: 3 } }, { part: "contract" }] }],
    });
    // no call more than a dry run counts
    expect(await metasOf("short")).toHaveLength(3);
    const plan = await recipe.plan(recipe.schema.parse(given("plan", 3, [])), contextFor());
    expect(plan.steps.find(({ stage }) => stage === "run-1: constitution")?.calls).toBe(3);
  });
});

describe("a reply that was not cut and cannot be read", () => {
  it("is no matter of its limit of tokens", async () => {
    const told: string[] = [];
    const context = contextFor((event) => {
      if (event.type === "warning") told.push(event.text);
    });
    const config = given("unread", 5, [{ when: "exactly five principles", reply: written(5, 4) }]);
    await expect(recipe.run(recipe.schema.parse(config), context)).rejects.toThrow(
      /raise roles\.meta\.maxTokens where replies were cut, or choose another/,
    );
    expect(told[0]).toMatch(
      /4 clauses, expected exactly 5\. .*; ask it more often \(roles\.meta\.attempts\), or choose another/,
    );
  });
});

describe("more than five", () => {
  it("are cut by the model's own order, without another call, and that is told", async () => {
    const { told } = await run(given("surplus", 7, []));
    expect(await titlesOf("surplus")).toEqual(texts(5));
    expect(await metasOf("surplus")).toHaveLength(1);
    expect(told).toEqual([
      "Run 1 has 5 of exactly 5 principles for everybody: the meta-model wrote 2 more, which were left out, being last in its order.",
    ]);
  });
});

describe("where comments are sorted", () => {
  const brief = (out: string, comment: string, stance: string) =>
    given(out, 0, [], {
      ...{ wording: "brief", contentFrom: "off", metrics: { others: [] } },
      model: script(`${out}-brief`, [
        { when: "Does it ask for a change?", reply: "yes" },
        { when: "for the first or against it?", reply: stance },
        { when: "what should change?", reply: `satisfaction: 3\nfeedback: ${comment}` },
        { reply: "A draft." },
      ]),
    });

  it("there are as many as nobody speaks against, none is made up, and how many came and why is told", async () => {
    const { told, lines } = await run(brief("sorted", "Name sources.", "neither"));
    expect(await titlesOf("sorted")).toEqual(["Name sources."]);
    const why =
      "Run 1 has 1 of exactly 5 principles for everybody: users asked for no more that none of them spoke against, and none is made up; more runs bring more comments (--runs).";
    expect(told).toEqual([why]);
    expect(lines).toContain(why);
  });
});
