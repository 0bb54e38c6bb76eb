// Holds the sources to the layout, and holds the rules themselves to violations planted here.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { importTable } from "./import-table.ts";
import {
  checkArrows,
  checkBrowserSafety,
  checkCycles,
  checkHeaders,
  checkLengths,
  checkNames,
  checkOutsiders,
  checkTable,
  type Rule,
} from "./rules.ts";
import { createSource, readSources } from "./source-files.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const sources = readSources(root, ["src", "test", "bench", "tools", "examples", "bin"]);

const rules: Readonly<Record<string, Rule>> = {
  "imports follow the table and go through a folder's face": checkArrows,
  "tests, benches, tools and examples import faces alone": checkOutsiders,
  "no file imports itself by a way round": checkCycles,
  "what must run in a browser imports no Node module": checkBrowserSafety,
  "names are kebab-case and say what is inside": checkNames,
  "no file is longer than can be read at a sitting": checkLengths,
  "every file says first what it is": checkHeaders,
};

describe("the repository", () => {
  it("was read", () => {
    expect(sources.filter(({ imports }) => imports.length > 0).length).toBeGreaterThan(30);
  });

  it.each(Object.entries(rules))("%s", (_, rule) => {
    expect(rule(sources)).toEqual([]);
  });

  it("has an import table without a way round", () => {
    expect(checkTable(importTable)).toEqual([]);
  });

  it("lists no install script of packages whose script only fetches what is not used", () => {
    // Older npm knows no allowScripts: it would run ONNX Runtime's step, which fetches CUDA libraries. `npm install`
    // may put "hasInstallScript" back into the lock file; take it out again for these packages.
    type Lock = { packages: Record<string, { hasInstallScript?: boolean }> };
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
    const scripted = Object.entries(lock.packages).filter(([, one]) => one.hasInstallScript === true);
    expect(scripted.map(([path]) => path)).toEqual(["node_modules/node"]);
  });
});

const planted = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => createSource(path, `// What it is.\n${text}`));

describe("the rules", () => {
  it.each([
    ["src/core/a.ts", 'import { x } from "../records/index.ts";', "core must not import"],
    ["src/engine/a.ts", 'import type { x } from "../records/index.ts";', "engine must not import"],
    ["src/feedback/a.ts", 'export * from "../evaluation/index.ts";', "feedback must not import"],
    ["src/training/a.ts", 'const x = await import("../models/index.ts");', "training must not import"],
    ["src/models/a.ts", 'import "../transformer/index.ts";', "models must not import"],
    [
      "src/report/charts/a.ts",
      'import { x } from "../../records/index.ts";',
      "report/charts must not import",
    ],
    ["src/report/charts/a.ts", 'import { x } from "../page.ts";', "report/charts must not import"],
    ["src/runs/a.ts", 'import {\n  x,\n} from "../records/event.ts";', "reaches past the index of records"],
    ["src/report/a.ts", 'import { x } from "./charts/bar.ts";', "reaches past the index of report/charts"],
    ["src/cli/a.ts", 'import { x } from "../core/files.ts";', "reaches past the index of core"],
    ["src/gadgets/a.ts", "export const x = 1;", "lies in no folder"],
    ["src/core/a.ts", 'import { x } from "../../test/a.ts";', "must not import test/a.ts"],
  ])("find a forbidden arrow in %s: %s", (path, text, message) => {
    expect(checkArrows(planted({ [path]: text })).join()).toContain(message);
  });

  it.each([
    ["src/records/a.ts", 'import { x } from "../core/portable.ts";'],
    ["src/models/providers/embedded/a.ts", 'import { x } from "../../../transformer/index.ts";'],
    ["src/models/providers/embedded.ts", 'import { x } from "../specification.ts";'],
    ["src/models/index.ts", 'export { x } from "./providers/embedded.ts";'],
    ["src/report/a.ts", 'import { x } from "./charts/index.ts";'],
    [
      "src/core/a.ts",
      '/* import "../runs/index.ts"; */\n// import "../runs/index.ts";\nconst x = `\nimport "../cli/a.ts"`;',
    ],
  ])("let pass what is allowed in %s: %s", (path, text) => {
    expect(checkArrows(planted({ [path]: text }))).toEqual([]);
  });

  it("find a cycle, also one of types", () => {
    const files = planted({
      "src/core/a.ts": 'import { b } from "./b.ts";',
      "src/core/b.ts": 'import type { c } from "./c.ts";',
      "src/core/c.ts": 'import { a } from "./a.ts";',
    });
    expect(checkCycles(files)).toEqual([
      "cycle: src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts",
    ]);
    expect(checkCycles(files.slice(0, 2))).toEqual([]);
  });

  it("find a Node module in what a browser runs, also behind another file, but not in tests", () => {
    const files = {
      "src/records/a.ts": 'import { b } from "../core/portable.ts";',
      "src/core/portable.ts": 'export { b } from "./b.ts";',
      "src/core/b.ts": 'import { readFileSync } from "node:fs";',
      "src/records/a.test.ts": 'import { join } from "node:path";',
    };
    expect(checkBrowserSafety(planted(files))).toHaveLength(1);
    expect(checkBrowserSafety(planted({ ...files, "src/core/b.ts": 'import { z } from "zod";' }))).toEqual(
      [],
    );
    expect(checkBrowserSafety(planted({ "src/report/charts/x.ts": 'import "fs";' }))).toHaveLength(1);
  });

  it("find a bad name, an overlong file, a missing header and an outsider within", () => {
    const names = [
      "src/core/someThing.ts",
      "src/core/utils.ts",
      "src/core/helpers/a.ts",
      "src/core/fine-name.test.ts",
    ];
    expect(checkNames(names.map((path) => createSource(path, "")))).toHaveLength(3);
    const lines = (count: number) => [createSource("src/core/a.ts", "x\n".repeat(count))];
    expect([checkLengths(lines(400)), checkLengths(lines(401))].map(({ length }) => length)).toEqual([0, 1]);
    expect(checkHeaders([createSource("src/core/a.ts", "export const x = 1;\n")])).toHaveLength(1);
    expect(
      checkHeaders([createSource("src/core/a.ts", "// What it is.\nexport const x = 1;\n")]),
    ).toHaveLength(1);
    const program = "#!/usr/bin/env node\n// What it is.\n// What it does not know.\n";
    expect(checkHeaders([createSource("bin/a.mjs", program)])).toEqual([]);
    expect(checkOutsiders(planted({ "test/e2e/a.ts": 'import "../../src/runs/lock.ts";' }))).toHaveLength(1);
    expect(checkOutsiders(planted({ "test/e2e/a.ts": 'import "../../src/runs/index.ts";' }))).toEqual([]);
  });

  it("find a way round in a table", () => {
    expect(checkTable({ one: ["other"], other: ["one"] })).toHaveLength(1);
    expect(checkTable({ one: ["nowhere"] })).toHaveLength(1);
  });
});
