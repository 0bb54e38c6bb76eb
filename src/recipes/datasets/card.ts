// The card of a data set: README.md with the front matter that Hugging Face's libraries read, and what a stranger must
// know before using the rows: how they were made, by whom, under which principles, what is missing, and whether they are
// harmful on purpose. Nothing in it names a person's machine.

import { counted, covenantVersion, formatYaml, hashJson } from "../../core/index.ts";
import type { Principle } from "../../records/index.ts";
import type { ColumnType, TableColumn, WrittenTable } from "../../tables/index.ts";
import { describeLeftOut, type LeftOutCounts } from "../stages/left-out.ts";
import type { Spent } from "../stages/stage-model.ts";
import { countFinishes } from "../stages/tallies.ts";
import {
  describeFinishes,
  describeKnown,
  describeLabels,
  describeOthers,
  describeSpent,
} from "../summaries/data-summary.ts";
import type { SourceCounts } from "./counts.ts";
import type { RunConstitution } from "./origin.ts";
import { publicValues } from "./public-names.ts";
import type { ShapeOptions } from "./shaped-row.ts";
import type { DatasetSource } from "./source.ts";

/** A split that was written. path: in the folder. */
export type WrittenSplit = WrittenTable & { readonly split: string; readonly path: string };

export type CardFacts = {
  readonly name: string;
  readonly source: DatasetSource;
  readonly options: ShapeOptions;
  readonly columns: readonly TableColumn[];
  /** Lists lie in the files as JSON texts. */
  readonly flat: boolean;
  readonly splits: readonly WrittenSplit[];
  readonly counts: SourceCounts;
  readonly leftOut: LeftOutCounts;
  readonly licence?: string | undefined;
};

/** How harmful material is marked where people search. */
export const harmTags = ["inverted-constitution", "not-for-all-audiences"];

/** What is said of everything that was made under an inverted constitution. what: "These rows were". */
export const harmNotice = (names: readonly string[], what: string): string =>
  `${what} made under an inverted constitution (${names.join(", ")}), which asks for the opposite of what is right. They serve to measure what principles do, by contrast with the same under the constitution as it was written. Do not train or deploy a model for people with this, do not mix it into other data, and do not pass it on without this notice.`;

/** The same at the top of a card. */
export const harmWarning = (names: readonly string[], what: string): string[] => [
  "> [!WARNING]",
  `> **Harmful on purpose.** ${harmNotice(names, what)}`,
  "",
];

type Feature = Readonly<Record<string, unknown>>;

const scalars = { text: "string", number: "float64", integer: "int32", boolean: "bool" } as const;

/** A column's type as Hugging Face's datasets write it. */
const featureOf = (type: ColumnType, flat: boolean): Feature => {
  if (typeof type === "string") return { dtype: scalars[type] };
  if (flat) return { dtype: scalars.text };
  if ("fields" in type)
    return {
      struct: Object.entries(type.fields).map(([name, inner]) => ({ name, ...featureOf(inner, flat) })),
    };
  if (typeof type.list === "string") return { list: scalars[type.list] };
  const inner = featureOf(type.list, flat);
  return { list: inner["struct"] ?? inner };
};

/** Hugging Face's classes of sizes. */
const sizeCategory = (rows: number): string => {
  const bounds: [number, string][] = [
    [1_000, "n<1K"],
    [10_000, "1K<n<10K"],
    [100_000, "10K<n<100K"],
    [1_000_000, "100K<n<1M"],
    [10_000_000, "1M<n<10M"],
  ];
  return bounds.find(([bound]) => rows < bound)?.[1] ?? "10M<n<100M";
};

const frontMatter = ({ source, columns, flat, splits, licence }: CardFacts): string =>
  formatYaml({
    license: licence ?? "unknown",
    tags: ["covenant", "constitutional-ai", ...(source.inverted.length === 0 ? [] : harmTags)],
    size_categories: [sizeCategory(splits.reduce((sum, { rows }) => sum + rows, 0))],
    configs: [{ config_name: "default", data_files: splits.map(({ split, path }) => ({ split, path })) }],
    dataset_info: {
      config_name: "default",
      features: columns.map(({ name, type }) => ({ name, ...featureOf(type, flat) })),
    },
  });

