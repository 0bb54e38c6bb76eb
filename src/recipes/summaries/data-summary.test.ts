import { describe, expect, it } from "vitest";
import { sequenceOf } from "../../core/index.ts";
import type { RunEvent } from "../../records/index.ts";
import { countSpent } from "../stages/stage-model.ts";
import { countFinishes, countLabels, countSteps, tallyReplies } from "../stages/tallies.ts";
import { describeFinishes, describeLabels, describeSpent, describeUnrevised } from "./data-summary.ts";

const usage = (stage: string, calls: number, counts: Record<string, number> = {}): RunEvent => ({
  type: "stage-usage",
  time: 0,
  stage,
  calls,
  promptTokens: 1000 * calls,
  completionTokens: calls,
  repeats: 1,
  counts,
});

describe("what commands say at their end", () => {
  it("tells how replies ended, and only of ends that occurred", () => {
    const counts = countFinishes([{ finish: "stop" }, { finish: "overflow" }, { finish: "length" }]);
    expect(counts).toEqual({ stop: 1, length: 1, refusal: 0, overflow: 1, rejected: 0, empty: 0 });
    expect(describeFinishes(counts, 80, "answer")).toBe(
      "3 answers: 1 whole, 1 cut at 80 tokens, 1 too long for the model's context.",
    );
    expect(describeFinishes(countFinishes([]), 80, "answer")).toBe("0 answers.");
    expect(describeFinishes(countFinishes([{ finish: "stop" }]), 80, "reply", "replies")).toBe(
      "1 reply: 1 whole.",
    );
  });

  it("tells which answers were not revised, and why", async () => {
    const answers = (["stop", "overflow", "length", "refusal", "overflow"] as const).map((finish) => ({
      finish,
      text: finish === "stop" || finish === "length" ? "Yes." : "",
    }));
    expect(describeUnrevised(await tallyReplies(sequenceOf(answers)), 2)).toEqual([
      "Left out of revision: 3 of 5 answers (1 refused by the provider, 2 too long for the model's context).",
    ]);
    expect(describeUnrevised(await tallyReplies(sequenceOf(answers.slice(0, 1))), 1)).toEqual([]);
  });

  it("tells of one thing as of one", async () => {
    const answers = [{ finish: "empty", text: "" } as const];
    expect(describeUnrevised(await tallyReplies(sequenceOf(answers)), 0)).toEqual([
      "Left out of revision: 1 of 1 answer (1 empty).",
    ]);
    const spent = { promptTokens: 1, completionTokens: 2, counts: { heading: 1 }, calls: 1, repeats: 0 };
    expect(describeSpent(spent)).toEqual([
      "Asked of models: 1 call; 1 token read and 2 written.",
      "Cut from replies: heading 1 time.",
    ]);
  });

  it("tells how rounds ended, critiques in the place of revisions among them", () => {
    const steps = countSteps([{ finish: "stop" }, { finish: "critique" }, { finish: "critique" }]);
    expect(describeFinishes(steps, 80, "revision")).toBe("3 revisions: 1 whole, 2 replaced by a critique.");
  });

  it("tells how comparisons ended, and of each that was left out the reason", () => {
    const judged = { state: "judged", flipped: true } as const;
    const unscored = (reason: "reply-missing" | "overflow" | "refusal" | "no-choice") =>
      ({ state: "unscored", flipped: null, reason }) as const;
    const labels = [
      judged,
      { state: "identical", flipped: null } as const,
      unscored("reply-missing"),
      unscored("overflow"),
      unscored("overflow"),
      unscored("no-choice"),
    ];
    const missing = countFinishes([{ finish: "overflow" }]);
    expect(describeLabels(countLabels(labels), missing)).toEqual([
      "6 comparisons: 1 judged, 1 of them flipped with the order.",
      "Left out of the rows: 1 of twice the same reply; 1 for want of a reply (1 too long for the model's context); 2 too long for the judge's context; 1 to which the judge gave no (A) or (B).",
    ]);
    expect(describeLabels(countLabels([judged]), missing)).toHaveLength(1);
  });

  it("adds up what the named stages took, over all attempts", () => {
    const events = [
      usage("answer", 2, { quotes: 1 }),
      usage("answer", 3, { quotes: 2, bounded: 1 }),
      usage("sl", 9),
    ];
    const counted = countSpent(["answer", "revise"]);
    for (const event of events) counted.add(event);
    const spent = counted.total();
    expect(spent).toEqual({
      calls: 5,
      promptTokens: 5000,
      completionTokens: 5,
      repeats: 2,
      counts: { quotes: 3, bounded: 1 },
    });
    const lines = describeSpent(spent);
    expect(lines[0]).toBe(
      "Asked of models: 7 calls, 2 of them without an answer; 5,000 tokens read and 5 written.",
    );
    expect(lines[1]).toBe("Cut from replies: quotes 3 times.");
    expect(lines[2]).toContain("In 1 comparison the judge");
  });

  it("tells of answers of another model, which are no cuts", () => {
    const spent = countSpent(["one"]);
    spent.add(usage("one", 3, { "from-another-model": 2 }));
    const told = describeSpent(spent.total());
    expect(told[1]).toMatch(/^2 answers came from another model than the one that was asked/);
    expect(told[1]).not.toContain("warnings");
    expect(told).toHaveLength(2);
  });
});
