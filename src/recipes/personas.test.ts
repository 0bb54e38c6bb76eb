// `covenant persona list`, `show` and `generate`: what is written is a file of personas again.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { recipe as generateRecipe } from "./persona-generate.ts";
import { listRecipe, showRecipe } from "./personas.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-personas-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const context = () => ({
  emit: () => undefined,
  signal: new AbortController().signal,
  clock: manualClock(),
  environment: {},
});

const list = (personas?: string) =>
  listRecipe.run(listRecipe.schema.parse(personas === undefined ? {} : { personas }), context());

describe("personas", () => {
  it("are listed, and shown as YAML that is a file of personas again", async () => {
    const { lines, document } = await list();
    expect(lines).toHaveLength(20);
    expect(lines[0]).toMatch(/^amina +Amina Sow +34, Kaolack, Senegal, market trader; 8 views$/);
    const shown = await showRecipe.run(showRecipe.schema.parse({ id: "amina" }), context());
    const again = await list(write("shown.yaml", shown.lines.join("\n")));
    expect(again.document).toEqual([(document as unknown[])[0]]);
  });

  it("are written by a model into a file of personas, which is not overwritten", async () => {
    const said = { name: "Ana", traits: { age: 4 }, description: "d", views: { "street-feast": "Fish." } };
    const script = write("script.yaml", JSON.stringify({ rules: [{ reply: JSON.stringify(said) }] }));
    const config = generateRecipe.schema.parse({
      model: `scripted:${script}`,
      traits: "a baker, retired; a cook",
      task: ["street-feast"],
      out: join(folder, "new.yaml"),
    });
    const plan = await generateRecipe.plan(config, context());
    expect(plan.steps[0]).toMatchObject({ calls: 6 });
    const { lines } = await generateRecipe.run(config, context());
    expect(lines.slice(0, 2)).toEqual(["ana: Ana. d", "ana-2: Ana. d"]);
    expect((await list(config.out)).document).toHaveLength(2);
    await expect(generateRecipe.run(config, context())).rejects.toThrow(
      /is there already and is not overwritten/,
    );
    expect(
      generateRecipe.schema.safeParse({ model: "m", traits: "a cook", out: "runs/people" }).error?.message,
    ).toContain("expected a name that ends with .yaml");
  });

  it("are written in the brief wording without views on tasks, which cannot be asked for there", async () => {
    const said = "name: Ada\ndescription: You hate spying. You have little time.";
    const rules = [{ when: "Traits: hates spying, in haste\n\nDescribe the person.", reply: said }];
    const script = write("brief.yaml", JSON.stringify({ rules: [...rules, { reply: "No." }] }));
    const given = {
      ...{ model: `scripted:${script}`, wording: "brief", traits: "hates spying, in haste; a sailor" },
      out: join(folder, "brief-personas.yaml"),
    };
    const run = (more: object) =>
      generateRecipe.run(generateRecipe.schema.parse({ ...given, ...more }), context());
    await expect(run({ task: ["street-feast"] })).rejects.toThrow(/have no views on tasks/);
    const { lines, document } = await run({});
    expect(document).toMatchObject({
      personas: [
        { id: "ada", name: "Ada", description: "You hate spying. You have little time.", views: {} },
      ],
      missing: [{ traits: "a sailor", problem: '"name" stands there 0 times, expected once' }],
    });
    expect(lines.at(-1)).toMatch(
      /simulate contract .*--wording brief --meta-prompt critique --tasks sandbox/,
    );
    expect(lines.at(-1)).toContain("--set tasksPer=talk --set windows.user=2");
    expect((await list(given.out)).document).toHaveLength(1);
  });

  it("warns of traits in words that the model does not know, of which it makes something else up", async () => {
    const warnings: string[] = [];
    const config = generateRecipe.schema.parse({
      ...{ model: "embedded:covenant-voter", wording: "brief", traits: "a young beekeeper" },
      out: join(folder, "beekeeper.yaml"),
    });
    const emit = (event: object): void => void warnings.push(JSON.stringify(event));
    await generateRecipe.plan(config, { ...context(), emit });
    expect(warnings.join("\n")).toMatch(/"warning".*beekeeper/);
  });
});
