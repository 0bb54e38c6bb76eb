// The settings of `covenant simulate vote`, and what they name, loaded and checked: who decides on which principles, by which
// rule, and in how many rounds of criticism.

import { z } from "zod";
import { counted, expandHome, UserError } from "../../core/index.ts";
import type { Persona } from "../../records/index.ts";
import { minorityOf } from "../../sandbox/index.ts";
import {
  briefCommentsAtOnce,
  canCompareSlates,
  castOf,
  type FiledCandidate,
  isCandidateFile,
  loadCandidates,
  ruleNames,
  supportMetric,
  type VotePrompts,
  votePrompts,
  withOwnVoteTexts,
} from "../../simulation/index.ts";
import { contractSchema } from "./contract-settings.ts";
import {
  contentSetting,
  promptsSetting,
  roleSampling,
  samplingOf,
  userRole,
  writerRole,
} from "./role-settings.ts";
import { askedLoadSetting, callSettings, outSetting, seedSetting } from "./settings.ts";
import { choosePersonas, isFile, sandboxName, speakingOf } from "./stakeholders.ts";

const positive = z.number().int().positive();
const { low, high } = supportMetric;

export const voteSchema = z.strictObject({
  out: outSetting("runs/vote"),
  seed: seedSetting,
  model: contractSchema.shape.model.describe("model of the users, and of the mediator where it names none"),
  wording: contractSchema.shape.wording,
  personas: contractSchema.shape.personas,
  users: contractSchema.shape.users,
  candidates: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .optional()
    .describe(
      "what is voted on instead of proposals: a constitution (a library name or a file), a list of statements, comments.csv of Polis",
    ),
  prompts: promptsSetting,
  proposals: positive.default(2).describe("principles that every user proposes"),
  seats: positive.default(4).describe("principles that are chosen at most, and that a draft has at most"),
  rule: z.enum(ruleNames).default("maximin").describe("the rule that decides; all others are told beside it"),
  approveFrom: z
    .number()
    .min(low)
    .max(high)
    .default(6)
    .describe(`support, ${low} to ${high}, from which on a user approves of a principle`),
  rounds: z
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe("rounds in which users criticise the document that stands and a mediator drafts new ones"),
  drafts: positive.default(4).describe("documents that the mediator drafts in every round"),
  opinions: positive
    .optional()
    .describe("of what was said, so much is shown to the mediator at once; default: all, or 10 in brief"),
  contentFrom: contentSetting("mediator"),
  sandbox: z
    .strictObject({
      requests: z
        .number()
        .int()
        .nonnegative()
        .default(100)
        .describe(
          "held-out requests that show in the end how content its people truly are under the set of each rule; 0: none",
        ),
      minority: z
        .number()
        .min(0)
        .max(0.5)
        .default(0)
        .describe(
          "share of its people who are a minority with other concerns than the rest; 0: everybody has their own",
        ),
      voters: z
        .enum(["played", "scripted"])
        .default("played")
        .describe(
          "played: the model says what people support; scripted: they support what truly serves them, as its oracle tells, so that rules are compared by true ballots",
        ),
    })
    .prefault({})
    .describe("where personas are the sandbox's"),
  roles: z
    .strictObject({
      assistant: z
        .strictObject(roleSampling(0, 300))
        .prefault({})
        .describe("answers that show how content the sandbox's people are"),
      proposer: z
        .strictObject({
          ...roleSampling(1, 100),
          words: positive.default(25).describe("words of a proposal at most, as users are told"),
        })
        .prefault({})
        .describe("users where they propose"),
      user: userRole,
      mediator: writerRole("mediator", { temperature: 0.7, words: 120 }),
    })
    .prefault({}),
  load: askedLoadSetting,
  ...callSettings,
});
export type VoteConfig = z.output<typeof voteSchema>;

/** A rule that compares all sets must be able to, however many candidates there may come to be. */
const checkSlates = (
  { rule, seats, proposals }: VoteConfig,
  users: number,
  filed: readonly FiledCandidate[] | null,
): void => {
  if (!rule.endsWith("-exact")) return;
  const candidates = filed?.length ?? users * proposals;
  if (canCompareSlates(candidates, Math.min(seats, candidates), users)) return;
  throw new UserError(
    "slates-too-many",
    `rule: "${rule}" compares all sets of ${seats} principles, and of ${candidates} candidates${filed === null ? " at most" : ""} there are too many sets. Choose fewer seats or candidates, or "${rule.replace("-exact", "")}", which fills one seat after the other.`,
    { rule, seats, candidates },
  );
};

