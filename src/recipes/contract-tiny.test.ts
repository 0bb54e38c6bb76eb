// `covenant simulate contract` as configs/simulate/contract/tiny.yaml has it, on a script in the brief wording: the meta-model
// is asked in parts, every talk has its own request, and in the end the oracle measures what was learned.

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
  metaRecordSchema,
  ratingRecordSchema,
  satisfactionRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import {
  readStatement,
  sandboxPersonas,
  sandboxTasks,
  satisfactionOf,
  splitOfRequest,
} from "../sandbox/index.ts";
import { contentIn } from "./run-content.fixture.ts";
import type { contractSchema } from "./settings/contract-settings.ts";
import { recipe } from "./simulate-contract.ts";
import type { Satisfaction } from "./stages/satisfaction.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-contract-tiny-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const example = at("examples/contract-brief-script.yaml");

type Given = z.input<typeof contractSchema>;

const config = at("configs/simulate/contract/tiny.yaml");
const tiny = parseYaml(readFileSync(config, "utf8"), { file: config }) as Given;

const given = (out: string, changes: Partial<Given> = {}): Given => ({
  ...tiny,
  ...{ out: join(folder, out), model: `scripted:${example}`, seed: 1, runs: 2 },
  ...{ assistants: 12, turns: 2 },
  sandbox: { requests: 10 },
  ...changes,
});

const run = (config: Given, context = contextFor()) => recipe.run(recipe.schema.parse(config), context);

const contentOf = (out: string) => contentIn(join(folder, out));

const script = (name: string, rules: readonly unknown[]): string => {
  writeFileSync(join(folder, name), JSON.stringify({ batch: 8, rules }));
  return `scripted:${join(folder, name)}`;
};
const commenting = {
  when: "feedback: what should change?",
  reply: "satisfaction: 4\nfeedback: Be discreet.",
};
const others = { when: "Rate the reply:", reply: "harmlessness: 9" };

describe("people of a file", () => {
  const people = sandboxPersonas({ seed: 1, count: 6 });
  const file = (name: string, personas: readonly object[]): string => {
    writeFileSync(join(folder, name), JSON.stringify(personas));
    return join(folder, name);
  };
  const figuresOf = (out: string) =>
    JSON.parse(readFileSync(join(folder, out, "metrics.json"), "utf8")) as {
      satisfaction?: object;
      runs: { documents: { citations: { cited: number; saying: number; sharing: number } }[] }[];
    };
  const citationsIn = (out: string) => figuresOf(out).runs.map(({ documents }) => documents[0]!.citations);

  it("who are told in the sandbox's language count as its own: what they came to is measured, and what comments say read", async () => {
    await run(given("own"));
    await run(given("filed", { personas: file("own.json", people), users: "all" }));
    expect(figuresOf("own").satisfaction).toBeDefined();
    expect(citationsIn("own")[0]!.saying).toBeGreaterThan(0);
    expect(figuresOf("filed")).toEqual(figuresOf("own"));
  });

  it("of whom one is not make no measuring, and that is said", async () => {
    const unread = { ...people[2]!, id: "eva", description: "You want replies that rhyme." };
    const personas = file("mixed.json", people.with(2, unread));
    const { lines } = await run(given("mixed", { personas, users: "all" }));
    const why =
      /^True satisfaction was not measured.*: of 6 persons of .*mixed\.json the sandbox's oracle cannot read 1, the first of them eva \("You want replies that rhyme\."\)\. Expected /;
    expect(lines.some((line) => why.test(line))).toBe(true);
    expect(readFileSync(join(folder, "mixed", "experiment.html"), "utf8")).toContain(
      "True satisfaction was not measured",
    );
    expect(figuresOf("mixed").satisfaction).toBeUndefined();
    expect(citationsIn("mixed")[0]!.saying).toBe(0);
  });
});

