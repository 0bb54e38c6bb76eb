// Whether a model that knows a small language only, as covenant-tiny and what is trained from it, knows the words that a
// simulation would ask it in. Asked before anything is begun; what it would say is not looked at.

import { UserError } from "../../core/index.ts";
import { createForeignTextCheck } from "../../models/index.ts";
import type { Message, Metric, Task } from "../../records/index.ts";
import {
  briefForms,
  type Contract,
  emptyTranscript,
  episodeWordings,
  learns,
  mediationMessages,
  metaMessages,
  objectionMessages,
  proposalMessages,
  type ShownPersona,
  type SortingPrompt,
  supportMessages,
  type Wording,
  type WritingPrompt,
} from "../../simulation/index.ts";
import { experimentsOf, type Games } from "../settings/game-settings.ts";
import { isScripted, type Vote } from "../settings/vote-settings.ts";
import type { ContractPlay } from "../stages/contract-run.ts";
import { firstQuestion, frameOf, learningQuestion, probeQuestions } from "../stages/game-questions.ts";
import { measuredTasks } from "../stages/vote-benefit.ts";
import type { CheckedInputs } from "./open-stages.ts";

/** A task, a person or a metric of which nothing is said: what is left of a request is the wording's own. */
const blankTask = { question: "", request: "" };
const blankPersona = { name: "", traits: {}, description: "", views: {} };
const blankMetric: Metric = { id: "", name: "", low: 0, high: 0, question: "" };
const noContract: Contract = { constitution: null, contract: null, message: false };

/**
 * Of a frame so many words may be unknown: a model that was taught to be asked so and reads words in pieces may split one or
 * another. One of the shortest frame's 28 may be; covenant-assembly lacks 4.5 % (public goods) to 23 % of the words.
 */
const frameShare = 0.04;

/**
 * What a role's model would be asked in. language: how it reads texts; null where it runs elsewhere. frame: without anything
 * that people write, so that a model which was taught to be asked so knows the words.
 */
type AskedIn = {
  readonly frame?: boolean;
  readonly role: string;
  readonly model: string;
  readonly language: CheckedInputs["languages"][string] | undefined;
  readonly messages: readonly Message[];
};

/** Throws UserError where a model would be asked in words that it has never read. instead: what it can be used for. */
export const requireKnownWords = (
  { role, model, language, messages, frame = false }: AskedIn,
  instead: string,
): void => {
  if (language == null) return;
  const check = createForeignTextCheck(language.tokenizer, frame ? frameShare : undefined);
  const foreign = check(messages.map(({ content }) => content));
  if (foreign === null) return;
  const share = Math.max(1, Math.round(foreign.share * 100));
  throw new UserError(
    "model-small-language",
    `${model} knows a small language only, and ${share} % of the words that it would be asked in are not in it (${foreign.words.join(", ")}). ${instead}`,
    { model, role, share: foreign.share },
  );
};

/** The same for a command about prompts that wants JSON. content: what it asks, without any prompt. */
export const requireJsonAnswers = (
  command: string,
  { model, content }: { readonly model: string; readonly content: string },
  { languages }: Pick<CheckedInputs, "languages">,
): void =>
  requireKnownWords(
    {
      ...{ role: "asked", model, language: languages["model"], frame: true },
      messages: [{ role: "user", content }],
    },
    `\`covenant ${command}\` needs a model that follows instructions and answers with JSON: name another, as --model http://localhost:8000/v1#NAME.`,
  );

/** The model that was made with the brief wording, and the one that was made with that of games alone. */
const assembly = "embedded:covenant-assembly";
const player = "embedded:covenant-player";

type Kind = "contract" | "vote" | "games";

/** What of a simulation in the brief wording is to be the sandbox's, as options. */
const sandboxWords = {
  contract: " (--personas sandbox --tasks sandbox)",
  vote: " (--personas sandbox)",
  games: "",
};

/** What to do where a model is asked in words that are not its own. wording: that it is asked in. */
const adviceOnWords = (model: string, kind: Kind, wording: Wording): string => {
  const file = `configs/simulate/${kind}/tiny.yaml`;
  const words = `in words of the sandbox${sandboxWords[kind]}`;
  const example = `--config ${file} of the repository does so`;
  const others = "For other words name another --model.";
  // whoever names one of them is likely to have that file's settings, which name both
  if (kind === "games" && wording === "brief" && [assembly, player].includes(model))
    return `In the brief wording it takes part ${words}. ${others}`;
  if (model !== assembly && !(kind === "games" && model === player))
    return `Name ${assembly} in its place${wording === "full" ? ", with --wording brief" : ""}: it was made with the brief wording, ${words}; ${example}. ${others}`;
  return wording === "full"
    ? `It can take part in the brief wording (--wording brief), ${words}; ${example}. ${others}`
    : `In the brief wording it takes part ${words}; ${example}. ${others}`;
};

