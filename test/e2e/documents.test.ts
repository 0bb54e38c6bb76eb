// What the documents say is there, is there: links, commands, and the program that the README shows.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConstitution } from "../../src/constitution/index.ts";
import { parseYaml } from "../../src/core/index.ts";
import { recipes } from "../../src/recipes/index.ts";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("documents");
afterAll(remove);

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  "examples/parliament-to-policy/README.md",
];

/** The command lines of a document's fenced blocks, as words; a line that ends in a backslash goes on. */
const commandLines = (path: string): string[][] =>
  [...read(path).matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    [...block!.replace(/\\\n\s*/g, "").matchAll(/^npx covenant (.*)$/gm)].map(([, line]) =>
      line!
        .replace(/\s#\s.*$/, "")
        .trim()
        .split(/\s+/),
    ),
  );

const common = ["config", "set", "dry-run", "json", "quiet", "verbose", "resume", "fresh"];

/** What a command line says that its command does not take: options, and settings by their keys. */
const unknownWords = async (words: readonly string[]): Promise<string[]> => {
  const named = recipes
    .filter(({ command }) => command.every((word, at) => word === words[at]))
    .toSorted((one, other) => other.command.length - one.command.length)[0];
  if (named === undefined) return [words.slice(0, 2).join(" ")];
  const recipe = await named.load();
  const known = [
    ...common,
    ...(recipe.separable === undefined ? [] : ["reuse"]),
    ...Object.keys(recipe.flags),
  ];
  const options = words.filter((word) => word.startsWith("--") && !known.includes(word.slice(2)));
  const settings = words
    .flatMap((word, at) => (words[at - 1] === "--set" ? [word.split("=")[0]!] : []))
    .filter((key) => {
      const tree = key.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), "");
      const { error } = recipe.schema.safeParse(tree);
      return error?.issues.some(({ code }) => code === "unrecognized_keys");
    });
  return [...options, ...settings];
};

/** The anchors that GitHub gives to the headings of a page. */
const anchorsOf = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );

