// What `covenant simulate contract` takes from one run into the next, on scripted models: what talks remember, and documents that
// go.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import {
  draftRecordSchema,
  learnedRecordSchema,
  metaRecordSchema,
  ratingRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-runs-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Given = z.input<typeof contractSchema>;

const given = (out: string, changes: Partial<Given> & Pick<Given, "model">): Given => ({
  out: join(folder, out),
  users: ["amina", "dale", "kamala", "tove"],
  runs: 2,
  ...changes,
});

const run = (config: Given) => recipe.run(recipe.schema.parse(config), contextFor());

const script = (name: string, rules: readonly object[]): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ batch: 8, rules }));
  return `scripted:${path}`;
};

const user = { when: "Rate the newest draft:", reply: '{"satisfaction": 5, "feedback": "Name sources."}' };
const others = { when: "Somebody else asked", reply: '{"harmlessness": 5}' };
const same = '{"constitution": [{"text": "Name sources.", "from": [1]}], "contract": []}';

describe("what is rated and asked", () => {
  it("may be on a scale of one's own, from below zero, where zero is a number and what lies outside is missing", async () => {
    const file = join(folder, "fit.yaml");
    writeFileSync(file, "- {id: fit, name: fit, low: -1, high: 1, question: Does it fit?}\n");
    const rules = [
      { when: "You are to revise", reply: same },
      {
        when: "Rate the newest draft:",
        reply: ["-1", "0", "0.5", "-2"].map((fit) => `{"fit": ${fit}, "feedback": "Name sources."}`),
      },
      { reply: "A draft." },
    ];
    const metrics = { file, own: ["fit"], others: [] };
    await run(given("scale", { model: script("scale.yaml", rules), metrics, turns: 5, runs: 1 }));
    const ratings = await readRecords(join(folder, "scale/run-1/ratings.jsonl"), ratingRecordSchema);
    expect(ratings).toHaveLength(20);
    for (const { text, ratings: numbers, missing } of ratings) {
      const said = Number(/"fit": (-?[\d.]+)/.exec(text)![1]);
      expect(numbers["fit"]).toBe(said === -2 ? null : said);
      expect(missing?.["fit"]).toBe(said === -2 ? "out-of-range" : undefined);
    }
    expect(new Set(ratings.map((one) => one.ratings["fit"]))).toEqual(new Set([-1, 0, 0.5, null]));
  });

  it("may be how an assistant meets hostile requests, as the configuration for it says", async () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const config = parse(
      readFileSync(join(root, "configs/simulate/contract/red-team.yaml"), "utf8"),
    ) as Given;
    const rules = [
      { when: "You are to revise", reply: same },
      {
        when: "Rate the newest draft:",
        reply: '{"engagement": 2, "alignment": 9, "feedback": "Say why you decline."}',
      },
      { when: "Somebody else asked", reply: '{"alignment": 8}' },
      { when: "frighten them", reply: "No." },
      { when: "rumour about", reply: "I will not." },
      { reply: "I will not, since it harms somebody." },
    ];
    const [tasks, file] = [config.tasks!, config.metrics!.file!].map((path) => join(root, path));
    const metrics = { ...config.metrics, file: file! };
    const changes = { ...config, model: script("hostile.yaml", rules), tasks: tasks!, metrics, runs: 2 };
    const { document } = await run({ ...changes, out: join(folder, "hostile") });
    const ratings = await readRecords(join(folder, "hostile/run-2/ratings.jsonl"), ratingRecordSchema);
    expect(ratings.map(({ of, ratings: numbers }) => [of, numbers])).toContainEqual([
      "own",
      { engagement: 2, alignment: 9 },
    ]);
    const { runs } = document as { runs: { tasks: string[] }[] };
    expect(runs.map((one) => one.tasks)).toEqual([["neighbours-out"], ["colleague-shamed"]]);
  });

  it("may be exactly five principles and five clauses, and four of either are asked for again", async () => {
    const five = (count: number) =>
      JSON.stringify({
        constitution: Array.from({ length: 5 }, (_, at) => ({ text: `Principle ${at}.`, from: [1] })),
        contract: Array.from({ length: count }, (_, at) => ({ text: `Clause ${at}.`, users: [1], from: [] })),
      });
    const rulesOf = (count: number) => [
      { when: "exactly five", reply: five(count) },
      ...[user, others, { reply: "A draft." }],
    ];
    const changes = { metaPrompt: "contract-five", runs: 1 } as const;
    await run(given("five", { model: script("five.yaml", rulesOf(5)), ...changes }));
    for (const part of ["constitution", "contract"])
      expect((await loadConstitution(join(folder, `five/${part}.yaml`))).principles).toHaveLength(5);
    await expect(run(given("four", { model: script("four.yaml", rulesOf(4)), ...changes }))).rejects.toThrow(
      /wrote nothing that could be read/,
    );
    const asked = await readRecords(join(folder, "four/run-1/meta.jsonl"), metaRecordSchema);
    expect(asked.map(({ problem }) => problem)).toEqual(Array(3).fill("4 clauses, expected exactly 5"));
  });

  it("is one critique and revision of a list of principles, which the next run begins with", async () => {
    const reply = JSON.stringify({ critique: "Too long.", principles: [{ text: "Be brief.", from: [1] }] });
    const rules = [{ when: "principles", reply }, user, others, { reply: "A draft." }];
    await run(
      given("critique", {
        model: script("critique.yaml", rules),
        metaPrompt: "critique",
        windows: { meta: 1 },
      }),
    );
    const asked = await readRecords(join(folder, "critique/run-2/meta.jsonl"), metaRecordSchema);
    expect(asked).toMatchObject([{ prompt: "critique", critique: "Too long." }]);
    // of two turns of each talk, the last alone
    expect(asked[0]!.numbers).toEqual([1, 2, 3, 4].map((talk) => `run-2/turn-2/talk-${talk}/rating`));
    const drafts = await readRecords(join(folder, "critique/run-2/drafts.jsonl"), draftRecordSchema);
    expect(drafts[0]!.parents).toEqual(["run-1/constitution"]);
    const { principles } = await loadConstitution(join(folder, "critique/constitution.yaml"));
    expect(principles.map(({ title }) => title)).toEqual(["Be brief."]);
  });

  it("is planned with what it costs, where there are prices", async () => {
    const model = script("priced.yaml", [{ reply: "A draft." }]);
    const plan = async (changes: Partial<Given>) => {
      const config = recipe.schema.parse(given("priced", { model, ...changes }));
      return (await recipe.plan(config, contextFor())).steps;
    };
    const priced = await plan({ prices: { [model]: { input: 1_000_000, output: 1_000_000 } } });
    const costs = priced.filter(({ calls }) => calls > 0).map(({ dollars }) => dollars);
    expect(costs).toHaveLength(4);
    for (const cost of costs) expect(cost).toBeGreaterThan(0);
    expect(existsSync(join(folder, "priced"))).toBe(false);
  });
});

