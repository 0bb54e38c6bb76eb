import { describe, expect, it } from "vitest";
import { loadConstitution } from "../constitution/index.ts";
import type { PromptRecord } from "../records/index.ts";
import { planAnswers, planLabels, planOf, planRevisions } from "./data-plan.ts";

const promptOf = (content: string): PromptRecord => ({
  id: content,
  parents: [],
  stage: "prompts",
  seed: 0,
  messages: [{ role: "user", content }],
  split: "train",
});
const short = [promptOf("a".repeat(40)), promptOf("b".repeat(40))];
const long = [promptOf("a".repeat(4000)), promptOf("b".repeat(40))];

describe("what asking models will take", () => {
  it("counts the prompts' own text and every reply at its limit", () => {
    expect(planAnswers(short, 100)).toMatchObject({ calls: 2, tokens: 2 * (10 + 4 + 100) });
    expect(planAnswers(long, 100).tokens - planAnswers(short, 100).tokens).toBe(990);
  });

  it("grows with rounds, prompts' length and the limit of replies, and halves its calls without critiques", async () => {
    const constitution = await loadConstitution("ethical");
    const plan = (prompts: readonly PromptRecord[], rounds: number, maxTokens = 100) =>
      planRevisions(prompts, constitution, { rounds, mode: "critique", maxTokens });
    expect(plan(short, 2)).toMatchObject({ calls: 8, tokens: 2 * plan(short, 1).tokens });
    expect(plan(long, 1).tokens - plan(short, 1).tokens).toBe(2 * 990);
    // The answer and critique are read once and twice, and both are written.
    expect(plan(short, 1, 200).tokens - plan(short, 1).tokens).toBe(2 * 5 * 100);
    const direct = planRevisions(short, constitution, { rounds: 1, mode: "direct", maxTokens: 100 });
    expect(direct.calls).toBe(2);
    expect(direct.tokens).toBeLessThan(plan(short, 1).tokens / 2);
  });

  it("asks for two replies and both orders of a label", async () => {
    const [samples, labels] = planLabels(short, await loadConstitution("ethical"), 100);
    expect([samples?.calls, labels?.calls]).toEqual([4, 4]);
    expect(samples?.tokens).toBe(2 * planAnswers(short, 100).tokens);
    expect(labels?.tokens).toBeGreaterThan(4 * 200);
  });

  it("costs nothing here, and nobody knows what elsewhere", () => {
    const dollars = (...models: string[]) => planOf([], models).dollars;
    expect(dollars("embedded:covenant-tiny", "./folder")).toBe(0);
    expect(dollars("./folder", "openai:some")).toBeNull();
    expect(dollars("http://127.0.0.1:1/v1#some")).toBeNull();
  });
});
