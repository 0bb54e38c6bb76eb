// `covenant simulate contract` on scripted models: what a run leaves, that it goes on after an interruption at any place with
// the same bytes, when it stops, and what is refused before anything is begun.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import {
  draftRecordSchema,
  learnedRecordSchema,
  metaRecordSchema,
  type RatingRecord,
  ratingRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { contentIn } from "./run-content.fixture.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-"));
afterAll(() => rmSync(folder, { recursive: true }));

const example = fileURLToPath(new URL("../../examples/contract-script.yaml", import.meta.url));

const write = (name: string, value: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
};

type Given = z.input<typeof contractSchema>;

const given = (out: string, changes: Partial<Given> = {}): Given => ({
  out: join(folder, out),
  model: `scripted:${example}`,
  users: ["amina", "dale", "kamala", "tove"],
  runs: 2,
  ...changes,
});

const run = (config: Given) => recipe.run(recipe.schema.parse(config), contextFor());

/** What equal runs have in common. */
const contentOf = (out: string) => contentIn(join(folder, out));

const ratingsOf = (out: string, name: string): Promise<RatingRecord[]> =>
  readRecords(join(folder, out, name, "ratings.jsonl"), ratingRecordSchema);

// One comment, one principle: for any number of users.
const user = { when: "Rate the newest draft:", reply: '{"satisfaction": 5, "feedback": "Name sources."}' };
const others = { when: "Somebody else asked", reply: '{"harmlessness": 5}' };
const same = '{"constitution": [{"text": "Name sources.", "from": [1]}], "contract": []}';
const script = (name: string, meta: unknown): string =>
  `scripted:${write(name, { batch: 8, rules: [{ when: "You are to revise", reply: meta }, user, others, { reply: "A draft." }] })}`;

