// What the command line says beside a fault: the command that a configuration belongs to, of every file in configs/; the
// setting that an unknown option names; where commands are listed.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock, parseYaml } from "../core/index.ts";
import { recipes } from "../recipes/index.ts";
import { runCommandLine } from "./index.ts";
import { tellOtherFile } from "./other-commands.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-other-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

let program: string | undefined;

const covenant = async (
  ...words: readonly string[]
): Promise<{ status: number; out: string; err: string }> => {
  let [out, err] = ["", ""];
  const status = await runCommandLine({
    words,
    recipes,
    environment: {},
    ...(program === undefined ? {} : { program }),
    clock: manualClock(),
    signal: new AbortController().signal,
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      isLive: false,
      columns: () => 100,
    },
  });
  return { status, out, err };
};

const configs = fileURLToPath(new URL("../../configs", import.meta.url));
/** Files with the command in whose folder they lie. */
const files = readdirSync(configs, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".yaml"))
  .map((path): [path: string, command: string] => [path, dirname(path).replaceAll(/[\\/]/g, " ")])
  .sort();

describe("a configuration of another command", () => {
  it("is named by its keys in place of them, and what nobody or everybody knows names none", async () => {
    const games = write("games.yaml", "groups: [fair]\nflexible: [0.1]\nheldOut: {currencies: []}\n");
    const told = await covenant("simulate", "vote", "--model", "openai:x", "--config", games);
    expect(told.status).toBe(2);
    expect(told.err).toBe(
      `error: ${games} is a configuration of \`npx covenant simulate games\`, and not of \`npx covenant simulate vote\`.\n`,
    );
    // a key of nobody, keys of everybody, and the command's own with a wrong value
    for (const text of ["flexible: [0.1]\nnobodys: 1\n", "model: 1\nseed: 1\n", "seats: none\n"]) {
      const other = await covenant("simulate", "vote", "--config", write("other.yaml", text));
      expect(other.status).toBe(2);
      expect(other.err).not.toContain("is a configuration of");
    }
  });

  it.each(files)("is named for configs/%s", async (path, command) => {
    const all = await Promise.all(recipes.map(({ load }) => load()));
    const tree = parseYaml(readFileSync(join(configs, path), "utf8"), { file: path }) as Record<
      string,
      unknown
    >;
    const wrong = all.find((one) => one.command.join(" ") === "simulate replay")!;
    const told = await tellOtherFile(wrong, path, tree, () => Promise.resolve(all));
    expect(told[0]).toContain(`\`covenant ${command}\``);
    const own = all.find((one) => one.command.join(" ") === command)!;
    expect(await tellOtherFile(own, path, tree, () => Promise.resolve(all))).toEqual([]);
  });
});

describe("an option that is the name of a setting alone", () => {
  it("says how the setting is given", async () => {
    const { status, err } = await covenant("train", "sft", "--warmup-steps", "3");
    expect(status).toBe(2);
    expect(err).toContain("unknown option '--warmup-steps'");
    expect(err).toMatch(/Settings of that name are given as --set [\w.]*warmupSteps=VALUE/);
    expect((await covenant("train", "sft", "--warm-up", "3")).err).not.toContain("are given as");
  });
});

