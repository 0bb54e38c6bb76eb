// `covenant simulate vote` with people of the sandbox, in the brief wording: the oracle measures what every rule's choice does for
// them, and a small model is asked in its own words or not at all.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConstitution } from "../constitution/index.ts";
import { collect } from "../core/index.ts";
import {
  candidateRecordSchema,
  replaySchema,
  satisfactionRecordSchema,
  supportRecordSchema,
} from "../records/index.ts";
import { readRecords, readRun } from "../runs/index.ts";
import { sandboxPersonas, satisfactionOf, supportOf } from "../sandbox/index.ts";
import { voicesOf } from "./lineage/voices.ts";
import { recipe as replay } from "./simulate-replay.ts";
import { type Given, makeVotes, type Rule, run } from "./simulate-vote.fixture.ts";
import { recipe } from "./simulate-vote.ts";
import { readPage } from "./summaries/made-page.fixture.ts";
import { voteRows } from "./summaries/vote-figures.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const { folder, remove, given, script, contentOf } = makeVotes();
afterAll(remove);

describe("people of the sandbox, in the brief wording", () => {
  const rules: readonly Rule[] = [
    {
      when: "Write the principles anew.",
      reply: [
        "principles:\n1. Protect privacy. [1, 2]\n2. Keep it short. [3]",
        "principles:\n1. Protect peace. [1]",
      ],
    },
    { when: "feedback: what should change?", reply: "support: 3\nfeedback: Be discreet." },
    { when: "Rate the principles:", reply: ["support: 3", "support: 8", "support: 10", "support: 0"] },
    {
      when: "Which principle should",
      reply: ["Protect privacy.", "Keep it short.", "Tell every step.", "Protect peace."],
    },
  ];
  const brief = (out: string, changes: Partial<Given> = {}): Given =>
    given(out, {
      ...{ wording: "brief", personas: "sandbox", users: 5, seats: 2, rounds: 1, drafts: 2 },
      ...{ sandbox: { requests: 6 }, model: script(`${out}-brief.yaml`, ...rules) },
      ...changes,
    });
  type Satisfied = Record<
    string,
    { value: number; worst: { user: string; value: number }; principles: string[] }
  >;

  it("are so in a file as well: what they chose is measured alike", async () => {
    const people = sandboxPersonas({ seed: recipe.schema.parse(brief("seeded")).seed, count: 5 });
    const personas = join(folder, "people.json");
    writeFileSync(personas, JSON.stringify(people));
    const model = script("alike.yaml", ...rules);
    const measured = async (out: string, changes: Partial<Given>) =>
      ((await run(brief(out, { model, ...changes }))).document as unknown as { satisfaction?: Satisfied })
        .satisfaction;
    const own = await measured("of-sandbox", {});
    expect(own).toBeDefined();
    expect(await measured("of-file", { personas, users: "all" })).toEqual(own);
  });

  it("are measured by the oracle under every rule's set, equal sets once, on the same requests", async () => {
    const { document, lines } = await run(brief("sandbox"));
    const { satisfaction } = document as unknown as { satisfaction: Satisfied };
    const answers = await readRecords(
      join(folder, "sandbox/satisfaction/answers.jsonl"),
      satisfactionRecordSchema,
    );
    const named = [...new Set(answers.map(({ constitution }) => constitution))];
    expect(named[0]).toBe("none");
    expect(named.flatMap((one) => one.split("+")).sort()).toEqual(
      [...["none", "plurality", "approval", "borda", "schulze", "maximin", "proportional", "rounds"]].sort(),
    );
    expect(answers).toHaveLength(6 * named.length);
    const sets = named.map((name) => [...satisfaction[name.split("+")[0]!]!.principles].sort().join());
    expect(new Set(sets).size).toBe(sets.length);
    const people = sandboxPersonas({ seed: 0, count: 5 });
    for (const { question, text, satisfaction: told } of answers)
      expect(Object.values(told!)).toEqual(
        people.map(({ description }) => satisfactionOf(description, question, text)),
      );
    for (const { users, worst } of Object.values(satisfaction) as unknown as {
      users: Record<string, number>;
      worst: { value: number };
    }[])
      expect(worst.value).toBe(Math.min(...Object.values(users)));
    expect(lines.join("\n")).toMatch(/^ {2}maximin +2 +\d/m);
  });

  it("are measured under what was decided, too, by whatever rule", async () => {
    const config = brief("exact", { rule: "maximin-exact", rounds: 0 });
    const { document } = await run(config);
    const { satisfaction } = document as unknown as { satisfaction: Satisfied };
    const { principles } = await loadConstitution(join(folder, "exact/constitution.yaml"));
    expect([...satisfaction["maximin-exact"]!.principles].sort()).toEqual(
      principles.map(({ title }) => title).sort(),
    );
    const rows = await collect(voteRows(join(folder, "exact"), { rule: "maximin-exact", rounds: 0 }));
    const found = rows.filter(
      ({ experiment, metric }) => experiment === "decided" && metric === "satisfaction.worst",
    );
    expect(found.map(({ value }) => value)).toEqual([satisfaction["maximin-exact"]!.worst.value]);
    const planned = async (rule: "maximin" | "maximin-exact"): Promise<number> => {
      const given = recipe.schema.parse({ ...config, rule, out: join(folder, "exact-planned") });
      return (await recipe.plan(given, contextFor())).steps.find(({ stage }) => stage === "satisfaction")!
        .calls;
    };
    expect(await planned("maximin-exact")).toBe((await planned("maximin")) + 6);
  });

  it("are cited by the mediator, and what says something else than the principle is marked, told and in no lineage", async () => {
    const proposed = ["Be careful with secrets.", "Keep it short.", "Tell every step.", "Be gentle."];
    const model = script(
      "citing-model.yaml",
      {
        when: "Write the principles anew.",
        reply: `principles:\n1. Be discreet. [${Array.from({ length: 10 }, (_, at) => at + 1).join(", ")}]`,
      },
      { when: "feedback: what should change?", reply: "support: 3\nfeedback: Keep it short." },
      { when: "Be discreet.", reply: "support: 9" },
      { when: "Rate the principles:", reply: "support: 4" },
      { when: "Which principle should", reply: proposed },
    );
    const { document, lines } = await run(
      brief("cited", { model, seats: 1, proposals: 2, rounds: 0, sandbox: { requests: 0 } }),
    );
    expect(document).toMatchObject({ decided: { citations: { cited: 0, saying: 0 } } });
    expect(lines.join("\n")).not.toMatch(/citation/);

    const opened = await run(brief("cited-round", { model, seats: 1, sandbox: { requests: 0 } }));
    const { principles } = await loadConstitution(join(folder, "cited-round/constitution.yaml"));
    const { title, grounds = [] } = principles[0]!;
    expect([principles.length, title]).toEqual([1, "Be discreet."]);
    const isRight = ({ said }: { readonly said: string }): boolean => said === "Be careful with secrets.";
    const right = grounds.filter(isRight).length;
    expect(right).toBeGreaterThan(0);
    expect(grounds.length).toBeGreaterThan(right);
    for (const ground of grounds)
      expect([ground.by, ground.doubtful]).toEqual(["cited", isRight(ground) ? undefined : "says-other"]);

    const citations = { cited: grounds.length, saying: right };
    expect(opened.document).toMatchObject({ decided: { citations }, rounds: [{ citations }, { citations }] });
    const say = right === 1 ? "says what its principle says" : "say what their principle says";
    expect(opened.lines).toContain(
      `Of ${grounds.length} citations ${right} ${say}; the others are marked in the file (doubtful), and count in no lineage.`,
    );
    const page = readPage(join(folder, "cited-round"));
    const looked = grounds.map((one) => [
      one.said,
      isRight(one) ? "cited; says the same" : "cited; says something else",
    ]);
    expect(page.table("What was said for them").map((row) => row.slice(2).map(({ text }) => text))).toEqual([
      ["said", "looked at"],
      ...looked,
    ]);
    expect(page.text).toContain(`Of ${grounds.length} citations ${right} ${say};`);
    const speakers = [...new Set(grounds.filter(isRight).map(({ speaker }) => speaker))];
    expect(opened.lines).toContain(`     from what ${speakers.join(", ")} said`);
    const { voices } = await voicesOf(principles[0]!, await readRun(join(folder, "cited-round")));
    expect(voices.map(({ said, state }) => [said, state])).toEqual(
      Array.from({ length: right }, () => ["Be careful with secrets.", "confirmed"]),
    );
  });

  it("support what truly serves them where they are scripted, and no model is asked for it", async () => {
    const scripted = {
      ...brief("scripted"),
      sandbox: { requests: 6, minority: 0.4, voters: "scripted" },
    } as const;
    const { lines } = await run(scripted);
    const people = sandboxPersonas({ seed: 0, count: 5, minority: 0.4 });
    for (const stage of ["votes", "opening", "round-1"]) {
      const records = await readRecords(
        join(folder, "scripted", stage, "support.jsonl"),
        supportRecordSchema,
      );
      const candidates = await readRecords(
        join(folder, "scripted", stage, "candidates.jsonl"),
        candidateRecordSchema,
      );
      const statementsOf = new Map(candidates.map(({ candidate, statements }) => [candidate, statements]));
      expect(records).toHaveLength(5 * candidates.length);
      for (const { user, candidate, support, model } of records) {
        const { description } = people[Number(user.split("-")[1]) - 1]!;
        expect([support, model]).toEqual([supportOf(description, statementsOf.get(candidate)!), "sandbox"]);
      }
    }
    expect(lines.join("\n")).toContain("it told support as well");
    // the model says 3 to everything
    const comments = await readRecords(join(folder, "scripted/round-1/comments.jsonl"), supportRecordSchema);
    const [standing] = await readRecords(
      join(folder, "scripted/round-1/candidates.jsonl"),
      candidateRecordSchema,
    );
    for (const [at, { support, comment }] of comments.entries())
      expect([support, comment]).toEqual([
        supportOf(people[at]!.description, standing!.statements),
        "Be discreet.",
      ]);
    const page = readFileSync(join(folder, "scripted/experiment.html"), "utf8");
    expect(page).toContain("Nobody was asked: voters are scripted");
    expect(page).toMatch(/scripted, by the sandbox.{1,6}s oracle/);
    expect(page).not.toMatch(
      /Every user was asked|Support is what people say|No part of the vote knew|users said how much/,
    );
    const { steps } = await recipe.plan(
      recipe.schema.parse({ ...scripted, out: join(folder, "planned") }),
      contextFor(),
    );
    expect(steps.find(({ stage }) => stage === "votes")!.calls).toBe(0);
    expect(steps.find(({ stage }) => stage === "round-1: comments")!.calls).toBe(5);
  });

  it("are the only ones who can be scripted or fall into groups", async () => {
    for (const sandbox of [{ voters: "scripted" }, { minority: 0.3 }] as const)
      await expect(
        recipe.plan(recipe.schema.parse({ ...given("others"), sandbox }), contextFor()),
      ).rejects.toThrow("personas: sandbox");
  });

  it("are told with their own words in a replay and a lineage where they fall into groups", async () => {
    const people = sandboxPersonas({ seed: 0, count: 5, minority: 0.4 });
    const told = await replay.run(replay.schema.parse({ run: join(folder, "scripted") }), contextFor());
    const { speakers } = replaySchema.parse(told.document);
    const users = speakers.filter(({ role }) => role === "user");
    expect(users.map(({ about }) => about)).toEqual(people.map(({ description }) => description));
    const reading = await readRun(join(folder, "scripted"));
    const { principles } = await loadConstitution(join(folder, "scripted/votes/constitution.yaml"));
    const { voices } = await voicesOf(principles[0]!, reading);
    expect(voices.length).toBeGreaterThan(0);
    for (const { persona } of voices)
      expect(people).toContainEqual(
        expect.objectContaining({ id: persona!.id, description: persona!.description }),
      );
  });

  it("are refused where the minority would be nobody, or everybody", async () => {
    const refused = async (users: number, minority: number) =>
      recipe.plan(recipe.schema.parse({ ...brief("refused"), users, sandbox: { minority } }), contextFor());
    await expect(refused(5, 0.05)).rejects.toThrow(/of 5 users that is nobody.*sandbox\.minority: 0\.2/);
    await expect(refused(1, 0.5)).rejects.toThrow(/of 1 user that is everybody/);
    await expect(refused(2, 0.5)).resolves.toBeDefined();
  });

  it("goes on after an interruption while it is measured, with the same bytes", async () => {
    const wanted = contentOf("sandbox");
    // The seed and the script are what decides; the folder's name is not.
    const config = { ...brief("measured"), model: brief("sandbox").model! };
    const context = contextFor((event, stop) => {
      if (event.type === "stage-progress" && event.stage === "satisfaction" && event.done >= 9) stop();
    });
    await expect(recipe.run(recipe.schema.parse(config), context)).rejects.toThrow();
    await run(config);
    expect(contentOf("measured")).toEqual(wanted);
  });

  it("show the mediator ten at once, and name the configuration where covenant-tiny would not understand", async () => {
    const voices = given("unused", { proposals: 3 });
    const { steps } = await recipe.plan(
      recipe.schema.parse({ ...brief("parts"), ...{ proposals: 3 } }),
      contextFor(),
    );
    const callsOf = (wanted: string) => steps.find(({ stage }) => stage === wanted)!.calls;
    expect([callsOf("opening: drafts"), callsOf("round-1: drafts")]).toEqual([3 * 2 * 2, 3 * 2 * 1]);
    const tiny = { ...voices, model: "embedded:covenant-tiny" };
    await expect(recipe.plan(recipe.schema.parse(tiny), contextFor())).rejects.toThrow(
      "configs/simulate/vote/tiny.yaml",
    );
  });
});
