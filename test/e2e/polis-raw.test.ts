// `covenant polis` on exports as Polis gives them, before anybody cleaned them: one of our own with everything in it that such
// files have, and the raw files of Collective Constitutional AI, from which its published cleaning comes out again.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConstitution } from "../../src/constitution/index.ts";
import { missingOf, type PublishedFile, publishedFile, titled } from "../../src/core/published.fixture.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";

const { folder, remove } = makeFolder("polis-raw");
afterAll(remove);

/** As Windows writes tables: with a byte order mark, and lines that end in two characters. */
const table = (name: string, rows: readonly string[]): string => {
  writeFileSync(join(folder, name), `\ufeff${rows.join("\r\n")}\r\n`);
  return name;
};

const documentOf = async (comments: string, votes: string, ...words: readonly string[]) => {
  const given = ["polis", "--comments", comments, "--votes", votes, ...words, "--json"];
  return JSON.parse(expectStatus(await covenant(given, folder), 0).stdout);
};

describe("covenant polis on a raw export of our own", () => {
  // the newest statement first, and ids with gaps; 41 and 17 are statements that nobody ever voted on
  const comments = table("comments.csv", [
    "timestamp,datetime,comment-id,author-id,agrees,disagrees,moderated,comment-body",
    "1760000009000,Thu Oct 09 09:00:09 UTC 2025,41,8,0,0,0,Nobody has seen this yet.",
    '1760000008000,Thu Oct 09 09:00:08 UTC 2025,17,7,0,0,-1,"Cheap watches, ""today only""!"',
    "1760000007000,Thu Oct 09 09:00:07 UTC 2025,9,6,3,2,0,Answers should be short.",
    "1760000006000,Thu Oct 09 09:00:06 UTC 2025,6,4,1,1,-1,Vote for me",
    '1760000005000,Thu Oct 09 09:00:05 UTC 2025,3,3,4,2,1,"Say ""I do not know"", where it is so.\r\nAnd say it early."',
    "1760000004000,Thu Oct 09 09:00:04 UTC 2025,1,0,4,3,1,Tell jokes.",
    '1760000003000,Thu Oct 09 09:00:03 UTC 2025,0,0,6,0,1,"Treat everybody alike, whoever asks."',
  ]);
  // 12 voted once and has no group, 20 never voted
  const votes = table("participants-votes.csv", [
    "participant,xid,group-id,n-comments,n-votes,n-agree,n-disagree,0,1,3,6,9,17,41",
    "0,7Hq2,0,2,5,5,0,1,1,1,1,1,,",
    "3,,0,1,4,3,1,1,1,1,,-1,,",
    '4,"p, 9",0,1,4,3,0,1,1,1,,0,,',
    "6,,1,1,4,3,1,1.0,-1.0,1.0,,1.0,,",
    "7,a@b.example,1,1,5,2,3,1,-1,-1,-1,1,,",
    "8,,1,1,4,2,2,1,-1,-1,,1,,",
    "12,,,0,1,1,0,,1,,,,,",
    "20,,,0,0,0,0,,,,,,,",
  ]);
  const few = ["--set", "minVotes=3"];

  it("keeps what counts, says what was left out and why, and takes texts as they stand", async () => {
    const said = await documentOf(comments, votes, ...few, "--agreement", "0");
    expect(said).toMatchObject({
      files: { form: "matrix" },
      ...{ voters: 6, statements: 4, votes: { all: 24, agree: 17, disagree: 6, pass: 1 } },
      cleaning: {
        statements: { blank: 0, rejected: 2, notAccepted: 0, meta: 0, unvoted: 1 },
        voters: { fewVotes: 2, named: 0 },
        votes: { replaced: 0, unknownStatement: 0 },
      },
      groups: [
        { id: "0", voters: 3 },
        { id: "1", voters: 3 },
      ],
      ...{ grouping: { origin: "export" }, warnings: [] },
    });
    type Told = { id: string; text: string; groups: { agree: number; all: number }[] };
    expect(
      (said.consensus as Told[])
        .map(({ id, text, groups }) => [id, text, ...groups.map(({ agree, all }) => `${agree}/${all}`)])
        .sort(),
    ).toEqual([
      ["0", "Treat everybody alike, whoever asks.", "3/3", "3/3"],
      ["1", "Tell jokes.", "3/3", "0/3"],
      ["3", 'Say "I do not know", where it is so.\r\nAnd say it early.', "3/3", "1/3"],
      ["9", "Answers should be short.", "1/3", "3/3"],
    ]);
    // an xid can name a person
    expect(JSON.stringify(said)).not.toMatch(/7Hq2|p, 9|a@b/);
    const strict = await documentOf(comments, votes, ...few, "--strict");
    expect(strict.cleaning.statements).toMatchObject({ rejected: 2, notAccepted: 2, unvoted: 0 });
    expect([strict.statements, strict.votes.all]).toEqual([3, 18]);
  });

  it("drafts a constitution of it that loads, a statement of two lines among the principles", async () => {
    await documentOf(comments, votes, ...few, "--agreement", "0", "--draft", "draft.yaml");
    const { principles } = await loadConstitution(join(folder, "draft.yaml"));
    expect(principles.map(({ id }) => id).sort()).toEqual([
      "statement-0",
      "statement-1",
      "statement-3",
      "statement-9",
    ]);
    const lines = principles.find(({ id }) => id === "statement-3")!;
    expect(lines.title).toBe('Say "I do not know", where it is so. And say it early.');
    expect(lines.support).toMatchObject([
      { group: "0", agree: 3, disagree: 0, pass: 0 },
      { group: "1", agree: 1, disagree: 2, pass: 0 },
    ]);
  });
});

