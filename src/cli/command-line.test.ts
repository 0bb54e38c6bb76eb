// The command line as a user meets it: settings from three sources, errors with the nearest valid key, exit statuses,
// one JSON document on stdout and everything else on stderr.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { CovenantError, InterruptedError, manualClock, UserError } from "../core/index.ts";
import type { Recipe, RecipeContext, RecipeEntry } from "../recipes/index.ts";
import { runCommandLine } from "./index.ts";

const schema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("the seed of everything"),
  name: z.string().default("plain"),
  note: z.string().nullable().default(null),
  kind: z.enum(["small", "large"]).default("small"),
  arms: z.array(z.string()).default(["ethical"]),
  report: z.boolean().default(true),
  out: z.string().default("runs/try"),
  training: z
    .strictObject({ rate: z.number().positive().default(0.5), steps: z.int().default(3) })
    .prefault({}),
});
type Config = z.output<typeof schema>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-cli-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Result = { status: number; out: string; err: string; config: Config | undefined; loaded: string[] };

const covenant = async (
  words: readonly string[],
  behaviour: (context: RecipeContext) => Promise<void> = async () => undefined,
  environment: Record<string, string> = {},
): Promise<Result> => {
  const result: Result = { status: -1, out: "", err: "", config: undefined, loaded: [] };
  const recipe: Recipe<typeof schema> = {
    command: ["train", "sft"],
    summary: "Fine-tune a model.",
    schema,
    flags: {
      seed: { path: "seed", description: "seed", placeholder: "number" },
      name: { path: "name", description: "name", placeholder: "text" },
      rate: { path: "training.rate", description: "learning rate" },
      report: { path: "report", description: "write no report" },
      arms: { path: "arms", description: "arms" },
      kind: { path: "kind", description: "size", placeholder: "size" },
      out: { path: "out", description: "where to", placeholder: "folder" },
    },
    positional: "name",
    plan: async (config) => ({
      steps: [{ stage: "sft", what: `${config.training.steps} steps`, calls: 12, tokens: 3400, seconds: 75 }],
      seconds: 75,
      dollars: 0,
    }),
    run: async (config, context) => {
      result.config = config;
      await behaviour(context);
      return { lines: ["It is done."], document: { seed: config.seed } };
    },
  };
  const entry = (command: string[], summary: string): RecipeEntry => ({
    command,
    summary,
    load: async () => {
      result.loaded.push(command.join(" "));
      return { ...recipe, command, summary };
    },
  });
  result.status = await runCommandLine({
    words,
    recipes: [
      entry(["run"], "Everything."),
      entry(["train", "sft"], recipe.summary),
      entry(["train", "dpo"], "Preferences."),
    ],
    terminal: {
      out: (text) => {
        result.out += text;
      },
      err: (text) => {
        result.err += text;
      },
      isLive: false,
      columns: () => 100,
    },
    environment,
    clock: manualClock(),
    signal: new AbortController().signal,
  });
  return result;
};

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe("settings", () => {
  it("come from defaults, then the file, then --set and flags", async () => {
    const file = write("config.yaml", "seed: 5\nname: of the file\ntraining:\n  rate: 0.25\n  steps: 7\n");
    const words = ["train", "sft", "--config", file, "--set", "training.steps=9", "--seed", "6"];
    const { status, config, out } = await covenant(words);
    expect(status).toBe(0);
    expect(out).toBe("It is done.\n");
    expect(config).toMatchObject({
      seed: 6,
      name: "of the file",
      kind: "small",
      training: { rate: 0.25, steps: 9 },
    });
  });

  it("are read as what the schema wants", async () => {
    const values = ["name=2024", "note=null", "arms=ethical, inverted", "report=false", "training={rate: 2}"];
    const { config } = await covenant(["run", ...values.flatMap((value) => ["--set", value])]);
    expect(config).toMatchObject({
      name: "2024",
      note: null,
      report: false,
      training: { rate: 2, steps: 3 },
    });
    expect(config?.arms).toEqual(["ethical", "inverted"]);
    expect((await covenant(["run", "--arms", "[a, b]"])).config?.arms).toEqual(["a", "b"]);
    expect((await covenant(["run", "--no-report"])).config?.report).toBe(false);
    expect((await covenant(["run", "--set", "arms.0=other"])).config?.arms).toEqual(["other"]);
    expect((await covenant(["run", "--set", "arms.5=other"])).err).toContain("no position in a list of 0");
  });

  it("take a value with spaces, equals signs and a hash as it is", async () => {
    const { config } = await covenant(["run", "--set", "name=http://host:1/v1#m=1 x"]);
    expect(config?.name).toBe("http://host:1/v1#m=1 x");
  });

  it("take a word without a flag, and values of a choice as help names them", async () => {
    expect((await covenant(["run", "word"])).config?.name).toBe("word");
    expect((await covenant(["run", "word", "--name", "flag"])).config?.name).toBe("flag");
    const { out } = await covenant(["help", "run"]);
    expect(out).toContain("[name]");
    expect(out).toContain("size: small, large (default:");
  });

  it("are those of the run when it is resumed", async () => {
    write("config.yaml", "seed: 8\n");
    const { config } = await covenant(["run", "--resume", folder]);
    expect(config).toMatchObject({ seed: 8, out: folder });
  });

  it.each([
    [["--set", "trainin.rate=1"], "Did you mean training?"],
    [["--set", "training.raet=1"], "Did you mean training.rate?"],
    [["--set", "seed.x=1"], "seed has no keys of its own"],
    [["--set", "seed"], "expected key=value"],
    [["--set", "seed=abc"], 'seed: got "abc", expected a number'],
    [["--set", "seed=1.5"], "seed: got 1.5, expected an integer"],
    [["--set", "kind=medium"], 'kind: got "medium", expected one of small, large'],
    [["--set", "training.rate=-1"], "training.rate: got -1, expected more than 0"],
    [["--sed", "1"], "--seed"],
    [["--config", "no-such.yaml"], "no-such.yaml"],
  ])("that are wrong (%j) end with status 2 and say what to do", async (words, message) => {
    const { status, err, out } = await covenant(["run", ...words]);
    expect(status).toBe(2);
    expect(err).toContain(message);
    expect(out).toBe("");
  });

  it("in a file name the file, every unknown key and its nearest valid one, or the line that is no YAML", async () => {
    const file = write("wrong.yaml", "sede: 1\ntraining:\n  stesp: 2\n");
    const { status, err } = await covenant(["run", "--config", file]);
    expect(status).toBe(2);
    expect(err).toContain(file);
    expect(err).toContain("sede: unknown key (did you mean seed?)");
    expect(err).toContain("training.stesp: unknown key (did you mean steps?)");
    const torn = write("torn.yaml", "seed: 1\nname: [a,\n");
    expect((await covenant(["run", "--config", torn])).err).toContain(`${torn}, line`);
    const list = write("list.yaml", "- 1\n- 2\n");
    expect((await covenant(["run", "--config", list])).err).toContain("got a list of 2");
  });

  it("of --set that are wrong are told all at once", async () => {
    const texts = ["sede=1", "name=fine", "training.raet=1", "=2", "seed", "arms.5=other"];
    const { status, err } = await covenant(["run", ...texts.flatMap((text) => ["--set", text])]);
    expect(status).toBe(2);
    expect(err.split("\n")).toEqual([
      "error: The command line has 5 faults:",
      "  --set sede: there is no key sede. Did you mean seed?",
      "  --set training.raet: there is no key training.raet. Did you mean training.rate?",
      expect.stringMatching(/^ {2}--set =2: expected key=value/),
      expect.stringMatching(/^ {2}--set seed: expected key=value/),
      "  --set arms.5: 5 is no position in a list of 0.",
      "Correct them and try again.",
      "",
    ]);
  });

  it("in the configuration of another command's run name that command", async () => {
    mkdirSync(join(folder, "labelled"));
    const labelled = write("labelled/config.yaml", "seed: 1\ncounts: {harmful: 2}\n");
    const event = { type: "run-start", time: 0, name: "label", seed: 1, stages: [] };
    write("labelled/events.jsonl", `${JSON.stringify(event)}\n`);
    for (const words of [
      ["--config", labelled],
      ["--resume", join(folder, "labelled")],
    ]) {
      const { status, err } = await covenant(["run", ...words]);
      expect(status).toBe(2);
      expect(err).toMatch(/is the configuration of a run of `npx covenant label`, which `.+ --resume \S+` /);
    }
    write("labelled/events.jsonl", `${JSON.stringify({ ...event, name: "run" })}\n`);
    expect((await covenant(["run", "--config", labelled])).err).not.toContain("is the configuration of");
  });
});

