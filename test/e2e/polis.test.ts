// `covenant polis` on the small conversation of examples/polis, which is of our own making: what it says in the terminal
// and as JSON, and the constitution that it drafts.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConstitution } from "../../src/constitution/index.ts";
import { missingOf, publishedFile, titled } from "../../src/core/published.fixture.ts";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("polis");
afterAll(remove);

const example = (name: string): string => join(root, "examples/polis", name);
const files = (votes = "participants-votes.csv"): string[] => [
  ...["--comments", example("comments.csv")],
  ...["--votes", example(votes)],
];
const polis = (...words: readonly string[]) => covenant(["polis", ...words], folder);
const documentOf = async (...words: readonly string[]) =>
  JSON.parse(expectStatus(await polis(...words, "--json"), 0).stdout);

describe("covenant polis", () => {
  it("says who voted, which groups there are, and what all of them agree on", async () => {
    const { stdout, stderr } = expectStatus(await polis(...files()), 0);
    expect(stderr).toBe("");
    expect(stdout).toContain("39 voters, 11 statements, 367 votes: 262 agree (71.4 %)");
    expect(stdout).toContain("1 statement rejected by moderators");
    expect(stdout).toContain("as the export says them: group 0 with 24 voters and group 1 with 15 voters");
    expect(stdout).toContain("4 statements with at least 90 % agreement in every group");
    expect(stdout).toMatch(/0\.852 +95\.0 % +100\.0 % +The assistant should treat everybody/);
  });

  it("gives the same as a document, from a log of votes too, where it works the groups out", async () => {
    const said = await documentOf(...files());
    expect(said).toMatchObject({
      files: { comments: example("comments.csv"), form: "matrix" },
      voters: 39,
      statements: 11,
      votes: { all: 367, agree: 262, disagree: 80, pass: 25 },
      groups: [
        { id: "0", voters: 24 },
        { id: "1", voters: 15 },
      ],
      grouping: { origin: "export" },
      chosen: { rule: "consensus", leftOut: 0 },
      draft: null,
      warnings: [],
    });
    expect(said.consensus.map(({ id }: { id: string }) => id)).toEqual(said.chosen.statements);
    const logged = await documentOf(...files("votes.csv"), "--set", "groupCount=2");
    expect(logged).toMatchObject({ voters: 39, votes: said.votes, grouping: { origin: "computed" } });
    expect(logged.cleaning.votes.replaced).toBe(29);
    expect(logged.groups).toEqual([
      { id: "0", voters: 25 },
      { id: "1", voters: 14 },
    ]);
  });

  it("drafts a constitution that loads, with every group's support, and does not overwrite it", async () => {
    const { stdout } = expectStatus(await polis(...files(), "--draft", "draft.yaml", "--top", "2"), 0);
    expect(stdout).toContain(
      "Next: npx covenant revise --constitution ./draft.yaml --model http://localhost:8000/v1#NAME",
    );
    const draft = await loadConstitution(join(folder, "draft.yaml"));
    expect(draft.principles.map(({ id }) => id)).toEqual(["statement-2", "statement-0"]);
    expect(draft.principles[0]).toMatchObject({
      title: "The assistant should treat everybody with the same respect.",
      source: "Polis, statement 2: The assistant should treat everybody with the same respect.",
      support: [
        { group: "0", agree: 19, disagree: 1, pass: 0 },
        { group: "1", disagree: 0, pass: 0 },
      ],
    });
    const before = readFileSync(join(folder, "draft.yaml"), "utf8");
    const again = expectStatus(await polis(...files(), "--draft", "draft.yaml"), 2);
    expect(again.stderr).toContain("draft.yaml is there already");
    expect(readFileSync(join(folder, "draft.yaml"), "utf8")).toBe(before);
  });

  it("lets a rule choose, and says when nothing is agreed", async () => {
    const { chosen } = await documentOf(...files(), "--rule", "proportional", "--top", "3");
    expect(chosen.statements).toHaveLength(3);
    const none = expectStatus(await polis(...files(), "--agreement", "1", "--draft", "none.yaml"), 2);
    expect(none.stderr).toContain("No statement has 1 agreement in every group");
    expect(existsSync(join(folder, "none.yaml"))).toBe(false);
  });

  it("measures what the majority and neighbours know of held-out votes", async () => {
    const words = ["baselines", ...files(), "--seed", "1"];
    const { stdout } = expectStatus(await polis(...words), 0);
    expect(stdout).toContain("59 held-out votes of 39 voters");
    const said = await documentOf(...words);
    for (const measures of [said.majority, said.neighbours]) {
      expect(measures.n).toBe(59);
      expect(measures.accuracy).toBeGreaterThan(0.5);
      expect(measures.low).toBeLessThan(measures.accuracy);
    }
  });

  it("lets a model play the voters, and says how it stands beside the baselines on the same votes", async () => {
    const model = `scripted:${join(root, "examples/predict-script.yaml")}`;
    const words = ["predict", ...files(), "--model", model, "--voters", "all", "--seed", "1"];
    const plan = expectStatus(await polis(...words, "--dry-run"), 0);
    expect(plan.stdout).toMatch(/59 held-out votes of 39 voters, in three orders of the options +177/);
    expect(existsSync(join(folder, "runs"))).toBe(false);
    const { stdout, stderr } = expectStatus(await polis(...words), 0);
    expect(stdout).toMatch(/^model +\d+\.\d % +\[.*\n^majority +\d+\.\d %.*\n^20 nearest +\d+/m);
    expect(stdout).toMatch(/^The model against the 20 nearest: accuracy /m);
    expect(stderr).toContain("it writes its answers, and chances are their shares");
    const said = await documentOf(...words);
    expect(said).toMatchObject({ asked: 59, method: "answer", grouping: { origin: "export" } });
    expect(JSON.parse(readFileSync(join(said.folder, "metrics.json"), "utf8")).predictors).toEqual(
      said.predictors,
    );
    expect(readFileSync(said.forecasts, "utf8").trim().split("\n")).toHaveLength(59);
    const wrong = expectStatus(await polis("predict", ...files()), 2);
    expect(wrong.stderr).toContain("a model is needed that plays the voters");
    const few = expectStatus(await polis(...words, "--voters", "none", "--out", "none"), 2);
    expect(few.stderr).toContain('expected a number of voters or "all"');
    const many = expectStatus(await polis(...words, "--voters", "5000", "--dry-run", "--out", "many"), 0);
    expect(many.stdout + many.stderr).toContain("5,000 voters were asked for and 39 are played");
  });

  it("warns of groups that the votes do not give, in a dry run too", async () => {
    const rows = readFileSync(example("participants-votes.csv"), "utf8").trimEnd().split("\n");
    const turned = rows.map((row, at) => {
      if (at === 0) return row;
      const cells = row.split(",");
      cells[2] = String(at % 2);
      return cells.join(",");
    });
    writeFileSync(join(folder, "turned.csv"), `${turned.join("\n")}\n`);
    const words = ["--comments", example("comments.csv"), "--votes", "turned.csv"];
    expect(expectStatus(await polis(...words), 0).stderr).toContain("are not those that its votes give");
    const dry = expectStatus(await polis(...words, "--dry-run", "--json"), 0);
    expect(JSON.parse(dry.stdout).notices).toMatchObject([{ code: "polis-groups" }]);
  });

  it("refuses what it cannot read with file, line and field", async () => {
    writeFileSync(join(folder, "wrong.csv"), "timestamp,comment-id,voter-id,vote\n1,0,5,9\n");
    const wrong = ["--comments", example("comments.csv"), "--votes", "wrong.csv"];
    expect(expectStatus(await polis(...wrong), 2).stderr).toContain('wrong.csv, line 2: vote: got "9"');
    expect(expectStatus(await polis("--votes", "wrong.csv"), 2).stderr).toContain("--comments comments.csv");
    const none = await polis(...files("votes.csv"), "--groups", "export");
    expect(expectStatus(none, 2).stderr).toContain("names no opinion groups");
  });
});

const statements = publishedFile("ccai/clean_comments.csv");
const votes = publishedFile("ccai/clean_votes.csv");
const missing = missingOf(statements, votes);

describe(titled("covenant polis on Collective Constitutional AI", statements, votes), () => {
  it.skipIf(missing)("gives the published figures, and warns of the published groups", async () => {
    const said = await documentOf("--comments", statements.path, "--votes", votes.path);
    expect(said).toMatchObject({
      voters: 1002,
      statements: 275,
      votes: { all: 34_563, agree: 27_271, disagree: 4_550, pass: 2_742 },
      groups: [
        { id: "0", voters: 619 },
        { id: "1", voters: 383 },
      ],
      grouping: { origin: "export" },
      warnings: [{ code: "polis-groups" }],
    });
    // Those that a count of the votes by hand gives: at least 0.9 of each group's votes on a statement agree.
    const ids = (said.consensus as { readonly id: string }[]).map(({ id }) => Number(id));
    expect(ids.sort((one, other) => one - other)).toEqual([
      ...[3, 4, 24, 44, 49, 54, 73, 80, 123, 131, 149, 150, 186, 187, 190, 191, 195, 206, 228, 229, 251, 267],
      ...[274, 280, 296, 299, 305, 458, 578, 631, 717, 746, 901, 914],
    ]);
  });
});