/** The same for what has a brief wording. kind: the simulation. */
const requireWords = (asked: AskedIn, kind: Kind, wording: Wording): void =>
  requireKnownWords(asked, adviceOnWords(asked.model, kind, wording));

/** Runs checks; throws one UserError with what all of them say, each thing once. */
const requireAll = (...checks: readonly (() => void)[]): void => {
  const faults = checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (thrown) {
      if (thrown instanceof UserError) return [thrown];
      throw thrown;
    }
  });
  const [first, ...more] = faults;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  const told = [...new Set(faults.map(({ message }) => message))];
  throw new UserError(first.code, told.join("\n"), first.facts);
};

type Words = Pick<AskedIn, "messages" | "frame">;

/**
 * What is looked at of a question that is asked in a wording: in full the words around what people write, which lie outside
 * such models' language whatever that is; in brief, which they are made with, the first question itself.
 */
const wordsIn = (
  wording: Wording,
  { frame, first }: Readonly<Record<"frame" | "first", () => readonly Message[]>>,
): Words => ({ messages: wording === "full" ? frame() : first(), frame: wording === "full" });

/** What an assistant is asked in: in full in a second turn, without what people are and say. */
const assistantWords = (wording: Wording, task: Task, contract: Contract, seat: string): Words => {
  const blank = { ...task, ...blankTask };
  return wordsIn(wording, {
    frame: () =>
      episodeWordings.full.assistant(noContract, "", blank, [{ task: blank, draft: "", comment: "" }]),
    first: () => episodeWordings.brief.assistant(contract, seat, task, []),
  });
};

/** What a user is asked in about a draft. */
const ratingWords = ({ config, setup }: ContractPlay): Words => {
  const { persona } = setup.cast.users[0]!;
  const task = setup.tasks[0]!;
  const { words } = config.roles.user;
  return wordsIn(config.wording, {
    frame: () =>
      episodeWordings.full.ownRating({ ...persona, ...blankPersona }, { ...task, ...blankTask }, [], "", {
        metrics: [blankMetric],
        words,
      }),
    first: () =>
      episodeWordings.brief.ownRating(persona, task, [], "", { metrics: setup.metrics.own, words }),
  });
};

/** What a meta-model that writes is asked in, without what models have yet to write. */
const writingWords = ({ config, setup }: ContractPlay, metaPrompt: WritingPrompt): Words => {
  const { wording, cast, first } = setup;
  const asked = (prompt: WritingPrompt, contract: Contract): readonly Message[] =>
    metaMessages(prompt, {
      users: cast.users.length,
      questions: [],
      current: wording.current(contract),
      earlier: [],
      transcript: emptyTranscript,
      words: config.roles.meta.words,
    });
  return wordsIn(config.wording, {
    frame: () => asked(episodeWordings.full.metaPrompts[config.metaPrompt], noContract),
    first: () => asked(metaPrompt, first),
  });
};

/** The embedded model that was made with these questions. */
const voter = "embedded:covenant-voter";

/** The questions by which a meta-model sorts comments, about nothing: their own words are left. */
const sortingQuestions = ({ texts }: SortingPrompt): Message[] => [
  ...briefForms.demand("", texts.demand),
  ...briefForms.stance("", "", texts.stance),
];

/** Throws UserError where a meta-model that is to sort comments was not taught to be asked so. */
const requireSorting = (prompt: SortingPrompt, asked: Pick<AskedIn, "model" | "language">): void =>
  requireKnownWords(
    { ...asked, role: "meta", messages: sortingQuestions(prompt), frame: true },
    `It was not made with the questions of the brief form of --meta-prompt ${prompt.name}: give --meta-prompt critique, or name a model that was made with them: --set roles.meta.model=${voter} (or one of \`covenant pretrain\` with a share of mix.stance); --config configs/simulate/contract/clauses.yaml of the repository does so.`,
  );

/** What a meta-model is asked in, whatever it is to do. */
const metaWords = (play: ContractPlay): Words => {
  const { wording, metaPrompt, first } = play.setup;
  if (metaPrompt.sorts !== true) return writingWords(play, metaPrompt);
  // the questions' own words are looked at apart; they would hide that what stands is in others
  const standing = wording.referred(first, [])?.principles ?? [];
  return { messages: standing.map((content) => ({ role: "user", content })) };
};