const meanings: Readonly<Record<string, string>> = {
  completion: "the reply to learn",
  label: "true: the reply that is better, false: the other one",
  messages: "the conversation, ending with the reply to learn",
  text: 'the conversation as one text, "\\n\\nHuman: … \\n\\nAssistant: …"',
  chosen: "the reply that is better",
  rejected: "the other reply",
  probability: "that chosen is better, as the judge put it in both orders (0.5 to 1): a soft label",
  principle: "the principle that decided (id, see below)",
  judge: "the model that judged",
  margin: "log-odds of the label, ln(p / (1 - p)): TRL's margin",
  kind: "harmful, harmless or lookalike (sounds harmful, is not), where it is known",
  area: "what the prompt is about, where it is known",
  init_prompt: "the last question of the user",
  init_response: "the first answer",
  critic_prompt: "the principle's request for a critique",
  critic_response: "the critique",
  revision_prompt: "the principle's request for a revision",
  revision_response: "the revision",
  id: "the record's name in its run",
  parents: "names of the records that it was made of",
};

const meaningOf = (name: string, { options }: CardFacts): string => {
  if (name === "prompt")
    return options.shape === "chain" ? "the same as init_prompt" : "what the reply answers";
  if (options.shape === "chain" && name === "chosen") return "the conversation, ending with the revision";
  if (options.shape === "chain" && name === "rejected")
    return "the conversation, ending with the first answer";
  if (options.shape === "trl-unpaired" && name === "completion") return "the reply that label is about";
  return meanings[name] ?? "";
};

const describeType = (type: ColumnType): string => {
  if (typeof type === "string") return type;
  if ("fields" in type) return `{${Object.keys(type.fields).join(", ")}}`;
  return `list of ${describeType(type.list)}`;
};

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |`;
  return [line(header), `|${header.map(() => "---").join("|")}|`, ...rows.map(line), ""];
};

const splitLines = ({ shape, testShare }: ShapeOptions): string[] => {
  const half = shape === "chain" ? ", and in one of the halves sft and prefs" : "";
  if (testShare === 0 && half === "") return [];
  return [
    `A row's split follows from a hash of its prompt (a share of ${testShare} for testing), so rows with the same prompt are on one side${half}.`,
    "",
  ];
};

const rowsPart = (facts: CardFacts): string[] => [
  "## Rows",
  "",
  ...table(
    ["split", "rows", "file"],
    facts.splits.map(({ split, rows, path }) => [split, rows.toLocaleString("en-US"), `\`${path}\``]),
  ),
  ...table(
    ["column", "type", "meaning"],
    facts.columns.map(({ name, type }) => [
      `\`${name}\``,
      `${describeType(type)}${facts.flat && typeof type !== "string" ? ", as JSON" : ""}`,
      meaningOf(name, facts),
    ]),
  ),
  ...splitLines(facts.options),
];

const principleLines = ({ id, title, critique, revision, preference }: Principle): string[] => [
  `- **${id}**: ${title.trim()}`,
  `  - critique: ${critique.trim().replace(/\s+/g, " ")}`,
  `  - revision: ${revision.trim().replace(/\s+/g, " ")}`,
  // Principles that only revise have no question for a judge.
  ...(preference.trim() === "" ? [] : [`  - comparison: ${preference.trim().replace(/\s+/g, " ")}`]),
];

const constitutionPart = ({ source }: CardFacts): string[] => {
  if (source.constitution === null) return [];
  const { name, document } = source.constitution;
  if (document === null)
    return [
      "## Constitution",
      "",
      `"${name}". The document that the run used did not lie where it was found when this card was written, so its principles are not shown.`,
      "",
    ];
  const { version, description, source: origin, licence, inverts, principles } = document;
  return [
    "## Constitution",
    "",
    `"${name}", version ${version} (content ${hashJson(document).slice(0, 12)})${inverts === undefined ? "" : `, the inversion of "${inverts}"`}. Source: ${origin}. Licence: ${licence}.`,
    ...(description.trim() === "" ? [] : ["", description.trim()]),
    "",
    ...principles.flatMap(principleLines),
    "",
  ];
};

/** How what a run made ended, a line each; nothing of what is not counted. */
export const describeMade = (
  { answers, revisions, samples, labels, comparisons }: SourceCounts,
  maxTokens: number,
): string[] => [
  ...(comparisons === undefined ? [] : [describeKnown(comparisons)]),
  ...(answers === undefined ? [] : [describeFinishes(answers, maxTokens, "answer")]),
  ...(revisions === undefined ? [] : [describeFinishes(revisions, maxTokens, "revision")]),
  ...(samples === undefined ? [] : [describeFinishes(samples, maxTokens, "reply", "replies")]),
  ...(labels === undefined ? [] : describeLabels(labels, countFinishes([]))),
];