describe("people and tasks of one's own", () => {
  it("come from files whose texts hold holes, colons and line breaks, with no task named", async () => {
    const tasks = join(folder, "tasks.yaml");
    const question = "Which of {users}: all,\nor {words}?";
    writeFileSync(
      tasks,
      JSON.stringify([
        { id: "ours", name: "Ours: {task}", question, request: "Say it: {question}", words: 40 },
      ]),
    );
    const personas = join(folder, "people.csv");
    writeFileSync(
      personas,
      'id,name,description,views.ours\nana,Ana,"Likes {braces}: and colons\nand lines",yes {name}\nbo,Ana,"Likes {question}, commas",no\n',
    );
    const rules = [
      { when: "You are to revise", reply: same },
      user,
      others,
      // answered only where the texts came whole; every other request has no reply
      { when: question, reply: "A draft." },
    ];
    await run(
      given("own", {
        model: script("own.yaml", rules),
        personas,
        tasks,
        users: ["ana", "bo", "bo"],
        ...{ runs: 1, turns: 1 },
      }),
    );
    const drafts = await readRecords(join(folder, "own/run-1/drafts.jsonl"), draftRecordSchema);
    expect(drafts.map(({ task, text }) => [task, text])).toEqual(
      Array.from({ length: 3 }, () => ["ours", "A draft."]),
    );
    const nothing = { when: "You are to revise", reply: "No." };
    const mute = { model: script("mute.yaml", [nothing, ...rules.slice(1)]), personas, tasks };
    const told: string[] = [];
    const config = recipe.schema.parse(given("mute", { ...mute, users: ["ana"] }));
    const context = contextFor((event) => {
      if (event.type === "warning") told.push(event.text);
    });
    const meta = join(folder, "mute", "run-1", "meta.jsonl");
    await expect(recipe.run(config, context)).rejects.toThrow(`Look at ${meta} and those of later runs;`);
    expect(told[0]).toContain(`See ${meta};`);
  });
});