describe("a run in the brief wording", () => {
  let outcome: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    outcome = await run(given("whole"));
  });
  const rowsOf = async (name: string) => ({
    drafts: await readRecords(join(folder, "whole", name, "drafts.jsonl"), draftRecordSchema),
    ratings: await readRecords(join(folder, "whole", name, "ratings.jsonl"), ratingRecordSchema),
    metas: await readRecords(join(folder, "whole", name, "meta.jsonl"), metaRecordSchema),
    learned: await readRecords(join(folder, "whole", name, "learned.jsonl"), learnedRecordSchema),
  });

  it("gives every talk of a run a request of its own, the same in all of its turns, others in the next run", async () => {
    const [first, second] = [(await rowsOf("run-1")).drafts, (await rowsOf("run-2")).drafts];
    const byTalk = (turn: number) => first.filter((draft) => draft.turn === turn).map(({ task }) => task);
    expect(new Set(byTalk(1)).size).toBe(12);
    expect(byTalk(2)).toEqual(byTalk(1));
    expect(second.slice(0, 12).map(({ task }) => task)).not.toEqual(byTalk(1));
  });

  it("asks the meta-model about ten comments at once of users who are not content, each time to amend the list before", async () => {
    const { ratings, metas } = await rowsOf("run-1");
    const said = ratings
      .filter(({ ratings: { satisfaction }, feedback }) => feedback !== "" && (satisfaction ?? 0) < 8)
      .map(({ id }) => id);
    expect([ratings.filter(({ feedback }) => feedback !== "").length, said.length]).toEqual([24, 20]);
    expect(metas.map(({ id, part }) => [id, part])).toEqual(
      [1, 2].map((part) => [`run-1/part-${part}/meta-1`, part]),
    );
    expect(metas.map(({ numbers }) => numbers.length)).toEqual([10, 10]);
    expect(new Set(metas.flatMap(({ numbers }) => numbers))).toEqual(new Set(said));
    const [one, two] = metas;
    expect(one!.parents).toEqual(one!.numbers);
    expect(two!.parents).toEqual([one!.id, ...two!.numbers]);
    // The script writes the second principle only where the first one stands already.
    expect([one, two].map((meta) => meta!.text.split("\n").length)).toEqual([2, 3]);
  });

  it("points from a principle to what was said in whichever part argued for it", async () => {
    const { metas, learned, ratings } = await rowsOf("run-1");
    const [document] = learned;
    const [discreet, brief] = document!.document.principles;
    const cited = (part: number, number: number): string => metas[part - 1]!.numbers[number - 1]!;
    expect(discreet!.grounds!.map(({ record }) => record)).toEqual([cited(1, 1)]);
    expect(brief!.grounds!.map(({ record }) => record)).toEqual([cited(2, 1)]);
    const saidIn = new Map(ratings.map(({ id, feedback }) => [id, feedback]));
    for (const { record, said } of discreet!.grounds!) expect(said).toBe(saidIn.get(record));
    expect(document!.parents.slice(0, 2)).toEqual(metas.map(({ id }) => id));
  });

  it("measures what was learned on held-out requests that no talk was about, beside none, random and best", async () => {
    const answers = await readRecords(
      join(folder, "whole/satisfaction/answers.jsonl"),
      satisfactionRecordSchema,
    );
    expect(answers).toHaveLength(4 * 10);
    const talked = sandboxTasks({ seed: 1, split: "test", count: 48 }).map((task) => task.question);
    for (const { question } of answers) {
      expect(splitOfRequest(question)).toBe("test");
      expect(talked).not.toContain(question);
    }
    const people = sandboxPersonas({ seed: 1, count: 6 });
    for (const { question, text, satisfaction, constitution, parents } of answers) {
      expect(Object.values(satisfaction!)).toEqual(
        people.map(({ description }) => satisfactionOf(description, question, text)),
      );
      expect(parents).toEqual(constitution === "learned" ? ["run-2/constitution"] : []);
    }
    const drawn = answers.filter(({ constitution }) => constitution === "random");
    expect(
      drawn.map(({ principles }) => principles.flatMap((text) => readStatement(text) ?? []).length),
    ).toEqual(Array(10).fill(2));
    expect(new Set(drawn.map(({ principles }) => principles.join(" "))).size).toBeGreaterThan(5);
    const seeds = (name: string) =>
      answers.filter(({ constitution }) => constitution === name).map(({ seed }) => seed);
    for (const name of ["random", "learned", "best"]) expect(seeds(name)).toEqual(seeds("blank"));
    const { satisfaction } = JSON.parse(readFileSync(join(folder, "whole/metrics.json"), "utf8")) as {
      satisfaction: Record<string, Satisfaction>;
    };
    expect(Object.entries(satisfaction).map(([name, { principles }]) => [name, principles.length])).toEqual([
      ["blank", 0],
      ["random", 2],
      ["learned", 2],
      ["best", 2],
    ]);
    const { runs } = JSON.parse(readFileSync(join(folder, "whole/metrics.json"), "utf8")) as {
      runs: { comments: { made: number; heldBack: number } }[];
    };
    const heldBack = runs.reduce((sum, { comments }) => sum + comments.heldBack, 0);
    expect(heldBack).toBeGreaterThan(0);
    for (const { comments } of runs) expect(comments.made).toBeGreaterThan(comments.heldBack);
    expect(outcome.lines.join("\n")).toMatch(new RegExp(`Of \\d+ comments ${heldBack} w(as|ere) held back`));
    for (const { value, low, high, n, worst, users } of Object.values(satisfaction)) {
      const means = Object.values(users);
      expect(means).toHaveLength(6);
      expect(value).toBeCloseTo(means.reduce((sum, one) => sum + one, 0) / 6);
      expect([low! <= value!, value! <= high!, n]).toEqual([true, true, 10]);
      expect(worst!.value).toBe(Math.min(...means));
    }
    expect(outcome.lines.join("\n")).toMatch(
      /learned +2 +\d\.\d\d \[\d\.\d\d, \d\.\d\d\] +\d\.\d\d +user \d, /,
    );
  });

  it("goes on after an interruption at any place with the same bytes", async () => {
    const slow = script("slow.json", [
      { when: "A. Be discreet.", reply: "principles:\n1. A [1]" },
      { when: "Write the principles anew.", reply: ["nothing", "principles:\n1. [2,3]"] },
      commenting,
      others,
      { reply: ["I cannot help with that.", "I am sorry, but I cannot help with that."] },
    ]);
    await run(given("unbroken", { model: slow }));
    let broken = 0;
    let wanted = 0;
    for (;;) {
      wanted += 7;
      let calls = 0;
      const context = contextFor((event, stop) => {
        if (event.type === "stage-progress" && ++calls === wanted) stop();
      });
      try {
        await run(given("broken", { model: slow }), context);
        break;
      } catch (thrown) {
        expect((thrown as { code: string }).code).toBe("interrupted");
        broken++;
      }
    }
    expect(broken).toBeGreaterThan(1);
    expect(contentOf("broken")).toEqual(contentOf("unbroken"));
  });
});