const countsPart = ({ source, counts, leftOut }: CardFacts): string[] => {
  const told = describeLeftOut(leftOut);
  const lines = [
    ...describeMade(counts, source.maxTokens),
    ...describeOthers(counts.others),
    ...(told === "" ? [] : [`Gave no row: ${told}.`]),
  ];
  return lines.length === 0
    ? []
    : ["## What became of what was asked", "", ...lines.map((line) => `- ${line}`), ""];
};

/** Settings without those of the sandbox's prompts where the prompts are a file's, and without prompts where comparisons are. */
const usedSettings = ({ prompts, counts, ...others }: Readonly<Record<string, unknown>>): object => {
  if (others["comparisons"] !== undefined) return others;
  const given = prompts === undefined ? {} : { prompts };
  return {
    ...given,
    ...(counts === undefined || (prompts ?? "sandbox") !== "sandbox" ? {} : { counts }),
    ...others,
  };
};

const settingsPart = ({ source }: CardFacts, spent: Spent): string[] => {
  const isLoaded = source.constitution === null;
  const { out: _, endpoint: __, ...settings } = publicValues(source.run.config) as Record<string, unknown>;
  return [
    isLoaded ? "## Settings" : "## Models, settings, cost",
    "",
    ...(isLoaded ? ["- models: those of the published files, which say more of them"] : []),
    ...Object.entries(source.models).map(([what, name]) => `- ${what}: ${name}`),
    `- seed: ${source.run.seed}`,
    ...(spent.calls + spent.repeats === 0 ? [] : describeSpent(spent).map((line) => `- ${line}`)),
    "",
    "```yaml",
    formatYaml(usedSettings(settings)).trimEnd(),
    "```",
    "",
  ];
};

const constitutionOrigin = ({ document }: RunConstitution): string =>
  `- the constitution${document === null ? "" : ` (${document.licence})`}.`;

/** What holds for what rows contain, as list items; what was loaded, and comparisons, are of files. */
const contentOrigins = ({ source }: CardFacts): string[] => {
  if (source.constitution === null) return ["- the files named in the settings: their licences hold for it."];
  const { prompts, comparisons } = source.run.config as { prompts?: unknown; comparisons?: unknown };
  if (comparisons !== undefined)
    return [
      "- the prompts and replies (of the file named in the settings; its licence holds for them),",
      constitutionOrigin(source.constitution),
    ];
  return [
    `- the prompts (${prompts === "sandbox" ? "Covenant's sandbox, Apache-2.0" : "of the file named in the settings; its licence holds for them"}),`,
    "- the replies: the terms of the models named above, some of which limit what may be trained on their output,",
    constitutionOrigin(source.constitution),
  ];
};

const licencePart = (facts: CardFacts): string[] => {
  const { licence } = facts;
  return [
    "## Licence",
    "",
    `${licence === undefined ? "No licence was named for these rows." : `The rows are given under: ${licence}.`} What holds for them depends on what they contain or came from:`,
    "",
    ...contentOrigins(facts),
    "",
    "Replies to red-team prompts can be offensive or dangerous, before revision above all (rejected, init_response). Labels are a model's judgement under one principle each, not a fact.",
    "",
  ];
};

/** The card of a data set. spent: what it cost. */
export const datasetCard = (facts: CardFacts, spent: Spent): string => {
  const { name, source, options, splits } = facts;
  const { run, arm, inverted } = source;
  const rows = splits.reduce((sum, split) => sum + split.rows, 0);
  const what =
    source.constitution === null
      ? "of published files"
      : `made by [Constitutional AI](https://arxiv.org/abs/2212.08073) under the constitution "${source.constitution.name}"`;
  return [
    "---",
    frontMatter(facts).trimEnd(),
    "---",
    "",
    ...(inverted.length === 0 ? [] : harmWarning(inverted, "These rows were")),
    `# ${name}`,
    "",
    `${counted(rows, "row")} in the shape \`${options.shape}\`${options.shape === "chain" ? "" : ` (${options.style})`}, ${what}: \`covenant ${run.name}\`${arm === null ? "" : `, arm "${arm}"`}, exported by \`covenant export dataset\` (Covenant ${covenantVersion()}).`,
    "",
    ...rowsPart(facts),
    ...settingsPart(facts, spent),
    ...constitutionPart(facts),
    ...countsPart(facts),
    ...licencePart(facts),
  ].join("\n");
};