const [statements, matrix, tossed] = ["comments.csv", "participants-votes.csv", "ids-to-toss.csv"].map(
  (name) => publishedFile(`ccai/${name}`),
) as [PublishedFile, PublishedFile, PublishedFile];
const raw = [statements, matrix, tossed];
const cleaned = ["clean_comments.csv", "clean_votes.csv"].map((name) => publishedFile(`ccai/${name}`));

describe(titled("covenant polis on the raw files of Collective Constitutional AI", ...raw), () => {
  it.skipIf(missingOf(...raw))("counts their voters, and finds the groups that Polis found", async () => {
    const said = await documentOf(statements.path, matrix.path, "--strict");
    expect(said).toMatchObject({
      ...{
        voters: 1094,
        statements: 275,
        votes: { all: 36_821, agree: 29_012, disagree: 4_813, pass: 2_996 },
      },
      cleaning: { statements: { rejected: 655, notAccepted: 488, unvoted: 0 }, voters: { fewVotes: 32 } },
      groups: [{ voters: 708 }, { voters: 386 }],
      ...{ grouping: { origin: "export" }, warnings: [] },
    });
    expect(said.grouping.ofVotes.same).toBeCloseTo(0.982, 3);
    expect(said.grouping.ofVotes.adjustedRand).toBeCloseTo(0.928, 3);
  });

  it.skipIf(missingOf(...raw, ...cleaned))("cleaned as published, they are the published files", async () => {
    const ids = readFileSync(tossed.path, "utf8").trim().split(/\s+/);
    const computed = ["--groups", "computed", "--set", "groupCount=2"];
    const cleaning = ["--strict", "--set", "minVotes=26", "--set", `leaveOut=[${ids.join(",")}]`];
    const own = await documentOf(statements.path, matrix.path, ...cleaning, ...computed);
    const {
      files,
      cleaning: left,
      ...told
    } = await documentOf(cleaned[0]!.path, cleaned[1]!.path, ...computed);
    expect(own).toMatchObject(told);
    expect([own.voters, own.statements, own.votes.all, own.consensus.length]).toEqual([
      1002, 275, 34_563, 22,
    ]);
    expect(own.cleaning.voters).toEqual({ fewVotes: 87, named: 37 });
    expect([files.form, left.voters]).toEqual(["matrix", { fewVotes: 0, named: 0 }]);
  });
});
