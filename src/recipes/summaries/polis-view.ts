// What `covenant polis` says in the terminal: who voted, which groups there are, what all of them agree on, where they
// differ, and whom the chosen statements leave out. Only words and columns; nothing is counted here.

import { counted, listText, percent } from "../../core/index.ts";
import {
  agreementOf,
  type CleaningCounts,
  groupSizes,
  type StatementSupport,
  tallyAll,
} from "../../simulation/index.ts";
import type { Opinions } from "../stages/polis-opinions.ts";

/** Statements that are shown; all of them are in --json. */
const shown = 15;
const textWidth = 68;

/** "90 %": a share that a person chose. */
const asChosen = (share: number): string => `${Number((100 * share).toFixed(2))} %`;

/** Two digits, and no minus before a zero. */
const index = (value: number | null): string =>
  value === null ? "–" : (Math.round(100 * value) / 100 + 0).toFixed(2);

/** "12 statements that moderators rejected": those that are not 0. */
const whichOf = (counts: readonly (readonly [count: number, noun: string, what: string])[]): string[] =>
  counts.filter(([count]) => count > 0).map(([count, noun, what]) => `${counted(count, noun)} ${what}`);

const describeCleaning = ({ statements, voters, votes }: CleaningCounts, minVotes: number): string[] => {
  const left = whichOf([
    [statements.rejected, "statement", "rejected by moderators"],
    [statements.notAccepted, "statement", "accepted by no moderator"],
    [statements.meta, "statement", "about the voters themselves"],
    [statements.blank, "statement", "without text"],
    [statements.unvoted, "statement", "without votes"],
    [voters.fewVotes, "voter", `with fewer than ${counted(minVotes, "vote")}`],
    [voters.named, "voter", "named in leaveOut"],
    [votes.replaced, "vote", "replaced by a later one"],
    [votes.unknownStatement, "vote", "on statements that the statements' file lacks"],
  ]);
  return left.length === 0 ? [] : [`Left out: ${listText(left)}.`];
};

const describeGroups = ({ groups, ofVotes }: Opinions): string[] => {
  const sizes = groupSizes(groups);
  const outside = groups.of.length - sizes.reduce((sum, size) => sum + size, 0);
  const each = groups.ids.map((id, at) => `group ${id} with ${counted(sizes[at]!, "voter")}`);
  const origin =
    groups.origin === "export"
      ? "as the export says them"
      : `worked out from the votes (silhouette ${groups.silhouette!.toFixed(2)})`;
  return [
    `${counted(groups.ids.length, "opinion group")}, ${origin}: ${listText(each)}${outside === 0 ? "" : `; ${counted(outside, "voter")} in none`}.`,
    ...(ofVotes === null
      ? []
      : [
          `Worked out from the votes they are groups of ${listText(ofVotes.voters.map((size) => size.toLocaleString("en-US")))}, which puts ${percent(ofVotes.same)} of the voters where the export has them (adjusted Rand index ${index(ofVotes.adjustedRand)}).`,
        ]),
  ];
};

/** A text in lines of a width, at spaces. */
const wrapped = (text: string, width: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};

/** A line a statement: its figures, then its text, wrapped under itself. */
const statementTable = (
  supports: readonly StatementSupport[],
  ids: readonly string[],
  hasConsensus: boolean,
): string[] => {
  const names = ids.map((id) => `group ${id}`);
  const cells = supports.map(({ groups, consensus }) => [
    ...(hasConsensus ? [consensus.toFixed(3)] : []),
    ...groups.map((tally) => percent(agreementOf(tally))),
  ]);
  const head = [...(hasConsensus ? ["consensus"] : []), ...names];
  const widths = head.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]!.length)));
  const set = (row: readonly string[]): string =>
    `  ${row.map((cell, at) => cell.padStart(widths[at]!)).join("  ")}  `;
  const indent = " ".repeat(set(head).length);
  return [
    `${set(head)}statement`,
    ...supports.flatMap(({ statement }, at) =>
      wrapped(statement.text, textWidth).map((line, number) =>
        number === 0 ? `${set(cells[at]!)}${line}` : `${indent}${line}`,
      ),
    ),
  ];
};

const describeLeftOut = ({ leftOut, conversation }: Opinions, list: string): string =>
  leftOut === 0
    ? `Nobody is left out: every voter agrees with at least one of ${list}.`
    : `Left out: ${counted(leftOut, "voter")} (${percent(leftOut / conversation.matrix.voters.length)}), who agreed with none of ${list}.`;

const describeChosen = (opinions: Opinions, { rule, agreement }: Wanted): string[] => {
  const { agreed, chosen, groups } = opinions;
  const reached = `${counted(agreed.length, "statement")} with at least ${asChosen(agreement)} agreement in every group`;
  if (agreed.length === 0) return [`${reached}.`];
  const byConsensus = rule === "consensus";
  const list = byConsensus ? agreed : chosen;
  return [
    byConsensus
      ? `${reached}, the strongest consensus first:`
      : `${reached}, of which the rule "${rule}" chooses ${chosen.length}, in its order:`,
    ...statementTable(list.slice(0, shown), groups.ids, true),
    ...(list.length > shown ? [`  and ${list.length - shown} more; --json has all.`] : []),
    describeLeftOut(opinions, chosen.length === list.length ? "these" : `the first ${chosen.length}`),
  ];
};

type Wanted = { readonly rule: string; readonly agreement: number; readonly minVotes: number };

const describeDivisive = ({ divisive, groups }: Opinions): string[] => {
  if (divisive.length > 0)
    return ["Where groups differ most:", ...statementTable(divisive, groups.ids, false)];
  return [
    groups.ids.length < 2
      ? "There is one opinion group, so no statement divides groups."
      : "No statement has votes of two groups, so none divides them.",
  ];
};

/** The whole view. */
export const describeOpinions = (opinions: Opinions, wanted: Wanted): string[] => {
  const { matrix, cleaning } = opinions.conversation;
  const { all, agree, disagree, pass } = tallyAll(matrix);
  const share = (count: number, what: string): string =>
    `${count.toLocaleString("en-US")} ${what} (${percent(count / all)})`;
  return [
    `${counted(matrix.voters.length, "voter")}, ${counted(matrix.statements.length, "statement")}, ${counted(all, "vote")}: ${share(agree, "agree")}, ${share(disagree, "disagree")}, ${share(pass, "pass")}.`,
    ...describeCleaning(cleaning, wanted.minVotes),
    "",
    ...describeGroups(opinions),
    "",
    ...describeChosen(opinions, wanted),
    "",
    ...describeDivisive(opinions),
  ];
};
