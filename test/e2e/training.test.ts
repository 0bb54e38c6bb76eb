// Training on rows of one's own, through the command line: chats, texts and pairs, what is said of rows that do not fit,
// and the guard rail of a reward model.

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { covenant, type Ended, expectStatus, makeFolder, makeModel, smallModel } from "./command.fixture.ts";

const { folder, remove } = makeFolder("training");
beforeAll(() => makeModel(folder));
afterAll(remove);

const inFolder = (path: string): string => join(folder, path);
const write = (name: string, rows: readonly unknown[]): void =>
  writeFileSync(inFolder(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const lines = (path: string): Record<string, unknown>[] =>
  readFileSync(inFolder(path), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
type Method = "sft" | "reward" | "dpo" | "ppo" | "grpo";
const settingsOf =
  (method: Method) =>
  (...settings: string[]): string[] =>
    settings.flatMap((one) => ["--set", `${method}.${one}`]);
const train = (method: Method, data: string, out: string, ...more: string[]): Promise<Ended> =>
  covenant(["train", method, "--model", "model", "--data", data, "--out", out, ...more], folder);

const verbs = ["bake", "cook", "plant", "read", "paint", "build", "clean", "find"];
const things = ["bread", "rice", "a tree", "a book"];
const asked = verbs.flatMap((verb) => things.map((thing) => `How do I ${verb} ${thing}?`));
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

it("of a model from nothing moves matrices by Muon where nothing else is said, and other weights by AdamW", async () => {
  const weightsOf = async (name: string, ...more: string[]) => {
    const words = [
      "pretrain",
      "--out",
      `${name}-run`,
      "--model",
      name,
      ...smallModel,
      "--steps",
      "8",
      "--quiet",
    ];
    expectStatus(await covenant([...words, ...more], folder), 0);
    return readFileSync(inFolder(`${name}/model.safetensors`)).toString("base64");
  };
  const byDefault = await weightsOf("by-default");
  expect(await weightsOf("by-muon", "--set", "optimiser=muon")).toBe(byDefault);
  expect(await weightsOf("by-adamw", "--set", "optimiser=adamw")).not.toBe(byDefault);
  const losses = lines("by-default-run/pretrain/steps.jsonl").map(
    ({ metrics }) => (metrics as Record<string, number>)["loss"]!,
  );
  expect(losses).toHaveLength(8);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
});

/** Loss on rows kept out, by steps that have one. */
const heldOutLosses = (out: string, stage: string): number[] =>
  lines(`${out}/${stage}/steps.jsonl`).flatMap(({ metrics }) => {
    const loss = (metrics as Record<string, number>)["eval_loss"];
    return loss === undefined ? [] : [loss];
  });

describe("train sft", () => {
  const set = settingsOf("sft");

  it("learns chats of several turns and texts, keeps rows out, and names rows that are too long", async () => {
    const rows: unknown[] = asked.map((question, at) => ({
      messages: [user(question), assistant("Begin."), user("And then?"), assistant(things[at % 4]!)],
    }));
    rows[3] = { text: "Mix flour and water." };
    rows[5] = { prompt: "Why?", completion: "word ".repeat(400) };
    write("chats.jsonl", rows);
    const settings = [
      "evaluationShare=0.25",
      "evaluateEvery=2",
      "keepBest=true",
      "accumulation=4",
      "batch=8",
    ];
    const more = [...set(...settings, "maxTokens=128", "epochs=2"), ...set("lora.rank=2")];
    const ended = expectStatus(await train("sft", "chats.jsonl", "sft", ...more), 0);
    expect(ended.stderr).toMatch(
      /1 of \d+ rows is longer than 128 tokens and was left out: .*chats\.jsonl, line 6 \(\d+ tokens\)\./,
    );
    expect(heldOutLosses("sft", "sl").length).toBeGreaterThan(2);
    expect(existsSync(inFolder("sft/sl/model/model.safetensors"))).toBe(true);
    expect(existsSync(inFolder("sft/sl/best.safetensors"))).toBe(false);
  });

  it("warns of text that the model's vocabulary does not know, before and when it learns", async () => {
    const chat = (question: string, reply: string) => ({ messages: [user(question), assistant(reply)] });
    write("foreign.jsonl", Array(8).fill(chat("我怎样才能种一棵树？", "挖一个洞，把树放进去。")));
    write("known.jsonl", Array(8).fill(chat("How do I plant a tree?", "Dig a hole and put the tree in.")));
    const words = (data: string) => [
      ...["train", "sft", "--model", "embedded:covenant-tiny", "--data", data, "--out", "foreign"],
      ...set("epochs=1", "batch=8"),
    ];
    const said =
      /hardly knows the words of the rows: 100 % of the tokens with letters stand for a single byte/;
    const planned = await covenant([...words("foreign.jsonl"), "--dry-run"], folder);
    expect(expectStatus(planned, 0).stdout + planned.stderr).toMatch(said);
    const known = await covenant([...words("known.jsonl"), "--dry-run"], folder);
    expect(expectStatus(known, 0).stdout + known.stderr).not.toMatch(/hardly knows/);
    expect(expectStatus(await covenant(words("foreign.jsonl"), folder), 0).stderr).toMatch(said);
  });

  it("refuses rows whose roles are out of order, with file and line", async () => {
    write("disorder.jsonl", [
      { messages: [user("a"), assistant("b")] },
      { messages: [user("a"), user("b"), assistant("c")] },
    ]);
    const { stderr } = expectStatus(await train("sft", "disorder.jsonl", "never"), 2);
    expect(stderr).toMatch(
      /disorder\.jsonl, line 2: messages: .*messages 1 and 2 are both of the role "user"/,
    );
    expect(existsSync(inFolder("never"))).toBe(false);
  });

  it("learns plain texts with a model that has no chat template, and nothing else with it", async () => {
    cpSync(inFolder("model"), inFolder("plain"), { recursive: true });
    rmSync(inFolder("plain/chat_template.jinja"), { force: true });
    const config = JSON.parse(readFileSync(inFolder("plain/tokenizer_config.json"), "utf8")) as object;
    writeFileSync(
      inFolder("plain/tokenizer_config.json"),
      JSON.stringify({ ...config, chat_template: undefined }),
    );
    write(
      "texts.jsonl",
      asked.map((text) => ({ text })),
    );
    const words = (data: string) => ["train", "sft", "--model", "plain", "--data", data, "--epochs", "1"];
    expectStatus(await covenant([...words("texts.jsonl"), "--out", "texts"], folder), 0);
    const refused = await covenant([...words("chats.jsonl"), "--out", "never"], folder);
    expect(expectStatus(refused, 2).stderr).toMatch(/plain has no chat template.*rows of plain/);
  });

  it("refuses to keep the best weights where nothing is kept out to tell them by", async () => {
    const ended = await train("sft", "chats.jsonl", "best", ...set("keepBest=true"));
    expect(expectStatus(ended, 2).stderr).toMatch(/no row is kept out.*evaluationShare/);
  });
});

describe("train reward", () => {
  const set = settingsOf("reward");
  const quick = set("epochs=6", "batch=16", "learningRate=0.01", "schedule=constant", "heldOutShare=0.4");

  it("fails where labels are noise; told to go on it does, with the model that it has", async () => {
    write(
      "noise.jsonl",
      asked.map((prompt, at) => {
        const replies = ["Yes.", "No."];
        const first = (at * 7 + (at >> 2)) % 2;
        return { prompt, chosen: replies[first], rejected: replies[1 - first] };
      }),
    );
    const failed = expectStatus(await train("reward", "noise.jsonl", "noise", ...quick), 1);
    expect(failed.stderr).toMatch(/orders \d+ % of \d+ held-out pairs .* cannot be told from guessing/);
    const again = expectStatus(await train("reward", "noise.jsonl", "noise", ...quick), 1);
    expect(again.stderr).toContain(
      "--set reward.atChance=warn goes on all the same, without training it again",
    );
    const allowed = await train("reward", "noise.jsonl", "noise", ...quick, ...set("atChance=warn"));
    expect(expectStatus(allowed, 0).stderr).toContain("cannot be told from guessing");
    expect(existsSync(inFolder("noise/reward/model/config.json"))).toBe(true);
    const types = lines("noise/events.jsonl").map(({ type }) => type);
    const turns = types.filter((type) => /^(stage-(start|skip)|run-(stop|end))$/.test(type as string));
    const passed = ["stage-skip", "run-stop", "stage-skip", "run-end"];
    expect(turns).toEqual(["stage-start", "run-stop", ...passed]);
    // and so it is remembered
    expectStatus(await covenant(["train", "reward", "--resume", "noise"], folder), 0);
    const other = await train("reward", "noise.jsonl", "noise", ...quick, ...set("batch=8"));
    expect(expectStatus(other, 2).stderr).toMatch(/What differs:\n +reward\.batch: 16 there, 8 now\n/);
  });

  it("passes where labels say something, with margins too", async () => {
    write(
      "clear.jsonl",
      asked.map((prompt, at) => ({ prompt, chosen: "Yes.", rejected: "No.", margin: (at % 3) / 2 })),
    );
    const ended = expectStatus(await train("reward", "clear.jsonl", "clear", ...quick), 0);
    expect(ended.stderr).not.toContain("guessing");
    expect(heldOutLosses("clear", "reward").length).toBe(6);
  });
});

describe("train dpo", () => {
  const set = settingsOf("dpo");

  it("learns adapters by IPO with labels taken to be wrong by a share, and keeps its reference", async () => {
    write(
      "pairs.jsonl",
      asked.map((prompt) => ({ prompt, chosen: "Yes, gladly.", rejected: "No." })),
    );
    const settings = set("loss=ipo", "labelSmoothing=0.1", "epochs=2", "batch=8", "learningRate=0.01");
    const more = [...settings, ...set("evaluationShare=0.2", "lora.rank=2")];
    expectStatus(await train("dpo", "pairs.jsonl", "dpo", ...more), 0);
    expect(lines("dpo/dpo/reference.jsonl")).toHaveLength(asked.length);
    const first = lines("dpo/dpo/steps.jsonl")[0]!["metrics"] as Record<string, number>;
    expect(Math.abs(first["rewards/margins"]!)).toBeLessThan(1e-3);
    expect(heldOutLosses("dpo", "dpo")).toHaveLength(2);
  });
});

describe("less memory", () => {
  const set = settingsOf("sft");
  const rows = asked.slice(0, 16).map((prompt, at) => ({ prompt, completion: `Take ${things[at % 4]!}.` }));
  const small = ["epochs=1", "batch=8", "learningRate=0.01", "lora.rank=4"];
  const quick = set(...small);

  it("QLoRA saves the adapter alone, which reads in 4 bits and goes on to DPO", async () => {
    write("qlora.jsonl", rows);
    const ended = expectStatus(await train("sft", "qlora.jsonl", "qlora", ...quick, ...set("load=4bit")), 0);
    expect(ended.stdout).toContain("Model: ./qlora/sl/adapter");
    expect(existsSync(inFolder("qlora/sl/model"))).toBe(false);
    write("asked.jsonl", rows);
    const words = [
      "generate",
      "qlora/sl/adapter",
      "--data",
      "asked.jsonl",
      "--greedy",
      "--max-tokens",
      "4",
      "--json",
    ];
    for (const load of [[], ["--load", "4bit"]]) {
      const generated = expectStatus(await covenant([...words, ...load], folder), 0);
      expect((JSON.parse(generated.stdout) as { rows: unknown[] }).rows).toHaveLength(rows.length);
    }
    write(
      "pairs4.jsonl",
      asked.slice(0, 8).map((prompt) => ({ prompt, chosen: "Bake it well.", rejected: "No." })),
    );
    const dpo = await train("dpo", "pairs4.jsonl", "qdpo", ...settingsOf("dpo")(...small, "load=4bit"));
    expect(expectStatus(dpo, 0).stdout).toContain("./qdpo/dpo/adapter");
    // and on from the adapter, which goes on learning: what DPO starts from is its reference
    const more = ["train", "dpo", "--model", "qlora/sl/adapter", "--data", "pairs4.jsonl", "--out", "chain"];
    const chained = await covenant([...more, ...settingsOf("dpo")(...small, "load=4bit")], folder);
    expect(expectStatus(chained, 0).stdout).toContain("./chain/dpo/adapter");
    const [first] = lines("chain/dpo/steps.jsonl");
    const margin = (first!["metrics"] as Record<string, number>)["rewards/margins"]!;
    expect(Math.abs(margin)).toBeLessThan(1e-3);
    const again = ["generate", "chain/dpo/adapter", "--data", "asked.jsonl", "--load", "4bit", "--json"];
    expectStatus(await covenant(again, folder), 0);
  }, 180_000);

  it.each(["ppo", "grpo"] as const)(
    "%s trains adapters over 4 bits, computing layers again",
    async (method) => {
      write(
        "clear4.jsonl",
        asked.map((prompt) => ({ prompt, chosen: "Bake it well.", rejected: "No." })),
      );
      const reward = `reward-for-${method}`;
      expectStatus(
        await train(
          "reward",
          "clear4.jsonl",
          reward,
          ...settingsOf("reward")("epochs=1", "batch=8", "atChance=warn"),
        ),
        0,
      );
      const own = settingsOf(method);
      const counts = ["harmful=2", "harmless=2", "lookalike=0"].flatMap((one) => ["--set", `counts.${one}`]);
      const words = [
        ...["train", method, "--model", "model", "--reward", `./${reward}/reward/model`, "--out", method],
        ...["--steps", "1", "--set", "sampling.maxTokens=8", ...counts],
        ...own("batch=4", "lora.rank=2", "gradientCheckpointing=true"),
      ];
      const ended = expectStatus(await covenant([...words, ...own("load=4bit")], folder), 0);
      expect(ended.stdout).toContain(`./${method}/rl/adapter`);
      expect(ended.stdout).toMatch(/^Learned from replies to prompts drawn from \d+(, \d+ kept out)?: /m);
      expect(existsSync(inFolder(`${method}/rl/model`))).toBe(false);
      const bare = words.filter((word, at) => !/lora/.test(word) && !/lora/.test(words[at + 1] ?? ""));
      const refused = expectStatus(await covenant([...bare, ...own("load=4bit"), "--dry-run"], folder), 2);
      expect(refused.stderr).toContain(`${method}.lora.rank`);
    },
  );

  it.each(["ppo", "grpo"] as const)(
    "%s gives no prompt to a reward model that cannot read it",
    async (method) => {
      cpSync(inFolder(`reward-for-${method}/reward/model`), inFolder("narrow"), { recursive: true });
      const config = JSON.parse(readFileSync(inFolder("narrow/config.json"), "utf8")) as object;
      writeFileSync(
        inFolder("narrow/config.json"),
        JSON.stringify({ ...config, max_position_embeddings: 48 }),
      );
      write(
        "short-and-long.jsonl",
        ["How do I bake bread?", "How do I bake bread? ".repeat(12)].map((prompt) => ({ prompt })),
      );
      const words = ["train", method, "--model", "model", "--reward", "narrow", "--out", `narrow-${method}`];
      const few = ["--steps", "1", "--set", "sampling.maxTokens=4", ...settingsOf(method)("batch=4")];
      const ended = await covenant([...words, ...few, "--prompts", "short-and-long.jsonl"], folder);
      expect(expectStatus(ended, 0).stderr).toMatch(
        /1 of 2 prompts leaves no room for a reply in the reward model's context of 48 tokens .*line 2/,
      );
    },
  );

  it("4 bits without adapters is refused before anything is begun", async () => {
    write("qlora.jsonl", rows);
    const ended = expectStatus(await train("sft", "qlora.jsonl", "none", ...set("load=4bit")), 2);
    expect(ended.stderr).toContain("--set sft.lora.rank");
    expect(existsSync(inFolder("none"))).toBe(false);
  });

  it("gradient checkpointing learns the same bytes", async () => {
    write("qlora.jsonl", rows);
    for (const [out, value] of [
      ["kept", "false"],
      ["again", "true"],
    ] as const)
      expectStatus(
        await train(
          "sft",
          "qlora.jsonl",
          out,
          ...set("epochs=1", "batch=8", `gradientCheckpointing=${value}`),
        ),
        0,
      );
    const weights = (out: string): Buffer => readFileSync(inFolder(`${out}/sl/model/model.safetensors`));
    expect(weights("again").equals(weights("kept"))).toBe(true);
  });
});
