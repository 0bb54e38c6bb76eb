// What the documents say is there, is there: links, commands, and the program that the README shows.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipes } from "../../src/recipes/index.ts";
import { root } from "./command.fixture.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

describe("the documents", () => {
  it.each(documents)("%s links to what exists", (path) => {
    const links = [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
    const missing = links.filter(
      (link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link)),
    );
    expect(missing).toEqual([]);
  });

  it.each(documents)("%s names commands that exist", (path) => {
    const second = [
      ...new Set(recipes.map(({ command }) => command[1]).filter((word) => word !== undefined)),
    ];
    const pattern = new RegExp(`\`(?:npx )?covenant ([a-z]+(?: (?:${second.join("|")}))?)`, "g");
    const named = [...read(path).matchAll(pattern)];
    const known = [...recipes.map(({ command }) => command.join(" ")), "help"];
    expect(named.map((match) => match[1]!).filter((words) => !known.includes(words))).toEqual([]);
  });

  it("name scripts and folders as they are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = documents.flatMap((path) => [...read(path).matchAll(/npm run ([a-z:]+)/g)]);
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
