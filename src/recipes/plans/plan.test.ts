import { describe, expect, it } from "vitest";
import { loadConstitution } from "../../constitution/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import type { ModelSpeed, Speed } from "../costs/model-time.ts";
import { sizedModel } from "../costs/sized-model.fixture.ts";
import { planComparisons, planEvaluation, planOf, planReplies, planRevisions } from "./plan.ts";
import { type JudgePlan, lettersBy } from "./plan-letters.ts";
import { type PolicyPlan, planPolicy, planTraining, rowTokens } from "./plan-training.ts";

const speed: ModelSpeed = { config: sizedModel, task: "causal-lm", rate: 100e9 };

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
  const answers = (prompts: readonly PromptRecord[], maxTokens: number, given: Speed = speed) =>
    planReplies("answer", prompts, { speed: given, maxTokens });

  it("counts the prompts' own text and every reply at its limit", () => {
    expect(answers(short, 100)).toMatchObject({ calls: 2, tokens: 2 * (10 + 4 + 100) });
    expect(answers(long, 100).tokens - answers(short, 100).tokens).toBe(990);
  });

  it("grows with rounds, prompts' length and the limit of replies, and halves its calls without critiques", async () => {
    const constitution = await loadConstitution("ethical");
    const plan = (prompts: readonly PromptRecord[], rounds: number, maxTokens = 100) =>
      planRevisions("revise", prompts, constitution, {
        ...{ rounds, mode: "critique", maxTokens, speed, scoring: "one-call" },
      });
    expect(plan(short, 2)).toMatchObject({ calls: 8, tokens: 2 * plan(short, 1).tokens });
    expect(plan(long, 1).tokens - plan(short, 1).tokens).toBe(2 * 990);
    // The answer and critique are read once and twice, and both are written.
    expect(plan(short, 1, 200).tokens - plan(short, 1).tokens).toBe(2 * 5 * 100);
    const settings = { rounds: 1, mode: "direct", maxTokens: 100, speed, scoring: "one-call" } as const;
    const direct = planRevisions("revise", short, constitution, settings);
    expect(direct.calls).toBe(2);
    expect(direct.tokens).toBeLessThan(plan(short, 1).tokens / 2);
  });

  it("counts what a recheck takes, and writes, where verdicts have to be written", async () => {
    const constitution = await loadConstitution("ethical");
    const plan = (scoring: "one-call" | "none" | "unknown", voteTokens: number, recheck?: number) =>
      planRevisions("revise", short, constitution, {
        ...{ rounds: 1, mode: "direct", maxTokens: 100, speed, scoring, voteTokens, recheck },
      });
    const tests = 2 * 2 * constitution.principles.length;
    expect(plan("one-call", 16, 0).calls).toBe(2 + tests + 1);
    expect(plan("one-call", 900, 0).tokens).toBe(plan("one-call", 16, 0).tokens);
    expect(plan("none", 900, 0).tokens - plan("none", 16, 0).tokens).toBe(884 * tests);
    // Of an endpoint nobody knows yet: an echo for each letter, or a verdict that is written, whichever is dearer.
    const unknown = plan("unknown", 900, 0);
    expect(unknown.calls).toBeGreaterThan(2 + 2 * tests);
    expect(unknown.tokens).toBeGreaterThan(plan("none", 900, 0).tokens);
    expect(plan("unknown", 900)).toEqual(plan("one-call", 16));
  });

  it("asks for two replies and both orders of a label", async () => {
    const samples = planReplies("sample", short, { speed, maxTokens: 100, samples: 2 });
    const labels = planComparisons("label", short, await loadConstitution("ethical"), {
      speed,
      scoring: "one-call",
      maxTokens: 100,
    });
    expect([samples.calls, labels.calls]).toEqual([4, 4]);
    expect(samples.tokens).toBe(2 * answers(short, 100).tokens);
    expect(labels.tokens).toBeGreaterThan(4 * 200);
  });

  it("counts what a judge takes at most where only asking can tell how it is asked", async () => {
    const constitution = await loadConstitution("ethical");
    const plan = (more: Partial<JudgePlan>) =>
      planComparisons("label", short, constitution, {
        ...{ speed: null, scoring: "unknown", maxTokens: 100, votes: 5, price: { input: 0, output: 1e6 } },
        ...more,
      });
    // Two comparisons in both orders: by five votes each, and a few calls to find out.
    expect(plan({ scoring: "none" })).toMatchObject({ calls: 20, dollars: 4 * 5 * 16 });
    expect(plan({})).toMatchObject({ calls: 20 + 6, dollars: 4 * 5 * 16 + 6 * 8 });
    // every endpoint of a pool has to be found out about
    expect(plan({ members: 3 })).toMatchObject({ calls: 20 + 3 * 6, dollars: 4 * 5 * 16 + 3 * 6 * 8 });
    expect(plan(lettersBy("http://a:1/v1#m|http://b:1/v1#m"))).toMatchObject({ calls: 20 + 2 * 6 });
    expect(plan({ scoring: "none", voteTokens: 500 })).toMatchObject({ dollars: 4 * 5 * 500 });
    expect(plan({}).what).toContain("at most");
    // Echo reads each question twice, and a chat writes up to 8 tokens, which cost what written ones do.
    const choice = plan({ method: "choice" });
    expect(choice).toMatchObject({ calls: 8 + 6, dollars: 4 * 8 + 6 * 8 });
    // Examples stand before every question, as often as it is read; after a chain of thought twice.
    const shown = plan({ method: "choice", examples: 1000 }).tokens - choice.tokens;
    expect(shown).toBe(4 * 2 * 1000);
    const thought = { method: "reasoning", scoring: "one-call" } as const;
    const behind = plan({ ...thought, examples: 1000 }).tokens - plan(thought).tokens;
    expect(behind).toBe(4 * 2 * 1000);
    const twice = plan({ method: "choice", maxTokens: 200 }).tokens - choice.tokens;
    expect(twice).toBe(4 * 2 * 2 * 100);
    const reasoning = plan({ method: "reasoning", chains: 3, reasoningTokens: 50 });
    expect(reasoning.calls).toBe(4 * 3 * 3 + 6);
    expect(reasoning.dollars).toBe(4 * 3 * (50 + 16) + 6 * 8);
  });

  it("costs nothing here, and nobody knows what elsewhere", () => {
    expect(planOf([answers(short, 80)]).dollars).toBe(0);
    expect(planOf([answers(short, 80), answers(short, 80, null)])).toMatchObject({
      seconds: null,
      dollars: null,
    });
    const price = { input: 0, output: 1e6 };
    const models = [speed, null].map((one) => ({
      speed: one,
      maxTokens: 80,
      price: one === null ? price : undefined,
    }));
    const evaluation = planEvaluation("evaluate", short, models);
    expect(evaluation).toMatchObject({ calls: 4, seconds: null, dollars: 2 * 80 });
  });

  it("counts a training by its epochs", () => {
    const size = { speed, maxTokens: 80, batch: 2 };
    const once = planTraining("sl", 4, { ...size, epochs: 1 }, () => 400);
    const thrice = planTraining("sl", 4, { ...size, epochs: 3 }, () => 400);
    expect([once.tokens, thrice.tokens]).toEqual([400, 1200]);
    expect([once.what, thrice.what]).toEqual(["1 epoch over 4 rows", "3 epochs over 4 rows"]);
    // the two replies of a pair share their prompt
    expect(rowTokens(short, 2)(100) - rowTokens(short, 1)(100)).toBe(2 * 100);
  });
});

