// Personas, tasks and metrics: what comes with Covenant is whole, and files of one's own are read or refused by line and field.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { libraryName, loadMetrics, loadPersonas, loadTasks, withIds } from "./library.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-stakeholders-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const messageOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (thrown) {
    return (thrown as Error).message;
  }
  throw new Error("nothing was thrown");
};

describe("the library", () => {
  it("has 20 personas with a view on each of 8 tasks, and four metrics", async () => {
    const [personas, tasks, metrics] = [
      await loadPersonas(libraryName),
      await loadTasks(libraryName),
      await loadMetrics(libraryName),
    ];
    expect([personas.length, tasks.length]).toEqual([20, 8]);
    expect(metrics.map(({ id }) => id)).toEqual([
      "satisfaction",
      "harmlessness",
      "helpfulness",
      "correctness",
    ]);
    const ids = tasks.map(({ id }) => id).sort();
    for (const { views, name } of personas) expect(Object.keys(views).sort(), name).toEqual(ids);
    const views = personas.flatMap((persona) => Object.values(persona.views));
    expect(new Set(views).size).toBe(views.length);
  });
});

describe("the people of the library", () => {
  const wordsOf = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().match(/\p{L}+/gu));
  /** Share of the words of two texts that both have. */
  const overlap = (one: string, other: string): number => {
    const [own, others] = [wordsOf(one), wordsOf(other)];
    const shared = [...own].filter((word) => others.has(word)).length;
    return shared / (own.size + others.size - shared);
  };
  const pairsOf = <Item>(items: readonly Item[]): (readonly [Item, Item])[] =>
    items.flatMap((one, at) => items.slice(at + 1).map((other) => [one, other] as const));

  it("are told in words of their own, and think of a task in words of their own", async () => {
    const pairs = pairsOf(await loadPersonas(libraryName));
    // 0.18 and 0.35 at most; a description of fifteen words or more with one of them changed shares 0.87 with the first
    for (const [one, other] of pairs) {
      expect(overlap(one.description, other.description), `${one.id}, ${other.id}`).toBeLessThan(0.3);
      for (const [task, view] of Object.entries(one.views))
        expect(overlap(view, other.views[task]!), `${one.id}, ${other.id}, ${task}`).toBeLessThan(0.5);
    }
  });

  it("come from everywhere, young and old, poor and rich, of many beliefs, politics and kinds of work", async () => {
    const personas = await loadPersonas(libraryName);
    const values = (trait: string): string[] => personas.map(({ traits }) => String(traits[trait]));
    const kinds = (trait: string): number => new Set(values(trait)).size;
    const names = ["age", "place", "work", "means", "belief", "politics"];
    for (const { id, traits } of personas) expect(Object.keys(traits), id).toEqual(names);
    const least = { place: 20, work: 20, politics: 15, belief: 12, means: 8 };
    for (const [trait, count] of Object.entries(least))
      expect(kinds(trait), trait).toBeGreaterThanOrEqual(count);
    const countries = values("place").map((place) => place.split(", ").at(-1));
    expect(new Set(countries).size).toBe(personas.length);
    const ages = values("age").map(Number);
    for (const [from, to] of [
      [0, 30],
      [30, 50],
      [50, 120],
    ] as const)
      expect(ages.filter((age) => age >= from && age < to).length, `${from} to ${to}`).toBeGreaterThan(3);
    for (const trait of ["means", "belief", "politics"]) {
      const most = Math.max(
        ...values(trait).map((one) => values(trait).filter((other) => other === one).length),
      );
      expect(most, trait).toBeLessThan(personas.length / 2);
    }
  });
});

