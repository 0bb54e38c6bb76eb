// Exports of every age, as files of our own: what of them counts, what is left out and why, and what is said of a file that
// is none.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingOf, publishedFile, titled } from "../../core/published.fixture.ts";
import {
  agreedByAll,
  type CleaningSettings,
  compareGroups,
  computeGroups,
  exportedGroups,
  groupSizes,
  readConversation,
  supportOf,
  tallyAll,
} from "./index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-polis-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const comments = `timestamp,datetime,comment-id,author-id,agrees,disagrees,moderated,comment-body
1,Mon,2,0,2,0,1,"Be kind, ""always"""
2,Mon,10,0,1,1,0,Be brief
3,Mon,1,0,0,1,-1,Buy now
`;
const matrix = `participant,xid,group-id,n-comments,n-votes,n-agree,n-disagree,1,2,10
12,x,1,0,3,1,2,-1,1,-1.0
3,,0,0,2,2,0,,1,1
5,,,0,1,0,0,0,,
`;
// Not in the order of time: voter 12 first agreed with 10.
const log = `timestamp,datetime,comment-id,voter-id,vote
30,Mon,10,12,-1
10,Mon,10,12,1
11,Mon,2,12,1
12,Mon,1,12,-1
13,Mon,2,3,1
14,Mon,10,3,1
15,Mon,1,5,0
`;

const usual: CleaningSettings = { minVotes: 1, strict: false, leaveOut: [], agreeSign: 1 };
const read = (files: { comments?: string; votes?: string }, settings: Partial<CleaningSettings> = {}) => {
  const write = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  return readConversation(
    {
      comments: write("comments.csv", files.comments ?? comments),
      votes: write("votes.csv", files.votes ?? matrix),
    },
    { ...usual, ...settings },
  );
};

describe("a conversation", () => {
  it("is the same from a matrix and from a log, whose latest votes count", async () => {
    const [one, other] = [await read({}), await read({ votes: log })];
    expect(other.matrix.votes).toEqual(one.matrix.votes);
    expect(other.matrix.statements).toEqual(one.matrix.statements);
    expect([one.form, other.form]).toEqual(["matrix", "log"]);
    expect(one.matrix.voters).toEqual([
      { id: "3", group: "0" },
      { id: "12", group: "1" },
    ]);
    expect(one.matrix.statements.map(({ id, text }) => [id, text])).toEqual([
      ["2", 'Be kind, "always"'],
      ["10", "Be brief"],
    ]);
    expect([...one.matrix.votes]).toEqual([1, 1, 1, -1]);
    expect(tallyAll(one.matrix)).toEqual({ all: 4, agree: 3, disagree: 1, pass: 0 });
    // Voter 5 voted on a statement that is left out alone.
    expect(one.cleaning).toMatchObject({ statements: { rejected: 1 }, voters: { fewVotes: 1 } });
    expect(other.cleaning.votes).toEqual({ replaced: 1, unknownStatement: 0 });
  });

  it("is read whatever the version of Polis calls its columns", async () => {
    const old = comments
      .replace("comment-id", "Comment ID")
      .replace("moderated", "Moderated")
      .replace("comment-body", "Comment body");
    const newer = matrix.replace("participant,", "Participant,").replace("group-id", "Group ID");
    const [plain, named] = [await read({}), await read({ comments: old, votes: newer })];
    expect(named.matrix).toEqual(plain.matrix);
  });

  it("leaves out what is asked for, and counts it", async () => {
    const { matrix: strict, cleaning } = await read({}, { strict: true });
    expect(strict.statements.map(({ id }) => id)).toEqual(["2"]);
    expect(cleaning.statements).toMatchObject({ rejected: 1, notAccepted: 1 });
    const fewer = await read({}, { minVotes: 3 });
    expect(fewer.matrix.voters.map(({ id }) => id)).toEqual(["12"]);
    expect(fewer.cleaning.voters).toEqual({ fewVotes: 2, named: 0 });
    const without = await read({}, { leaveOut: ["12"] });
    expect(without.matrix.voters.map(({ id }) => id)).toEqual(["3"]);
    expect(without.cleaning.voters.named).toBe(1);
    const meta = comments
      .replace(",moderated", ",moderated,is-meta")
      .replace("1,1,0,Be", "1,1,0,true,Be")
      .replace("0,1,-1,", "0,1,-1,false,")
      .replace("2,0,1,", "2,0,1,false,");
    expect((await read({ comments: meta })).cleaning.statements.meta).toBe(1);
    const blank = comments.replace("Be brief", " ");
    expect((await read({ comments: blank })).cleaning.statements.blank).toBe(1);
  });

  it("counts votes on statements that the other file lacks", async () => {
    const fewer = comments.replace(/^.*Be brief\n/m, "");
    const { cleaning, matrix: left } = await read({ comments: fewer });
    expect(cleaning.votes.unknownStatement).toBe(2);
    expect(left.statements).toHaveLength(1);
  });

  it("tells when agreement and disagreement seem to have changed places", async () => {
    const flipped = log.replaceAll(/,(-?)1$/gm, (_, sign: string) => (sign === "-" ? ",1" : ",-1"));
    expect((await read({})).doubtfulSign).toBe(false);
    expect((await read({ votes: flipped })).doubtfulSign).toBe(true);
    const mended = await read({ votes: flipped }, { agreeSign: -1 });
    expect(mended.doubtfulSign).toBe(false);
    expect(mended.matrix.votes).toEqual((await read({ votes: log })).matrix.votes);
  });

  const faults: readonly (readonly [string, Parameters<typeof read>[0], string])[] = [
    [
      "a vote that is none",
      { votes: matrix.replace("-1.0", "2") },
      'line 2: 10: got "2", expected 1, 0 or -1',
    ],
    ["a vote that is none in a log", { votes: log.replace(",-1\n", ",yes\n") }, 'line 2: vote: got "yes"'],
    ["a vote without a voter", { votes: log.replace("10,12,1", "10,,1") }, 'line 3: voter-id: got ""'],
    ["a time that is none", { votes: log.replace("30,", "noon,") }, 'line 2: timestamp: got "noon"'],
    ["a participant twice", { votes: matrix.replace("\n3,", "\n12,") }, "each participant once"],
    ["another file for votes", { votes: "id,text\n1,a\n" }, "got the fields: id, text; expected participant"],
    ["another file for statements", { comments: log }, "expected comment-id and comment-body"],
    ["a statement twice", { comments: comments.replace(",10,", ",2,") }, 'got "2" for the second time'],
    [
      "moderation that is none",
      { comments: comments.replace(",1,0,Be", ",1,7,Be") },
      "moderated: got 7, expected -1",
    ],
    ["an empty file of votes", { votes: "participant,1\n" }, "holds no votes"],
    ["an empty file of statements", { comments: "comment-id,comment-body\n" }, "holds no statements"],
    ["files of two conversations", { votes: "participant,77\n1,1\n" }, "belong to one conversation?"],
  ];
  it.each(faults)("tells %s with file, line and field", async (_, files, message) => {
    await expect(read(files)).rejects.toThrow(message);
  });

  it("tells several faults at once", async () => {
    const wrong = matrix.replace("-1.0", "2").replace(",1,1\n", ",x,1\n");
    await expect(read({ votes: wrong })).rejects.toThrow(
      /has 2 faults:[\s\S]*line 2: 10: [\s\S]*line 3: 2: /,
    );
  });
});

const published = {
  comments: publishedFile("ccai/clean_comments.csv"),
  votes: publishedFile("ccai/clean_votes.csv"),
};
const needed = [published.comments, published.votes];

describe(titled("Collective Constitutional AI as it was published", ...needed), () => {
  it.skipIf(missingOf(...needed))(
    "has the voters, statements, votes, groups and consensus that were published",
    async () => {
      const { matrix: all } = await readConversation(
        { comments: published.comments.path, votes: published.votes.path },
        { ...usual, minVotes: 7 },
      );
      expect([all.voters.length, all.statements.length]).toEqual([1002, 275]);
      expect(tallyAll(all)).toEqual({ all: 34_563, agree: 27_271, disagree: 4_550, pass: 2_742 });
      const groups = exportedGroups(all)!;
      expect(groupSizes(groups)).toEqual([619, 383]);
      const agreed = agreedByAll(supportOf(all, groups), 0.9);
      expect(agreed).toHaveLength(34);
      // What the published groups are worth: the votes give others.
      const { adjustedRand } = compareGroups(groups, computeGroups(all, 0, 2));
      expect(Math.abs(adjustedRand!)).toBeLessThan(0.05);
    },
  );
});
