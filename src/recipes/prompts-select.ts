// `covenant prompts select`: a seeded selection of prompts with caps for areas, kinds and all of them, written as every
// command takes prompts. Streams from file to file; of each prompt only what it is selected by is held.

import { join } from "node:path";
import { z } from "zod";
import { counted, sha256File, UserError } from "../core/index.ts";
import { createSelection, formatNamed, readPrompts, type SelectedPlaces } from "../feedback/index.ts";
import type { PromptRecord } from "../records/index.ts";
import { checkFolder, openStages } from "./inputs/open-stages.ts";
import { isSandboxRequest } from "./inputs/sandbox-language.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { formatFlag, kindFlag, promptsFlag, runFlags } from "./settings/flags.ts";
import { formatSetting, givenTestShareSetting } from "./settings/prompt-settings.ts";
import { fileSetting, outSetting, promptKindSetting, seedSetting } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import { writeStream } from "./stages/streamed-records.ts";
import { modelForTexts, nextCommands, sortFirst } from "./summaries/next-command.ts";
import { describeTestPrompts } from "./summaries/test-prompts.ts";

const cap = (what: string) =>
  z.number().int().positive().optional().describe(`at most so many prompts ${what}`);

const schema = z.strictObject({
  out: outSetting("runs/select"),
  seed: seedSetting,
  prompts: fileSetting("a file of prompts is needed (--prompts prompts.jsonl)").describe("file of prompts"),
  kind: promptKindSetting,
  format: formatSetting,
  perArea: cap("of each area; those without an area are then left out"),
  perKind: cap("of each kind"),
  total: cap("in all"),
  only: z.array(z.string().min(1)).optional().describe("only prompts of these areas"),
  kinds: z.array(z.string().min(1)).optional().describe("only prompts of these kinds"),
  testShare: givenTestShareSetting,
  split: z.enum(["train", "test"]).optional().describe("only prompts of this side of the split"),
});
type SelectConfig = z.output<typeof schema>;

const readFile = (
  { seed, kind, format, testShare }: SelectConfig,
  path: string,
  onSide: (isNamed: boolean) => void = () => {},
): AsyncGenerator<PromptRecord> =>
  readPrompts(
    path,
    {
      runSeed: seed,
      ...(kind === undefined ? {} : { kind }),
      ...(format === undefined ? {} : { format }),
      ...(testShare === undefined ? {} : { testShare }),
    },
    { onSide },
  );

/** Where areas are capped, prompts without one are no area of their own. */
const isSorted =
  ({ perArea }: SelectConfig) =>
  ({ area }: PromptRecord): boolean =>
    perArea === undefined || area !== undefined;

const isWanted =
  ({ only, kinds, split }: SelectConfig) =>
  (prompt: PromptRecord): boolean =>
    (only?.includes(prompt.area ?? "") ?? true) &&
    (kinds?.includes(prompt.kind ?? "") ?? true) &&
    (split === undefined || prompt.split === split);

/** What is said of wanted prompts that were left out for want of an area. */
const describeUnsorted = (count: number): string[] =>
  count === 0
    ? []
    : [
        `${counted(count, "prompt")} without an area ${count === 1 ? "was" : "were"} left out, since areas are capped (--per-area).`,
      ];

/** areOfSandbox: whether all prompts are of the sandbox's language; test, drawn: as of TestPrompts. */
type Counts = {
  test: number;
  drawn: number;
  readonly areas: Map<string, number>;
  readonly kinds: Map<string, number>;
  areOfSandbox: boolean;
};

const bump = (counts: Map<string, number>, name = "not said"): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

/** Reads the file once: which prompts are chosen, by their places among those that are wanted. */
const prepare = async (config: SelectConfig, context: RecipeContext) => {
  if (config.format !== undefined) formatNamed(config.format);
  const path = await hereFile(config.prompts, context);
  const [wanted, sorted] = [isWanted(config), isSorted(config)];
  const selection = createSelection(config, config.seed);
  let read = 0;
  let unsorted = 0;
  for await (const prompt of readFile(config, path)) {
    read++;
    if (!wanted(prompt)) continue;
    if (sorted(prompt)) selection.take(prompt);
    else unsorted++;
  }
  const chosen = selection.chosen();
  if (chosen.size === 0) {
    throw new UserError(
      "prompts-empty",
      unsorted > 0
        ? `${config.prompts}: none of ${counted(read, "prompt")} that are wanted has an area, so there are no areas to cap (--per-area). ${sortFirst(config.prompts)}`
        : `${config.prompts}: none of ${counted(read, "prompt")} is of the areas, kinds and side that are wanted. Look at only, kinds and split.`,
      { file: config.prompts },
    );
  }
  const contents = { prompts: (await sha256File(path)).sha256 };
  const inputs = { contents, speeds: {}, configs: {}, tokens: {}, languages: {} };
  return {
    path,
    read,
    unsorted,
    chosen,
    request: { name: "prompts select", config, stages: ["prompts"], inputs },
  };
};

