// Whether a model that knows a small language only, as covenant-tiny and what is trained from it, knows the words that a
// simulation would ask it in. Asked before anything is begun; what it would say is not looked at.

import { UserError } from "../core/index.ts";
import { createForeignTextCheck } from "../models/index.ts";
import type { Message } from "../records/index.ts";
import { emptyTranscript, metaMessages } from "../simulation/index.ts";
import type { CheckedInputs } from "./open-stages.ts";
import type { ContractPlay } from "./stages/contract-run.ts";

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
          { ...tasks[0]!, question: "", request: "" },
          { ...persona, name: "", traits: {}, description: "", views: {} },
        ];
  const asked = { metrics: metrics.own, words: config.roles.user.words };
  return role === "assistant"
    ? wording.assistant(first, label, task, [])
    : wording.ownRating(person, task, [], "", asked);
};

/** What a role's model would be asked in. language: how it reads texts; null where it runs elsewhere. */
type AskedIn = {
  readonly role: string;
  readonly model: string;
  readonly language: CheckedInputs["languages"][string] | undefined;
  readonly messages: readonly Message[];
};

/** Throws UserError where a model would be asked in words that it has never read. instead: what it can be used for. */
export const requireKnownWords = ({ role, model, language, messages }: AskedIn, instead: string): void => {
  if (language == null) return;
  const foreign = createForeignTextCheck(language.tokenizer)(messages.map(({ content }) => content));
  if (foreign === null) return;
  const share = Math.round(foreign.share * 100);
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
    `It can take part in the brief wording, in words of the sandbox: --config ${config}. For other words name another --model.`,
  );

/** Throws UserError where a role's model would be asked in words that it has never read. languages: by role. */
export const requireFluent = (play: ContractPlay, { languages }: Pick<CheckedInputs, "languages">): void => {
  const { models } = play.setup;
  for (const role of ["assistant", "user", "meta"] as const) {
    const model = models[role];
    const language = model === models.assistant ? languages["assistant"] : languages[role];
    requireWords(
      { role, model, language, messages: messagesFor(play, role) },
      "configs/simulate/contract/tiny.yaml",
    );
  }
};
