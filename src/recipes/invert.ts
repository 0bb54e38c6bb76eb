// `covenant invert`: writes the opposite of a constitution, and shows the difference.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { invert, loadConstitution, saveConstitution } from "../constitution/index.ts";
import { UserError } from "../core/index.ts";
import type { Recipe } from "./recipe.ts";
import { constitutionSetting } from "./settings.ts";

const schema = z.strictObject({
  constitution: constitutionSetting,
  out: z.string().min(1).default("inverted.yaml").describe("file to write"),
});

/** `covenant invert`. */
export const recipe: Recipe<typeof schema> = {
  command: ["invert"],
  summary: "write the opposite of a constitution",
  schema,
  flags: {
    constitution: { path: "constitution", description: "library name or YAML file", placeholder: "name" },
    out: { path: "out", description: "file to write", placeholder: "file" },
  },
  plan: async () => ({
    steps: [{ stage: "invert", what: "one YAML file", calls: 0, tokens: 0 }],
    seconds: 0,
    dollars: 0,
  }),
  async run(config) {
    const document = await loadConstitution(config.constitution);
    const opposite = invert(document);
    if (existsSync(config.out)) {
      throw new UserError(
        "file-exists",
        `${config.out} is there already and is not overwritten. Choose another --out, or remove the file.`,
        { file: config.out },
      );
    }
    await saveConstitution(config.out, opposite);
    const lines = document.principles.flatMap((principle, at) => [
      "",
      `${principle.id}`,
      `  - ${principle.preference}`,
      `  + ${opposite.principles[at]!.preference}`,
    ]);
    return { lines: [...lines, "", `Written: ${resolve(config.out)}`], document: opposite };
  },
};
