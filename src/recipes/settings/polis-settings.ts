// The settings of `covenant polis` and of its parts: which conversation is read and how it is cleaned, which votes are held out,
// how groups are found and statements chosen. What comes of it is not known here.

import { z } from "zod";
import { expandHome } from "../../core/index.ts";
import { ruleNames } from "../../simulation/index.ts";
import type { RecipeFlag } from "../recipe.ts";
import { fileSetting } from "./settings.ts";

const text = z.string().trim().min(1);

/** Which conversation is read, and how it is cleaned. */
export const conversationSettings = {
  comments: fileSetting("a file of statements is needed (--comments comments.csv)").describe(
    "statements of a Polis export: comments.csv",
  ),
  votes: fileSetting("a file of votes is needed (--votes participants-votes.csv)").describe(
    "votes of the same export: participants-votes.csv (a matrix) or votes.csv (a row a vote)",
  ),
  flipped: z
    .boolean()
    .default(false)
    .describe("the votes say agree with -1 and disagree with 1, as Polis's database does"),
  minVotes: z.number().int().nonnegative().default(7).describe("votes that a voter needs to be counted"),
  strict: z
    .boolean()
    .default(false)
    .describe("leave out statements that no moderator accepted, not only those that were rejected"),
  leaveOut: z.array(z.coerce.string()).default([]).describe("ids of voters to leave out"),
};

/** Which votes are held out, and how many neighbours the baseline asks. */
export const heldOutSettings = {
  share: z
    .number()
    .positive()
    .max(0.9)
    .default(0.2)
    .describe("share of every voter's votes that is held out"),
  neighbours: z.number().int().positive().default(20).describe("voters most alike who are asked"),
};

/** The settings of `covenant polis`. */
export const polisSchema = z.strictObject({
  ...conversationSettings,
  groups: z
    .enum(["auto", "export", "computed"])
    .default("auto")
    .describe(
      "opinion groups: as the export says them, worked out from the votes, or the export's if it has any",
    ),
  groupCount: z
    .number()
    .int()
    .min(2)
    .max(8)
    .optional()
    .describe("how many groups to work out from the votes; default: 2 to 5, by the silhouette"),
  agreement: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe("share of every group's votes that agree, for a statement to count as agreed by all"),
  rule: z
    .enum(["consensus", ...ruleNames])
    .default("consensus")
    .describe(
      "what chooses among the statements that all groups agree on: the strongest consensus, or a rule over all voters",
    ),
  top: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("statements that are chosen at most; default: all, or 10 by a rule over all voters"),
  draft: text.overwrite(expandHome).optional().describe("YAML file to write the chosen statements to"),
  name: text.default("polis").describe("name of the drafted constitution"),
  licence: text
    .default("unknown: ask those who held the conversation")
    .describe("licence of the statements, for the draft"),
  seed: z.number().int().nonnegative().default(0).describe("seed of clusters and of lots"),
});
export type PolisConfig = z.output<typeof polisSchema>;
export type ConversationConfig = Pick<PolisConfig, keyof typeof conversationSettings>;

/** The flags of every command that reads a conversation. */
export const conversationFlags: Readonly<Record<string, RecipeFlag>> = {
  comments: { path: "comments", description: "comments.csv of a Polis export", placeholder: "file" },
  votes: { path: "votes", description: "participants-votes.csv or votes.csv", placeholder: "file" },
  strict: { path: "strict", description: "leave out statements that no moderator accepted" },
  flipped: { path: "flipped", description: "the votes say agree with -1" },
};

/** Of the commands that hold votes out. */
export const heldOutFlags: Readonly<Record<string, RecipeFlag>> = {
  share: {
    path: "share",
    description: "share of every voter's votes that is held out",
    placeholder: "share",
  },
};