describe("from run to run", () => {
  describe("talks are shown", () => {
    // Two talks for each of three users, and no draft or comment twice. The last draft of every talk of the first run does not
    // come: what is remembered are the two before it, of which an assistant is shown one.
    const windows = { assistant: 1, user: 2 };
    const many = (say: (text: string) => string) => Array.from({ length: 999 }, (_, at) => say(`<<${at}>>`));
    const comments = (say: string) => many((text) => `{"satisfaction": 5, "feedback": "${say} ${text}"}`);
    const rules = [
      { when: "You are to revise", reply: same },
      { when: "wrote you a new draft", reply: comments("Enough") },
      { when: "Rate the newest draft:", reply: comments("Go on") },
      others,
      ...[{ when: "The second request.", reply: many((text) => `A draft ${text}.`) }],
      ...[{ when: "Enough", reply: "" }, { reply: many((text) => `A draft ${text}.`) }],
    ];
    const tasks = ["first", "second"].map((id) => ({
      ...{ id, name: id, question: `What is the ${id}?`, request: `The ${id} request.`, words: 40 },
    }));
    const marksIn = (text: string, kind: "draft" | "comment"): string[] =>
      (text.match(kind === "draft" ? /A draft <<\d+>>/g : /(Enough|Go on) <<\d+>>/g) ?? []).sort();

    /** The records of both runs, and what the second's first turn was asked, by the id of the record that came of it. */
    const play = async (out: string, carry: boolean) => {
      const record = join(folder, `${out}-calls.jsonl`);
      const file = join(folder, "two-tasks.yaml");
      writeFileSync(file, JSON.stringify(tasks));
      const model = script("carry.yaml", rules);
      const who = { users: ["amina", "dale", "kamala"], assistants: 6, raters: 1, turns: 3 };
      await run(
        given(out, { model, carry, record, windows, tasks: file, task: ["first", "second"], ...who }),
      );
      const rowsOf = async (name: string) => ({
        drafts: await readRecords(join(folder, out, name, "drafts.jsonl"), draftRecordSchema),
        ratings: await readRecords(join(folder, out, name, "ratings.jsonl"), ratingRecordSchema),
      });
      const bySeed = new Map<number, string>();
      for (const line of readFileSync(record, "utf8").trim().split("\n")) {
        const { request } = JSON.parse(line) as { request: { seed: number; messages: unknown } };
        bySeed.set(request.seed, JSON.stringify(request.messages));
      }
      const [before, after] = [await rowsOf("run-1"), await rowsOf("run-2")];
      const asked = [...after.drafts, ...after.ratings]
        .filter(({ turn }) => turn === 1)
        .map((row) => ({ row, prompt: bySeed.get(row.seed)! }));
      return { before, asked };
    };
    type Played = Awaited<ReturnType<typeof play>>;

    /** What a talk's last turns with a draft said in the first run, as many as a window has. */
    const saidIn = (
      { before }: Played,
      talk: string,
      kind: "draft" | "comment",
      window: number,
    ): string[] => {
      const drafts = before.drafts.filter((one) => one.talk === talk && one.text !== "").slice(-window);
      const texts = drafts.map(({ id, text }) => {
        const own = before.ratings.find(({ of, draft }) => of === "own" && draft === id)!;
        return kind === "draft" ? text : own.feedback;
      });
      return texts.flatMap((text) => marksIn(text, kind)).sort();
    };
    /** The draft that a rating in the second run is of. */
    const ratedBy = ({ asked }: Played, { row }: Played["asked"][number]): string[] => {
      const id = "draft" in row ? row.draft : null;
      return asked.flatMap(({ row: one }) =>
        one.id === id && "text" in one ? marksIn(one.text, "draft") : [],
      );
    };

    it("what they themselves remember, as far as a window goes, where memory is carried", async () => {
      const played = await play("carry-on", true);
      const { before, asked } = played;
      const said = before.drafts.filter(({ text }) => text !== "");
      expect([said.length, before.drafts.length, asked.length]).toEqual([12, 18, 18]);
      expect(new Set(said.map(({ text }) => text)).size).toBe(12);
      for (const one of asked) {
        const { row, prompt } = one;
        const window = "of" in row ? (row.of === "own" ? windows.user : 0) : windows.assistant;
        for (const kind of ["draft", "comment"] as const) {
          const remembered = window === 0 ? [] : saidIn(played, row.talk, kind, window);
          expect(remembered).toHaveLength(window);
          const wanted = [...remembered, ...(kind === "draft" ? ratedBy(played, one) : [])].sort();
          expect(marksIn(prompt, kind), row.id).toEqual(wanted);
        }
      }
    });

    it("nothing of the run before where it is not", async () => {
      const played = await play("carry-off", false);
      expect(played.asked).toHaveLength(18);
      for (const one of played.asked) {
        expect(marksIn(one.prompt, "comment")).toEqual([]);
        expect(marksIn(one.prompt, "draft")).toEqual(ratedBy(played, one));
      }
    });
  });

  it.each([
    ["no older document by itself", 0, ["none", "none", "none", "none"]],
    ["the one before the current one", 1, ["none", "none", "First.", "Second."]],
    ["the two before the current one, oldest first", 2, ["none", "none", "First.", "First. Second."]],
  ] as const)("the meta-model is shown %s (windows.documents=%i)", async (_, documents, wanted) => {
    const record = join(folder, `older-${documents}-calls.jsonl`);
    const saying = (text: string) => JSON.stringify({ constitution: [{ text, from: [1] }], contract: [] });
    // the newest document first: what is shown beside it is older
    const rules = [
      { when: "Third.", reply: saying("Fourth.") },
      { when: "Second.", reply: saying("Third.") },
      { when: "First.", reply: saying("Second.") },
      { when: "You are to revise", reply: saying("First.") },
      ...[user, others, { reply: "A draft." }],
    ];
    const few = { users: ["amina"], turns: 1, runs: 4 };
    const model = script("older.yaml", rules);
    await run(given(`older-${documents}`, { model, record, windows: { documents }, ...few }));
    const asked = readFileSync(record, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { request: { messages: { content: string }[] } })
      .map(({ request }) => request.messages.at(-1)!.content)
      .filter((text) => text.includes("You are to revise"));
    const shown = asked.map((text) => {
      const [, current, older] = /so far:\n(.*)\nOlder ones, oldest first: (.*?)\n\nThe talks/s.exec(text)!;
      return [current, older].map((part) =>
        part!
          .match(/none|\w+\./g)!
          .filter((word) => word !== "1.")
          .join(" "),
      );
    });
    expect(shown.map(([current]) => current)).toEqual(["none", "First.", "Second.", "Third."]);
    expect(shown.map(([, older]) => older)).toEqual(wanted);
  });

  it("a contract without clauses is told as gone, in a record, in the figures and in the lines, and the next run begins without it", async () => {
    const clause = { text: "Speak of duties.", users: [1], from: [1] };
    const saying = (principle: string, contract: readonly object[]) =>
      JSON.stringify({ constitution: [{ text: principle, from: [] }], contract });
    const rules = [
      { when: "Name sources now.", reply: saying("Name sources.", [{ ...clause, text: "Be brief." }]) },
      { when: "Speak of duties.", reply: saying("Name sources now.", []) },
      { when: "You are to revise", reply: saying("Name sources.", [clause]) },
      ...[user, others, { reply: "A draft." }],
    ];
    const model = script("gone.yaml", rules);
    const two = await run(given("gone", { model, runs: 2 }));
    const [, gone] = await readRecords(join(folder, "gone/run-2/learned.jsonl"), learnedRecordSchema);
    expect(gone).toMatchObject({
      ...{ part: "contract", state: "dropped", id: "run-2/contract" },
      changes: [{ id: "clause-1", state: "removed", before: "Speak of duties.", after: null }],
    });
    const { runs, files } = two.document as { runs: { documents: object[] }[]; files: object };
    expect(runs[1]!.documents[1]).toMatchObject({
      part: "contract",
      state: "dropped",
      principles: 0,
      removed: 1,
    });
    expect(Object.keys(files)).toEqual(["constitution"]);
    expect(existsSync(join(folder, "gone/contract.yaml"))).toBe(false);
    expect(two.lines.join("\n")).toContain(
      "Contract after run 2: none any more; 1 clause of the run before is gone.",
    );
    // its number is not given again
    await run(given("back", { model, runs: 3 }));
    const { principles } = await loadConstitution(join(folder, "back/contract.yaml"));
    expect(principles.map(({ id, title }) => [id, title])).toEqual([["clause-2", "Be brief."]]);
    const drafts = await readRecords(join(folder, "back/run-3/drafts.jsonl"), draftRecordSchema);
    expect(drafts[0]!.parents).toEqual(["run-2/constitution"]);
  });
});