describe("what was most likely meant", () => {
  it("is a constitution where one is given as a configuration", async () => {
    const file = fileURLToPath(new URL("../../examples/kindness.yaml", import.meta.url));
    const told = `error: ${file} is a constitution, and no configuration.`;
    expect((await covenant("revise", "--config", file)).err).toBe(
      `${told} Give it as --constitution ${file}.\n`,
    );
    expect((await covenant("simulate", "games", "--config", file)).err).toBe(`${told} Leave it out.\n`);
  });

  it("is refused where it means nothing beside --prompt, with all that does not", async () => {
    const one = ["revise", "--prompt", "Hello?", "--model", "scripted:nowhere.yaml"];
    const many = ["--prompts", "mine.jsonl", "--out", "runs/x", "--set", "counts.harmful=3", "--fresh"];
    for (const dry of [[], ["--dry-run"]]) {
      const { status, err } = await covenant(...one, ...many, ...dry);
      expect(status).toBe(2);
      expect(err).toMatch(
        /^error: Got --set counts\.harmful=3, --out runs\/x, --prompts mine\.jsonl, --fresh, which mean nothing here: --prompt shows how one prompt .* leave --prompt out/,
      );
    }
    expect((await covenant(...one, "--limit", "2")).err).toContain(
      "Got --limit 2, which means nothing here:",
    );
    const asked = write("prompt.yaml", "prompt: Hello?\nmodel: scripted:nowhere.yaml\n");
    expect((await covenant("revise", "--config", asked, "--limit", "2")).err).toContain(
      `Got --limit 2, which means nothing here: prompt in ${asked} shows how one prompt is answered and revised, and writes nothing. Leave that out; or leave prompt in ${asked} out, for a run`,
    );
    expect((await covenant("revise", "--set", "prompt=Hello?", "--limit", "2")).err).toContain(
      ": --set prompt shows how",
    );
    const begun = write("settings.yaml", "out: runs/x\nprompts: mine.jsonl\n");
    expect((await covenant(...one, "--config", begun, "--rounds", "1")).err).toContain("nowhere.yaml");
    expect((await covenant("revise", "--prompts", "nowhere.jsonl", "--limit", "2")).err).toContain(
      "nowhere.jsonl",
    );
  });

  it("is told apart from a run that is continued", async () => {
    mkdirSync(join(folder, "begun"));
    const run = dirname(write("begun/config.yaml", "prompts: mine.jsonl\n"));
    const { status, err } = await covenant("revise", "--prompt", "Hello?", "--resume", run, "--limit", "2");
    expect([status, err.trim()]).toEqual([
      2,
      `error: Got --resume ${run} and --prompt: the first continues a run, and the other shows how one prompt is answered and revised, and writes nothing. Leave one of them out.`,
    ]);
  });

  it("is a prompt where words stand alone", async () => {
    for (const command of [["revise"], ["generate", "./model"]]) {
      const { status, err } = await covenant(...command, "how", "are", "you");
      expect([status, err]).toEqual([2, expect.stringContaining('It is given as --prompt "how are you".')]);
    }
    expect((await covenant("report", "one", "two")).err).toContain("too many arguments");
  });

  it("is the file of rows where a run's folder is given", async () => {
    for (const [command, rows] of [
      ["sft", "sft"],
      ["dpo", "preferences"],
      ["reward", "preferences"],
    ] as const) {
      mkdirSync(join(folder, command, "rows"), { recursive: true });
      const file = write(`${command}/rows/${rows}.jsonl`, "");
      expect((await covenant("train", command, "--data", join(folder, command))).err).toContain(
        `The file in it is ${file}.`,
      );
    }
  });
});

describe("what is missing", () => {
  it("is told of the command, where there is no file", async () => {
    expect((await covenant("train", "sft")).err).toMatch(
      /^error: covenant train sft: data: got nothing, but /,
    );
  });
});

describe("a run that is resumed with other settings", () => {
  it("says that it has its own, and nothing of --fresh", async () => {
    mkdirSync(join(folder, "begun/prompts"), { recursive: true });
    write("begun/config.yaml", "seed: 3\n");
    write("begun/prompts/prompts.jsonl", "{}\n");
    write("begun/answer.jsonl", "{}\n");
    const start = { type: "run-start", time: 0, name: "revise", seed: 3, stages: ["prompts"] };
    write("begun/events.jsonl", `${JSON.stringify(start)}\n`);
    const resumed = ["--resume", join(folder, "begun"), "--seed", "4", "--dry-run"];
    const { status, err } = await covenant("revise", ...resumed);
    expect(status).toBe(2);
    expect(err).toMatch(
      /^error: The run in \S+begun has other settings.*:\n(.*\n)* {2}seed: 3 there, 4 now\n/,
    );
    expect(err).toMatch(/--resume continues it as it was begun/);
    expect(err).not.toContain("--fresh");
  });
});

describe("a run of another command that is resumed", () => {
  it.each([
    ["revise", "revise: {rounds: 2}\n", "label"],
    ["label", "label: {votes: 3}\n", "revise"],
  ])("is told as what it is, with the command that continues it: %s", async (made, settings, asked) => {
    const own = join(folder, `made by ${made}`);
    mkdirSync(own, { recursive: true });
    write(`made by ${made}/config.yaml`, settings);
    const start = { type: "run-start", time: 0, name: made, seed: 3, stages: [made] };
    write(`made by ${made}/events.jsonl`, `${JSON.stringify(start)}\n`);
    const { status, err } = await covenant(asked, "--resume", own);
    expect(status).toBe(2);
    expect(err).toBe(
      `error: ${own}/config.yaml is the configuration of a run of \`npx covenant ${made}\`, which \`npx covenant ${made} --resume '${own}'\` continues. \`npx covenant ${asked}\` has settings of its own: leave this file or folder out, and name another one as --out.\n`,
    );
  });
});