describe("what is printed", () => {
  it("with --json is one document on stdout, the rest on stderr", async () => {
    const { out, err, status } = await covenant(["run", "--json", "--seed", "3"], async ({ emit }) => {
      emit({ type: "stage-start", time: 0, stage: "sft", resumed: false });
      emit({ type: "warning", time: 1, code: "x", text: "mind the gap" });
    });
    expect([status, JSON.parse(out)]).toEqual([0, { seed: 3 }]);
    expect(err).toContain("sft: started");
    expect(err).toContain("warning: mind the gap");
  });

  it("with --json and an error is a document that says which", async () => {
    const { out, status } = await covenant(["run", "--json", "--seed", "x"]);
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "value-invalid" } });
  });

  it.each([
    [["run", "--json", "--sed", "1"], "unknown option '--sed'"],
    [["rnu", "--json"], "unknown command 'rnu'"],
    [["run", "one", "more", "--json"], "too many arguments"],
    [["train", "--json"], "unknown option '--json'"],
  ])("with --json and wrong use (%j) is such a document, too", async (words, message) => {
    const { out, err, status } = await covenant(words);
    expect(status).toBe(2);
    expect(err).toContain(message);
    const document = { error: { code: "wrong-use", message: expect.stringMatching(`^${message}`) } };
    expect(JSON.parse(out)).toEqual(document);
  });

  it("with --json and --help is the help alone", async () => {
    expect((await covenant(["run", "--json", "--help"])).out).toMatch(/^Usage: /);
  });

  it("with --dry-run is the plan, and nothing is run", async () => {
    const { out, config, status } = await covenant([
      "train",
      "sft",
      "--dry-run",
      "--set",
      "training.steps=4",
    ]);
    expect([status, config]).toEqual([0, undefined]);
    expect(out).toMatch(/sft +4 steps +12 +3,400/);
    expect(out).toContain("about 1 min 15 s");
    const json = await covenant(["train", "sft", "--dry-run", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ seconds: 75 });
  });

  it("has no secret in it, wherever it comes from", async () => {
    const secrets = { SOME_API_KEY: "sk-123456789", HF_TOKEN: "hf-abcdefgh" };
    const leak = async ({ emit }: RecipeContext): Promise<void> => {
      emit({ type: "warning", time: 0, code: "x", text: "using hf-abcdefgh" });
      throw new Error("401 for sk-123456789");
    };
    const { err, out } = await covenant(["run", "--json", "--verbose"], leak, secrets);
    expect(`${err}${out}`).not.toMatch(/sk-123456789|hf-abcdefgh/);
    expect(err).toContain("401 for [SOME_API_KEY]");
  });

  it("with --quiet is no progress, but warnings", async () => {
    const { err } = await covenant(["run", "--quiet"], async ({ emit }) => {
      emit({ type: "stage-start", time: 0, stage: "sft", resumed: false });
      emit({ type: "warning", time: 1, code: "x", text: "mind the gap" });
    });
    expect(err).toBe("warning: mind the gap\n");
  });
});

