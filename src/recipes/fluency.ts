// Whether a model that knows a small language only, as covenant-tiny and what is trained from it, knows the words that a
// simulation would ask it in. Asked before anything is begun; what it would say is not looked at.

import { UserError } from "../core/index.ts";
import { createForeignTextCheck } from "../models/index.ts";
import type { Message, Task } from "../records/index.ts";
import {
  type Contract,
  type EpisodeWording,
  emptyTranscript,
  episodeWordings,
  mediationMessages,
  metaMessages,
  proposalMessages,
  supportMessages,
} from "../simulation/index.ts";
import type { CheckedInputs } from "./open-stages.ts";
import type { ContractPlay } from "./stages/contract-run.ts";
import { measuredTasks } from "./stages/vote-benefit.ts";
import type { Vote } from "./vote-settings.ts";

/** A task, or a person, of which nothing is said: what is left of a request is the wording's own. */
const blankTask = { question: "", request: "" };
const blankPersona = { name: "", traits: {}, description: "", views: {} };
const noContract: Contract = { constitution: null, contract: null, message: false };

/** What an assistant is asked in a second turn, in the full wording without what people are and say. */
const assistantFrame = (wording: EpisodeWording, task: Task): readonly Message[] => {
  const blank = { ...task, ...blankTask };
  return wording.assistant(noContract, "", blank, [{ task: blank, draft: "", comment: "" }]);
};

/**
 * What a role is asked without what models have yet to write: about the first user and the first task in the brief wording,
 * which such models are made with; in full the words around them, which lie outside whatever they are.
 */
const messagesFor = (
  { config, setup }: ContractPlay,
  role: "assistant" | "user" | "meta",
): readonly Message[] => {
  const { wording, cast, tasks, metrics, first } = setup;
  if (role === "meta")
    return metaMessages(setup.metaPrompt, {
      ...{ users: cast.users.length, questions: [], current: wording.current(first), earlier: [] },
      ...{ transcript: emptyTranscript, words: config.roles.meta.words },
    });
  const { persona, label } = cast.users[0]!;
  const [task, person] =
    config.wording === "brief"
      ? [tasks[0]!, persona]
      : [
          { ...tasks[0]!, ...blankTask },
          { ...persona, ...blankPersona },
        ];
  const asked = { metrics: metrics.own, words: config.roles.user.words };
  if (role === "assistant")
    return config.wording === "full"
      ? assistantFrame(wording, task)
      : wording.assistant(first, label, task, []);
  return wording.ownRating(person, task, [], "", asked);
};

/**
 * What a role's model would be asked in. language: how it reads texts; null where it runs elsewhere. frame: without anything
 * that people write, so that a model which was taught to be asked so knows every word.
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
  const check = createForeignTextCheck(language.tokenizer, ...(frame ? [0] : []));
  const foreign = check(messages.map(({ content }) => content));
  if (foreign === null) return;
  const share = Math.max(1, Math.round(foreign.share * 100));
  throw new UserError(
    "model-small-language",
    `${model} knows a small language only, and ${share} % of the words that it would be asked in are not in it (${foreign.words.join(", ")}). ${instead}`,
    { model, role, share: foreign.share },
  );
};

/** The same for what has a brief wording. config: the file that fits such models. */
export const requireWords = (asked: AskedIn, config: string): void =>
  requireKnownWords(
    asked,
    `It can take part in the brief wording (--wording brief), in words of the sandbox: --config ${config}. For other words name another --model.`,
  );

/** Throws UserError where a role's model would be asked in words that it has never read. languages: by role. */
export const requireFluent = (play: ContractPlay, { languages }: Pick<CheckedInputs, "languages">): void => {
  const { models } = play.setup;
  for (const role of ["assistant", "user", "meta"] as const) {
    const model = models[role];
    const language = model === models.assistant ? languages["assistant"] : languages[role];
    requireWords(
      { role, model, language, messages: messagesFor(play, role), frame: play.config.wording === "full" },
      "configs/simulate/contract/tiny.yaml",
    );
  }
};

/** What the roles of a vote are asked, as messagesFor. */
const voteQuestions = (vote: Vote): { role: string; model: string; messages: readonly Message[] }[] => {
  const { config, setup } = vote;
  const { wording, rounds, roles } = config;
  const seat = setup.users[0]!;
  const persona = wording === "brief" ? seat.persona : { ...seat.persona, ...blankPersona };
  const user = { role: "user", model: setup.models.user };
  const [measured] = measuredTasks(vote);
  const mediation = { users: 1, statements: [], opinions: [], most: 1, words: roles.mediator.words };
  return [
    { ...user, messages: supportMessages(persona, [], wording) },
    ...(setup.filed === null
      ? [{ ...user, messages: proposalMessages(persona, { earlier: [], words: 1 }, wording) }]
      : []),
    ...(rounds === 0
      ? []
      : [
          {
            ...{ role: "mediator", model: setup.models.mediator },
            messages: mediationMessages(mediation, wording),
          },
        ]),
    ...(measured === undefined
      ? []
      : [
          {
            ...{ role: "assistant", model: config.model },
            messages:
              wording === "full"
                ? assistantFrame(episodeWordings.full, measured)
                : episodeWordings.brief.assistant(noContract, seat.label, measured, []),
          },
        ]),
  ];
};

/** The same for a vote. */
export const requireFluentVote = (vote: Vote, { languages }: Pick<CheckedInputs, "languages">): void => {
  for (const asked of voteQuestions(vote)) {
    const language = asked.model === vote.setup.models.user ? languages["user"] : languages[asked.role];
    requireWords(
      { ...asked, language, frame: vote.config.wording === "full" },
      "configs/simulate/vote/tiny.yaml",
    );
  }
};