describe("runs in which everybody is content", () => {
  const content = { when: "feedback: what should change?", reply: "satisfaction: 8\nfeedback: Thank you." };
  const rest = [others, { reply: "I cannot help with that." }];

  it("leave the list as it was, and ask the meta-model nothing", async () => {
    const file = join(folder, "begun.yaml");
    writeFileSync(
      file,
      "name: begun\nsource: a test\nlicence: CC0-1.0\nprinciples:\n  - {id: kind, title: Be kind., critique: Is it kind?, revision: Make it kind., preference: Which is kind?}\n",
    );
    const model = script("content.json", [content, ...rest]);
    await run(given("content", { model, constitution: file, sandbox: { requests: 0 } }));
    for (const name of ["run-1", "run-2"]) {
      expect(await readRecords(join(folder, "content", name, "meta.jsonl"), metaRecordSchema)).toEqual([]);
      const learned = await readRecords(join(folder, "content", name, "learned.jsonl"), learnedRecordSchema);
      expect(learned.map(({ state, document }) => [state, document.principles[0]!.title])).toEqual([
        ["kept", "Be kind."],
      ]);
      expect(learned[0]!.parents).toEqual(name === "run-1" ? [] : ["run-1/constitution"]);
    }
    const stops = { model, constitution: file, sandbox: { requests: 0 }, converge: "same" as const, runs: 3 };
    await run(given("stops", stops));
    expect(existsSync(join(folder, "stops/run-2/ratings.jsonl"))).toBe(false);
  });

  it("end with a word on it where there was no list", async () => {
    const model = script("content.json", [content, ...rest]);
    await expect(run(given("nothing", { model, sandbox: { requests: 0 } }))).rejects.toThrow(
      "No user asked for a change in any run: the 48 comments that there are come of users whose ratings of their own talks are at 80 % of their scales or above (contentFrom). So there is nothing to make",
    );
  });

  it("is not what is told where no rating came: how many did not and why, and what the embedded model can rate", async () => {
    const small = { users: 2, assistants: 2, runs: 1, turns: 1, sandbox: { requests: 0 } };
    const metrics = { file: at("examples/red-team/metrics.yaml"), own: ["engagement"], others: [] };
    const taught =
      "embedded:covenant-assembly was taught to rate satisfaction, harmlessness, helpfulness and correctness alone, and is asked for engagement \\(metrics\\.own\\): set metrics\\.own=satisfaction, or name a model that can rate it";
    // one token is neither a rating nor a comment
    const silent = { model: "embedded:covenant-assembly", roles: { user: { maxTokens: 1 } } };
    await expect(run(given("unrated", { ...small, metrics, ...silent }))).rejects.toThrow(
      new RegExp(
        `^None of the 2 ratings that users were to give of their own talks came: 2 cut at the limit of tokens\\. There are no comments either, .* ${taught}.* Look at `,
      ),
    );
    // it comments all the same, and the meta-model makes nothing of it
    const commented = {
      ...{ ...small, users: 6, assistants: 18, model: "embedded:covenant-assembly" },
      roles: { meta: { model: script("refuses.json", [{ reply: "No." }]) } },
    };
    await expect(run(given("commented", { ...commented, metrics }))).rejects.toThrow(
      new RegExp(`Look at .*meta\\.jsonl; .* No rating came, either: ${taught}`),
    );
    const other = [{ when: "feedback: what should change?", reply: "As you like." }, ...rest];
    const scripted = run(given("unread", { ...small, model: script("unread.json", other) }));
    await expect(scripted).rejects.toThrow(
      /talks came: 2 not given\. .* Choose another roles\.user\.model\./,
    );
  });
});

