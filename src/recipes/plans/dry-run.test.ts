// Plans of commands whose file would first have to be fetched: what was warned of until then is not lost.

import { expect, it } from "vitest";
import { z } from "zod";
import { UserError } from "../../core/index.ts";
import { fileToFetch } from "../stages/data-files.ts";
import { contextFor } from "../ticking-context.fixture.ts";
import { planCommand } from "./dry-run.ts";

it("tells of a file to be fetched, and of what was warned of before", async () => {
  const recipe = {
    ...{ command: ["label"], summary: "", schema: z.unknown(), flags: {} },
    run: () => Promise.reject(new Error("not run")),
    plan: (_: unknown, { emit }: Parameters<typeof planCommand>[2]) => {
      emit({ type: "warning", code: "key-missing", text: "There is no key.", time: 0 });
      return Promise.reject(new UserError(fileToFetch, "", { name: "hf:rows" }));
    },
  };
  const { steps, notices } = await planCommand(recipe, { model: "embedded:x" }, contextFor());
  expect(steps.map(({ stage }) => stage)).toEqual(["fetch"]);
  expect(notices!.map(({ code }) => code)).toEqual(["key-missing", "not-checked"]);
});

it.each([
  ["a script", { model: "scripted:a.yaml" }, true],
  [
    "a sweep's scripts",
    { settings: { model: "scripted:a.yaml" }, grid: { "roles.user.model": ["replay:b.jsonl"] } },
    true,
  ],
  [
    "an endpoint among a sweep's casts",
    { settings: { model: "scripted:a.yaml" }, grid: { cast: { own: { model: "openai:x" } } } },
    false,
  ],
  ["nobody", { reward: { optimiser: "adamw" } }, false],
])("says whether scripts answer alone: %s", async (_, config, expected) => {
  const step = { stage: "ask", what: "", calls: 1, tokens: 1, seconds: null };
  const recipe = {
    ...{ command: ["label"], summary: "", schema: z.unknown(), flags: {} },
    run: () => Promise.reject(new Error("not run")),
    plan: () => Promise.resolve({ steps: [step], seconds: null, dollars: null }),
  };
  expect((await planCommand(recipe, config, contextFor())).scripted ?? false).toBe(expected);
});
