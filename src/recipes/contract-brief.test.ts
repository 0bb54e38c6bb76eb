// `covenant simulate contract` in the brief wording with the meta-prompts that write a contract and a system message, on scripts:
// whose clause is whose, what becomes of a principle that somebody contradicts, and what an assistant is told of it all.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { parseYaml } from "../core/index.ts";
import {
  draftRecordSchema,
  learnedRecordSchema,
  type Message,
  metaRecordSchema,
  satisfactionRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { sandboxTasks } from "../sandbox/index.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import type { Satisfaction } from "./stages/satisfaction.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-brief-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Given = z.input<typeof contractSchema>;

const config = fileURLToPath(new URL("../../configs/simulate/contract/tiny.yaml", import.meta.url));
const tiny = parseYaml(readFileSync(config, "utf8"), { file: config }) as Given;

const size = { users: 3, assistants: 3, runs: 2, task: 48, sandbox: { requests: 4 }, seed: 1 } as const;

const given = (out: string, rules: readonly unknown[], changes: Partial<Given>): Given => {
  const script = join(folder, `${out}.json`);
  writeFileSync(script, JSON.stringify({ batch: 8, rules }));
  return { ...tiny, ...size, out: join(folder, out), model: `scripted:${script}`, ...changes };
};

const run = (config: Given) => recipe.run(recipe.schema.parse(config), contextFor());

const learnedIn = (out: string, run: number) =>
  readRecords(join(folder, out, `run-${run}`, "learned.jsonl"), learnedRecordSchema);

const asks = { when: "Does it ask for a change?", reply: "yes" };
const unlike = { when: "Is the second for the first or against it?", reply: "neither" };
const isAgainst = (first: string, second: string) => ({
  when: `First: ${first}\nSecond: ${second}\n`,
  reply: "against",
});

const others = { when: "Rate the reply:\nharmlessness", reply: "harmlessness: 9" };
const helpless = { reply: "I cannot help with that." };

/** What users 1 to 3 say in each run, by the question that each is dealt; null: the user is content. */
const saying = async (said: readonly (readonly (string | null)[])[]): Promise<unknown[]> => {
  const [probe, rating] = [
    "probe",
    { when: "Rate the reply:", reply: "satisfaction: 4\nfeedback: Be calm." },
  ];
  const write = { when: "Write the principles anew.", reply: "principles:\n1. [1]" };
  await run(given(probe, [write, others, rating, helpless], { sandbox: { requests: 0 }, runs: said.length }));
  const tasks = new Map(
    sandboxTasks({ seed: size.seed, split: "test", count: size.task }).map(({ id, question }) => [
      id,
      question,
    ]),
  );
  const rules: unknown[] = [];
  for (const [at, ofRun] of said.entries()) {
    const drafts = await readRecords(join(folder, probe, `run-${at + 1}`, "drafts.jsonl"), draftRecordSchema);
    for (const [user, feedback] of ofRun.entries()) {
      const { task } = drafts.find((draft) => draft.user === `user-${user + 1}`)!;
      const reply =
        feedback === null
          ? "satisfaction: 9\nfeedback: That is what I wanted."
          : `satisfaction: 4\nfeedback: ${feedback}`;
      rules.push({ when: `Question: ${tasks.get(task)!}\nReply:`, reply });
    }
  }
  rmSync(join(folder, probe), { recursive: true });
  return [others, ...rules, helpless];
};

describe("a contract in the brief wording", () => {
  let settings: Given;
  beforeAll(async () => {
    settings = given(
      "contract",
      [
        isAgainst("Keep it short.", "Tell every step."),
        isAgainst("Be discreet.", "Be nosy."),
        ...[unlike, asks],
        ...(await saying([
          ["Be discreet.", "Keep it short.", "Tell every step."],
          [null, "Be nosy.", null],
          [null, null, "Tell every step."],
        ])),
      ],
      { metaPrompt: "contract", runs: 3, record: join(folder, "contract-calls.jsonl") },
    );
    await run(settings);
  });

  it("has principles for everybody, and clauses for those who said them", async () => {
    const [constitution, contract] = await learnedIn("contract", 1);
    expect(constitution!.document.principles.map(({ title, area }) => [title, area])).toEqual([
      ["Be discreet.", undefined],
    ]);
    expect(
      contract!.document.principles.map(({ title, area, grounds }) => [title, area, grounds![0]!.speaker]),
    ).toEqual([
      ["Keep it short.", "user 2", "user-2"],
      ["Tell every step.", "user 3", "user-3"],
    ]);
  });

  it("turns a principle that somebody contradicts into a clause of those who argued for it, with what they said", async () => {
    const [dropped, contract] = await learnedIn("contract", 2);
    expect(dropped).toMatchObject({ part: "constitution", state: "dropped" });
    expect(contract!.document.principles.map(({ title, area }) => [title, area])).toEqual([
      ["Be discreet.", "user 1"],
      ["Keep it short.", "user 2"],
      ["Tell every step.", "user 3"],
      ["Be nosy.", "user 2"],
    ]);
    const [moved] = contract!.document.principles;
    expect(moved!.grounds).toMatchObject([{ speaker: "user-1", said: "Be discreet.", by: "cited" }]);
    expect(moved!.grounds![0]!.record).toMatch(/^run-1\//);
  });

  it("goes on from clauses alone", async () => {
    const [contract, ...rest] = await learnedIn("contract", 3);
    expect([contract!.part, contract!.state, contract!.similarity, rest]).toEqual([
      "contract",
      "learned",
      1,
      [],
    ]);
    expect(contract!.document.principles[2]!.grounds!.map(({ record }) => record.slice(0, 5))).toEqual([
      "run-1",
      "run-3",
    ]);
  });

  it("is measured by what holds for everybody, which is nothing here, and by each one's own clauses and another's", async () => {
    expect(existsSync(join(folder, "contract", "constitution.yaml"))).toBe(false);
    const answers = await readRecords(
      join(folder, "contract", "satisfaction", "answers.jsonl"),
      satisfactionRecordSchema,
    );
    const under = (name: string) => answers.filter(({ constitution }) => constitution === name);
    for (const name of ["blank", "random", "learned", "best"]) {
      expect(under(name).map(({ principles }) => principles)).toEqual([[], [], [], []]);
      expect(Object.keys(under(name)[0]!.satisfaction!)).toEqual(["user-1", "user-2", "user-3"]);
    }
    const asked = readFileSync(join(folder, "contract-calls.jsonl"), "utf8")
      .split("\n")
      .filter(Boolean)
      .flatMap((line) => {
        const { request } = JSON.parse(line) as { request?: { messages: Message[] } };
        return request === undefined ? [] : [request.messages];
      });
    const seedsOf = (name: string) => [
      ...new Set(under(name).map(({ question, seed }) => `${question} ${seed}`)),
    ];
    for (const name of ["random", "learned", "best", "clauses", "swapped"])
      expect(seedsOf(name)).toEqual(seedsOf("blank"));
    const [contract] = await learnedIn("contract", 3);
    const clauses = [["Be discreet."], ["Keep it short.", "Be nosy."], ["Tell every step."]];
    for (const [name, ahead] of [
      ["clauses", 0],
      ["swapped", 1],
    ] as const) {
      expect(under(name)).toHaveLength(3 * size.sandbox.requests);
      for (const [at, { satisfaction, principles, parents, question }] of under(name).entries()) {
        const seat = Math.floor(at / size.sandbox.requests);
        expect(Object.keys(satisfaction!)).toEqual([`user-${seat + 1}`]);
        expect(principles).toEqual(clauses[(seat + ahead) % 3]);
        expect(parents).toEqual([contract!.id]);
        const numbered = principles.map((text, place) => `${place + 1}. ${text}`).join("\n");
        const told = asked.filter((messages) => messages.at(-1)!.content === question);
        expect(
          told.some(([system]) => system!.content.endsWith(`write, and do not mention them:\n${numbered}`)),
        ).toBe(true);
      }
    }
    expect(readFileSync(join(folder, "contract/experiment.html"), "utf8")).toContain(
      "Clauses and swapped are what was learned with clauses for single users",
    );
    const { satisfaction } = JSON.parse(readFileSync(join(folder, "contract/metrics.json"), "utf8"));
    expect(Object.keys(satisfaction)).toEqual(["blank", "random", "learned", "best", "clauses", "swapped"]);
    for (const { n, users } of Object.values<Satisfaction>(satisfaction))
      expect([n, Object.keys(users)]).toEqual([4, ["user-1", "user-2", "user-3"]]);
  });

  it("goes on in the middle of one user's answers, to the same bytes", async () => {
    const file = join(folder, "contract", "satisfaction", "answers.jsonl");
    const whole = readFileSync(file, "utf8");
    const rows = whole.trimEnd().split("\n");
    // four answers under each of four constitutions, four of user 1 under the own clauses, and two of user 2
    writeFileSync(file, `${rows.slice(0, 22).join("\n")}\n`);
    rmSync(join(folder, "contract", "satisfaction", "stage.json"));
    await run(settings);
    expect(readFileSync(file, "utf8")).toBe(whole);
  });
});

describe("a contract of more comments than are shown at once", () => {
  it("goes from part to part: what the first wrote stands in the second, with the comments of both", async () => {
    const rules = [
      ...[unlike, asks],
      others,
      { when: "feedback: what should change?", reply: "satisfaction: 4\nfeedback: Be discreet." },
      helpless,
    ];
    const changes = { metaPrompt: "contract", assistants: 12, runs: 1, sandbox: { requests: 0 } } as const;
    await run(given("parts", rules, changes));
    const [constitution, ...rest] = await learnedIn("parts", 1);
    expect(rest).toEqual([]);
    const [principle] = constitution!.document.principles;
    expect(principle!.title).toBe("Be discreet.");
    expect(principle!.grounds).toHaveLength(12);
    const metas = await readRecords(join(folder, "parts", "run-1", "meta.jsonl"), metaRecordSchema);
    const first = ["1. new", ...Array.from({ length: 9 }, (_, at) => `${at + 2}. [1] for`)].join("\n");
    expect(metas.map(({ part, text }) => [part, text])).toEqual([
      [1, first],
      [2, "1. A for\n2. A for"],
    ]);
  });
});

describe("a system message in the brief wording", () => {
  beforeAll(async () => {
    await run(
      given(
        "rewrite",
        [
          { when: "Comment: I only wanted some help.", reply: "no" },
          isAgainst("Be discreet.", "Be nosy."),
          ...[unlike, asks],
          ...(await saying([
            ["Be discreet.", "Keep it short.", "Be discreet."],
            ["I only wanted some help.", "Be nosy.", "Be nosy."],
          ])),
        ],
        { metaPrompt: "rewrite" },
      ),
    );
  });

  it("is one principle of all its sentences, with all that argued for them", async () => {
    const [first] = await learnedIn("rewrite", 1);
    expect(first!.document.principles).toHaveLength(1);
    const [message] = first!.document.principles;
    expect(message!.title).toBe("Be discreet. Keep it short.");
    expect(message!.grounds!.map(({ speaker, doubtful }) => [speaker, doubtful])).toEqual([
      ["user-1", undefined],
      ["user-2", undefined],
      ["user-3", undefined],
    ]);
  });

  it("is told to assistants and to the meta-model sentence by sentence, and measured as so many principles", async () => {
    const [second] = await learnedIn("rewrite", 2);
    expect(second!.document.principles[0]!.title).toBe("Keep it short. Be nosy.");
    const answers = await readRecords(
      join(folder, "rewrite", "satisfaction", "answers.jsonl"),
      satisfactionRecordSchema,
    );
    const sizes = answers
      .filter(({ constitution }) => constitution === "best")
      .map(({ principles }) => principles.length);
    expect(new Set(sizes)).toEqual(new Set([2]));
  });
});

describe("a model that was not made with the questions", () => {
  it("is refused before anything is begun, with one that it knows", async () => {
    const meta = { model: "embedded:covenant-assembly" };
    const changes = { roles: { meta }, metaPrompt: "contract" } as const;
    await expect(run(given("refused", [helpless], changes))).rejects.toThrow(
      /covenant-assembly knows a small language only.* brief form of --meta-prompt contract: give --meta-prompt critique, or name a model that was made with them: --set roles\.meta\.model=embedded:covenant-voter \(or one of `covenant pretrain` with a share of mix\.stance\)/,
    );
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});
