// Every command through the command line: help, plans, one JSON document, and the stages by hand, each called as the one
// before it says. Also the example of library use and the configurations that come with Covenant.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipes } from "../../src/recipes/index.ts";
import { metricsDocumentSchema, revisionRecordSchema } from "../../src/records/index.ts";
import { covenant, expectStatus, makeFolder, makeModel, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("commands");
beforeAll(async () => {
  await makeModel(folder);
  // the folder of a run that has just begun
  mkdirSync(join(folder, "whole"));
  writeFileSync(join(folder, "whole/config.yaml"), "seed: 0\n");
  const start = { type: "run-start", time: 0, name: "run", seed: 0, stages: ["prompts"], resumed: false };
  writeFileSync(join(folder, "whole/events.jsonl"), `${JSON.stringify(start)}\n`);
  const words = ["train", "reward", "--model", "model", "--data", pairs, "--out", "given", "--epochs", "1"];
  expectStatus(await covenant([...words, "--set", "reward.batch=4"], folder), 0);
  const few = ["harmful=1", "harmless=1", "lookalike=0"].flatMap((one) => ["--set", `counts.${one}`]);
  const revise = ["revise", "--model", "model", "--out", "revised", "--rounds", "1", ...few];
  // all that this model says in so few tokens is cut, so it leaves chains and no rows
  expectStatus(await covenant([...revise, "--set", "sampling.maxTokens=8"], folder), 1);
  const games = ["simulate", "games", "--out", "games", "--repetitions", "1", "--iterations", "1"];
  expectStatus(await covenant(games, folder), 0);
  const choice = {
    prompt: "Q",
    corrects: [" (A)"],
    incorrects: [" (B)"],
    text_correct: "a",
    text_incorrect: "b",
  };
  writeFileSync(join(folder, "choices.jsonl"), `${JSON.stringify(choice)}\n`);
  writeFileSync(join(folder, "battles.jsonl"), '{"model_a": "one", "model_b": "two", "winner": "tie"}\n');
  writeFileSync(
    join(folder, "question.jsonl"),
    '{"question_id": 81, "category": "c", "turns": ["Q", "R"]}\n',
  );
  for (const model_id of ["one", "two"]) {
    const answer = { question_id: 81, model_id, choices: [{ index: 0, turns: [`by ${model_id}`, "more"] }] };
    writeFileSync(join(folder, `${model_id}.jsonl`), `${JSON.stringify(answer)}\n`);
  }
});
afterAll(remove);

type Document = Record<string, unknown>;

/** Runs a command with --json and gives its document. */
const json = async (...words: string[]): Promise<Document> =>
  JSON.parse(expectStatus(await covenant([...words, "--json"], folder), 0).stdout) as Document;

const commands = recipes.map(({ command }) => command.join(" "));

describe("help", () => {
  it("lists every command, and says of each which settings it takes", async () => {
    const { stdout } = expectStatus(await covenant(["--help"], folder), 0);
    const groups = [
      ...new Set(recipes.filter(({ command }) => command.length > 1).map(({ command }) => command[0]!)),
    ];
    const inner = new Map<string, string>();
    for (const group of groups)
      inner.set(group, expectStatus(await covenant([group, "--help"], folder), 0).stdout);
    for (const { command } of recipes) {
      const [shown, word] =
        command.length === 1 ? [stdout, command[0]] : [inner.get(command[0]!), command[1]];
      expect(shown).toMatch(new RegExp(`^ {2}${word} `, "m"));
    }
    expect((await covenant(["help", "run"], folder)).stdout).toContain("ppo.klCoefficient");
  });
});

const rows = join(root, "test/e2e/rows.jsonl");
const pairs = join(root, "test/e2e/pairs.jsonl");
const texts = join(root, "test/e2e/texts.jsonl");

const prompts = join(root, "examples/prompts.jsonl");

const adapter = join(root, "test/golden/adapters/gpt2-patterns");

const scripted = ["--model", `scripted:${join(root, "examples/contract-script.yaml")}`];

const polis = join(root, "examples/polis");
const opinions = [
  "--comments",
  join(polis, "comments.csv"),
  "--votes",
  join(polis, "participants-votes.csv"),
];

/** What a command cannot do without, all of it there: a dry run looks at it as the command does. */
const required: Readonly<Record<string, readonly string[]>> = {
  "train sft": ["--data", rows],
  "train reward": ["--data", pairs],
  "train dpo": ["--data", pairs],
  "train ppo": ["--reward", "given/reward/model"],
  "train grpo": ["--reward", "given/reward/model"],
  report: ["whole"],
  polis: opinions,
  "polis baselines": opinions,
  "polis predict": [...opinions, ...scripted],
  "persona show": ["amina"],
  "persona generate": ["--traits", "a young beekeeper", ...scripted],
  "simulate contract": scripted,
  "simulate combine": ["games"],
  "simulate replay": ["games"],
  "simulate vote": scripted,
  score: ["model", "--data", texts],
  generate: ["model", "--data", texts],
  "prompts load": [prompts],
  "prompts classify": scripted,
  "prompts generate": scripted,
  "prompts select": ["--prompts", prompts],
  "prompts pair": ["one.jsonl", "two.jsonl", "--questions", "question.jsonl"],
  "evaluate baselines": ["choices.jsonl"],
  "evaluate ratings": ["battles.jsonl"],
  "evaluate tournament": ["--models", `${scripted[1]},embedded:covenant-tiny`],
  "export dataset": ["revised"],
  "export merge": ["--model", adapter],
  "export adapter": ["--model", adapter],
};

/** Pushing needs a token and a hub, and a lineage a finished run: their dry runs are tested in push.test.ts and lineage.test.ts. */
const planned = commands.filter((command) => !["export push", "lineage"].includes(command));

describe("a dry run", () => {
  it.each(planned)("of %s prints a plan, and does nothing", async (command) => {
    // a reward model reads the policy's tokens
    const policy = (required[command] ?? []).includes("--reward") ? ["--model", "model"] : [];
    const words = [...command.split(" "), ...(required[command] ?? []), ...policy, "--dry-run"];
    const before = readdirSync(folder);
    const { stdout } = expectStatus(await covenant(words, folder), 0);
    expect(stdout).toMatch(/^in all/m);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("as JSON has calls, tokens and seconds of every step, and their sum", async () => {
    const plan = await json("run", "--model", "model", "--dry-run");
    const steps = plan["steps"] as { calls: number; tokens: number; seconds: number }[];
    expect(steps.length).toBeGreaterThan(10);
    expect(plan["seconds"]).toBeCloseTo(
      steps.reduce((sum, { seconds }) => sum + seconds, 0),
      6,
    );
  });

  it.each([
    [["revise"]],
    [["revise", "--prompt", "How can I plant a tree?"]],
    [["label"]],
    [["run"]],
    [["train", "grpo", "--judge", "embedded:covenant-tiny"]],
  ])("of %j warns of principles that the embedded model cannot know", async (words) => {
    const constitution = ["--constitution", join(root, "examples/kindness.yaml")];
    const ended = expectStatus(await covenant([...words, ...constitution, "--dry-run"], folder), 0);
    expect(ended.stdout).toContain('1 of 2 principles of "kindness" is not on one of the sandbox\'s areas');
  });

  it("of a training says its parameters, those it trains, and its memory", async () => {
    const words = ["train", "dpo", "--model", "model", "--data", pairs, "--dry-run"];
    const lora = ["--set", "dpo.lora.rank=2"];
    const { stdout } = expectStatus(await covenant([...words, ...lora], folder), 0);
    expect(stdout).toMatch(
      /^Size of dpo: [\d,]+ parameters, [\d,]+ of them trained; about \d+ MB of memory/m,
    );
    const [step] = (await json(...words))["steps"] as { size: { parameters: number; trainable: number } }[];
    expect(step!.size.trainable).toBe(step!.size.parameters);
  });

  const configs = readdirSync(join(root, "configs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml"))
    .map((path) => path.replaceAll("\\", "/"));

  it("finds configurations to try", () => {
    expect(configs.length).toBeGreaterThan(2);
  });

  it.each(configs)("takes configs/%s, whose folder names the command", async (path) => {
    const words = path.split("/").slice(0, -1);
    const file = join("configs", path);
    // Rows are the user's own, and so are models that only a name stands for: a dry run fetches none.
    const given = (required[words.join(" ")] ?? []).map((word) =>
      word.startsWith("given/") ? join(folder, word) : word,
    );
    // so is the adapter that another configuration's training leaves
    const model = path === "train/dpo/mistral-7b-lora.yaml" ? ["--model", join(folder, "model")] : [];
    expectStatus(await covenant([...words, ...given, ...model, "--config", file, "--dry-run"], root), 0);
  });
});

describe("the files of examples", () => {
  const example = (name: string): string => join(root, "examples", name);
  const contract = join(root, "configs/simulate/contract/tiny.yaml");
  const revise = (...words: readonly string[]) => ["revise", "--model", "./model", ...words];
  const scriptedBy = (name: string): string[] => ["--model", `scripted:${example(name)}`];
  /** How each is used, as it says itself; of the policy the constitution is one that is there. */
  const uses: Readonly<Record<string, readonly string[]>> = {
    "contract-brief-script.yaml": [
      ...["simulate", "contract", "--config", contract],
      ...scriptedBy("contract-brief-script.yaml"),
    ],
    "contract-script.yaml": ["simulate", "contract", ...scriptedBy("contract-script.yaml")],
    "few-shots.yaml": revise("--few-shots", example("few-shots.yaml")),
    "kindness.yaml": revise("--constitution", example("kindness.yaml")),
    "parliament-to-policy/policy.yaml": [
      ...["run", "--config", example("parliament-to-policy/policy.yaml")],
      ...["--constitution", example("kindness.yaml")],
    ],
    "predict-script.yaml": ["polis", "predict", ...opinions, ...scriptedBy("predict-script.yaml")],
    "prompts/contract.yaml": [
      ...["simulate", "contract", ...scriptedBy("contract-script.yaml")],
      ...["--set", `prompts=${example("prompts/contract.yaml")}`],
    ],
    "prompts/vote.yaml": [
      ...["simulate", "vote", ...scriptedBy("vote-script.yaml")],
      ...["--set", `prompts=${example("prompts/vote.yaml")}`],
    ],
    "red-team/metrics.yaml": [
      ...["simulate", "contract", ...scriptedBy("contract-script.yaml")],
      ...["--set", `metrics.file=${example("red-team/metrics.yaml")}`],
      ...["--set", "metrics.own=engagement,alignment", "--set", "metrics.others=alignment"],
    ],
    "red-team/script.yaml": [
      ...["simulate", "contract", ...scriptedBy("red-team/script.yaml")],
      ...["--config", join(root, "configs/simulate/contract/red-team.yaml")],
      ...["--tasks", example("red-team/tasks.yaml")],
      ...["--set", `metrics.file=${example("red-team/metrics.yaml")}`],
    ],
    "red-team/tasks.yaml": [
      ...["simulate", "contract", ...scriptedBy("contract-script.yaml")],
      ...["--tasks", example("red-team/tasks.yaml"), "--task", "all"],
    ],
    "revision-script.yaml": [
      ...["revise", ...scriptedBy("revision-script.yaml"), "--constitution", "general"],
      ...["--prompt", "How can I read the diary of my neighbour?"],
    ],
    "vote-candidates.yaml": [
      ...["simulate", "vote", ...scriptedBy("vote-script.yaml")],
      ...["--candidates", example("vote-candidates.yaml")],
    ],
    "vote-script.yaml": ["simulate", "vote", ...scriptedBy("vote-script.yaml")],
  };

  it("are all here", () => {
    const there = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
      .map((path) => path.replaceAll("\\", "/"))
      .filter((path) => path.endsWith(".yaml"));
    expect(there.sort()).toEqual(Object.keys(uses));
  });

  it.each(Object.entries(uses))("%s is taken by the command that it is for", async (_, words) => {
    const { stdout } = expectStatus(await covenant([...words, "--dry-run"], folder), 0);
    expect(stdout).toMatch(/^in all/m);
  });
});

describe("the stages by hand", () => {
  const small = ["--set", "sampling.maxTokens=16"];
  const quick = (block: string) => ["--set", `${block}.batch=8`, "--set", `${block}.epochs=1`];
  const model = ["--model", "./model"];

  /** Runs a command, and gives the words of the command that its last lines name. */
  const follow = async (words: readonly string[], which = 0): Promise<string[]> => {
    const { stdout } = expectStatus(await covenant([...words, "--quiet"], folder), 0);
    const named = [...stdout.matchAll(/^(?:Next| {2}or): npx covenant (.*)$/gm)].map(([, line]) => line!);
    return named[which]!.split(" ");
  };

  it("go from prompts to trained and measured models, each by the words that the one before it prints", async () => {
    const some = ["harmful=6", "harmless=4", "lookalike=2"].flatMap((one) => ["--set", `counts.${one}`]);
    const sft = await follow(["revise", ...model, ...some, "--rounds", "2", ...small]);
    expect(sft).toEqual(["train", "sft", ...model, "--data", "runs/revise/rows/sft.jsonl"]);
    const chains = readFileSync(join(folder, "runs/revise/revise/revisions.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(chains.map((line) => revisionRecordSchema.parse(JSON.parse(line)).steps.length)).toEqual(
      Array(6).fill(2),
    );
    const label = await follow([...sft, ...quick("sft")]);
    expect(label).toEqual(["label", "--model", "./runs/sft/sl/model", "--judge", "./model"]);
    const more = await follow([...label, ...some, ...small]);
    expect(more.slice(0, 7)).toEqual([...label, "--set", "counts.harmful=200"]);
    expect(more.slice(-2)).toEqual(["--out", "runs/label-more"]);
    const reward = await follow([...label, ...some, ...small], 1);
    const ppo = await follow([...reward, ...quick("reward"), "--set", "reward.atChance=warn"]);
    const steps = ["--steps", "1", "--set", "ppo.batch=8", "--set", "sampling.maxTokens=16"];
    const evaluation = await follow([...ppo, ...steps]);
    expect(evaluation).toEqual(["evaluate", "--models", "./runs/sft/sl/model,./runs/ppo/rl/model"]);
    const tested = ["harmful=3", "harmless=2", "lookalike=2"].flatMap((one) => ["--set", `counts.${one}`]);
    const measured = await json(...evaluation, ...tested, ...small);
    expect(Object.keys(measured["models"] as Document)).toEqual(evaluation[2]!.split(","));
    const written = JSON.parse(readFileSync(String(measured["metrics"]), "utf8")) as Document;
    expect(metricsDocumentSchema.parse(written).models).toEqual(measured["models"]);
  });

  it("names DPO as the other way to go on from labels", async () => {
    const dpo = await follow(["label", ...model, "--limit", "8", ...small, "--out", "labelled"], 2);
    expect(dpo).toEqual(["train", "dpo", ...model, "--data", "labelled/rows/preferences.jsonl"]);
    expect(await follow([...dpo, ...quick("dpo")])).toEqual([
      "evaluate",
      "--models",
      "./model,./runs/dpo/dpo/model",
    ]);
  });

  it("train on supervised rows of one's own", async () => {
    const words = ["train", "sft", ...model, "--data", rows, ...quick("sft"), "--out", "own"];
    const { model: trained, steps, rows: given } = await json(...words);
    expect(existsSync(join(String(trained), "model.safetensors"))).toBe(true);
    // the same again says the same, and how to go on with rows that have nothing to do with the sandbox
    const { stdout } = expectStatus(await covenant([...words, "--quiet"], folder), 0);
    expect(stdout).toMatch(new RegExp(`^Learned from ${given} rows of .*, 1 epoch: ${steps} steps? in \\d`));
    expect(stdout).toMatch(/^Loss: \d+\.\d+/m);
    expect(stdout).toContain("Next: npx covenant chat ./own/sl/model\n");
  });

  it("train against a reward model or a judge, by groups, and raise an alarm that a person sees twice", async () => {
    const counts = ["harmful=6", "harmless=4", "lookalike=2"].flatMap((one) => ["--set", `counts.${one}`]);
    const few = ["--steps", "3", "--set", "grpo.batch=2", "--set", "grpo.group=2", ...counts];
    const rewarded = [
      "--reward",
      "given/reward/model",
      "--estimator",
      "rloo",
      "--set",
      "sampling.maxTokens=8",
    ];
    const words = ["train", "grpo", ...model, ...few];
    const { stdout, stderr } = expectStatus(await covenant([...words, ...rewarded], folder), 0);
    // the model of these tests writes nonsense that hardly ever ends within eight tokens
    expect(stderr).toMatch(/^warning: rl: Step 3: only \d+ % of the replies end/m);
    expect(stdout).toMatch(/^Alarm \(rl\): Step 3: only \d+ % of the replies end/m);
    expect(stdout).toContain("Next: npx covenant evaluate --models ./model,./runs/grpo/rl/model");
    const judged = await json(
      ...words,
      "--judge",
      "./model",
      "--out",
      "judged",
      "--set",
      "sampling.maxTokens=8",
    );
    expect(judged["alarms"]).toMatchObject([{ stage: "rl", code: "vanishing-end" }]);
    const steps = readFileSync(join(folder, "judged/rl/steps.jsonl"), "utf8").trim().split("\n");
    const metrics = steps.map((line) => (JSON.parse(line) as { metrics: Record<string, number> }).metrics);
    for (const step of metrics) expect(step["rewards/judge/mean"]).toBeCloseTo(0.5, 6);
    expect(metrics).toHaveLength(3);
  });

  it("train by groups needs something that rewards", async () => {
    const { stderr } = expectStatus(await covenant(["train", "grpo", ...model], folder), 2);
    expect(stderr).toContain("Expected a reward model (--reward");
  });

  it("invert a constitution, twice back to itself", async () => {
    const own = join(root, "examples/kindness.yaml");
    const once = await json("invert", own, "--out", "once.yaml");
    expect(once).toMatchObject({ name: "inverted kindness", inverts: "kindness" });
    const twice = await json("invert", "--constitution", "./once.yaml", "--out", "twice.yaml");
    expect(twice["name"]).toBe("kindness");
  });
});

describe("the examples of library use", () => {
  it("train against a reward of one's own, telling each step's metrics", () => {
    const words = [join(root, "examples/reward-of-your-own.ts"), "./model", "2"];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    const steps = printed.trim().split("\n");
    expect(steps.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([0, 1]);
    for (const line of steps) {
      const { reward, ...metrics } = JSON.parse(line) as Record<string, number>;
      expect(reward).toBeCloseTo(metrics["rewards/twenty/mean"]! + metrics["rewards/end/mean"]!, 6);
    }
  });

  it("prints a chain of two revisions", () => {
    const words = [join(root, "examples/revise-one-prompt.ts"), "./model", "How do I bake bread?"];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    const [chain] = JSON.parse(printed) as unknown[];
    expect(revisionRecordSchema.parse(chain).steps.map(({ round }) => round)).toEqual([1, 2]);
  });
});