describe("what learning by reward will take", () => {
  const reward: ModelSpeed = { ...speed, task: "sequence-classification" };
  const prompt = { mean: 20, longest: 40 };
  const alone = {
    speed,
    steps: 3,
    replies: 8,
    epochs: 1,
    minibatches: 2,
    maxTokens: 100,
    hasReference: false,
  };
  const plan = (change: Partial<PolicyPlan> = {}) =>
    planPolicy("rl", prompt, { ...alone, reward, hasReference: true, ...change });
  const seconds = (change?: Partial<PolicyPlan>): number => planOf(plan(change)).seconds!;

  it("is told part by part: written, read by policy and reference, scored, learned", () => {
    expect(plan().map(({ what, calls, tokens }) => [what, calls, tokens])).toEqual([
      ["3 steps of 8 replies", 24, 24 * (20 + 100)],
      ["read by the policy and by its reference", 48, 48 * (20 + 100)],
      ["scored by the reward model", 24, 24 * (20 + 100)],
      ["6 updates on 4 of them", 0, 24 * (20 + 100)],
    ]);
  });

  it("has no part for a reference or a reward model that is not there", () => {
    const parts = planPolicy("rl", prompt, { ...alone, epochs: 2 });
    expect(parts.map(({ what }) => what)).toEqual([
      "3 steps of 8 replies",
      "read by the policy",
      "12 updates on 4 of them",
    ]);
    expect(parts[1]!.calls).toBe(24);
  });

  it("takes longer with epochs, replies that are only measured, and steps of few replies", () => {
    expect(seconds({ epochs: 4 })).toBeGreaterThan(1.3 * seconds());
    expect(plan({ measured: 12 })[0]).toMatchObject({
      calls: 36,
      what: "3 steps of 8 replies, and 12 to measure",
    });
    expect(seconds({ measured: 12 })).toBeGreaterThan(seconds());
    // prompts kept out are looked at behind steps 2 and 3
    expect(plan({ heldOut: 5, evaluateEvery: 2 })[0]).toMatchObject({
      calls: 24 + 2 * 5,
      what: "3 steps of 8 replies, and 2 looks at 5 kept out",
    });
    // which a judge holds against one reply each of the starting model, that nobody reads
    const judged = plan({ heldOut: 5, evaluateEvery: 2, compared: 5 });
    expect(judged[0]).toMatchObject({
      calls: 24 + 2 * 5 + 5,
      what: "3 steps of 8 replies, and 2 looks at 5 kept out, and 5 of the starting model to compare with",
    });
    expect(judged[1]).toEqual(plan({ heldOut: 5, evaluateEvery: 2 })[1]);
    // as many replies, of which a few are written at a time
    const written = (change: Partial<PolicyPlan>): number => plan(change)[0]!.seconds!;
    expect(written({ steps: 48, replies: 4 })).toBeGreaterThan(1.3 * written({ steps: 3, replies: 64 }));
  });

  it("opens the policy once, and reads no vocabulary to score", () => {
    const [written, read, scored] = plan();
    expect(read!.seconds!).toBeLessThan(written!.seconds!);
    const asLanguage = plan({ reward: speed })[2]!;
    expect(scored!.seconds!).toBeLessThan(asLanguage.seconds!);
  });

  it("is not known where one of the models is not here", () => {
    expect(planOf(plan({ reward: null })).seconds).toBeNull();
    expect(planOf(plan({ speed: null })).seconds).toBeNull();
  });
});