describe("exit statuses", () => {
  const failing = (thrown: unknown) => async (): Promise<void> => {
    throw thrown;
  };

  it("tell wrong use (2), interruption (130) and failure (1) apart", async () => {
    const wrong = await covenant(["run"], failing(new UserError("x", "The file is empty.")));
    expect([wrong.status, wrong.err]).toEqual([2, "error: The file is empty.\n"]);
    const stopped = await covenant(["run"], failing(new InterruptedError()));
    expect(stopped.status).toBe(130);
    expect(stopped.err).toContain("the same command again continues");
    const failed = await covenant(["run"], failing(new Error("boom")));
    expect([failed.status, failed.err.split("\n")[0]]).toEqual([1, "error: boom"]);
    expect(failed.err).toContain("--verbose");
    expect(failed.err).not.toContain("    at ");
    // what came out as it did has no place where it broke
    const nothing = await covenant(["run"], failing(new CovenantError("replies-none", "No reply.")));
    expect([nothing.status, nothing.err]).toEqual([1, "error: No reply.\n"]);
    const verbose = await covenant(
      ["run", "--verbose"],
      failing(new Error("boom", { cause: new Error("spark") })),
    );
    expect(verbose.err).toMatch(/ {4}at .*[\s\S]*caused by: Error: spark/);
  });
});

