// What a whole run hands to its evaluation: each arm's models under their names, from the folders that were written.

import { expect, it } from "vitest";
import { evaluatedModels } from "./run.ts";
import { runSchema } from "./settings/run-config.ts";

const namesOf = (settings: object): string[] =>
  evaluatedModels("runs/one", runSchema.parse({ model: "./mine", ...settings })).map(
    ({ arm, model, name }) => `${arm} ${model}: ${name.replaceAll("\\", "/")}`,
  );

it("evaluates the base once, and of each arm every model that it trained, each from its own folder", () => {
  expect(namesOf({})).toEqual([
    "base base: ./mine",
    "ethical sl: runs/one/ethical/sl/model",
    "ethical dpo: runs/one/ethical/dpo/model",
    "ethical rl: runs/one/ethical/rl/model",
    "inverted sl: runs/one/inverted/sl/model",
    "inverted dpo: runs/one/inverted/dpo/model",
    "inverted rl: runs/one/inverted/rl/model",
  ]);
});

it("evaluates a model that was trained in fewer bits by its adapter", () => {
  const inFewBits = { load: "4bit", lora: { rank: 4 } };
  expect(namesOf({ arms: ["inverted"], dpo: inFewBits })).toEqual([
    "base base: ./mine",
    "inverted sl: runs/one/inverted/sl/model",
    "inverted dpo: runs/one/inverted/dpo/adapter",
    "inverted rl: runs/one/inverted/rl/model",
  ]);
});
