// What help says of every command: each setting and each flag is explained, and values that are few are named.

import { describe, expect, it } from "vitest";
import { recipes } from "../recipes/index.ts";
import { kindAt, leavesOf } from "./schema-keys.ts";

const loaded = await Promise.all(recipes.map(({ load }) => load()));

describe("help", () => {
  it.each(loaded.map((recipe) => [recipe.command.join(" "), recipe] as const))(
    "of %s explains every setting and flag",
    (_, { schema, flags, positional }) => {
      const leaves = leavesOf(schema);
      expect(leaves.filter(({ description }) => description === "").map(({ path }) => path)).toEqual([]);
      for (const [name, { path, description }] of Object.entries(flags)) {
        expect(kindAt(schema, path.split(".")), name).toBeDefined();
        expect(description, name).not.toBe("");
      }
      if (positional !== undefined) expect(kindAt(schema, [positional])).toBeDefined();
    },
  );

  it("shows a block that is off as off, and its settings as what holds once it is on", () => {
    const sft = loaded.find(({ command }) => command.join(" ") === "train sft")!;
    const leaf = (path: string) => leavesOf(sft.schema).find((one) => one.path === path);
    expect(leaf("sft.lora")).toMatchObject({ isBlock: true });
    expect(leaf("sft.lora.rank")).toMatchObject({ default: 16, inBlock: true });
    expect(leaf("sft.batch")).toMatchObject({ default: 32, isBlock: false, inBlock: false });
    expect(leavesOf(sft.schema).filter(({ isBlock }) => isBlock)).toHaveLength(1);
  });

  it("names the values of a setting that has few", () => {
    const run = loaded.find(({ command }) => command[0] === "run")!;
    const leaf = leavesOf(run.schema).find(({ path }) => path === "revise.mode");
    expect(leaf?.choices).toEqual(["critique", "direct"]);
    expect(leavesOf(run.schema).find(({ path }) => path === "arms")?.choices).toEqual([
      "ethical",
      "inverted",
    ]);
  });
});
