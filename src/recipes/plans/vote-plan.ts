// What `covenant simulate vote` will take at most: n·p proposals, n numbers for each candidate, and in every round n comments, k
// drafts in as many parts as what was said needs, and n numbers for each of k + 1 documents. Proposals that say the same are
// one candidate, so a vote takes less where people agree.

import { counted } from "../../core/index.ts";
import { estimatePrompt, priceOfModel } from "../../models/index.ts";
import type { Message } from "../../records/index.ts";
import {
  episodeWordings,
  mediationMessages,
  objectionMessages,
  proposalMessages,
  supportMessages,
} from "../../simulation/index.ts";
import { type Speed, speedOfPart } from "../costs/model-time.ts";
import type { PlannedStep } from "../recipe.ts";
import { isScripted, type Vote, type VoteConfig } from "../settings/vote-settings.ts";
import { satisfactionName } from "../stages/satisfaction.ts";
import { measuredRules, measuredTasks } from "../stages/vote-benefit.ts";
import { partsOf } from "../stages/vote-rounds.ts";
import { type Load, type PlannedModel, planCalls, tokensOf } from "./plan.ts";

/** Tokens around something that was said, as the mediator is shown it. */
const frameTokens = 12;

/** Tokens of requests without what models have yet to write, on average over users. */
const requestTokens = ({ setup: { users, words, prompts } }: Vote) => {
  const mean = (messages: (persona: (typeof users)[number]["persona"]) => Message[]): number =>
    users.reduce((sum, { persona }) => sum + estimatePrompt(messages(persona)), 0) / users.length;
  return {
    proposal: mean((persona) => proposalMessages(persona, { earlier: [], words: words.proposal }, prompts)),
    support: mean((persona) => supportMessages(persona, [""], prompts)),
    comment: mean((persona) => objectionMessages(persona, [""], words.comment, prompts)),
    mediation: estimatePrompt(
      mediationMessages(
        { users: users.length, statements: [], opinions: [], most: 1, words: words.document },
        prompts,
      ),
    ),
  };
};

type Costs = { readonly calls: number; readonly read: number };

const loadOf =
  ({ calls, read }: Costs) =>
  (reply: number): Load => ({ calls, read, written: calls * reply });

/** How often support is asked for: scripted people are not asked. */
const askedTimes = (config: VoteConfig): number => (isScripted(config) ? 0 : 1);

const times = ({ calls, read }: Costs, many: number): Costs => ({ calls: calls * many, read: read * many });

/** What steps are made of. candidates: at most; statement: tokens of one. */
const createCosts = (vote: Vote) => {
  const { config, setup } = vote;
  const { proposals, drafts, roles } = config;
  const request = requestTokens(vote);
  const users = setup.users.length;
  const candidates = setup.filed?.length ?? users * proposals;
  const statement =
    setup.filed === null
      ? roles.proposer.maxTokens
      : setup.filed.reduce((sum, one) => sum + tokensOf(one.statement), 0) / candidates;
  const document = roles.mediator.maxTokens;
  const earlier = config.wording === "full" ? ((proposals - 1) / 2) * roles.proposer.maxTokens : 0;
  const draftsFrom = (voices: number, said: number, standing: number): Costs => {
    const calls = drafts * partsOf(vote, voices);
    return { calls, read: calls * (request.mediation + standing) + drafts * voices * (said + frameTokens) };
  };
  return {
    users,
    candidates,
    statement,
    proposals: times({ calls: 1, read: request.proposal + earlier }, users * proposals),
    support: times({ calls: 1, read: request.support + statement }, users * candidates),
    comments: times({ calls: 1, read: request.comment + document }, users),
    opening: draftsFrom(candidates, statement, 0),
    drafts: draftsFrom(users, roles.user.maxTokens, document),
    documents: times({ calls: 1, read: request.support + document }, users * (drafts + 1)),
  };
};