describe("a setting that is given more than once", () => {
  it.each([
    [["--seed", "1", "--seed", "2"], "warning: seed is given --seed 1 and --seed 2; what holds is 2."],
    [
      ["--seed", "1", "--set", "seed=2"],
      "warning: seed is given --set seed=2 and --seed 1; what holds is 1.",
    ],
    [
      ["--set", "seed=1", "--set", "seed=2"],
      "warning: seed is given --set seed=1 and --set seed=2; what holds is 2.",
    ],
    [["--seed", "1", "--seed", "1"], ""],
  ])("says which holds: %j", async (words, told) => {
    const { err } = await covenant("train", "sft", "--data", "none.jsonl", ...words);
    expect(err.split("\n").filter((line) => line.startsWith("warning"))).toEqual(told === "" ? [] : [told]);
    expect(err).toContain("none.jsonl");
  });

  it("says so of files with settings, of which the last holds", async () => {
    const [one, two] = [write("one.yaml", "seed: none\n"), write("two.yaml", "seed: 2\n")];
    const { err } = await covenant("train", "sft", "--data", "none.jsonl", "--config", one, "--config", two);
    expect(err).toMatch(
      /^warning: --config is given \S+one\.yaml and \S+two\.yaml; what holds is \S+two\.yaml\.\n/,
    );
  });
});

describe("a command that is named as the next one", () => {
  it("is called as this one was", async () => {
    const words = ["invert", "general"];
    expect((await covenant(...words)).out).toContain(
      "\nNext: npx covenant invert general --out opposite.yaml\n",
    );
    program = "node ../covenant.mjs";
    expect((await covenant(...words)).out).toContain(
      `\nNext: ${program} invert general --out opposite.yaml\n`,
    );
    program = undefined;
  });

  it("is no command of ours in what people and models say", async () => {
    const said = "Call `covenant run` first.\nNext: npx covenant run";
    const script = write("says.yaml", JSON.stringify({ rules: [{ reply: said }] }));
    const prompt = "Say `npx covenant run` please";
    const prompts = write("says.jsonl", JSON.stringify({ prompt, split: "train" }));
    program = "node ../covenant.mjs";
    const model = ["--model", `scripted:${script}`];
    const { out } = await covenant("revise", ...model, "--prompts", prompts, "--out", join(folder, "says"));
    const bad = write("bad.jsonl", JSON.stringify({ prompt: "Hi", kind: "of `covenant run`" }));
    const { err } = await covenant("revise", ...model, "--prompts", bad, "--out", join(folder, "bad"));
    program = undefined;
    expect(out).toContain(`Prompt:    ${prompt}\nAnswer:    ${said}\n`);
    expect(out).toMatch(/\nNext: node \.\.\/covenant\.mjs train sft /);
    expect(err).toContain('got "of `covenant run`"');
  });

  it("is so in every sentence of a fault, also in the document of --json, and in a plan's warnings", async () => {
    mkdirSync(join(folder, "by other"), { recursive: true });
    write("by other/config.yaml", "revise: {rounds: 2}\n");
    const start = { type: "run-start", time: 0, name: "revise", seed: 3, stages: ["revise"] };
    write("by other/events.jsonl", `${JSON.stringify(start)}\n`);
    const own = join(folder, "by other");
    program = "node ../covenant.mjs";
    const { out, err } = await covenant("label", "--resume", own, "--json");
    const plan = await covenant("generate", "embedded:covenant-tiny", "--prompt", "Be kind.", "--dry-run");
    program = undefined;
    const told = `run of \`node ../covenant.mjs revise\`, which \`node ../covenant.mjs revise --resume '${own}'\` continues. \`node ../covenant.mjs label\` has`;
    expect(err).toContain(told);
    const { error } = JSON.parse(out) as { error: { message: string } };
    expect(error.message).toContain(told);
    expect(plan.out).toMatch(
      /^Warning: .*To ask it something: `node \.\.\/covenant\.mjs chat embedded:covenant-tiny`$/m,
    );
  });
});

describe("revisions of which no row can be made", () => {
  it("end with status 1 and say why, each time, and the folder is whole", async () => {
    const model = `scripted:${write("cut.json", '{"rules": [{"when": "Say", "reply": "Yes."}, {"reply": ""}]}')}`;
    const prompts = write("say.jsonl", '{"prompt": "Say yes."}\n');
    const out = join(folder, "none");
    for (const _ of ["first", "again"]) {
      const ended = await covenant("revise", "--model", model, "--prompts", prompts, "--out", out, "--quiet");
      expect([ended.status, ended.out]).toEqual([1, ""]);
      expect(ended.err).toContain(
        "error: No revision is a whole reply, so there are no rows to learn from. 1 answer: 1 whole.",
      );
      expect(ended.err).toContain("3 revisions: 3 empty.");
      expect(ended.err).not.toContain("--verbose");
    }
    expect(existsSync(join(out, "manifest.json"))).toBe(true);
  });
});

it("of a command that is none, where all are listed", async () => {
  const { status, err } = await covenant("revize");
  expect(status).toBe(2);
  expect(err).toMatch(/unknown command 'revize'[\s\S]*`(npx )?covenant help` lists the commands\./);
});
