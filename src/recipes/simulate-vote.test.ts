// `covenant simulate vote` on scripted models: what a vote leaves, that it goes on after an interruption at any place with the
// same bytes, what rounds change and keep, candidates of every kind of file, and what is refused before anything is begun.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConstitution } from "../constitution/index.ts";
import {
  candidateRecordSchema,
  choiceRecordSchema,
  mediationRecordSchema,
  supportRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { ruleNames } from "../simulation/index.ts";
import { example, type Given, makeVotes, type Rule, run } from "./simulate-vote.fixture.ts";
import { recipe } from "./simulate-vote.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const { folder, remove, write, given, script, contentOf } = makeVotes();
afterAll(remove);

const supportOf = (out: string, stage: string) =>
  readRecords(join(folder, out, stage, "support.jsonl"), supportRecordSchema);
const choicesOf = (out: string, stage: string) =>
  readRecords(join(folder, out, stage, "choices.jsonl"), choiceRecordSchema);

describe("a vote", () => {
  let outcome: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    outcome = await run(given("whole", { rounds: 1 }));
  });

  it("asks everybody about every candidate, and counts the same support by every rule", async () => {
    const candidates = await readRecords(join(folder, "whole/votes/candidates.jsonl"), candidateRecordSchema);
    const support = await supportOf("whole", "votes");
    expect(support).toHaveLength(4 * candidates.length);
    for (const { parents, candidate } of support)
      expect(parents).toEqual([candidates.find((one) => one.candidate === candidate)!.id]);
    const choices = await choicesOf("whole", "votes");
    expect(choices.map(({ rule }) => rule)).toEqual([...ruleNames]);
    expect(choices.filter(({ decides }) => decides).map(({ rule }) => rule)).toEqual(["maximin"]);
    for (const { chosen, ranking } of choices) {
      expect(chosen).toHaveLength(2);
      expect(ranking.map(({ candidate }) => candidate).sort()).toEqual(
        candidates.map(({ candidate }) => candidate).sort(),
      );
    }
  });

  it("leaves a constitution whose principles name who proposed and who supports them, by how much", async () => {
    const { principles } = await loadConstitution(join(folder, "whole/votes/constitution.yaml"));
    const support = new Map((await supportOf("whole", "votes")).map((one) => [one.id, one]));
    expect(principles).toHaveLength(2);
    for (const { grounds = [] } of principles) {
      expect(grounds.some(({ by }) => by === "proposed")).toBe(true);
      for (const ground of grounds.filter(({ by }) => by === "supported")) {
        const { support: value, user } = support.get(ground.record)!;
        expect([ground.support, ground.speaker]).toEqual([value, user]);
        expect(value).toBeGreaterThanOrEqual(6);
      }
    }
    const wanted = outcome.document as { document: unknown; decided: { principles: string[] } };
    const last = await loadConstitution(join(folder, "whole/constitution.yaml"));
    expect(last).toEqual(wanted.document);
    expect(last.principles.map(({ title }) => title)).toEqual(wanted.decided.principles);
  });

  it("takes what is missing as neither for nor against, and says how much is", () => {
    const { missing, rules } = outcome.document as unknown as {
      missing: object;
      rules: Record<string, { welfare: { users: { utility: number }[]; rawlsian: number } }>;
    };
    expect(missing).toHaveProperty("out-of-range");
    for (const { welfare } of Object.values(rules)) {
      const least = Math.min(...welfare.users.map(({ utility }) => utility));
      expect(welfare.rawlsian).toBe(least);
    }
    expect(rules["maximin-exact"]!.welfare.rawlsian).toBeGreaterThanOrEqual(
      rules["plurality"]!.welfare.rawlsian,
    );
  });

  it("drafts from what was proposed, then from comments, and keeps the document that stands among the drafts", async () => {
    const opening = await readRecords(join(folder, "whole/opening/drafts.jsonl"), mediationRecordSchema);
    expect(opening[0]!.numbers.every((id) => id.startsWith("proposals/"))).toBe(true);
    const [before] = [await readRecords(join(folder, "whole/round-1/comments.jsonl"), supportRecordSchema)];
    const drafts = await readRecords(join(folder, "whole/round-1/drafts.jsonl"), mediationRecordSchema);
    const said = before.filter(({ comment }) => comment !== "").map(({ id }) => id);
    for (const { numbers } of drafts) expect([...numbers].sort()).toEqual([...said].sort());
    expect(drafts[0]!.numbers).not.toEqual(drafts[1]!.numbers);
    for (const stage of ["opening", "round-1"]) {
      const candidates = await readRecords(
        join(folder, "whole", stage, "candidates.jsonl"),
        candidateRecordSchema,
      );
      expect(candidates[0]!.candidate).toBe("standing");
      const [choice] = await choicesOf("whole", stage);
      expect(choice!.rule).toBe("schulze");
      // As many prefer the winner to the one that stood as the other way round, at least.
      const support = await supportOf("whole", stage);
      const own = (user: string, candidate: string) =>
        support.find((one) => one.user === user && one.candidate === candidate)!.support;
      const users = [...new Set(support.map(({ user }) => user))];
      const prefer = (one: string, other: string) =>
        users.filter((user) => (own(user, one) ?? -1) > (own(user, other) ?? -1)).length;
      const [won] = choice!.chosen;
      if (support.every((one) => one.support !== null))
        expect(prefer(won!, "standing")).toBeGreaterThanOrEqual(prefer("standing", won!));
    }
  });

  it("tells principles with support, rules with the worst-off, and where everything lies", () => {
    const text = outcome.lines.join("\n");
    expect(text).toMatch(/^ {2}\* {2}Keep answers short\. +\d\.\d +\d\.\d {2}user \d, /m);
    expect(text).toMatch(/^ {2}\* {2}maximin +\d\.\d +\d\.\d +\d\.\d {2}/m);
    expect(text).toMatch(/^ {2}opening {2}.* of 3 documents/m);
    expect(text).toContain("outside of the scale");
    expect(text).toMatch(
      /^Next: npx covenant revise .*\n {2}or: npx covenant simulate replay .*\n {2}or: .* combine /m,
    );
  });

  it("marks numbers that are filled in, in the terminal, the tables and the page", async () => {
    const support = await supportOf("whole", "votes");
    const missing = support.filter((one) => one.support === null);
    expect(missing.length).toBeGreaterThan(0);
    expect(outcome.lines.join("\n")).toMatch(/ \d missing$/m);
    const cells = (name: string) =>
      readFileSync(join(folder, "whole/tables", name), "utf8")
        .trim()
        .split("\r\n")
        .map((line) => line.split(","));
    for (const { user, candidate } of missing) {
      const row = cells("support.csv").find(
        ([stage, one, , name]) => stage === "votes" && one === user && name === candidate,
      )!;
      const own = support.filter((one) => one.user === user).flatMap((one) => one.support ?? []);
      expect(Number(row.at(-1))).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / own.length, 9);
      expect(row.at(-3)).toBe("");
    }
    const welfare = cells("welfare.csv").filter(([stage]) => stage === "votes");
    for (const { rule, chosen } of await choicesOf("whole", "votes"))
      for (const [, , user, , , filled] of welfare.filter(([, one]) => one === rule))
        expect(Number(filled)).toBe(
          missing.filter((one) => one.user === user && chosen.includes(one.candidate)).length,
        );
    const page = readFileSync(join(folder, "whole/experiment.html"), "utf8");
    expect(page).toMatch(/–<small>counts as \d\.\d<\/small>/);
    expect(page).toContain("What would other rules have chosen?");
    expect(existsSync(join(folder, "whole/charts/documents.svg"))).toBe(true);
  });

  it("writes every number as CSV", async () => {
    const lines = (name: string) =>
      readFileSync(join(folder, "whole/tables", name), "utf8")
        .trim()
        .split("\r\n");
    const stages = ["votes", "opening", "round-1"];
    const rows = (await Promise.all(stages.map((stage) => supportOf("whole", stage)))).flat();
    expect(lines("support.csv")).toHaveLength(1 + rows.length);
    expect(lines("welfare.csv")).toHaveLength(1 + 4 * (ruleNames.length + 2));
  });

  it("goes on after an interruption at any place, and after rows that were torn, with the same bytes", async () => {
    const small = write("small-batch.yaml", readFileSync(example, "utf8").replace("batch: 16", "batch: 3"));
    const config = (out: string) => given(out, { model: `scripted:${small}`, rounds: 1 });
    await run(config("unbroken"));
    const wanted = contentOf("unbroken");
    const order = ["proposals", "votes", "opening", "round-1"];
    let broken = 0;
    let furthest = 0;
    for (let attempt = 1; ; attempt++) {
      let further = 0;
      const context = contextFor((event, stop) => {
        if (event.type !== "stage-progress" || event.unit !== "calls") return;
        const done = 1000 * order.indexOf(event.stage) + event.done;
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
      for (const stage of order)
        for (const name of ["proposals.jsonl", "support.jsonl", "drafts.jsonl", "comments.jsonl"]) {
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
    await recipe.run(recipe.schema.parse(given("whole", { rounds: 1 })), context);
    expect(events.filter((type) => type === "stage-skip")).toHaveLength(6);
    expect(events).not.toContain("stage-usage");
  });
});

describe("rounds", () => {
  const better: Rule = {
    when: "You write what they could agree on",
    reply: '{"critique": "c", "principles": [{"text": "Be better.", "from": [1]}]}',
  };
  const proposals: Rule = { when: "Propose one principle", reply: '{"principle": "Be good."}' };

  it("let a draft stand that everybody ranks first, with what was said for it", async () => {
    const liked: Rule = { when: "1. Be better.", reply: '{"support": 9, "feedback": "Yes."}' };
    await run(
      given("better", { rounds: 2, drafts: 2, model: script("better.yaml", better, proposals, liked) }),
    );
    const { principles } = await loadConstitution(join(folder, "better/constitution.yaml"));
    expect(principles.map(({ title }) => title)).toEqual(["Be better."]);
    expect(principles[0]!.grounds?.[0]).toMatchObject({ by: "cited", said: "Be good." });
    // Drafts that say what stands already are no candidates of their own.
    const candidates = await readRecords(
      join(folder, "better/round-2/candidates.jsonl"),
      candidateRecordSchema,
    );
    expect(candidates).toHaveLength(1);
  });

  it("keep what stands where users like no draft as well, and where nothing readable is drafted", async () => {
    const disliked: Rule = { when: "1. Be better.", reply: '{"support": 1, "feedback": "No."}' };
    const titles = async (out: string) =>
      (await loadConstitution(join(folder, out, "constitution.yaml"))).principles.map(({ title }) => title);
    await run(given("worse", { rounds: 1, model: script("worse.yaml", better, proposals, disliked) }));
    expect(await titles("worse")).toEqual(["Be good."]);
    const warnings: { code: string; text: string }[] = [];
    const mute: Rule = { when: "You write what they could agree on", reply: "No." };
    const config = given("mute", { rounds: 1, model: script("mute.yaml", mute, proposals) });
    await recipe.run(
      recipe.schema.parse(config),
      contextFor((event) => {
        if (event.type === "warning") warnings.push(event);
      }),
    );
    expect(await titles("mute")).toEqual(["Be good."]);
    expect(warnings.map(({ code }) => code)).toEqual(["drafts-unreadable", "drafts-unreadable"]);
    for (const [at, stage] of ["opening", "round-1"].entries())
      expect(warnings[at]!.text).toContain(`See ${join(folder, "mute", stage, "drafts.jsonl")};`);
  });
});

describe("candidates from files", () => {
  const support: Rule = {
    when: "This is proposed",
    reply: ['{"support": 7}', '{"support": 3}', '{"support": 9}'],
  };
  const decided = async (out: string, candidates: string, changes: Partial<Given> = {}) => {
    await run(given(out, { candidates, model: script(`${out}-script.yaml`, support), ...changes }));
    expect(existsSync(join(folder, out, "proposals"))).toBe(false);
    return {
      names: (await readRecords(join(folder, out, "votes/candidates.jsonl"), candidateRecordSchema)).map(
        ({ statements }) => statements[0],
      ),
      document: await loadConstitution(join(folder, out, "constitution.yaml")),
    };
  };

  it("are lists, rows, statements of Polis, and constitutions with all that stands in them", async () => {
    const wanted = ["Be kind.", "Name sources.", "Keep it short."];
    expect(
      (
        await decided(
          "list",
          write("list.yaml", "- Be kind.\n- statement: Name sources.\n- be KIND\n- Keep it short.\n"),
        )
      ).names,
    ).toEqual(wanted);
    expect((await decided("rows", write("rows.csv", `text\r\n${wanted.join("\r\n")}\r\n`))).names).toEqual(
      wanted,
    );
    const comments =
      "comment-id,comment-body,moderated\r\n3,Be kind.,1\r\n4,Rejected.,-1\r\n7,Name sources.,0\r\n";
    const polis = await decided("polis", write("comments.csv", comments), { seats: 1 });
    expect(polis.names).toEqual(["Be kind.", "Name sources."]);
    expect(polis.document.principles[0]!.source).toMatch(/^Polis, statement [37]$/);
    const { names, document } = await decided("library", "ethical", { seats: 3 });
    const ethical = await loadConstitution("ethical");
    expect(names).toEqual(ethical.principles.map(({ title }) => title));
    for (const { grounds: _, ...principle } of document.principles)
      expect(ethical.principles).toContainEqual(principle);
  });

  it("are drafted from in rounds, too", async () => {
    const file = write("two.yaml", "- Be kind.\n- Name sources.\n");
    await run(
      given("filed-rounds", { candidates: file, rounds: 1, drafts: 1, model: `scripted:${example}` }),
    );
    const [draft] = await readRecords(
      join(folder, "filed-rounds/opening/drafts.jsonl"),
      mediationRecordSchema,
    );
    expect([...draft!.numbers].sort()).toEqual(["votes/principle-1", "votes/principle-2"]);
  });
});

describe("what is refused", () => {
  const cases: readonly [string, () => Partial<Given>, RegExp][] = [
    ["a persona that is not there", () => ({ users: ["amena"] }), /no persona "amena"/],
    ["a constitution that is not there", () => ({ candidates: "ethicl" }), /Did you mean ethical\?/],
    [
      "a list with items that are no principles",
      () => ({ candidates: write("bad.yaml", '- Be kind.\n- 3\n- {title: ""}\n') }),
      /bad\.yaml, line 2: got 3, expected a sentence[\s\S]*line 3/,
    ],
    ["a list of nothing", () => ({ candidates: write("none.yaml", "[]\n") }), /holds no candidates/],
    [
      "a rule that would have to compare too many sets",
      () => ({ rule: "maximin-exact", seats: 12, proposals: 10 }),
      /of 40 candidates at most .*or "maximin", which fills one seat/,
    ],
    ["a model that is none", () => ({ model: "nonsense" }), /nonsense/],
  ];

  it.each(cases)("before anything is begun: %s", async (_, changes, message) => {
    await expect(run(given("refused", changes()))).rejects.toThrow(message);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });

  it("with what to look at: proposals that cannot be read, and users without any number", async () => {
    const mute: Rule = { when: "Propose one principle", reply: "I cannot\nsay that." };
    await expect(run(given("mute-users", { model: script("mute-users.yaml", mute) }))).rejects.toThrow(
      `wrote no proposal that could be read as a principle. Look at ${join(folder, "mute-users", "proposals", "proposals.jsonl")};`,
    );
    const silent: Rule = { when: "This is proposed", reply: "Hm." };
    const candidates = write("silent.yaml", "- Be kind.\n");
    await expect(
      run(given("silent", { candidates, model: script("silent-users.yaml", silent) })),
    ).rejects.toThrow(
      `wrote no number from which anybody's support could be read. Look at ${join(folder, "silent", "votes", "support.jsonl")};`,
    );
  });
});

describe("a plan", () => {
  it("counts the calls at most, and touches nothing", async () => {
    const config = given("plan", { proposals: 3, rounds: 2, drafts: 2 });
    const { steps } = await recipe.plan(recipe.schema.parse(config), contextFor());
    expect(steps.map(({ stage, calls }) => [stage, calls])).toEqual([
      ["proposals", 12],
      ["votes", 48],
      ["opening: drafts", 6],
      ["opening: support", 12],
      ["round-1 to 2: comments", 8],
      ["round-1 to 2: drafts", 12],
      ["round-1 to 2: support", 24],
      ["tables", 0],
    ]);
    expect(existsSync(join(folder, "plan"))).toBe(false);
  });

  it("is at least what the vote then takes", async () => {
    const config = given("taken", { rounds: 1 });
    const { steps } = await recipe.plan(recipe.schema.parse(config), contextFor());
    const { spent } = (await run(config)).document as { spent: { promptTokens: number; calls: number } };
    expect(steps.reduce((sum, { tokens }) => sum + tokens, 0)).toBeGreaterThan(spent.promptTokens);
    expect(steps.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThanOrEqual(spent.calls);
  });
});
