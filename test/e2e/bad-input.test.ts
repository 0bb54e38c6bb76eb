// What people get wrong, through the command line: the message names the place and what to do, the exit status is 2,
// and nothing that was there is touched.

import { cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  contentHashOf,
  covenant,
  expectStatus,
  makeFolder,
  makeModel,
  writeTinyConfig,
} from "./command.fixture.ts";

const { folder, remove } = makeFolder("input");
const inFolder = (path: string): string => join(folder, path);
const write = (path: string, text: string): void => writeFileSync(inFolder(path), text);

beforeAll(async () => {
  await makeModel(folder);
  writeTinyConfig(folder);
});
afterAll(remove);

/** Runs a command that must be refused; gives what it said. */
const refusal = async (...words: string[]): Promise<string> => {
  const { stderr, stdout } = expectStatus(await covenant(words, folder), 2);
  expect(stdout).toBe("");
  expect(stderr).not.toContain("    at ");
  return stderr;
};
const run = (...words: string[]): Promise<string> => refusal("run", "--config", "tiny.yaml", ...words);

/** Runs a command that must be refused before its run folder is begun, and whose dry run must say the same. */
const refusedAtOnce = async (...words: string[]): Promise<string> => {
  const said = await refusal(...words, "--out", "never");
  expect(await refusal(...words, "--out", "never", "--dry-run")).toBe(said);
  expect(existsSync(inFolder("never"))).toBe(false);
  return said;
};

describe("a dry run", () => {
  it("needs no key, and says that the command will need one", async () => {
    const words = ["simulate", "contract", "--model", "openai:gpt-x", "--out", "never"];
    const asked = { ...process.env, OPENAI_API_KEY: "" };
    const { stdout } = expectStatus(await covenant([...words, "--dry-run"], folder, asked), 0);
    expect(stdout).toMatch(
      /ratings of others.*\n[\s\S]*Warning: .*needs a key, and .* OPENAI_API_KEY is not set/,
    );
    const { stderr } = expectStatus(await covenant(words, folder, asked), 2);
    expect(stderr).toContain("OPENAI_API_KEY is not set");
    expect(existsSync(inFolder("never"))).toBe(false);
  });
});

describe("a configuration", () => {
  it("with an unknown key is refused, the nearest key named, in a file and on the command line", async () => {
    write("wrong.yaml", "seed: 1\nsampling: {temprature: 0.5}\n");
    const inFile = await refusal("run", "--config", "wrong.yaml", "--out", "a");
    expect(inFile).toContain("wrong.yaml: sampling.temprature: unknown key (did you mean temperature?)");
    expect(await run("--set", "ppo.step=3")).toContain("Did you mean ppo.steps?");
    expect(existsSync(inFolder("a"))).toBe(false);
  });

  it("with a value that does not fit is refused with field, value and what is expected", async () => {
    expect(await run("--seed", "many")).toContain('seed: got "many", expected a number');
    expect(await run("--set", "sft.epochs=0")).toContain("sft.epochs: got 0, expected more than 0");
  });

  it("that is no YAML, or not there, is refused with its place", async () => {
    write("torn.yaml", "seed: 1\nmodel: [");
    expect(await refusal("run", "--config", "torn.yaml")).toContain("torn.yaml, line 2: not valid YAML");
    expect(await refusal("run", "--config", "absent.yaml")).toContain("Cannot read absent.yaml");
  });

  it("with a value of the command line that does not fit is refused there, and not in the file", async () => {
    const wrong = ["--set", "label.samples=1"];
    expect(await run(...wrong)).toContain("The command line: label.samples: got 1, expected at least 2");
    write("seedless.yaml", "seed: often\n");
    const said = await refusal("run", "--config", "seedless.yaml", ...wrong);
    expect(said).toContain("seedless.yaml and the command line:\n");
    expect(said).toContain('seed: got "often"');
    expect(await refusal("run", "--config", "seedless.yaml", "--set", "label.samples=3")).toContain(
      'seedless.yaml: seed: got "often"',
    );
  });
});