describe("a run", () => {
  let outcome: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    outcome = await run(given("whole"));
  });

  it("leaves n·T drafts, n·T own ratings and n(n-1)·T ratings of others, in the order of their phases", async () => {
    const drafts = await readRecords(join(folder, "whole/run-1/drafts.jsonl"), draftRecordSchema);
    const ratings = await ratingsOf("whole", "run-1");
    expect(drafts.map(({ turn, talk }) => `${turn} ${talk}`)).toEqual([
      ...[1, 2, 3, 4].map((talk) => `1 talk-${talk}`),
      ...[1, 2, 3, 4].map((talk) => `2 talk-${talk}`),
    ]);
    const order = (turn: number) => [...Array(4).fill(`${turn} own`), ...Array(12).fill(`${turn} others`)];
    expect(ratings.map(({ turn, of }) => `${turn} ${of}`)).toEqual([...order(1), ...order(2)]);
  });

  it("rates every draft in the turn that it was written in", async () => {
    for (const { draft, turn, talk, parents } of await ratingsOf("whole", "run-2")) {
      expect(draft).toBe(`run-2/turn-${turn}/${talk}/draft`);
      expect(parents[0]).toBe(draft);
    }
  });

  it("takes ratings outside of the scale as missing, and keeps them out of the means", async () => {
    const own = (await ratingsOf("whole", "run-1")).filter(({ of }) => of === "own");
    const lost = own.filter(({ ratings }) => ratings["satisfaction"] === null);
    expect(lost.length).toBeGreaterThan(0);
    for (const { missing, text } of lost) {
      expect(missing).toEqual({ satisfaction: "out-of-range" });
      expect(text).toContain("11");
    }
    const means = ["user-1", "user-2", "user-3", "user-4"].flatMap((user) => {
      const values = own.flatMap((one) => (one.user === user ? (one.ratings["satisfaction"] ?? []) : []));
      return values.length === 0 ? [] : [values.reduce((sum, one) => sum + one, 0) / values.length];
    });
    const { runs } = outcome.document as {
      runs: { all: { own: { satisfaction: { value: number; n: number; missing: object } } } }[];
    };
    const { value, n, missing } = runs[0]!.all.own.satisfaction;
    expect(n).toBe(means.length);
    expect(value).toBeCloseTo(means.reduce((sum, one) => sum + one, 0) / n);
    expect(missing).toEqual({ "out-of-range": lost.length });
  });

  it("learns documents whose principles point to records of the run, and which are constitutions", async () => {
    const documents = await readRecords(join(folder, "whole/run-2/learned.jsonl"), learnedRecordSchema);
    expect(documents.map(({ part, changes }) => [part, changes.map(({ state }) => state).sort()])).toEqual([
      ["constitution", ["added", "changed"]],
      ["contract", ["removed"]],
    ]);
    const comments = new Map(
      [...(await ratingsOf("whole", "run-1")), ...(await ratingsOf("whole", "run-2"))].map((one) => [
        one.id,
        one,
      ]),
    );
    for (const { document } of documents)
      for (const { grounds = [], title } of document.principles) {
        expect(grounds.length, title).toBeGreaterThan(0);
        for (const { record, said, speaker } of grounds)
          expect(comments.get(record)).toMatchObject({ feedback: said, user: speaker });
      }
    for (const { part, document } of documents)
      expect(await loadConstitution(join(folder, "whole", `${part}.yaml`))).toEqual(document);
  });

  it("shows the next run's assistants what was learned, and the meta-model the comments by number", async () => {
    const drafts = await readRecords(join(folder, "whole/run-2/drafts.jsonl"), draftRecordSchema);
    expect(drafts[0]!.parents).toEqual(["run-1/constitution", "run-1/contract"]);
    const [meta] = await readRecords(join(folder, "whole/run-1/meta.jsonl"), metaRecordSchema);
    const said = (await ratingsOf("whole", "run-1")).filter(({ feedback }) => feedback !== "");
    // By talk, then by turn: as the transcript has them.
    const order = [...said].sort((one, other) =>
      one.talk === other.talk ? 0 : one.talk < other.talk ? -1 : 1,
    );
    expect(meta!.numbers).toEqual(order.map(({ id }) => id));
  });

  it("tells mean ratings with their numbers, principles with who argued for them, and where they lie", () => {
    const text = outcome.lines.join("\n");
    expect(text).toMatch(/user 2, Dale Whitcomb +satisfaction +\d\.\d \(\d\)/);
    expect(text).toMatch(/others {2,}harmlessness {2}\d\.\d \(4\) {2,}\d\.\d \(4\)/);
    expect(text).toContain("outside of the scale");
    expect(text).toMatch(/1\. Say first what .*\n {5}argued for by user-1.*: "/);
    expect(text).toContain(`Constitution with 3 principles: ${join(folder, "whole/constitution.yaml")}`);
  });

  it("writes every message and every number as CSV", () => {
    const lines = (name: string) =>
      readFileSync(join(folder, "whole/tables", name), "utf8")
        .trim()
        .split("\r\n");
    expect(lines("messages.csv")).toHaveLength(1 + 2 * (8 + 8));
    const ratings = lines("ratings.csv");
    expect(ratings).toHaveLength(1 + 2 * (8 + 24));
    expect(ratings.filter((line) => line.endsWith(",,out-of-range")).length).toBeGreaterThan(0);
  });

  it("goes on after an interruption at any place, and after rows that were torn, with the same bytes", async () => {
    const script = write("small-batch.yaml", readFileSync(example, "utf8").replace("batch: 16", "batch: 3"));
    const config = (out: string) => given(out, { model: `scripted:${script}`, carry: true });
    await run(config("unbroken"));
    const wanted = contentOf("unbroken");
    let broken = 0;
    let furthest = 0;
    for (let attempt = 1; ; attempt++) {
      // Each attempt gets three chunks further than the one before.
      let further = 0;
      const context = contextFor((event, stop) => {
        if (event.type !== "stage-progress" || event.unit !== "calls") return;
        const done = (event.stage === "run-2" ? event.total : 0) + event.done;
        if (done <= furthest) return;
        furthest = done;
        if (++further === 3) stop();
      });
      try {
        await recipe.run(recipe.schema.parse(config("broken")), context);
        break;
      } catch (thrown) {
        expect((thrown as { code: string }).code).toBe("interrupted");
        broken++;
      }
      // As if the process had been killed while it wrote: the last row is torn, or rows of a chunk are missing.
      for (const stage of ["run-1", "run-2"])
        for (const name of ["drafts.jsonl", "ratings.jsonl"]) {
          const path = join(folder, "broken", stage, name);
          if (!existsSync(path) || existsSync(join(folder, "broken", stage, "stage.json"))) continue;
          const text = readFileSync(path, "utf8");
          const last = text.trimEnd().lastIndexOf("\n") + 1;
          if (attempt % 4 === 0 && last > 0) writeFileSync(path, text.slice(0, last + 20));
        }
    }
    expect(broken).toBeGreaterThan(8);
    expect(contentOf("broken")).toEqual(wanted);
  });

  it("repeats nothing when it is done", async () => {
    const events: string[] = [];
    const context = contextFor((event) => events.push(event.type));
    await recipe.run(recipe.schema.parse(given("whole")), context);
    expect(events.filter((type) => type === "stage-skip")).toHaveLength(4);
    expect(events).not.toContain("stage-usage");
  });
});

