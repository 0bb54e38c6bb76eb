// A setting has one name and one default: what configures a stage in `covenant run` configures it in the command of that
// stage by itself.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { recipes } from "./index.ts";
import { runSchema } from "./settings/run-config.ts";

/** Keys with dots between and their defaults, as JSON Schema tells them. */
const leavesOf = (schema: z.ZodType): ReadonlyMap<string, unknown> => {
  type Node = { properties?: Record<string, Node>; default?: unknown };
  const leaves = new Map<string, unknown>();
  const walk = (node: Node, path: string): void => {
    if (node.properties === undefined) leaves.set(path, node.default);
    for (const [key, inner] of Object.entries(node.properties ?? {}))
      walk(inner, path === "" ? key : `${path}.${key}`);
  };
  walk(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node, "");
  return leaves;
};

const schemaOf = async (command: string): Promise<z.ZodType> =>
  (await recipes.find((one) => one.command.join(" ") === command)!.load()).schema;

/** Keys of single stages that `run` has not: what stands for its earlier stages, or for its two sides. */
const own =
  /^(data|kind|limit|inverted|helpful|texts|chatTemplate|models|comparisons|prompt$|critic$|reward(Load)?$|counts\.|out$)/;
/** Defaults that are meant to differ: a first look by hand is smaller than a run. */
const otherwise = new Set(["label.temperature", "label.samples"]);

describe.each(["revise", "label", "train sft", "train reward", "train dpo", "train ppo", "evaluate"])(
  "covenant %s",
  (command) => {
    it("names its settings as run does, with the same defaults", async () => {
      const run = leavesOf(runSchema);
      const shared = [...leavesOf(await schemaOf(command))].filter(([path]) => !own.test(path));
      expect(shared.length).toBeGreaterThan(4);
      for (const [path, value] of shared) {
        expect([...run.keys()], path).toContain(path);
        if (!otherwise.has(path)) expect(run.get(path), path).toEqual(value);
      }
    });
  },
);
