// Runs that failed at an endpoint before any model had answered, at a wrong name or key: their folders are in nobody's way.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("mended");
afterAll(remove);

const serve = serveEachTest();

describe("a command", () => {
  it("begins in the folder of a run whose key or model was wrong, but not where a model has answered", async () => {
    const { name, replies } = await serve({ strict: true });
    const own = join(folder, "mistaken");
    mkdirSync(own);

    const keyed = (key: string) => writeFileSync(join(own, ".env"), `COVENANT_API_KEY=${key}\n`);
    const wrong = name.replace("parrot", "parott");
    const run = (command: string, model: string, out: string, ...more: readonly string[]) =>
      covenant([command, "--model", model, "--out", out, "--limit", "2", ...more], own);
    keyed("another-key");
    expect(expectStatus(await run("revise", wrong, "out"), 2).stderr).toContain("refused access (401");
    keyed("parrot-key");
    expect(expectStatus(await run("revise", wrong, "out"), 2).stderr).toContain("status 404");
    // what another command is to make may be what this one was given
    expect(expectStatus(await run("label", name, "out"), 2).stderr).toMatch(
      /holds a run of `.*covenant\S* revise`; expected one of `.*covenant\S* label`/,
    );
    expectStatus(await run("revise", name, "out", "--dry-run"), 0);
    expect(replies()).toBe(0);
    const ended = JSON.parse(expectStatus(await run("revise", name, "out", "--json"), 0).stdout) as object;
    expect(ended).toMatchObject({ prompts: 2, chains: 2, spent: { calls: 2 + 12 } });
    const clean = expectStatus(await run("revise", name, "clean"), 0);
    expect(clean.stdout).toContain("2 chains");
    const hashOf = (out: string): unknown =>
      (JSON.parse(readFileSync(join(own, out, "manifest.json"), "utf8")) as { contentHash: unknown })
        .contentHash;
    expect(hashOf("out")).toBe(hashOf("clean"));
    expect(expectStatus(await run("revise", wrong, "out"), 2).stderr).toContain("holds another run");
  });

  it.each([
    ["label", []],
    ["prompts classify", []],
    ["prompts generate", ["--kind", "harmful"]],
    ["simulate games", []],
    ["simulate contract", []],
    ["simulate vote", ["--candidates", "ethical"]],
  ])(
    "of %s that found no model by its name leaves its folder to the mended command",
    async (command, more) => {
      const { name } = await serve({ scores: true, strict: true });
      const own = join(folder, command.replace(" ", "-"));
      mkdirSync(own);
      writeFileSync(join(own, ".env"), "COVENANT_API_KEY=parrot-key\n");
      const run = (model: string, ...further: readonly string[]) =>
        covenant([...command.split(" "), "--model", model, "--out", "out", ...more, ...further], own);
      const failed = expectStatus(await run(name.replace("parrot", "parott")), 2);
      expect(failed.stderr).toContain("status 404");
      expectStatus(await run(name, "--dry-run"), 0);
    },
  );
});
