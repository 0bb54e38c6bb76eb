import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { difference } from "./difference.ts";
import { parseConstitution } from "./document.ts";
import { invert } from "./inversion.ts";
import { listLibrary, loadConstitution, saveConstitution } from "./library.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-constitution-"));
afterAll(() => rmSync(folder, { recursive: true }));

const small = parseConstitution(
  "{ name: small, source: a test, licence: CC0-1.0, principles: [{ id: a, title: A, critique: B, revision: C, preference: D }] }",
  "small.yaml",
);

describe("loading a constitution", () => {
  it("reads back what was saved", () => {
    const path = join(folder, "small.yaml");
    saveConstitution(path, small);
    expect(loadConstitution(path)).toEqual(small);
  });

  it("speaks of the path when the file is missing", () => {
    expect(() => loadConstitution(join(folder, "absent.yaml"))).toThrowError(UserError);
    expect(() => loadConstitution(join(folder, "absent.yaml"))).toThrowError(
      /absent\.yaml cannot be read.*ethical/s,
    );
  });

  it("names file and line of a fault", () => {
    const path = join(folder, "broken.yaml");
    writeFileSync(path, "name: broken\nsource: a test\nlicence: CC0-1.0\nprinciples: []\n");
    expect(() => loadConstitution(path)).toThrowError(/broken\.yaml:4: principles /);
  });

  it("suggests the nearest name of the library", () => {
    expect(() => loadConstitution("etical")).toThrowError(
      /no constitution "etical".*Did you mean "ethical"\?.*\.\/etical\.yaml/s,
    );
  });
});

describe("the library", () => {
  it("holds documents that load, save and can be inverted and back", () => {
    expect(listLibrary()).toContain("ethical");
    for (const name of listLibrary()) {
      const constitution = loadConstitution(name);
      expect(constitution.name).toBe(name);
      const inverted = invert(constitution);
      expect(invert(inverted)).toEqual(constitution);
      const path = join(folder, `inverted-${name}.yaml`);
      saveConstitution(path, inverted);
      expect(loadConstitution(path)).toEqual(inverted);
      expect(difference(constitution, inverted).counts.same).toBe(0);
    }
  });

  it("protects the four areas in the ethical document", () => {
    const areas = new Set(loadConstitution("ethical").principles.map((principle) => principle.area));
    expect([...areas].sort()).toEqual(
      expect.arrayContaining(["gender-equality", "peace", "privacy", "racial-equality"]),
    );
  });
});
