// `covenant simulate vote` in the brief wording, on scripted models: what is held back from the mediator, what a draft has no
// room for, and candidates that are no statements are told.

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { mediationRecordSchema, supportRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { type Given, makeVotes, type Rule } from "./simulate-vote.fixture.ts";
import { recipe } from "./simulate-vote.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const { folder, remove, given, script } = makeVotes();
afterAll(remove);

describe("the brief wording", () => {
  const rules = (support: number): Rule[] => [
    { when: "none yet", reply: "principles:\n1. Be wise.\n2. Be calm.\n3. Be brave." },
    { when: "Write the principles anew.", reply: "principles:\n1. A\n2. [1]" },
    { when: "feedback: what should change?", reply: `support: ${support}\nfeedback: Be discreet.` },
    { when: "Rate the principles:", reply: ["support: 3", "support: 8"] },
    { when: "Which principle should", reply: ["Keep it short.", "I like this reply.", "Be peaceful."] },
  ];
  const play = async (out: string, support: number, changes: Partial<Given> = {}) => {
    const warnings: string[] = [];
    const config = given(out, {
      ...{ model: script(`${out}.yaml`, ...rules(support)), wording: "brief", personas: "sandbox", users: 3 },
      ...{ rounds: 1, drafts: 1, sandbox: { requests: 0 }, ...changes },
    });
    const context = contextFor((event) => {
      if (event.type === "warning") warnings.push(`${event.code}: ${event.text}`);
    });
    const { lines, document } = await recipe.run(recipe.schema.parse(config), context);
    const figures = document as { rounds: { comments: object | null }[]; noStatement: string[] };
    return { warnings, text: lines.join("\n"), figures };
  };

  it("holds thanks back from the mediator, and says how many", async () => {
    const { warnings, figures, text } = await play("thanks", 9);
    expect(figures.rounds[1]!.comments).toMatchObject({ made: 3, heldBack: 3 });
    expect(text).toContain("round-1: 3 of 3 comments held back from the mediator as thanks");
    expect(warnings.join("\n")).toMatch(
      /round-unasked: No comment of 3 users .* \(3 comments held back as thanks/,
    );
    const shown = await play("all", 9, { contentFrom: "off" });
    expect(shown.figures.rounds[1]!.comments).toMatchObject({ made: 3, heldBack: 0 });
    expect(shown.warnings.join("\n")).not.toContain("round-unasked");
  });

  it("says that the oracle's support holds them back where voters are scripted", async () => {
    const sandbox = { requests: 0, voters: "scripted" } as const;
    const { text } = await play("told", 3, { sandbox, contentFrom: 0 });
    expect(text).toContain(
      "3 of 3 comments held back from the mediator as thanks (contentFrom, by the support that the sandbox's oracle tells)",
    );
    const comments = await readRecords(join(folder, "told/round-1/comments.jsonl"), supportRecordSchema);
    expect(comments.map(({ supportBy }) => supportBy)).toEqual(Array(3).fill("sandbox"));
    const played = (await play("played", 9)).text;
    expect(played).toContain("held back from the mediator as thanks (contentFrom)");
  });

  it("says what else became of replies where there is nothing to draft from", async () => {
    const silent: readonly Rule[] = [
      { when: "feedback: what should change?", reply: "support: 3\nfeedback: " },
      { when: "Rate the principles:", reply: "support: 3" },
      { when: "Which principle should", reply: "Keep it short." },
    ];
    const { warnings } = await play("silent", 3, { model: script("silent-users.yaml", ...silent) });
    expect(warnings.join("\n")).toMatch(/round-unasked: .* \(3 replies without a comment that can be read\)/);
  });

  it("says that a draft had no room for all that was written", async () => {
    const { warnings, figures, text } = await play("cut", 3);
    expect(warnings.join("\n")).toMatch(/drafts-cut: .*2 principles that a draft may have \(seats\)/);
    const drafts = await readRecords(join(folder, "cut/opening/drafts.jsonl"), mediationRecordSchema);
    expect(drafts[0]!.cut).toHaveLength(1);
    expect(figures.rounds[0]!.comments).toMatchObject({ cut: 1 });
    expect(text).toMatch(/opening: 1 principle left out of drafts/);
    expect((await play("room", 3, { seats: 3 })).warnings.join("\n")).not.toContain("drafts-cut");
  });

  it("tells candidates that are no statements", async () => {
    const { figures, text } = await play("remarks", 3);
    expect(figures.noStatement).toContain("I like this reply.");
    expect(text).toMatch(
      /candidates (is|are) no statement of the sandbox's language .*"I like this reply\."/,
    );
  });
});
