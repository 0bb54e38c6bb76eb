// The list of recipes says the same as the recipes themselves, and every recipe refuses keys it does not know.

import { describe, expect, it } from "vitest";
import { recipes } from "./index.ts";

describe("the list of recipes", () => {
  it("has no command twice", () => {
    const commands = recipes.map(({ command }) => command.join(" "));
    expect(new Set(commands).size).toBe(commands.length);
  });

  it("agrees with each recipe, whose schema is strict and has defaults for its flags' keys", async () => {
    for (const entry of recipes) {
      const recipe = await entry.load();
      expect([recipe.command, recipe.summary]).toEqual([entry.command, entry.summary]);
      const issues = recipe.schema.safeParse({ "no such key": 1 }).error?.issues ?? [];
      expect(
        issues.map(({ code }) => code),
        recipe.command.join(" "),
      ).toContain("unrecognized_keys");
    }
  });
});
