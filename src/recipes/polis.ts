// `covenant polis`: what the public said in a Polis conversation: votes, opinion groups, what all groups agree on; and a
// constitution drafted from it, with each statement's support. Asks no model. A file that is there already is never
// overwritten.

import { basename, resolve } from "node:path";
import { saveConstitution } from "../constitution/index.ts";
import { counted } from "../core/index.ts";
import { draftConstitution, groupSizes, type StatementSupport, tallyAll } from "../simulation/index.ts";
import { areSandboxStatements } from "./inputs/sandbox-language.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import { asModelName } from "./settings/names.ts";
import { conversationFlags, type PolisConfig, polisSchema } from "./settings/polis-settings.ts";
import { gatherOpinions, type Opinions } from "./stages/polis-opinions.ts";
import { modelForTexts, nextCommands } from "./summaries/next-command.ts";
import { describeOpinions } from "./summaries/polis-view.ts";

const describeDraft = (
  { rule, agreement }: PolisConfig,
  { agreed, chosen, groups, conversation }: Opinions,
): string =>
  `${counted(chosen.length, "statement")} of a Polis conversation of ${counted(conversation.matrix.voters.length, "voter")}, of ${agreed.length} with at least ${agreement} agreement in each of ${counted(groups.ids.length, "opinion group")}${rule === "consensus" ? "" : `, chosen by the rule "${rule}"`}. A draft: read and edit it before use.`;

const write = async (file: string, config: PolisConfig, opinions: Opinions): Promise<void> => {
  const { name, licence, comments } = config;
  const document = draftConstitution(opinions.chosen, {
    name,
    licence,
    description: describeDraft(config, opinions),
    source: `Polis export, ${basename(comments)}`,
    groups: opinions.groups.ids,
  });
  await saveConstitution(file, document);
};

const statementDocument = (
  { statement, consensus, least, votes, groups }: StatementSupport,
  ids: readonly string[],
) => ({
  id: statement.id,
  text: statement.text,
  consensus,
  agreement: least,
  votes,
  groups: groups.map((tally, at) => ({ id: ids[at]!, ...tally })),
});

const documentOf = (config: PolisConfig, opinions: Opinions) => {
  const { conversation, groups, ofVotes, agreed, divisive, chosen, leftOut, warnings } = opinions;
  const { matrix, form, cleaning } = conversation;
  const { ids, origin, explained, silhouette } = groups;
  const sizes = groupSizes(groups);
  return {
    files: { comments: resolve(config.comments), votes: resolve(config.votes), form },
    voters: matrix.voters.length,
    statements: matrix.statements.length,
    votes: tallyAll(matrix),
    cleaning,
    groups: ids.map((id, at) => ({ id, voters: sizes[at]! })),
    grouping: { origin, ofVotes, explained: explained ?? null, silhouette: silhouette ?? null },
    agreement: config.agreement,
    consensus: agreed.map((support) => statementDocument(support, ids)),
    divisive: divisive.map((support) => statementDocument(support, ids)),
    chosen: { rule: config.rule, statements: chosen.map(({ statement }) => statement.id), leftOut },
    draft: config.draft === undefined ? null : resolve(config.draft),
    warnings,
  };
};

/** `covenant polis`. */
export const recipe: Recipe<typeof polisSchema> = {
  command: ["polis"],
  summary: "what a public agreed on in a Polis conversation: opinion groups, consensus, a constitution draft",
  schema: polisSchema,
  flags: {
    ...conversationFlags,
    draft: {
      path: "draft",
      description: "YAML file to write the chosen statements to, as a constitution",
      placeholder: "file",
    },
    agreement: {
      path: "agreement",
      description: "share of every group's votes that has to agree",
      placeholder: "share",
    },
    rule: {
      path: "rule",
      description: "what chooses among the statements that all groups agree on",
      placeholder: "rule",
    },
    top: { path: "top", description: "statements that are chosen at most", placeholder: "number" },
    groups: { path: "groups", description: "where opinion groups come from", placeholder: "origin" },
    seed: { path: "seed", description: "seed of clusters and of lots", placeholder: "number" },
  },
  async plan(config) {
    const { conversation, chosen, warnings } = await gatherOpinions(config);
    const { voters, statements } = conversation.matrix;
    const read = `${counted(voters.length, "voter")} on ${counted(statements.length, "statement")}`;
    return planOf(
      [
        planWriting("polis", read),
        ...(config.draft === undefined ? [] : [planWriting("draft", counted(chosen.length, "principle"))]),
      ],
      warnings,
    );
  },
  async run(config, { emit, clock }) {
    const opinions = await gatherOpinions(config);
    for (const warning of opinions.warnings) emit({ type: "warning", time: clock.now(), ...warning });
    const { draft } = config;
    if (draft !== undefined) await write(draft, config, opinions);
    const told = describeOpinions(opinions, config);
    const lines = [
      ...told,
      ...(draft === undefined
        ? []
        : [
            "",
            `Written: ${draft} (a draft: read and edit it before use)`,
            ...nextCommands([
              ...["revise", "--constitution", asModelName(draft)],
              ...modelForTexts(
                areSandboxStatements(opinions.chosen.map(({ statement: { text } }) => ({ title: text }))),
              ),
            ]),
          ]),
    ];
    return { lines, quoted: told.length, document: documentOf(config, opinions) };
  },
};
