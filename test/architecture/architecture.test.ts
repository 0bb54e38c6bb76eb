// Holds the sources to the layout, and holds the rules themselves to violations planted here.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { importTable, layers } from "./import-table.ts";
import {
  checkAmbient,
  checkArrows,
  checkBrowserSafety,
  checkCycles,
  checkDocstrings,
  checkFixtures,
  checkHeaders,
  checkLayers,
  checkLayerTable,
  checkLengths,
  checkLoading,
  checkNames,
  checkOutsiders,
  checkTable,
  checkVerbs,
  type Rule,
} from "./rules.ts";
import { createSource, readSources } from "./source-files.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const sources = readSources(root, ["src", "test", "bench", "tools", "examples", "bin"]);

const rules: Readonly<Record<string, Rule>> = {
  "imports follow the table and go through a folder's face": checkArrows,
  "tests, benches, tools and examples import faces alone": checkOutsiders,
  "modules are loaded in ways that the rules see": checkLoading,
  "time, chance, printing and leaving are arguments": checkAmbient,
  "no file imports itself by a way round": checkCycles,
  "what must run in a browser imports no Node module": checkBrowserSafety,
  "names are kebab-case and say what is inside": checkNames,
  "no file is longer than can be read at a sitting": checkLengths,
  "recipes are verbs": checkVerbs,
  "folders below a folder import downwards": checkLayers,
  "fixtures are for tests": checkFixtures,
  "every file says first what it is": checkHeaders,
  "functions that a folder shows have docstrings": checkDocstrings,
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

  it("has the layers that the table names", () => {
    expect(checkLayerTable(layers, sources)).toEqual([]);
  });

  it("has style sheets and programs in Python that can be read at a sitting, too", () => {
    const others = ["src", "tools", "bench"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((path) => /\.(css|py)$/.test(path))
        .map((path) => `${folder}/${path}`),
    );
    expect(others.length).toBeGreaterThan(10);
    const texts = others.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
    expect(checkLengths(texts)).toEqual([]);
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
    ["src/core/a.ts", 'import "../../bin/covenant.mjs";', "must not import bin/covenant.mjs"],
    [
      "src/core/a.ts",
      'import x from "../../assets/x.json" with { type: "json" };',
      "must not import assets/",
    ],
    ["src/core/a.ts", 'import "../../../elsewhere.ts";', "must not import ../elsewhere.ts"],
    ["src/core/a.ts", 'type X = import("../runs/index.ts").X;', "core must not import"],
    ["src/core/a.ts", 'import x = require("../runs/index.ts");', "core must not import"],
    ["src/core/a.ts", 'const x = /`/;\nimport "../runs/index.ts";\nconst y = /`/;', "core must not import"],
    [
      "src/core/a.ts",
      'new URL("../runs/lock.ts", import.meta.url);',
      "core must not import src/runs/lock.ts",
    ],
    ["src/core/a.ts", `new URL(\`../runs/\${name}\`, import.meta.url);`, "core must not import src/runs/"],
    ["src/core/a.ts", 'new URL("../runs/" + name, import.meta.url);', "core must not import src/runs/"],
    ["src/report/a.ts", 'new URL("../runs/x.txt", import.meta.url);', "reaches past the index of runs"],
    ["src/core/a.ts", 'new URL("../../bin/covenant.mjs", import.meta.url);', "must not import bin/"],
    ["src/core/a.ts", 'new URL("../../test/golden/x.json", import.meta.url);', "must not import test/"],
    ["src/core/a.test.ts", 'new URL("../../bench/a.ts", import.meta.url);', "must not import bench/"],
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
    ["src/core/a.ts", 'new URL("../../package.json", import.meta.url);'],
    ["src/core/a.ts", `new URL(\`../../assets/\${name}\`, import.meta.url);`],
    ["src/core/a.ts", 'new URL("./library/", import.meta.url);'],
    ["src/core/a.test.ts", 'new URL("../../test/golden/x.json", import.meta.url);'],
  ])("let pass what is allowed in %s: %s", (path, text) => {
    expect(checkArrows(planted({ [path]: text }))).toEqual([]);
  });

  it.each([
    ['const x = require("../runs/index.ts");', "require"],
    ['const x = require.resolve("../runs/index.ts");', "require"],
    ['import { createRequire } from "node:module";', "createRequire"],
    ['import * as modules from "node:module";\nmodules.createRequire(path);', "createRequire"],
    ['process.getBuiltinModule("node:fs");', "getBuiltinModule"],
    ['process["getBuiltinModule"]("node:fs");', "getBuiltinModule"],
    ["const { getBuiltinModule: load } = process;", "getBuiltinModule"],
    ["const x = await import(name);", "import()"],
    [`const x = await import(\`../\${name}/index.ts\`);`, "import()"],
    ['import.meta.resolve("../runs/index.ts");', "import.meta"],
    ["const here = fileURLToPath(import.meta.url);", "import.meta"],
    ['import "/srv/covenant/src/runs/index.ts";', "neither a relative path nor a package"],
    ['import "#runs";', "neither a relative path nor a package"],
  ])("find a way to a module that they cannot follow: %s", (text, message) => {
    expect(checkLoading(planted({ "src/records/a.ts": text })).join()).toContain(message);
  });

  it("let pass modules and files whose names are written out", () => {
    const text = [
      'import "zod";',
      'import "node:fs";',
      'await import("./b.ts");',
      'const x = "require";',
      'new URL("./x.txt", import.meta.url);',
    ].join("\n");
    expect(checkLoading(planted({ "src/records/a.ts": text }))).toEqual([]);
  });

  it.each([
    "Date.now()",
    "[1].map(Date.now)",
    "new Date()",
    "Date()",
    "Math.random()",
    "globalThis.Math.random()",
    'Math["random"]()',
    "performance.now()",
    "process.hrtime()",
    "console.log(1)",
    "console.error(1)",
    "process.exit(1)",
  ])("find %s where it is an argument or the command line's part", (text) => {
    for (const path of ["src/runs/a.ts", "src/core/a.test.ts", "test/e2e/a.ts", "examples/a.ts"])
      expect(checkAmbient(planted({ [path]: text }))).toHaveLength(1);
    expect(checkAmbient(planted({ "bench/a.ts": text, "tools/a.mjs": text }))).toEqual([]);
  });

  it("let the clock tell the time and the command line leave, not the other way round", () => {
    const [time, leave] = ["Date.now();", "process.exit();"];
    expect(checkAmbient(planted({ "src/core/clock.ts": time, "src/cli/a.ts": leave }))).toEqual([]);
    expect(checkAmbient(planted({ "src/core/clock.ts": leave, "src/cli/a.ts": time }))).toHaveLength(2);
    const fine = "new Date(0); process.exitCode = 1; clock.now(); // Date.now()";
    expect(checkAmbient(planted({ "src/runs/a.ts": fine }))).toEqual([]);
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
      "src/core/b.ts": 'import { readdirSync, readFileSync } from "node:fs";',
      "src/records/a.test.ts": 'import { join } from "node:path";',
    };
    expect(checkBrowserSafety(planted(files))).toHaveLength(1);
    expect(checkBrowserSafety(planted({ ...files, "src/core/b.ts": 'import { z } from "zod";' }))).toEqual(
      [],
    );
    expect(checkBrowserSafety(planted({ "src/report/charts/x.ts": 'import "fs";' }))).toHaveLength(1);
    const named = { ...files, "src/records/a.ts": 'new URL("../core/b.ts", import.meta.url);' };
    expect(checkBrowserSafety(planted(named))).toHaveLength(1);
  });

  it.each([
    ["src/recipes/stages/a.ts", "../settings/b.ts", ""],
    ["src/recipes/stages/a.ts", "./b.ts", ""],
    ["src/recipes/stages/a.ts", "../recipe.ts", ""],
    ["src/recipes/a.ts", "./bodies/b.ts", ""],
    ["src/recipes/bodies/a.ts", "../settings/b.ts", ""],
    ["src/recipes/stages/a.test.ts", "../summaries/b.ts", ""],
    [
      "src/recipes/stages/a.ts",
      "../summaries/b.ts",
      "imports src/recipes/summaries/b.ts, which lies above it",
    ],
    ["src/recipes/settings/a.ts", "../costs/b.ts", "lies above it"],
    ["src/recipes/stages/a.ts", "../revise.ts", "lies above it"],
    ["src/recipes/stages/a.ts", "../index.ts", "lies above it"],
    ["src/recipes/stages/a.ts", "../other/b.ts", "lies above it"],
    ["src/recipes/recipe.ts", "./settings/b.ts", "lies above it"],
    ["src/recipes/recipe.ts", "./revise.ts", "lies above it"],
    ["src/recipes/other/a.fixture.ts", "../recipe.ts", "src/recipes/other: has no place"],
  ])("hold %s, which imports %s, to the layers", (path, target, wanted) => {
    const found = checkLayers(planted({ [path]: `import type { x } from "${target}";` }));
    expect(found).toHaveLength(wanted === "" ? 0 : 1);
    expect(found.join()).toContain(wanted);
  });

  it("find a layer that is not there or stands twice, and a fixture that a source imports", () => {
    const table = { recipes: { contract: "src/recipes/a.ts", order: ["costs", "costs", "gone"] } };
    const files = planted({ "src/recipes/costs/b.ts": "" });
    expect(checkLayerTable(table, files)).toHaveLength(3);
    const source = (path: string) => planted({ [path]: 'import { x } from "./b.fixture.ts";' });
    expect(checkFixtures(source("src/core/a.ts"))).toHaveLength(1);
    expect(checkFixtures(source("src/core/a.test.ts"))).toEqual([]);
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
    expect(checkVerbs([createSource("src/recipes/a.ts", "export const x = 1;\n")])).toHaveLength(1);
    expect(checkVerbs([createSource("src/recipes/plans/a.ts", "export const x = 1;\n")])).toEqual([]);
    expect(checkVerbs([createSource("src/recipes/a.ts", "export const recipe = 1;\n")])).toEqual([]);
    expect(checkHeaders([createSource("src/core/a.ts", "export const x = 1;\n")])).toHaveLength(1);
    expect(
      checkHeaders([createSource("src/core/a.ts", "// What it is.\nexport const x = 1;\n")]),
    ).toHaveLength(1);
    const header = (path: string, count: number) =>
      checkHeaders([createSource(path, `${"// What it is.\n".repeat(count)}\n// Not of the header.\n`)])
        .length;
    expect([1, 2, 6, 7].map((count) => header("src/core/a.ts", count))).toEqual([1, 0, 0, 1]);
    expect([0, 6, 7].map((count) => header("src/core/a.test.ts", count))).toEqual([0, 0, 1]);
    const program = "#!/usr/bin/env node\n// What it is.\n// What it does not know.\n";
    expect(checkHeaders([createSource("bin/a.mjs", program)])).toEqual([]);
    expect(checkOutsiders(planted({ "test/e2e/a.ts": 'import "../../src/runs/lock.ts";' }))).toHaveLength(1);
    expect(checkOutsiders(planted({ "test/e2e/a.ts": 'import "../../src/runs/index.ts";' }))).toEqual([]);
  });

  it("find a function that a folder shows without a docstring, wherever it is declared", () => {
    const files = {
      "src/core/index.ts": 'export { a as b, type T } from "./a.ts";\nexport * from "./c.ts";',
      "src/core/a.ts": "export const a = () => 1;\nexport type T = 1;\nexport const hidden = () => 1;",
      "src/core/c.ts": "/** Of d. */\n\nexport function d() {}\n// What it is.\nexport class E {}",
      "src/runs/index.ts": "export const f = async function () {};",
    };
    expect(checkDocstrings(planted(files)).map((text) => text.replace(/ has.*/, ""))).toEqual([
      "src/core/a.ts: a",
      "src/core/c.ts: d",
      "src/core/c.ts: E",
      "src/runs/index.ts: f",
    ]);
    const documented = (text: string): string => text.replaceAll("export ", "/** What it does. */\nexport ");
    const fine = Object.entries(files).map(([path, text]) => [path, documented(text)] as const);
    expect(checkDocstrings(planted(Object.fromEntries(fine)))).toEqual([]);
  });

  it("find a way round in a table", () => {
    expect(checkTable({ one: ["other"], other: ["one"] })).toHaveLength(1);
    expect(checkTable({ one: ["nowhere"] })).toHaveLength(1);
  });
});