describe("files of personas", () => {
  const wanted = {
    id: "a",
    name: "Ana {x}, the first",
    traits: { age: "40", place: "Lima" },
    description: 'Says: "no".\nOften.',
    views: { "street-feast": "Fish, always." },
  };

  it("are YAML, JSON, JSONL or tables whose columns name traits and views", async () => {
    const yaml = `- id: a
  name: "Ana {x}, the first"
  traits: {age: 40, place: Lima}
  description: "Says: \\"no\\".\\nOften."
  views: {street-feast: "Fish, always."}
`;
    const csv =
      'id,name,traits.age,traits.place,traits.work,description,views.street-feast\r\na,"Ana {x}, the first",40,Lima,,"Says: ""no"".\nOften.","Fish, always."\r\n';
    for (const file of [
      write("a.yaml", yaml),
      write("a.json", JSON.stringify([wanted])),
      write("a.jsonl", `${JSON.stringify(wanted)}\n`),
      write("a.csv", csv),
    ])
      expect(await loadPersonas(file), file).toEqual([wanted]);
  });

  it("take numbers of tables for numbers", async () => {
    const file = write("metrics.csv", "id,name,low,high,question\nfit,fit,-1,1,Does it fit?\n");
    expect(await loadMetrics(file)).toEqual([
      { id: "fit", name: "fit", low: -1, high: 1, question: "Does it fit?" },
    ]);
  });

  it("of tasks may say how a draft is presented, or leave it out", async () => {
    const plan = { id: "plan", name: "Plan", question: "When?", request: "Plan it.", words: 40 };
    const presented = { ...plan, id: "feast", presentation: 'The "plan", {as} it\nstands:' };
    const yaml = write("tasks.yaml", JSON.stringify([presented, plan]));
    const csv = write(
      "tasks.csv",
      'id,name,question,request,words,presentation\nfeast,Plan,When?,Plan it.,40,"The ""plan"", {as} it\nstands:"\nplan,Plan,When?,Plan it.,40,\n',
    );
    for (const file of [yaml, csv]) expect(await loadTasks(file), file).toEqual([presented, plan]);
    const bad = write(
      "bad-tasks.yaml",
      '- {id: a, name: A, question: q, request: r, presentation: " "}\n- {id: b, name: B, question: q, request: r, presentaton: x}\n- {id: c, name: C, question: q, request: r, presentation: [x]}\n',
    );
    const said = await messageOf(loadTasks(bad));
    expect(said).toContain("bad-tasks.yaml has 3 faults");
    expect(said).toMatch(/line 1: presentation: got /);
    expect(said).toContain("line 2: presentaton: unknown key (did you mean presentation?)");
    expect(said).toMatch(/line 3: presentation: got /);
  });

  it("are refused with file, line and field of every fault", async () => {
    const yaml = write(
      "bad.yaml",
      "- id: a\n  name: A\n  description: x\n- id: B\n  name: B\n  description: y\n- id: a\n  name: C\n  descripton: z\n- id: a\n  name: D\n  description: d\n",
    );
    const said = await messageOf(loadPersonas(yaml));
    expect(said).toContain("bad.yaml, line 4: id:");
    expect(said).toMatch(/bad\.yaml, line [79]:/);
    expect(said).toContain("descripton: unknown key (did you mean description?)");
    expect(said).toContain('line 10: id: got "a", which line 1 has already');
    const csv = write("bad.csv", "id,name,description\na,,x\n");
    expect(await messageOf(loadPersonas(csv))).toMatch(/bad\.csv, line 2: name: got nothing/);
    expect(await messageOf(loadPersonas(write("map.yaml", "a: 1\n")))).toContain("expected a list");
    expect(await messageOf(loadPersonas(write("none.yaml", "[]\n")))).toContain("holds no personas");
    expect(
      await messageOf(loadMetrics(write("m.yaml", "- {id: m, name: m, low: 3, high: 3, question: q}\n"))),
    ).toContain("must be above low");
    expect(
      await messageOf(
        loadMetrics(write("f.yaml", "- {id: feedback, name: f, low: 0, high: 3, question: q}\n")),
      ),
    ).toMatch(/line 1: id: .*no metric can be called "feedback"/);
  });

  it("are asked for by id, as often as one likes", () => {
    const items = [{ id: "one" }, { id: "two" }];
    expect(withIds(items, ["two", "one", "two"], "persona")).toEqual([items[1], items[0], items[1]]);
    expect(() => withIds(items, ["tow"], "persona")).toThrow('There is no persona "tow". Did you mean two?');
  });
});