/** The chosen prompts in the order of the file. */
async function* chosenPrompts(
  config: SelectConfig,
  path: string,
  chosen: SelectedPlaces,
  counts: Counts,
): AsyncGenerator<PromptRecord> {
  const [wanted, sorted] = [isWanted(config), isSorted(config)];
  let at = 0;
  let isNamed = true;
  const onSide = (named: boolean): void => {
    isNamed = named;
  };
  for await (const prompt of readFile(config, path, onSide)) {
    if (!wanted(prompt) || !sorted(prompt) || !chosen.has(at++)) continue;
    bump(counts.areas, prompt.area);
    bump(counts.kinds, prompt.kind);
    if (prompt.split === "test") {
      counts.test++;
      if (!isNamed) counts.drawn++;
    }
    counts.areOfSandbox &&= isSandboxRequest(prompt);
    yield prompt;
  }
}

const describe = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`).join(", ");

const execute = async (config: SelectConfig, context: RecipeContext) => {
  const { path, read, unsorted, chosen, request } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const { out: _, ...inputs } = config;
  const counts: Counts = { test: 0, drawn: 0, areas: new Map(), kinds: new Map(), areOfSandbox: true };
  await run.stage({ name: "prompts", inputs: { ...inputs, ...request.inputs.contents } }, async (stage) => {
    const rows = chosenPrompts(config, path, chosen, counts);
    await writeStream(stage, "prompts.jsonl", rows, { total: chosen.size, unit: "prompts" });
  });
  if (counts.kinds.size === 0)
    for await (const _ of chosenPrompts(config, path, chosen, counts)) {
      // The stage was there already: only what it counts is wanted.
    }
  await run.finish();
  const file = join(config.out, "prompts", "prompts.jsonl");
  const model = modelForTexts(counts.areOfSandbox);
  return {
    lines: [
      `${counted(chosen.size, "prompt")} of ${read.toLocaleString("en-US")} selected.`,
      ...describeUnsorted(unsorted),
      `Areas: ${describe(counts.areas)}.`,
      `Kinds: ${describe(counts.kinds)}.`,
      ...(config.split === "test" ? [] : describeTestPrompts(counts, chosen.size)),
      `Prompts: ${file}`,
      ...nextCommands(["revise", ...model, "--prompts", file], ["label", ...model, "--prompts", file]),
    ],
    document: {
      folder: run.folder,
      file: join(run.folder, "prompts", "prompts.jsonl"),
      read,
      withoutArea: unsorted,
      prompts: chosen.size,
      test: counts.test,
      markedTest: counts.drawn,
      areas: Object.fromEntries(counts.areas),
      kinds: Object.fromEntries(counts.kinds),
    },
  };
};

/** `covenant prompts select`. */
export const recipe: Recipe<typeof schema> = {
  command: ["prompts", "select"],
  summary: "a seeded selection of prompts, with caps for areas and kinds",
  schema,
  flags: {
    ...runFlags,
    prompts: { ...promptsFlag, description: "file of prompts" },
    kind: kindFlag,
    format: formatFlag,
    "per-area": { path: "perArea", description: "at most so many of each area", placeholder: "number" },
    "per-kind": { path: "perKind", description: "at most so many of each kind", placeholder: "number" },
    total: { path: "total", description: "at most so many in all", placeholder: "number" },
  },
  async plan(config, context) {
    const prepared = await prepare(config, context);
    await checkFolder(prepared.request, context);
    const { chosen, read, unsorted } = prepared;
    const notices = describeUnsorted(unsorted).map((text) => ({ code: "prompts-left-out", text }));
    const what = `${counted(chosen.size, "prompt")} of ${read.toLocaleString("en-US")}`;
    return planOf([planWriting("prompts", what, read / 50_000)], notices);
  },
  run: execute,
};
