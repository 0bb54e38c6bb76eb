// All numbers of a vote as CSV: support with what stands for what is missing, the ranking of every rule, and what each user
// has of each rule's set. Reads the run folder.

import { join } from "node:path";
import { type ChoiceRecord, supportRecordSchema } from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { ballotsOf, type SupportTable } from "../../simulation/index.ts";
import { type TableColumn, writeTable } from "../../tables/index.ts";
import type { Vote } from "../settings/vote-settings.ts";
import type { Voted } from "../stages/vote-run.ts";

const text = (name: string): TableColumn => ({ name, type: "text" });
const number = (name: string): TableColumn => ({ name, type: "number" });
const integer = (name: string): TableColumn => ({ name, type: "integer" });

const supportColumns = [
  ...["stage", "user", "persona", "candidate", "text"].map(text),
  ...[number("support"), text("missing"), number("counted")],
];
const choiceColumns = [
  ...["stage", "rule", "candidate", "text"].map(text),
  ...[integer("place"), number("score"), integer("chosen")],
];
const welfareColumns = [
  ...["stage", "rule", "user", "persona"].map(text),
  ...[number("utility"), integer("filled")],
];

/** What each number counts as in ballots that are read as utilities; null for who has no ballot. */
export const countedOf = (table: SupportTable, approveFrom: number) => {
  const { utilities } = ballotsOf(table, approveFrom);
  const byUser = new Map(utilities.map(({ voter, utilities: own }) => [voter, own]));
  return (user: string, candidate: string): number | null => byUser.get(user)?.[candidate] ?? null;
};

/** How many of a user's numbers for what was chosen were not given, and are filled in. */
export const filledOf = ({ users, candidates, support }: SupportTable, { chosen }: ChoiceRecord) => {
  const places = chosen.map((name) => candidates.indexOf(name));
  return (user: string): number => {
    const row = support[users.indexOf(user)] ?? [];
    return places.filter((place) => (row[place] ?? null) === null).length;
  };
};

/** A document's or a principle's text in one cell. */
export const textOf = (statements: readonly string[]): string => statements.join("\n");

const textsOf = ({ candidates }: Voted): ReadonlyMap<string, string> =>
  new Map(candidates.map(({ candidate, statements }) => [candidate, textOf(statements)]));

/**
 * support.csv (a line a number; counted: as what it counts), choices.csv (a line a rule's place), welfare.csv (a line a rule
 * and user; filled: how many of the numbers behind it were filled in).
 */
export const writeTables = async (
  folder: string,
  into: string,
  { config, setup }: Vote,
  stages: readonly Voted[],
): Promise<void> => {
  async function* support() {
    for (const voted of stages) {
      const texts = textsOf(voted);
      const counted = countedOf(voted.table, config.approveFrom);
      const rows = streamRecords(join(folder, voted.stage, "support.jsonl"), supportRecordSchema);
      for await (const row of rows)
        yield { ...row, text: texts.get(row.candidate)!, counted: counted(row.user, row.candidate) };
    }
  }
  function* choices() {
    for (const voted of stages) {
      const texts = textsOf(voted);
      for (const { rule, ranking, chosen } of voted.choices)
        for (const [at, { candidate, score }] of ranking.entries())
          yield {
            ...{ stage: voted.stage, rule, candidate, text: texts.get(candidate)!, place: at + 1, score },
            chosen: chosen.includes(candidate) ? 1 : 0,
          };
    }
  }
  function* welfare() {
    const personas = new Map(setup.users.map(({ id, persona }) => [id, persona.id]));
    for (const { stage, choices: all, table } of stages)
      for (const choice of all) {
        const filled = filledOf(table, choice);
        for (const { voter, utility } of choice.welfare?.users ?? [])
          yield {
            ...{ stage, rule: choice.rule, user: voter, persona: personas.get(voter)!, utility },
            filled: filled(voter),
          };
      }
  }
  await writeTable(join(into, "support.csv"), supportColumns, support());
  await writeTable(join(into, "choices.csv"), choiceColumns, choices());
  await writeTable(join(into, "welfare.csv"), welfareColumns, welfare());
};
