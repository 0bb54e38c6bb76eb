// What the command line says beside a fault: the command that a configuration belongs to, of every file in configs/; the
// setting that an unknown option names.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock, parseYaml } from "../core/index.ts";
import { recipes } from "../recipes/index.ts";
import { runCommandLine } from "./index.ts";
import { tellOtherCommand } from "./other-commands.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-other-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const covenant = async (...words: readonly string[]): Promise<{ status: number; err: string }> => {
  let err = "";
  const status = await runCommandLine({
    words,
    recipes,
    environment: {},
    clock: manualClock(),
    signal: new AbortController().signal,
    terminal: {
      out: () => undefined,
      err: (text) => {
        err += text;
      },
      isLive: false,
      columns: () => 100,
    },
  });
  return { status, err };
};

const configs = fileURLToPath(new URL("../../configs", import.meta.url));
/** Files with the command in whose folder they lie. */
const files = readdirSync(configs, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".yaml"))
  .map((path): [path: string, command: string] => [path, dirname(path).replaceAll(/[\\/]/g, " ")])
  .sort();

describe("a configuration of another command", () => {
  it("names it by its keys beside what is wrong, and what nobody or everybody knows names none", async () => {
    const games = write("games.yaml", "groups: [fair]\nflexible: [0.1]\nheldOut: {currencies: []}\n");
    const told = await covenant("simulate", "vote", "--model", "openai:x", "--config", games);
    expect(told.status).toBe(2);
    expect(told.err).toContain("flexible: unknown key");
    expect(told.err).toContain(
      `\n${games} is a configuration of \`covenant simulate games\`, and not of \`covenant simulate vote\`.\n`,
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
    const told = await tellOtherCommand(wrong, path, tree, () => Promise.resolve(all));
    expect(told).toContain(`\`covenant ${command}\``);
    const own = all.find((one) => one.command.join(" ") === command)!;
    expect(await tellOtherCommand(own, path, tree, () => Promise.resolve(all))).toBe("");
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
