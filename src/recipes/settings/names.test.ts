import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { allWishes, sentencesOf } from "../../sandbox/index.ts";
import { askedWords, nextAfterSimulation, nextCommands, trainedWords } from "../summaries/next-command.ts";
import { asModelName, readModelName } from "./names.ts";
import { fileSetting, modelSetting, outSetting } from "./settings.ts";

describe("names as they are typed", () => {
  it("take a folder that is there for a model without ./, and leave other names alone", () => {
    const folder = mkdtempSync(join(tmpdir(), "covenant-names-"));
    mkdirSync(join(folder, "model"));
    const typed = relative(process.cwd(), join(folder, "model"));
    expect(readModelName(typed)).toBe(asModelName(typed));
    expect(readModelName("src")).toBe("./src");
    rmSync(folder, { recursive: true });
    expect(readModelName("absent/model"), "is told as a folder that is not there").toBe("./absent/model");
    for (const name of ["embedded:covenant-tiny", "http://host/v1#m", "./src", "/", "gpt-4"])
      expect(readModelName(name)).toBe(name);
  });

  it("expand the home folder, in every kind of setting", () => {
    expect(readModelName("~/m")).toBe(join(homedir(), "m"));
    expect(outSetting("a").parse("~/runs")).toBe(join(homedir(), "runs"));
    expect(fileSetting("b").parse("~/rows.jsonl")).toBe(join(homedir(), "rows.jsonl"));
    expect(modelSetting.parse(undefined)).toBe("embedded:covenant-tiny");
    expect(() => fileSetting("rows are needed").parse(undefined)).toThrow("rows are needed");
  });
});

describe("the next command", () => {
  it("can be pasted into a shell", () => {
    expect(nextCommands(["label", "--model", "./my models/it's"], ["report", "runs/a-1"])).toEqual([
      "Next: npx covenant label --model './my models/it'\\''s'",
      "  or: npx covenant report runs/a-1",
    ]);
  });

  it("asks the same model again, but no script, which answers one command alone", () => {
    for (const model of ["embedded:covenant-tiny", "./folder", "openai:gpt-4", "http://host/v1#m"])
      expect(askedWords(model)).toEqual(["--model", model]);
    for (const model of ["scripted:script.yaml", "replay:calls.jsonl"]) expect(askedWords(model)).toEqual([]);
  });

  it("puts a constitution of another language than the sandbox's to a model of one's own", () => {
    const own = allWishes.map((wish) => sentencesOf(wish, "statement")[0]!);
    const next = (model: string, ...titles: readonly string[]) => {
      const principles = titles.map((title) => ({ title }));
      return nextAfterSimulation({ model, out: "runs/c" }, "c.yaml", principles)[0];
    };
    const foreign = "Say first what follows, and then why.";
    expect(next("scripted:s.yaml", ...own)).toBe(
      "Next: npx covenant revise --constitution c.yaml --out runs/c-revise",
    );
    expect(next("scripted:s.yaml", ...own, foreign)).toBe(
      "Next: npx covenant revise --model http://localhost:8000/v1#NAME --constitution c.yaml --out runs/c-revise",
    );
    expect(next("openai:gpt-4", foreign)).toBe(
      "Next: npx covenant revise --model openai:gpt-4 --constitution c.yaml --out runs/c-revise",
    );
  });

  it("trains the same model where its weights are here, and one's own folder otherwise", () => {
    expect(trainedWords("hf:owner/name")).toEqual(["--model", "hf:owner/name"]);
    for (const model of ["openai:gpt-4", "http://host/v1#m", "scripted:script.yaml"])
      expect(trainedWords(model)).toEqual(["--model", "./a-model-folder"]);
  });
});