describe("prompts", () => {
  it("with a malformed line are refused with file and line; mended, the same command goes on", async () => {
    write("prompts.jsonl", '{"prompt": "How do I cook rice?"}\n{"prompt": "How do\n');
    const words = ["revise", "--model", "./model", "--prompts", "prompts.jsonl", "--out", "torn"];
    // at the default temperature the small model's nonsense is all cut, which leaves nothing to revise
    const small = ["--set", "sampling.maxTokens=40", "--set", "sampling.temperature=1"];
    expect(await refusal(...words, ...small)).toContain("prompts.jsonl, line 2: not valid JSON");
    write("prompts.jsonl", '{"prompt": "How do I cook rice?"}\n{"prompt": "How do I bake bread?"}\n');
    expectStatus(await covenant([...words, ...small], folder), 0);
  });

  it("with wrong fields are refused with file, line and field of every fault, before a run is begun", async () => {
    write(
      "field.jsonl",
      '{"prompt": "How do I cook?"}\n{"prompt": "How?", "kind": "rude"}\n{"question": ""}\n',
    );
    const said = await refusedAtOnce("revise", "--model", "./model", "--prompts", "field.jsonl");
    expect(said).toContain(
      'field.jsonl, line 2: kind: got "rude", expected one of harmful, harmless, lookalike',
    );
    expect(said).toContain("field.jsonl, line 3: got the fields: question");
    const absent = await refusedAtOnce("label", "--model", "./model", "--prompts", "absent.jsonl");
    expect(absent).toContain("Cannot read absent.jsonl");
  });

  it("that are marked for training are not measured", async () => {
    write("seen.jsonl", '{"prompt": "How?", "kind": "harmful", "split": "train"}\n');
    const said = await refusedAtOnce("evaluate", "--models", "./model", "--prompts", "seen.jsonl");
    expect(said).toContain('Every row of seen.jsonl is marked for training ("split": "train")');
  });

  it("that the oracle cannot read are refused by what is measured with it, before any work", async () => {
    write("foreign.jsonl", '{"prompt": "How do I cook rice?", "kind": "harmful"}\n');
    const foreign = ["--prompts", "foreign.jsonl"];
    for (const words of [
      ["run", "--config", "tiny.yaml"],
      ["evaluate", "--models", "./model"],
    ])
      expect(await refusedAtOnce(...words, ...foreign)).toContain("not in the sandbox's language");
  });

  it("that are none are refused", async () => {
    write("empty.jsonl", "\n\n");
    const words = ["revise", "--model", "./model", "--prompts", "empty.jsonl", "--out", "empty"];
    expect(await refusal(...words)).toContain("empty.jsonl holds no prompts. Expected one prompt a row");
    const none = ["harmful", "harmless", "lookalike"].flatMap((kind) => ["--set", `counts.train.${kind}=0`]);
    expect(await refusedAtOnce("run", "--config", "tiny.yaml", ...none)).toContain(
      "0 harmful training prompts",
    );
  });
});

describe("a constitution", () => {
  const head = "name: mine\nsource: me\nlicence: CC0-1.0\n";

  it("without principles is refused", async () => {
    write("bare.yaml", `${head}principles: []\n`);
    const said = await run("--constitution", "./bare.yaml", "--out", "bare");
    expect(said).toContain("bare.yaml, line 4: principles: got an empty list");
    expect(said).toContain("a constitution needs at least one principle");
  });

  it("whose principle has no opposite is refused for the inverted arm, and taken without it", async () => {
    write(
      "single.yaml",
      `${head}principles:\n  - id: kind\n    title: Be kind\n    critique: Say what is unkind.\n` +
        "    revision: Be kind.\n    preference: Which is kinder?\n",
    );
    const words = ["--constitution", "./single.yaml", "--out", "single"];
    expect(await run(...words)).toContain("kind has no opposite");
    expect(existsSync(inFolder("single"))).toBe(false);
    const alone = ["run", "--config", "tiny.yaml", ...words, "--set", "arms=[ethical]"];
    expectStatus(await covenant(alone, folder), 0);
  });

  it("that the library has not is refused, the nearest named", async () => {
    expect(await run("--constitution", "etical")).toContain("Did you mean ethical?");
  });
});

