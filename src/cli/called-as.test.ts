// How a command that is named has to be typed: as npx, by its name, or by its file, from the folder that one is in.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asCalled } from "../recipes/index.ts";
import { calledAs, calledIn } from "./called-as.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "covenant-called-")));
afterAll(() => rmSync(top, { recursive: true }));

const at = (...parts: string[]): string => join(top, ...parts);
const make = (path: string, text = ""): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const link = (target: string, path: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
};

const root = at("covenant");
const file = join(root, "bin", "covenant.mjs");
beforeAll(() => {
  make(file);
  make(join(root, "package.json"), "{}");
  mkdirSync(join(root, "docs"));
  mkdirSync(at("elsewhere"));
  make(at("project", "package.json"), "{}");
  link(root, at("project", "node_modules", "covenant"));
  link(file, at("project", "node_modules", ".bin", "covenant"));
  mkdirSync(at("project", "data"));
  make(at("other", "node_modules", ".bin", "covenant"));
  link(file, at("local", "bin", "covenant"));
});

const called = (folder: string, path = "", from = file): string =>
  calledAs({ root, file: from, folder, path });

describe.skipIf(process.platform === "win32")("a command that is named", () => {
  it("is said so in what a recipe says, and nowhere else", () => {
    const left = ["Prompt:    What is npx covenant good for?", "the `covenant` command", "a covenant label"];
    const lines = [
      "Next: npx covenant label --model './a b'\n  or: npx covenant revise",
      "Run `npx covenant a` or `npx covenant b`, and `covenant c d` (`covenant e --data 'f g'`).",
      ...left,
    ];
    expect(lines.map((line) => asCalled(line, "node ../x.mjs"))).toEqual([
      "Next: node ../x.mjs label --model './a b'\n  or: node ../x.mjs revise",
      "Run `node ../x.mjs a` or `node ../x.mjs b`, and `node ../x.mjs c d` (`node ../x.mjs e --data 'f g'`).",
      ...left,
    ]);
  });

  it("is npx's in the checkout, and where it is installed in a project", () => {
    for (const folder of [root, join(root, "docs"), at("project"), at("project", "data")])
      expect(called(folder)).toBe("npx covenant");
  });

  it("is the file elsewhere, where npx would fetch another package", () => {
    expect(called(at("elsewhere"))).toBe("node ../covenant/bin/covenant.mjs");
    expect(called(at("other"))).toBe("node ../covenant/bin/covenant.mjs");
    expect(called("/", "", "/x y/covenant.mjs")).toBe("node 'x y/covenant.mjs'");
    const installed = at("project", "node_modules", ".bin", "covenant");
    expect(called(at("elsewhere"), dirname(installed), installed)).toBe(
      "../project/node_modules/.bin/covenant",
    );
  });

  it("is npx's with the folder that was named to it", () => {
    const environment = { npm_command: "exec", npm_config_local_prefix: root, COVENANT_CALLED: file };
    const inElsewhere = calledIn(environment, "launched.mjs", at("elsewhere"));
    expect(calledAs({ ...inElsewhere, root })).toBe(`npx --prefix ${root} covenant`);
    expect(calledAs({ ...calledIn(environment, "launched.mjs", root), root })).toBe("npx covenant");
    const other = { ...environment, npm_config_local_prefix: at("elsewhere") };
    expect(calledAs({ ...calledIn(other, "launched.mjs", at("elsewhere")), root })).toMatch(/^node /);
  });

  it("is its name where that is on the path, and this one's", () => {
    const path = [at("elsewhere"), at("local", "bin")].join(delimiter);
    expect(called(at("elsewhere"), path, at("local", "bin", "covenant"))).toBe("covenant");
    make(at("foreign", "bin", "covenant"));
    expect(called(at("elsewhere"), at("foreign", "bin"))).toBe("node ../covenant/bin/covenant.mjs");
  });
});
