// `covenant prompts classify` with a model that answers something else than what it was asked for.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { recipe } from "./prompts-classify.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-classify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const context = {
  emit: () => {},
  signal: new AbortController().signal,
  clock: manualClock(0),
  environment: {},
};

/** Settings of a run named `name` over prompts, with a script's rules as the model. */
const settingsOf = (name: string, prompts: readonly object[], rules: readonly object[]) => {
  const [file, script] = [join(folder, `${name}.jsonl`), join(folder, `${name}.yaml`)];
  writeFileSync(file, prompts.map((prompt) => `${JSON.stringify(prompt)}\n`).join(""));
  writeFileSync(script, JSON.stringify({ batch: 1, rules }));
  const model = `scripted:${script}`;
  return recipe.schema.parse({
    ...{ prompts: file, model, areas: ["privacy", "peace"] },
    out: join(folder, name),
  });
};

it("leaves a prompt that was not sorted no area of another set", async () => {
  const prompts = [
    { prompt: "One", area: "homonyms" },
    { prompt: "Two", area: "privacy" },
    { prompt: "Three" },
    { prompt: "Four" },
  ];
  const answers = [{ number: 1, area: "peace" }];
  await recipe.run(
    settingsOf("foreign", prompts, [
      { when: '{"number":1,"request":"Four"}', reply: JSON.stringify({ answers }) },
      { reply: "no json" },
    ]),
    context,
  );
  const sorted = readFileSync(join(folder, "foreign/sorted/prompts.jsonl"), "utf8").trim().split("\n");
  expect(sorted.map((line) => (JSON.parse(line) as { readonly area?: string }).area)).toEqual([
    undefined,
    "privacy",
    undefined,
    "peace",
  ]);
});

it("fails where nothing was sorted, says why, and keeps what was answered", async () => {
  const prompts = [{ prompt: "Hit him" }, { prompt: "Sing" }];
  const config = settingsOf("nothing", prompts, [
    { when: "Sing", reply: "I am sorry, but I cannot help with that request." },
    { reply: "peace" },
  ]);
  await expect(recipe.run(config, context)).rejects.toMatchObject({
    code: "areas-none",
    message: expect.stringMatching(
      /sorted no prompt\. Unclassified: 2 of 2 prompts \(1 refused, 1 with an answer that was not the JSON .*What it answered is in \/.*\/classify\/areas\.jsonl\..*--model/,
    ) as string,
  });
  const records = readFileSync(join(config.out, "classify/areas.jsonl"), "utf8").trim().split("\n");
  expect(records.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { reason: "unreadable", answer: "peace" },
    { reason: "refusal", answer: "I am sorry, but I cannot help with that request." },
  ]);
  expect(existsSync(join(config.out, "areas.html"))).toBe(false);
});

it("stops early where nothing of the first prompts is sorted", async () => {
  const prompts = Array.from({ length: 60 }, (_, at) => ({ prompt: `Request ${at}` }));
  const config = settingsOf("early", prompts, [{ reply: "Sorry, I cannot." }]);
  await expect(recipe.run(config, context)).rejects.toMatchObject({
    code: "areas-none",
    message: expect.stringMatching(
      /Unclassified: (\d+) of \1 prompts \(\1 refused\).*--fresh begins anew/,
    ) as string,
  });
  const records = readFileSync(join(config.out, "classify/areas.jsonl"), "utf8").trim().split("\n");
  expect(records.length).toBeGreaterThanOrEqual(20);
  expect(records.length).toBeLessThan(40);
});

it("is bad input where there is nothing to choose from", async () => {
  for (const areas of [[], ["other"], [" other: the rest"]]) {
    const config = { ...settingsOf("no-choice", [{ prompt: "Sing" }], [{ reply: "no" }]), areas };
    for (const start of [recipe.run(config, context), recipe.plan(config, context)])
      await expect(start).rejects.toMatchObject({ name: "UserError", code: "areas" });
  }
  expect(existsSync(join(folder, "no-choice"))).toBe(false);
});