describe("a model folder", () => {
  it("that is missing is refused before a run is begun", async () => {
    const run = ["run", "--config", "tiny.yaml"];
    const missing = "absent is not there; expected a model folder";
    expect(await refusedAtOnce(...run, "--model", "./absent")).toContain(missing);
    expect(await refusedAtOnce("evaluate", "--models", "./model,./absent")).toContain(missing);
    const none =
      'There is no embedded model "nope"; there is covenant-assembly, covenant-player, covenant-tiny, covenant-voter.';
    expect(await refusedAtOnce(...run, "--model", "embedded:nope")).toContain(none);
  });

  it("that is trained for one arm twice is refused", async () => {
    const said = await refusedAtOnce("run", "--config", "tiny.yaml", "--arms", "ethical,ethical");
    expect(said).toContain("an arm is named twice");
  });

  it("is not a run folder, whose models are listed, nor a model of the wrong kind", async () => {
    const said = await refusedAtOnce("revise", "--model", "pretrained");
    expect(said).toContain("./pretrained is the folder of a run, not a model folder");
    expect(said).toContain("\n  ./pretrained/pretrain/model\n");
    const ppo = await refusedAtOnce("train", "ppo", "--model", "model", "--reward", "model");
    expect(ppo).toContain("./model is not a reward model");
  });

  it("whose weights are cut off is refused", async () => {
    cpSync(inFolder("model"), inFolder("cut"), { recursive: true });
    truncateSync(inFolder("cut/model.safetensors"), 100_000);
    expect(await run("--model", "./cut", "--out", "b")).toContain("model.safetensors");
    expect(existsSync(inFolder("b"))).toBe(false);
  });

  it("whose config.json lacks a field is refused, the field named", async () => {
    cpSync(inFolder("model"), inFolder("lacking"), { recursive: true });
    const path = inFolder("lacking/config.json");
    const { num_hidden_layers: _, ...rest } = JSON.parse(readFileSync(path, "utf8")) as Record<
      string,
      unknown
    >;
    writeFileSync(path, JSON.stringify(rest));
    const said = await run("--model", "./lacking", "--out", "b");
    expect(said).toContain("config.json");
    expect(said).toContain("num_hidden_layers");
  });

  it("is not what a misspelt or remote name stands for", async () => {
    expect(await run("--model", "covenant-tiny")).toContain('Use "http://host:port/v1#model"');
    expect(await run("--model", "http://127.0.0.1:9/v1#x")).toContain("cannot be trained here");
  });
});

describe("training rows", () => {
  it("that are missing, or not to be read, are refused", async () => {
    expect(await refusedAtOnce("train", "sft", "--model", "./model")).toContain(
      "a file of rows is needed: --data runs/revise/rows/sft.jsonl",
    );
    write("rows.jsonl", '{"prompt": "How?"}\n{"prompt": "How?", "completion": 3}\n');
    const said = await refusedAtOnce("train", "sft", "--model", "./model", "--data", "rows.jsonl");
    expect(said).toContain("rows.jsonl has 2 faults");
    expect(said).toContain("rows.jsonl, line 1: completion: got nothing");
  });
});

describe("an output folder", () => {
  it("of another run is refused with what differs and left as it was, unless --fresh moves it aside", async () => {
    const words = ["revise", "--model", "./model", "--out", "taken", "--set", "counts.harmful=2"];
    expectStatus(await covenant(words, folder), 0);
    const before = contentHashOf(inFolder("taken"));
    const said = await refusal(...words, "--seed", "5");
    expect(said).toContain("taken holds another run");
    expect(said).toContain("seed: 0 there, 5 now");
    expect(await refusal(...words, "--seed", "5", "--dry-run")).toBe(said);
    expectStatus(await covenant([...words, "--seed", "5", "--fresh", "--dry-run"], folder), 0);
    expect(contentHashOf(inFolder("taken"))).toBe(before);
    expectStatus(await covenant([...words, "--seed", "5", "--fresh"], folder), 0);
    expect(contentHashOf(inFolder("taken.1"))).toBe(before);
  });

  it("that holds something else is refused and left as it was", async () => {
    mkdirSync(inFolder("photos"));
    write("photos/holiday.jpg", "x");
    expect(await run("--out", "photos")).toContain("holds no run of Covenant (found holiday.jpg)");
    expect(readFileSync(inFolder("photos/holiday.jpg"), "utf8")).toBe("x");
    write("file", "x");
    expect(await run("--out", "file")).toContain("it is a file, and a folder was expected");
  });
});
