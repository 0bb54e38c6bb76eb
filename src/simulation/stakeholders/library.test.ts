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
