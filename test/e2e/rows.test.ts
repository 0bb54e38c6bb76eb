// Rows of one's own, through the command line: what is wrong with them is told by the dry run as by the command, before
// a run folder is begun; plain texts train a model without a chat template; other kinds of files than JSONL are read.

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { covenant, type Ended, expectStatus, makeFolder, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("rows");
const inFolder = (path: string): string => join(folder, path);
const write = (name: string, rows: readonly unknown[]): void =>
  writeFileSync(inFolder(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const firstLine = (path: string): unknown => JSON.parse(readFileSync(inFolder(path), "utf8").split("\n")[0]!);

beforeAll(() => {
  cpSync(join(root, "test/golden/families/gpt2"), inFolder("chat"), { recursive: true });
  cpSync(inFolder("chat"), inFolder("base"), { recursive: true });
  rmSync(inFolder("base/chat_template.jinja"));
});
afterAll(remove);

const train = (method: string, ...words: string[]): Promise<Ended> =>
  covenant(["train", method, ...words], folder);

/** Refused alike by the command and by its dry run, and nothing is begun. */
const refusedAtOnce = async (method: string, ...words: string[]): Promise<string> => {
  const { stderr } = expectStatus(await train(method, ...words, "--out", "never"), 2);
  const dry = expectStatus(await train(method, ...words, "--out", "never", "--dry-run"), 2);
  expect(dry.stderr).toBe(stderr);
  expect(existsSync(inFolder("never"))).toBe(false);
  return stderr;
};

/** The first command that a command says goes on from it. */
const nextOf = ({ stdout }: Ended): string[] =>
  /^Next: npx covenant (.*)$/m.exec(stdout)![1]!.replaceAll("'", "").split(" ");

const asked = Array.from({ length: 8 }, (_, at) => `How do I plant ${at + 1} trees?`);
const completions = asked.map((prompt) => ({ prompt, completion: " Dig a hole." }));
const pairs = asked.map((prompt) => ({ prompt, chosen: " Dig a hole.", rejected: " No." }));
const user = (content: string) => ({ role: "user", content });

describe("a model without a chat template", () => {
  it("learns texts as they are by every method, from base to policy", async () => {
    write("completions.jsonl", completions);
    const few = (block: string) =>
      ["batch=4", "warmupSteps=1"].flatMap((one) => ["--set", `${block}.${one}`]);
    const base = ["--model", "base"];
    const sft = await train("sft", ...base, "--data", "completions.jsonl", "--out", "sft", ...few("sft"));
    expectStatus(sft, 0);
    expect(firstLine("sft/sl/rows.jsonl")).toMatchObject(completions[0]!);
    const told = nextOf(sft);
    expect(told).toEqual(["generate", "./sft/sl/model", "--data", "sft/sl/rows.jsonl"]);
    const continued = expectStatus(await covenant([...told, "--max-tokens", "2", "--json"], folder), 0);
    expect((JSON.parse(continued.stdout) as { rows: unknown[] }).rows).toHaveLength(completions.length);
    const csv = pairs.map(({ prompt, chosen, rejected }) => `${prompt},${chosen},${rejected}\n`);
    writeFileSync(inFolder("pairs.csv"), ["prompt,chosen,rejected\n", ...csv].join(""));
    const learned = ["--model", "./sft/sl/model", "--data", "pairs.csv"];
    const dpo = expectStatus(await train("dpo", ...learned, "--out", "dpo", ...few("dpo")), 0);
    expect(nextOf(dpo)).toEqual(["generate", "./dpo/dpo/model", "--data", "dpo/dpo/rows.jsonl"]);
    expect(firstLine("dpo/dpo/rows.jsonl")).toMatchObject(pairs[0]!);
    const atChance = ["--set", "reward.atChance=warn"];
    const reward = await train("reward", ...learned, "--out", "reward", ...few("reward"), ...atChance);
    const ppo = nextOf(expectStatus(reward, 0));
    expect(ppo.slice(-2)).toEqual(["--prompts", "reward/reward/rows.jsonl"]);
    expectStatus(await covenant([...ppo, "--dry-run"], folder), 0);
    write(
      "prompts.jsonl",
      asked.map((prompt) => ({ prompt })),
    );
    const policy = ["--model", "./sft/sl/model", "--reward", "./reward/reward/model"];
    const short = ["--prompts", "prompts.jsonl", "--steps", "2", "--set", "sampling.maxTokens=4"];
    for (const method of ["ppo", "grpo"])
      expectStatus(await train(method, ...policy, ...short, "--out", method, ...few(method)), 0);
  });

  it("is not sent to what needs a template: it judges, and is measured, with the one it was given", async () => {
    const names = Array.from({ length: 8 }, (_, at) => ({ id: `revise/train-harmful-000${at}` }));
    const rowFields = { parents: [], stage: "rows", seed: 1 };
    write(
      "sandbox.jsonl",
      completions.map((row, at) => ({ ...names[at], ...rowFields, ...row })),
    );
    write(
      "sandbox-pairs.jsonl",
      pairs.map((row, at) => ({ ...names[at], ...rowFields, ...row })),
    );
    const few = (block: string) => ["--set", `${block}.batch=8`, "--epochs", "1", "--out", `box-${block}`];
    const given = [
      "--model",
      "./base",
      "--set",
      `chatTemplate=${join(root, "configs/templates/dialogue.jinja")}`,
    ];
    const plain = await train("sft", "--model", "base", "--data", "sandbox.jsonl", ...few("sft"));
    expect(nextOf(expectStatus(plain, 0))[0]).toBe("generate");
    const sft = await train("sft", ...given, "--data", "sandbox.jsonl", ...few("sft"), "--fresh");
    const label = nextOf(expectStatus(sft, 0));
    expect(label).toEqual(["label", "--model", "./box-sft/sl/model", "--judge", "./box-sft/sl/model"]);
    expectStatus(await covenant([...label, "--dry-run"], folder), 0);
    const dpo = await train("dpo", ...given, "--data", "sandbox-pairs.jsonl", ...few("dpo"));
    const evaluate = nextOf(expectStatus(dpo, 0));
    expect(evaluate).toEqual(["evaluate", "--models", "./box-dpo/dpo/model"]);
    expectStatus(await covenant([...evaluate, "--dry-run"], folder), 0);
    const more = ["--data", "sandbox-pairs.jsonl", ...few("reward"), "--set", "reward.atChance=warn"];
    const reward = await train("reward", ...given, ...more);
    const ppo = nextOf(expectStatus(reward, 0));
    expect(ppo).toEqual(expect.arrayContaining(given));
    expectStatus(await covenant([...ppo, "--dry-run"], folder), 0);
  });

  it("is refused for chats, with the ways out", async () => {
    write("chats.jsonl", [{ messages: [user("a"), { role: "assistant", content: "b" }] }]);
    const said = await refusedAtOnce("sft", "--model", "base", "--data", "chats.jsonl");
    expect(said).toMatch(/chats\.jsonl, line 1: .*base has no chat template.*chatTemplate=/);
    const texts = ["--model", "base", "--data", "completions.jsonl", "--texts", "chat"];
    expect(await refusedAtOnce("sft", ...texts)).toContain("has no chat template");
  });
});

describe("a model with a chat template", () => {
  it("takes texts as turns, or as they are where that is asked for", async () => {
    write("one.jsonl", completions.slice(0, 4));
    const words = ["--model", "chat", "--data", "one.jsonl", "--set", "sft.batch=4", "--epochs", "1"];
    expectStatus(await train("sft", ...words, "--out", "turns"), 0);
    expect(firstLine("turns/sl/rows.jsonl")).toMatchObject({ prompt: [user(asked[0]!)] });
    expectStatus(await train("sft", ...words, "--out", "plain", "--texts", "plain"), 0);
    expect(firstLine("plain/sl/rows.jsonl")).toMatchObject({ prompt: asked[0]! });
  });
});

describe("rows that cannot be learned", () => {
  const words = ["--model", "chat", "--data", "rows.jsonl"];

  it("are refused before anything is begun, by the dry run, too", async () => {
    write("rows.jsonl", completions);
    expect(await refusedAtOnce("sft", ...words, "--set", "sft.maxTokens=3")).toMatch(
      /sft: there is no row to train on \(8 longer than 3 tokens, which is sft\.maxTokens\)/,
    );
    expect(await refusedAtOnce("sft", ...words, "--set", "sft.keepBest=true")).toContain(
      "sft.evaluationShare",
    );
    expect(await refusedAtOnce("sft", ...words, "--set", "sft.lora.rank=999")).toContain("lora.rank is 999");
    expect(await refusedAtOnce("sft", ...words, "--set", "sft.accumulation=64")).toContain(
      "sft.accumulation is 64, and a step has 32 rows",
    );
    writeFileSync(
      inFolder("seam.jinja"),
      "{% for m in messages %}{{ m.role + ':' + m.content }}{% endfor %}{% if add_generation_prompt %}think{% endif %}",
    );
    expect(await refusedAtOnce("sft", ...words, "--set", "chatTemplate=seam.jinja")).toMatch(
      /rows\.jsonl, line 1: The model's chat template asks for a reply with "think"/,
    );
    write("rows.jsonl", pairs);
    expect(
      await refusedAtOnce(
        "reward",
        ...words,
        "--set",
        "reward.keepBest=true",
        "--set",
        "reward.heldOutShare=0",
      ),
    ).toContain("reward.heldOutShare is 0");
  });

  it("are told by the dry run as the command tells them", async () => {
    write("rows.jsonl", [
      { ...completions[0], score: 1 },
      { prompt: "Why?", completion: "word ".repeat(200) },
    ]);
    const dry = expectStatus(await train("sft", ...words, "--set", "sft.maxTokens=64", "--dry-run"), 0);
    expect(dry.stdout).toContain("3 epochs over 1 row");
    for (const told of [
      "Warning: rows.jsonl: fields that training does not read were ignored: score (in 1 row).",
      "Warning: 1 of 2 rows is longer than 64 tokens and was left out: rows.jsonl, line 2 (",
      "Warning: Only 1 row to learn from, fewer than one batch of 32",
      "Warning: sft.warmupSteps is 5 and the training has 3 steps",
    ])
      expect(dry.stdout).toContain(told);
    const json = await train("sft", ...words, "--dry-run", "--json");
    const { notices } = JSON.parse(json.stdout) as { notices: { code: string }[] };
    expect(notices.map(({ code }) => code)).toContain("fields-ignored");
  });

  it("settings that mean nothing are refused with what is expected", async () => {
    write("rows.jsonl", completions);
    for (const [setting, said] of [
      ["sft.learningRate=-1", "expected more than 0"],
      ["sft.learningRate=3", "expected at most 1"],
      ["sft.weightDecay=1", "expected less than 1"],
      ["sft.lora.dropout=1", "expected less than 1"],
    ] as const)
      expect(await refusedAtOnce("sft", ...words, "--set", setting)).toContain(said);
    for (const clip of ["0", "1"])
      expect(await refusedAtOnce("ppo", "--reward", "chat", "--set", `ppo.clip=${clip}`)).toContain(
        "ppo.clip",
      );
  });
});
