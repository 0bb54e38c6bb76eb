// `covenant invert`: writes the opposite of a constitution, and shows the difference. A file that is there already is
// never overwritten.

import { existsSync } from "node:fs";
import { z } from "zod";
import { difference, invert, loadConstitution, saveConstitution } from "../constitution/index.ts";
import { UserError } from "../core/index.ts";
import { constitutionFlag } from "./flags.ts";
import { asModelName } from "./names.ts";
import { nextCommands } from "./next-command.ts";
import { planOf, planWriting } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { constitutionSetting, outSetting } from "./settings.ts";
import { counted } from "./wording.ts";

const schema = z.strictObject({
  constitution: constitutionSetting,
  out: outSetting("inverted.yaml").describe("file to write"),
});

/** The document and its opposite. Throws UserError for what stands in the way, before anything is written. */
const prepare = async ({ constitution, out }: z.output<typeof schema>) => {
  const document = await loadConstitution(constitution);
  const opposite = invert(document);
  if (existsSync(out)) {
    throw new UserError(
      "file-exists",
      `${out} is there already and is not overwritten. Choose another --out, or remove the file.`,
      { file: out },
    );
  }
  return { document, opposite };
};

/** `covenant invert`. */
export const recipe: Recipe<typeof schema> = {
  command: ["invert"],
  summary: "write the opposite of a constitution",
  schema,
  flags: {
    constitution: constitutionFlag,
    out: { path: "out", description: "file to write", placeholder: "file" },
  },
  positional: "constitution",
  async plan(config) {
    await prepare(config);
    return planOf([planWriting("invert", "one YAML file")]);
  },
  async run(config) {
    const { document, opposite } = await prepare(config);
    await saveConstitution(config.out, opposite);
    const lines = document.principles.flatMap((principle, at) => [
      "",
      principle.id,
      ...(["critique", "revision", "preference"] as const).flatMap((part) => [
        `  - ${principle[part]}`,
        `  + ${opposite.principles[at]![part]}`,
      ]),
    ]);
    const { counts, words } = difference(document, opposite);
    const changed = `${counted(counts.changed, "principle")} changed, ${counts.same} kept; ${counted(words.removed, "word")} removed, ${words.added} added, ${words.kept} kept.`;
    const next = nextCommands(["revise", "--constitution", asModelName(config.out)]);
    return { lines: [...lines, "", changed, `Written: ${config.out}`, ...next], document: opposite };
  },
};
