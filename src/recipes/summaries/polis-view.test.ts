// What is said of a conversation's groups where they differ in nothing, or there is only one.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { polisSchema } from "../settings/polis-settings.ts";
import { gatherOpinions } from "../stages/polis-opinions.ts";
import { describeOpinions } from "./polis-view.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-polis-view-"));
afterAll(() => rmSync(folder, { recursive: true }));

const statements = ["Be kind.", "Be brief."];

/** The view of these votes, a row a voter: the group, then the votes, empty where there is none. */
const viewOf = async (rows: readonly string[]): Promise<string> => {
  const [comments, votes] = [join(folder, "comments.csv"), join(folder, "votes.csv")];
  const bodies = statements.map((text, at) => `${at},0,1,false,${text}`);
  writeFileSync(comments, ["comment-id,author-id,moderated,is-meta,comment-body", ...bodies].join("\n"));
  writeFileSync(votes, ["participant,group-id,0,1", ...rows.map((row, at) => `${at},${row}`)].join("\n"));
  const config = polisSchema.parse({ comments, votes, minVotes: 1 });
  return describeOpinions(await gatherOpinions(config), config).join("\n");
};

describe("where groups differ", () => {
  it("is told of statements that two groups have voted on", async () => {
    const differ = await viewOf(["0,1,1", "0,1,1", "1,1,-1", "1,,-1"]);
    expect(differ).toMatch(/Where groups differ most:\n.*statement\n.*Be brief\.\n.*Be kind\./);
    const apart = await viewOf(["0,1,", "0,1,", "1,,1", "1,,1"]);
    expect(apart).toContain("No statement has votes of two groups, so none divides them.");
    expect(apart).not.toContain("differ most");
  });

  it("is nothing where there is one group", async () => {
    const one = await viewOf([",1,1", ",1,1", ",1,1"]);
    expect(one).toContain("1 opinion group");
    expect(one).toContain("There is one opinion group, so no statement divides groups.");
    expect(one).not.toContain("differ most");
  });
});
