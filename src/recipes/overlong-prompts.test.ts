// What a dry run of `covenant revise` says of prompts that leave no room for a reply in a local model's context.

import { afterAll, describe, expect, it } from "vitest";
import { jsonl, plan, promptFolder } from "./prompt-folder.fixture.ts";
import { recipe } from "./revise.ts";

const { at, write, remove } = promptFolder("overlong");
afterAll(remove);

const short = ["Say one.", "Say two.", "Say three."].map((prompt) => ({ prompt, kind: "harmful" }));
const long = { prompt: "Say it again and again. ".repeat(4000), kind: "harmful" };
const planned = (name: string, rows: readonly unknown[], model: string) =>
  plan(recipe, { prompts: write(`${name}.jsonl`, jsonl(...rows)), model, out: at(name) });

const overlongIn = (notices: readonly { readonly code: string; readonly text: string }[] | undefined) =>
  (notices ?? []).filter(({ code }) => code === "prompts-overlong").map(({ text }) => text);

describe("the dry run of revise", () => {
  it("says of prompts that do not fit a local model's context how many they are, and plans no work for them", async () => {
    const model = "embedded:covenant-tiny";
    const without = await planned("short", short, model);
    const beside = await planned("beside", [long, ...short], model);
    expect(overlongIn(without.notices)).toEqual([]);
    expect(overlongIn(beside.notices)).toEqual([
      expect.stringMatching(
        /^1 of 4 prompts does not fit the model's context of [\d,]+ tokens\. It is not answered \("overflow"\), and not counted here\.$/,
      ),
    ]);
    expect(beside.steps).toEqual(without.steps);
    const alone = await planned("alone", [long], model);
    expect(alone.steps.map(({ calls }) => calls)).toEqual([0, 0]);
  });

  it("counts them where nobody knows the context", async () => {
    const { steps, notices } = await planned("elsewhere", [long, ...short], "http://127.0.0.1:9/v1#name");
    expect(overlongIn(notices)).toEqual([]);
    expect(steps[0]?.calls).toBe(4);
  });
});