describe("an interruption", () => {
  const stopped = async (text?: string) => {
    const recipe: Recipe = {
      command: ["count"],
      summary: "Count.",
      schema: z.strictObject({ results: z.string().optional() }),
      flags: { out: { path: "results", description: "file", placeholder: "file" } },
      plan: async () => ({ steps: [], seconds: null, dollars: null }),
      run: async () => {
        throw new InterruptedError();
      },
      ...(text === undefined ? {} : { continuation: () => ({ continues: true, text }) }),
    };
    const said: string[] = [];
    const status = await runCommandLine({
      words: ["count"],
      recipes: [{ command: ["count"], summary: "Count.", load: async () => recipe }],
      terminal: { out: () => {}, err: (more) => void said.push(more), isLive: false, columns: () => 100 },
      environment: {},
      clock: manualClock(),
      signal: new AbortController().signal,
    });
    return { status, err: said.join("") };
  };

  it("says that a command begins anew where it writes no run", async () => {
    expect(await stopped()).toEqual({ status: 130, err: "Interrupted. The same command begins anew.\n" });
  });

  it("says what the command says of itself", async () => {
    expect((await stopped("Rows are kept.")).err).toBe("Interrupted. Rows are kept.\n");
  });
});

describe("commands", () => {
  it("are listed without loading any", async () => {
    const { out, status, loaded } = await covenant(["--help"]);
    expect([status, loaded]).toEqual([0, []]);
    expect(out).toMatch(/run .*Everything/);
    expect(out).toMatch(/train .*sft, dpo/);
    expect((await covenant([])).out).toBe(out);
    expect((await covenant(["train", "--help"])).out).toMatch(/dpo .*Preferences/);
  });

  it("are loaded when named, and only then", async () => {
    expect((await covenant(["train", "dpo"])).loaded).toEqual(["train dpo"]);
    expect((await covenant(["--verbose", "train", "sft"])).loaded).toEqual(["train sft"]);
  });

  it.each([
    ["sft", 'no command "sft". Did you mean "train sft"?'],
    ["runn", 'no command "runn". Did you mean "run"?'],
    ["train nonsense", 'no command "train nonsense"'],
    ["run extra", 'no command "run extra"'],
  ])("explain nothing that there is not (help %s)", async (asked, said) => {
    const { status, err, config } = await covenant(["help", ...asked.split(" ")]);
    expect([status, config]).toEqual([2, undefined]);
    expect(err).toContain(said);
  });

  it.each([[["train", "sft", "--help"]], [["help", "run"]], [["help", "train", "dpo"]]])(
    "explain themselves (%j)",
    async (words) => {
      const { out, status } = await covenant(words);
      expect(status).toBe(0);
      expect(out).toContain("--seed <number>");
      expect(out).toMatch(/training\.rate +0\.5/);
      expect(out).toMatch(/seed +0 +the seed of everything/);
    },
  );

  it("that do not exist end with status 2 and the nearest one", async () => {
    const { err, status } = await covenant(["rnu"]);
    expect(status).toBe(2);
    expect(err).toContain("run");
    expect((await covenant(["train"])).status).toBe(2);
    expect((await covenant(["run", "one", "more"])).status).toBe(2);
  });

  it("print the version", async () => {
    const { out, status } = await covenant(["--version"]);
    expect([status, /^\d+\.\d+\.\d+\n$/.test(out)]).toEqual([0, true]);
  });
});