/** Throws UserError where a role's model would be asked in words that it has never read. languages: by role. */
export const requireFluent = (play: ContractPlay, { languages }: Pick<CheckedInputs, "languages">): void => {
  const { tasks, cast, models, first } = play.setup;
  const words = {
    assistant: assistantWords(play.config.wording, tasks[0]!, first, cast.users[0]!.label),
    user: ratingWords(play),
    meta: metaWords(play),
  };
  const { metaPrompt } = play.setup;
  const languageOf = (role: keyof typeof words) =>
    models[role] === models.assistant ? languages["assistant"] : languages[role];
  const meta = { model: models.meta, language: languageOf("meta") };
  requireAll(
    // of roles with one cause and one cure the first is enough
    () => {
      for (const role of ["assistant", "user", "meta"] as const)
        requireWords(
          { role, model: models[role], language: languageOf(role), ...words[role] },
          "contract",
          play.config.wording,
        );
    },
    () => {
      if (metaPrompt.sorts === true) requireSorting(metaPrompt, meta);
    },
  );
};

type VoteQuestion = Words & { readonly role: string; readonly model: string };

/** What users of a vote are asked in, of whom nobody is where their support is known and principles are given. */
const voterWords = ({ config, setup }: Vote): Words[] => {
  const { wording, rounds } = config;
  const { prompts } = setup;
  const { persona } = setup.users[0]!;
  const askedOf = (ask: (of: ShownPersona) => readonly Message[]): Words =>
    wordsIn(wording, { frame: () => ask({ ...persona, ...blankPersona }), first: () => ask(persona) });
  // in full the frame alone; in brief the first question: what is proposed is not known yet, and nobody is asked of nothing
  const statements = wording === "full" ? [] : [setup.filed?.[0]?.statement ?? ""];
  return [
    ...(isScripted(config) ? [] : [askedOf((of) => supportMessages(of, statements, prompts))]),
    ...(setup.filed === null
      ? [askedOf((of) => proposalMessages(of, { earlier: [], words: 1 }, prompts))]
      : []),
    ...(rounds === 0 ? [] : [askedOf((of) => objectionMessages(of, [], 1, prompts))]),
  ];
};

/** What the roles of a vote are asked; what is not asked is left out. */
const voteQuestions = (vote: Vote): VoteQuestion[] => {
  const { config, setup } = vote;
  const { wording, rounds, roles } = config;
  const questions: VoteQuestion[] = voterWords(vote).map((words) => ({
    role: "user",
    model: setup.models.user,
    ...words,
  }));
  if (rounds > 0) {
    const mediation = { users: 1, statements: [], opinions: [], most: 1, words: roles.mediator.words };
    const ask = () => mediationMessages(mediation, setup.prompts);
    questions.push({
      role: "mediator",
      model: setup.models.mediator,
      ...wordsIn(wording, { frame: ask, first: ask }),
    });
  }
  const [measured] = measuredTasks(vote);
  if (measured !== undefined)
    questions.push({
      role: "assistant",
      model: config.model,
      ...assistantWords(wording, measured, noContract, setup.users[0]!.label),
    });
  return questions;
};

/** The same for a vote. */
export const requireFluentVote = (vote: Vote, { languages }: Pick<CheckedInputs, "languages">): void => {
  for (const asked of voteQuestions(vote)) {
    const language = asked.model === vote.setup.models.user ? languages["user"] : languages[asked.role];
    requireWords({ ...asked, language }, "vote", vote.config.wording);
  }
};

/** The same for games. */
export const requireFluentGames = (
  { config, prompts }: Games,
  { languages }: Pick<CheckedInputs, "languages">,
): void => {
  const { model, learner = model, wording } = config;
  if (model !== undefined) {
    const mover = { role: "player", model, language: languages["model"] };
    const move = wordsIn(wording, {
      frame: () => frameOf(config),
      first: () => firstQuestion(config).slice(-1),
    });
    for (const words of [move, ...probeQuestions(config).map((messages) => ({ messages }))])
      requireWords({ ...mover, ...words }, "games", wording);
  }
  if (learner === undefined || !experimentsOf(config).some(learns)) return;
  const language = languages[config.learner === undefined ? "model" : "learner"];
  const ask = () => learningQuestion(config, prompts);
  requireWords(
    { role: "learner", model: learner, language, ...wordsIn(wording, { frame: ask, first: ask }) },
    "games",
    wording,
  );
};
