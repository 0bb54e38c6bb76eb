// `covenant persona list` and `covenant persona show`: who may take part in a simulation, of the library or of a file of
// one's own, and one of them with all views. Reads files, asks no model and writes nothing.

import { z } from "zod";
import { alignColumns, counted, expandHome, formatYaml } from "../core/index.ts";
import { libraryName, loadPersonas, withIds } from "../simulation/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";

const personas = z
  .string()
  .min(1)
  .overwrite(expandHome)
  .default(libraryName)
  .describe(`"${libraryName}", or a file of personas (YAML, JSON, JSONL, CSV, TSV, Parquet)`);

const listSchema = z.strictObject({ personas });
const showSchema = z.strictObject({
  personas,
  id: z
    .string({
      error: ({ input }) =>
        input === undefined ? "the id of a persona is needed (`covenant persona show amina`)" : undefined,
    })
    .min(1)
    .describe("id of the persona"),
});

const flag = { path: "personas", description: 'file of personas, or "library"', placeholder: "file" };

/** `covenant persona list`. */
export const listRecipe: Recipe<typeof listSchema> = {
  command: ["persona", "list"],
  summary: "the personas that may take part in a simulation",
  schema: listSchema,
  flags: { personas: flag },
  positional: "personas",
  async plan(config) {
    const found = await loadPersonas(config.personas);
    return planOf([planWriting("list", counted(found.length, "persona"))]);
  },
  async run(config) {
    const found = await loadPersonas(config.personas);
    const rows = found.map(({ id, name, traits, views }) => {
      const told = Object.values(traits).slice(0, 3).join(", ");
      return [id, name, `${told}; ${counted(Object.keys(views).length, "view")}`];
    });
    return { lines: alignColumns(rows), quoted: rows.length, document: found };
  },
};

/** `covenant persona show`. */
export const showRecipe: Recipe<typeof showSchema> = {
  command: ["persona", "show"],
  summary: "one persona with traits and views",
  schema: showSchema,
  flags: { personas: flag },
  positional: "id",
  async plan({ personas: name, id }) {
    withIds(await loadPersonas(name), [id], "persona");
    return planOf([planWriting("show", "1 persona")]);
  },
  async run({ personas: name, id }) {
    const [persona] = withIds(await loadPersonas(name), [id], "persona");
    const lines = formatYaml([persona]).trimEnd().split("\n");
    return { lines, quoted: lines.length, document: persona };
  },
};