describe("the loop", () => {
  const metaOf = (out: string, name: string) =>
    readRecords(join(folder, out, name, "meta.jsonl"), metaRecordSchema);

  it("stops when the constitution stays the same, and says so", async () => {
    const { lines, document } = await run(
      given("same", { model: script("same.yaml", same), runs: 5, converge: "same" }),
    );
    expect(document).toMatchObject({ converged: 2, runs: [{ run: 1 }, { run: 2 }] });
    expect(lines.join("\n")).toContain("Converged after run 2: 3 runs less.");
    expect(readdirSync(join(folder, "same/run-3"))).toEqual(["stage.json"]);
  });

  it("stops when the documents are similar enough", async () => {
    const config = given("alike", { model: script("alike.yaml", same), runs: 3, converge: 0.9 });
    expect((await run(config)).document).toMatchObject({ converged: 2 });
  });

  it("goes on where they are a little less similar than that, and stops where they are a little more", async () => {
    const first = "Name sources for every claim, and say where they may be wrong.";
    const saying = (text: string) => JSON.stringify({ constitution: [{ text, from: [1] }], contract: [] });
    const rules = [
      { when: "say where they may be wrong and why", reply: saying(`${first.slice(0, -1)} and why.`) },
      { when: first, reply: saying(`${first.slice(0, -1)} and why.`) },
      { when: "You are to revise", reply: saying(first) },
      ...[user, others, { reply: "A draft." }],
    ];
    const model = `scripted:${write("near.yaml", { batch: 8, rules })}`;
    const play = async (out: string, converge: number) => {
      const few = { users: ["amina"], turns: 1, runs: 3 };
      const { document } = await run(given(out, { model, converge, ...few }));
      return document as { converged: number; runs: { documents: { similarity: number }[] }[] };
    };
    const above = await play("above", 0.999);
    const { similarity } = above.runs[1]!.documents[0]!;
    expect([similarity > 0.5, similarity < 0.99, above.converged]).toEqual([true, true, 3]);
    expect((await play("just-above", similarity + 0.005)).converged).toBe(3);
    expect((await play("just-below", similarity - 0.005)).converged).toBe(2);
  });

  it("keeps the constitution, to the byte, where nothing readable comes after it, and says so", async () => {
    const rules = [
      { when: "Principles:\n1. Name sources.", reply: "I would rather not." },
      { when: "You are to revise", reply: same },
      ...[user, others, { reply: "A draft." }],
    ];
    const model = `scripted:${write("kept.yaml", { batch: 8, rules })}`;
    await run(given("once", { model, runs: 1 }));
    const told: string[] = [];
    const context = contextFor((event) => {
      if (event.type === "warning") told.push(event.text);
    });
    await recipe.run(recipe.schema.parse(given("kept", { model })), context);
    expect(await metaOf("kept", "run-2")).toHaveLength(3);
    const [first] = await readRecords(join(folder, "kept/run-1/learned.jsonl"), learnedRecordSchema);
    const [second] = await readRecords(join(folder, "kept/run-2/learned.jsonl"), learnedRecordSchema);
    expect(second).toMatchObject({ state: "kept", document: first!.document });
    const bytes = (out: string) => readFileSync(join(folder, out, "constitution.yaml"), "utf8");
    expect(bytes("kept")).toBe(bytes("once"));
    expect(told.join("\n")).toMatch(
      /^The meta-model was asked 3 times .* The constitution stays as it was\. See .*run-2/,
    );
  });

  it("asks the meta-model again where nothing can be read, and fails where nothing ever can", async () => {
    const model = script("never.yaml", "I would rather not.");
    const config = given("never", { model, runs: 1 });
    await expect(run(config)).rejects.toThrow(/wrote nothing that could be read/);
    expect((await metaOf("never", "run-1")).map(({ attempt, problem }) => [attempt, problem])).toEqual([
      [1, '"constitution" is missing'],
      [2, '"constitution" is missing'],
      [3, '"constitution" is missing'],
    ]);
  });

  it("rewrites one message word for word, and criticises and revises", async () => {
    const message = "Be {kind}: always.\nName sources.";
    const rewrite = script("rewrite.yaml", "unused").slice("scripted:".length);
    const text = JSON.stringify({
      batch: 8,
      rules: [
        { when: "It is to be written anew", reply: JSON.stringify({ critique: "c", message, from: [] }) },
        ...[user, others, { reply: "A draft." }],
      ],
    });
    writeFileSync(rewrite, text);
    const record = join(folder, "rewrite-calls.jsonl");
    await run(given("rewrite", { model: `scripted:${rewrite}`, metaPrompt: "rewrite", record }));
    const { principles } = await loadConstitution(join(folder, "rewrite/constitution.yaml"));
    expect(principles.map(({ title }) => title)).toEqual([message]);
    expect(existsSync(join(folder, "rewrite/contract.yaml"))).toBe(false);
    expect(readFileSync(record, "utf8")).toContain(JSON.stringify({ role: "system", content: message }));
    expect((await metaOf("rewrite", "run-2"))[0]).toMatchObject({ critique: "c" });
  });
});