describe("parts that cannot be read", () => {
  it("leave the list as it was, are told, and are no parents of what was learned", async () => {
    const warnings: string[] = [];
    const model = script("half.json", [
      { when: "A. Be discreet.", reply: "I would rather not." },
      { when: "Write the principles anew.", reply: "principles:\n1. Be discreet. [1]" },
      commenting,
      others,
      { reply: "I cannot help with that." },
    ]);
    const context = contextFor((event) => {
      if (event.type === "warning") warnings.push(event.text);
    });
    await run(given("half", { model, runs: 1, sandbox: { requests: 0 } }), context);
    const metas = await readRecords(join(folder, "half/run-1/meta.jsonl"), metaRecordSchema);
    expect(metas.map(({ part, attempt, problem }) => [part, attempt, problem === undefined])).toEqual([
      [1, 1, true],
      ...[2, 3].flatMap((part) => [1, 2, 3, 4].map((attempt) => [part, attempt, false])),
    ]);
    const [learned] = await readRecords(join(folder, "half/run-1/learned.jsonl"), learnedRecordSchema);
    expect(learned!.parents).toEqual(["run-1/part-1/meta-1", metas[0]!.numbers[0]]);
    expect(warnings.filter((text) => /about part [23] of 3/.test(text))).toHaveLength(2);
    expect(existsSync(join(folder, "half/satisfaction"))).toBe(false);
  });
});

describe("a plan", () => {
  it("counts the parts and the answers that are measured, and is at least what the run takes", async () => {
    const { steps } = await recipe.plan(recipe.schema.parse(given("plan")), contextFor());
    expect(steps.map(({ stage, calls }) => [stage, calls])).toEqual([
      ["run-1 to 2: drafts", 48],
      ["run-1 to 2: own ratings", 48],
      ["run-1 to 2: ratings of others", 48],
      ["run-1 to 2: constitution", 2 * 3 * 4],
      ["satisfaction", 40],
      ["tables", 0],
    ]);
    const { spent } = (await run(given("taken"))).document as {
      spent: { promptTokens: number; completionTokens: number; calls: number };
    };
    expect(steps.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThanOrEqual(spent.calls);
    expect(steps.reduce((sum, { tokens }) => sum + tokens, 0)).toBeGreaterThan(
      spent.promptTokens + spent.completionTokens,
    );
  });
});

describe("what is refused before anything is begun", () => {
  const cases: readonly [string, Partial<Given>, RegExp][] = [
    ["ids of the sandbox's people", { users: ["amina"] }, /users: got amina, .* Expected a number/],
    ["all of the sandbox's requests", { task: "all" }, /task: got "all"/],
    [
      "covenant-tiny in the full wording",
      { model: "embedded:covenant-tiny", wording: "full", personas: "library", tasks: "library" },
      /knows a small language only.*configs\/simulate\/contract\/tiny\.yaml/s,
    ],
  ];

  it.each(cases)("%s", async (_, changes, message) => {
    await expect(run(given("refused", changes))).rejects.toThrow(message);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});