/** Whether people of the sandbox support what truly serves them, instead of what a model says. */
export const isScripted = ({ sandbox }: VoteConfig): boolean => sandbox.voters === "scripted";

/** A minority must be somebody, and not everybody. */
const checkMinority = ({ users, sandbox: { minority } }: VoteConfig): void => {
  if (minority === 0 || typeof users !== "number") return;
  const few = minorityOf(users, minority);
  if (few > 0 && few < users) return;
  throw new UserError(
    "minority-none",
    `sandbox.minority is ${minority}, and of ${counted(users, "user")} that is ${few === 0 ? "nobody" : "everybody"}. ${users === 1 ? "Expected at least 2 users: take more --users, or leave it out." : `Expected a share that makes at least one of them a minority: take more --users, sandbox.minority: ${Math.ceil(100 / users) / 100}, or leave it out.`}`,
    { "sandbox.minority": minority, users },
  );
};

/** What is said of the sandbox's people can be meant for no others. */
const checkPeople = (config: VoteConfig): void => {
  const { personas, sandbox } = config;
  const setting = isScripted(config) ? "voters" : sandbox.minority > 0 ? "minority" : null;
  if (setting === null) return;
  if (personas === sandboxName) {
    checkMinority(config);
    return;
  }
  throw new UserError(
    "sandbox-people",
    `sandbox.${setting} is ${sandbox[setting]}, and speaks of people of the sandbox; personas: "${personas}". Leave it out, or set personas: ${sandboxName}.`,
    { personas, [`sandbox.${setting}`]: sandbox[setting] },
  );
};

/** In which words everybody is asked. Throws UserError where a file has a text of what nobody is asked. */
const loadPrompts = async (config: VoteConfig): Promise<VotePrompts> => {
  const known = votePrompts[config.wording];
  if (config.prompts === undefined) return known;
  return withOwnVoteTexts(known, config.prompts, [
    ...(config.candidates === undefined ? (["propose"] as const) : []),
    ...(isScripted(config) ? [] : (["support"] as const)),
    ...(config.rounds === 0 ? [] : (["object", "mediate"] as const)),
  ]);
};

/** Who votes, as the settings say. Throws UserError as choosePersonas does. */
export const votePersonas = ({
  sandbox,
  ...people
}: Pick<VoteConfig, "personas" | "users" | "seed"> & {
  readonly sandbox: Pick<VoteConfig["sandbox"], "minority">;
}): Promise<Persona[]> => choosePersonas({ ...people, minority: sandbox.minority });

/** Everything that the settings name, loaded. Throws UserError for what is missing or does not fit. */
export const loadVote = async (config: VoteConfig) => {
  checkPeople(config);
  const personas = await votePersonas(config);
  const { users } = castOf(personas, personas.length, "even");
  const filed = config.candidates === undefined ? null : await loadCandidates(config.candidates);
  checkSlates(config, users.length, filed);
  const prompts = await loadPrompts(config);
  const { assistant, proposer, user, mediator } = config.roles;
  const models = { user: user.model ?? config.model, mediator: mediator.model ?? config.model };
  const sampling = {
    assistant: samplingOf(assistant),
    proposer: samplingOf(proposer),
    user: samplingOf(user),
    mediator: samplingOf(mediator),
  };
  const words = { proposal: proposer.words, comment: user.words, document: mediator.words };
  const atOnce =
    config.opinions ?? (config.wording === "brief" ? briefCommentsAtOnce : Number.POSITIVE_INFINITY);
  return { users, filed, prompts, models, sampling, words, atOnce, speaking: speakingOf(config, personas) };
};
export type VoteSetup = Awaited<ReturnType<typeof loadVote>>;

/** The settings with what they name. */
export type Vote = { readonly config: VoteConfig; readonly setup: VoteSetup };

/** The files that the settings name, by the part they play. */
export const voteFiles = ({ personas, candidates, prompts }: VoteConfig): Record<string, string> => ({
  ...(isFile(personas) ? { personas } : {}),
  ...(candidates === undefined || !isCandidateFile(candidates) ? {} : { candidates }),
  ...(prompts === undefined ? {} : { prompts }),
});