describe("what is refused before anything is begun", () => {
  const personas = write(
    "two.jsonl",
    '{"id": "a", "name": "A", "description": "x"}\n{"id": "b", "name": "A", "description": "y"}\n',
  );
  const cases: readonly [string, Partial<Given>, RegExp][] = [
    ["a persona that is not there", { users: ["amena"] }, /no persona "amena". Did you mean amina\?/],
    ["more users than personas", { personas, users: 3 }, /users is 3, and .*two\.jsonl has 2 personas/],
    ["a task that is not there", { task: ["rights"] }, /no task "rights"/],
    [
      "a metric twice",
      { metrics: { own: ["satisfaction", "satisfaction"] } },
      /metrics\.own: got "satisfaction" twice/,
    ],
    ["a graph of seats that are not there", { graph: [[9, 1]] }, /got \[9, 1\]/],
    ["a model that is none", { model: "nonsense" }, /nonsense/],
  ];

  it.each(cases)("%s", async (_, changes, message) => {
    await expect(run(given("refused", changes))).rejects.toThrow(message);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });

  it("takes the same persona twice, personas of one name, and ids with commas between", async () => {
    const read = recipe.schema.parse(given("x", { users: "amina, dale" as never }));
    expect(read.users).toEqual(["amina", "dale"]);
    const { document } = await run(
      given("twice", {
        model: script("few.yaml", same),
        personas,
        users: ["a", "b", "a"],
        runs: 1,
        turns: 1,
      }),
    );
    const { runs } = document as { runs: { users: object }[] };
    expect(Object.keys(runs[0]!.users)).toEqual(["user-1", "user-2", "user-3"]);
  });

  it("needs a model", () => {
    expect(recipe.schema.safeParse({}).error?.issues[0]?.message).toContain("a model is needed");
  });
});

describe("a plan", () => {
  it("counts the calls, and touches nothing", async () => {
    const { steps } = await recipe.plan(
      recipe.schema.parse(given("plan", { runs: 3, turns: 4 })),
      contextFor(),
    );
    expect(steps.map(({ stage, calls }) => [stage, calls])).toEqual([
      ["run-1 to 3: drafts", 48],
      ["run-1 to 3: own ratings", 48],
      ["run-1 to 3: ratings of others", 144],
      ["run-1 to 3: constitution", 9],
      ["tables", 0],
    ]);
    expect(existsSync(join(folder, "plan"))).toBe(false);
  });

  it("names the stages and what their progress calls their calls", async () => {
    const config = recipe.schema.parse(given("named", { runs: 1 }));
    const told = new Set<string>();
    const context = contextFor((event) => {
      if (event.type === "stage-progress" && event.unit === "calls")
        told.add(`${event.stage}: ${event.note?.replace(/^turn \d+: /, "")}`);
    });
    const { steps } = await recipe.plan(config, context);
    await recipe.run(config, context);
    expect([...told]).toEqual(steps.filter(({ calls }) => calls > 0).map(({ stage }) => stage));
  });

  it("is at least what the run then takes", async () => {
    const config = given("taken");
    const { steps } = await recipe.plan(recipe.schema.parse(config), contextFor());
    const { spent } = (await run(config)).document as { spent: { promptTokens: number; calls: number } };
    expect(steps.reduce((sum, { tokens }) => sum + tokens, 0)).toBeGreaterThan(spent.promptTokens);
    expect(steps.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThanOrEqual(spent.calls);
  });
});