/** The steps of the rounds, by the stages that take them; none where there are none. */
const planRounds = (
  { config }: Vote,
  costs: ReturnType<typeof createCosts>,
  user: PlannedModel,
  mediator: PlannedModel,
): PlannedStep[] => {
  const { rounds, drafts, roles } = config;
  if (rounds === 0) return [];
  const drafting = (stage: string, many: number, written: Costs): PlannedStep =>
    planCalls(
      stage,
      `${counted(drafts * many, "draft")}, each part asked for up to ${counted(roles.mediator.attempts, "time")}`,
      mediator,
      loadOf(times(written, many * roles.mediator.attempts)),
      loadOf(times(written, many)),
    );
  const supporting = (stage: string, many: number): PlannedStep =>
    planCalls(
      stage,
      `${counted(costs.users, "user")} on ${counted((drafts + 1) * many, "document")} at most`,
      user,
      loadOf(times(costs.documents, askedTimes(config) * many)),
    );
  const later = rounds === 1 ? "round-1" : `round-1 to ${rounds}`;
  return [
    drafting("opening: drafts", 1, costs.opening),
    supporting("opening: support", 1),
    planCalls(
      `${later}: comments`,
      counted(costs.users * rounds, "comment"),
      user,
      loadOf(times(costs.comments, rounds)),
    ),
    drafting(`${later}: drafts`, rounds, costs.drafts),
    supporting(`${later}: support`, rounds),
  ];
};

/** Held-out requests that are answered in the end under every set that a rule chose; none where nothing is measured. */
const planMeasuring = (
  vote: Vote,
  costs: ReturnType<typeof createCosts>,
  assistant: PlannedModel,
): PlannedStep[] => {
  const { config, setup } = vote;
  const tasks = measuredTasks(vote);
  if (tasks.length === 0) return [];
  const sets = 1 + measuredRules(config).length + (config.rounds > 0 ? 1 : 0);
  const { assistant: messages } = episodeWordings[config.wording];
  const none = { constitution: null, contract: null, message: false };
  const asked = tasks.reduce(
    (sum, task) => sum + estimatePrompt(messages(none, setup.users[0]!.label, task, [])),
    0,
  );
  const principles = config.seats * costs.statement + frameTokens;
  return [
    planCalls(
      satisfactionName,
      `${counted(sets * tasks.length, "answer")} under ${sets} sets of principles at most, measured`,
      assistant,
      loadOf({ calls: sets * tasks.length, read: sets * (asked + tasks.length * principles) }),
    ),
  ];
};

/** The steps. speeds: of the models, by role. */
export const planVote = (vote: Vote, speeds: Readonly<Record<string, Speed>>): PlannedStep[] => {
  const { config, setup } = vote;
  const { proposals, roles, prices } = config;
  const costs = createCosts(vote);
  const modelOf = (role: "user" | "mediator", maxTokens: number): PlannedModel => ({
    speed: speedOfPart(speeds, role, "user"),
    maxTokens,
    price: priceOfModel(prices, setup.models[role]),
  });
  const user = modelOf("user", roles.user.maxTokens);
  const { users, candidates } = costs;
  const proposed = planCalls(
    "proposals",
    counted(users * proposals, "proposal"),
    modelOf("user", roles.proposer.maxTokens),
    loadOf(costs.proposals),
  );
  const voted = planCalls(
    "votes",
    `${counted(users, "user")} on ${counted(candidates, "candidate")}${setup.filed === null ? " at most" : ""}`,
    user,
    loadOf(times(costs.support, askedTimes(config))),
  );
  const mediator = modelOf("mediator", roles.mediator.maxTokens);
  const assistant = {
    ...modelOf("user", roles.assistant.maxTokens),
    price: priceOfModel(prices, config.model),
  };
  return [
    ...(setup.filed === null ? [proposed] : []),
    voted,
    ...planRounds(vote, costs, user, mediator),
    ...planMeasuring(vote, costs, { ...assistant, speed: speedOfPart(speeds, "assistant", "user") }),
  ];
};
