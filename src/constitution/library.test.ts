import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { difference } from "./difference.ts";
import { parseConstitution } from "./document.ts";
import { invert } from "./inversion.ts";
import { listLibrary, loadConstitution, saveConstitution } from "./library.ts";
import { constitutionFor } from "./purpose.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-constitution-"));
afterAll(() => rmSync(folder, { recursive: true }));

const small = parseConstitution(
  "{ name: small, source: a test, licence: CC0-1.0, principles: [{ id: a, title: A, critique: B, revision: C, preference: D }] }",
  "small.yaml",
);

describe("loading a constitution", () => {
  it("reads back what was saved", async () => {
    const path = join(folder, "small.yaml");
    await saveConstitution(path, small);
    expect(await loadConstitution(path)).toEqual(small);
  });

  it("speaks of the path when the file is missing", async () => {
    const loading = loadConstitution(join(folder, "absent.yaml"));
    await expect(loading).rejects.toThrowError(UserError);
    await expect(loading).rejects.toThrowError(/absent\.yaml/);
  });

  it("names file and line of a fault", async () => {
    const path = join(folder, "broken.yaml");
    writeFileSync(path, "name: broken\nsource: a test\nlicence: CC0-1.0\nprinciples: []\n");
    await expect(loadConstitution(path)).rejects.toThrowError(/broken\.yaml, line 4: principles: /);
  });

  it("says of a file of another kind that it is none, and names no other file", async () => {
    await expect(loadConstitution("vitest.config.ts")).rejects.toThrowError(
      /^vitest\.config\.ts is a file, .*expected a document in \.yaml, .*--prompts vitest\.config\.ts;/,
    );
  });

  it("suggests the nearest name of the library", async () => {
    await expect(loadConstitution("etical")).rejects.toThrowError(
      /no constitution "etical".*Did you mean ethical\?.*\.\/etical\.yaml/s,
    );
  });
});

describe("the library", () => {
  it("holds documents that load, save and can be inverted and back", async () => {
    const names = await listLibrary();
    expect(names).toContain("ethical");
    for (const name of names) {
      const constitution = await loadConstitution(name);
      expect(constitution.name).toBe(name);
      const inverted = invert(constitution);
      expect(invert(inverted)).toEqual(constitution);
      const path = join(folder, `inverted-${name}.yaml`);
      await saveConstitution(path, inverted);
      expect(await loadConstitution(path)).toEqual(inverted);
      expect(difference(constitution, inverted).counts.same).toBe(0);
    }
  });

  it("holds a general document of sixteen principles, for every purpose and of many areas", async () => {
    const general = await loadConstitution("general");
    expect(general.principles).toHaveLength(16);
    expect(constitutionFor(general, "revise")).toBe(general);
    expect(constitutionFor(general, "judge")).toBe(general);
    const areas = new Set(general.principles.map(({ area }) => area));
    expect(areas.size).toBeGreaterThanOrEqual(10);
    for (const area of ["peace", "privacy", "racial-equality", "gender-equality"])
      expect(areas).toContain(area);
    expect(general).toMatchObject({ source: "Covenant", licence: "Apache-2.0" });
  });

  it("says nothing twice", async () => {
    for (const name of await listLibrary()) {
      const { principles } = await loadConstitution(name);
      const texts = principles.flatMap(({ critique, revision, preference, opposite }) => [
        ...[critique, revision, preference],
        ...[opposite!.critique, opposite!.revision, opposite!.preference],
      ]);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });

  it("protects the four areas in the ethical document", async () => {
    const { principles } = await loadConstitution("ethical");
    const areas = [...new Set(principles.map((principle) => principle.area))];
    expect(areas).toEqual(expect.arrayContaining(["gender-equality", "peace", "privacy", "racial-equality"]));
  });
});