describe("the documents", () => {
  it.each(documents)("%s links to what exists", (path) => {
    const links = [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
    const missing = links.filter(
      (link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link)),
    );
    expect(missing).toEqual([]);
  });

  it.each(documents)("%s links to headings that exist", (path) => {
    const links = [...read(path).matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)].map((match) => [
      match[1]!,
      match[2]!,
    ]);
    const missing = links.filter(([file, anchor]) => {
      const target = file === "" ? path : join(dirname(path), file!);
      return target.endsWith(".md") && !anchorsOf(read(target)).includes(anchor!);
    });
    expect(missing).toEqual([]);
  });

  it.each(documents)("%s names commands that exist", (path) => {
    const second = recipes.flatMap(({ command }) => command.slice(1)).join("|");
    const pattern = new RegExp(`\`(?:npx )?covenant ([a-z]+(?: (?:${second}))?)`, "g");
    const named = [...read(path).matchAll(pattern)];
    const known = [...recipes.map(({ command }) => command.join(" ")), "help"];
    expect(named.map((match) => match[1]!).filter((words) => !known.includes(words))).toEqual([]);
  });

  it.each(documents)("%s shows command lines with options and settings that exist", async (path) => {
    const unknown = await Promise.all(commandLines(path).map(unknownWords));
    expect(unknown.flat()).toEqual([]);
  });

  it("show ways to score and to continue texts that run as they are written", async () => {
    const lines = ["README.md", "docs/serving.md"]
      .flatMap(commandLines)
      .filter(([verb]) => ["score", "generate"].includes(verb!))
      .map((words) => words.join(" "));
    expect(new Set(lines).size).toBe(3);
    for (const line of new Set(lines)) {
      const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
      const { stdout, stderr } = expectStatus(await covenant(words, root), 0);
      if (words.includes("--json"))
        expect((JSON.parse(stdout) as { rows: unknown[] }).rows.length).toBeGreaterThan(1);
      else {
        expect(stdout).toMatch(/\bhole\b/);
        expect(stderr).not.toContain("small language");
      }
    }
  });

  it("show red teaming that needs no server, in which drafts of all kinds are rated and a constitution is learned", async () => {
    const line = commandLines("docs/social-contract.md").find((words) =>
      words.join(" ").includes("red-team/script"),
    )!;
    const out = join(folder, "red-team");
    const words = line.map((word, at) => (line[at - 1] === "--out" ? out : word));
    const { stdout } = expectStatus(await covenant([...words, "--json", "--quiet"], root), 0);
    const { runs } = JSON.parse(stdout) as { runs: { tasks: string[] }[] };
    expect(runs.map(({ tasks }) => tasks[0])).toEqual(
      [0, 1, 2, 3].map((run) => ["neighbours-out", "colleague-shamed"][run % 2]),
    );
    const rated = [1, 2, 3, 4].flatMap((run) =>
      readFileSync(join(out, `run-${run}/ratings.jsonl`), "utf8").match(/"ratings":\{[^}]*\}/g),
    );
    expect(rated).toHaveLength(4 * 2 * (2 + 2));
    expect(rated.join()).not.toContain("null");
    for (const given of ["1,8", "7,1", "7,9", "8,9"])
      expect(rated.map((one) => one!.match(/\d+/g)!.join())).toContain(given);
    const { principles } = await loadConstitution(join(out, "constitution.yaml"));
    expect(principles.map(({ grounds = [] }) => grounds.some(({ by }) => by === "cited"))).toEqual([
      true,
      true,
    ]);
  });

  it("read folders of simulations that the same block makes", () => {
    const lines = commandLines("docs/simulation-experiments.md");
    const made: string[] = [];
    const foreign: string[] = [];
    for (const words of lines) {
      const [, verb = ""] = words;
      const isMade = (path: string) =>
        made.some((folder) => path === folder || path.startsWith(`${folder}/`));
      foreign.push(...words.filter((word) => word.startsWith("runs/") && !isMade(word)));
      const config = words[words.indexOf("--config") + 1]!;
      made.push(words.includes("--config") ? /^out: (\S+)$/m.exec(read(config))![1]! : `runs/${verb}`);
    }
    expect(lines.length).toBeGreaterThan(4);
    expect(foreign).toEqual([]);
    const { grid } = parseYaml(read("configs/simulate/sweep/contract.yaml"), { file: "" }) as {
      grid: Record<string, object>;
    };
    const [, cell] = /cells\/(\S+?)\/seed-0/.exec(read("docs/simulation-experiments.md"))!;
    for (const part of cell!.split("_")) {
      const [axis, value] = part.split(/-(?=[^-]*$)/);
      expect(Object.values(grid[axis!]!).map(String).concat(Object.keys(grid[axis!]!))).toContain(value);
    }
  });

  it("name scripts and folders as they are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = documents.flatMap((path) => [...read(path).matchAll(/npm run ([a-z:-]+)/g)]);
    expect(named.map((match) => match[1]!).filter((name) => !(name in scripts))).toEqual([]);
    const folders = readdirSync(join(root, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && readdirSync(join(root, "src", entry.name)).length > 0)
      .map(({ name }) => name);
    const tree = /```\nsrc\/\n([\s\S]*?)```/.exec(read("README.md"))![1]!;
    const shown = [...tree.matchAll(/^ {2}([a-z-]+)\//gm)].map((match) => match[1]!);
    expect(shown.sort()).toEqual(folders.sort());
  });

  it("show the program of the examples as it is", () => {
    const shown = /```ts\n([\s\S]*?)```/.exec(read("README.md"))![1]!;
    const program = read("examples/revise-one-prompt.ts").replace(/\s+/g, " ");
    for (const start of ["const settings", "const [answer]", "const items", "const options"]) {
      const line = shown.split("\n").find((one) => one.startsWith(start))!;
      expect(program).toContain(line.replace(/\s+/g, " "));
    }
  });
});
