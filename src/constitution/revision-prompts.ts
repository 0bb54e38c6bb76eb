// The requests of a round of critique and revision in one of two forms, with worked examples before them: "chat", a
// conversation in messages, or "transcript", the one text of Bai et al. 2022 (appendix E.1) in a single user message,
// word for word. Without examples the chat form is what comparison.ts renders.

import type { Message, Principle, RevisionExample } from "../records/index.ts";
import { renderCritique, renderRevision } from "./comparison.ts";
import {
  type Asked,
  askedInTranscript,
  exampleTranscript,
  transcriptOf,
  transcriptStops,
} from "./transcript.ts";

export const revisionForms = ["chat", "transcript"] as const;
export type RevisionForm = (typeof revisionForms)[number];

/** messages: the conversation so far; answer: the reply that is criticised and revised. */
export type Revised = { readonly messages: readonly Message[]; readonly answer: string };

/** critique: what was said before the revision; null: directly, without one. stop: where a reply ends, besides its end. */
export type RevisionPrompts = {
  critique(revised: Revised, principle: Pick<Principle, "critique">): Message[];
  revision(
    revised: Revised,
    principle: Pick<Principle, "critique" | "revision">,
    critique: string | null,
  ): Message[];
  readonly stop: readonly string[];
};

const exampleMessages = (example: RevisionExample, direct: boolean): Message[] => [
  ...example.messages,
  ...(direct
    ? []
    : ([
        { role: "user", content: example.critiqueRequest },
        { role: "assistant", content: example.critique },
      ] as const)),
  { role: "user", content: example.revisionRequest },
  { role: "assistant", content: example.revision },
];

/** Examples after what the system is told, before the conversation. */
const withExamples = (shown: readonly Message[], messages: readonly Message[]): Message[] => {
  const system = messages[0]?.role === "system" ? 1 : 0;
  return [...messages.slice(0, system), ...shown, ...messages.slice(system)];
};

const chatPrompts = (examples: readonly RevisionExample[]): RevisionPrompts => {
  const shown = [false, true].map((direct) => examples.flatMap((one) => exampleMessages(one, direct)));
  return {
    critique: ({ messages, answer }, principle) =>
      withExamples(shown[0]!, renderCritique(messages, answer, principle)),
    revision: ({ messages, answer }, principle, critique) =>
      critique === null
        ? withExamples(shown[1]!, renderCritique(messages, answer, { critique: principle.revision }))
        : withExamples(shown[0]!, renderRevision(messages, answer, principle, critique)),
    stop: [],
  };
};

const transcriptPrompts = (examples: readonly RevisionExample[]): RevisionPrompts => {
  const shown = [false, true].map((direct) => examples.map((one) => exampleTranscript(one, direct)).join(""));
  const render = ({ messages, answer }: Revised, asked: Asked): Message[] => {
    const direct = asked.type === "revision" && asked.after === null;
    const dialogue = transcriptOf([...messages, { role: "assistant", content: answer }]);
    const content = `${shown[direct ? 1 : 0]!}${dialogue}${askedInTranscript(asked)}`;
    return [{ role: "user", content }];
  };
  return {
    critique: (revised, principle) => render(revised, { type: "critique", request: principle.critique }),
    revision: (revised, principle, critique) =>
      render(revised, {
        type: "revision",
        request: principle.revision,
        after: critique === null ? null : { request: principle.critique, text: critique },
      }),
    stop: transcriptStops,
  };
};

/** The prompts of critique and revision in a form, after worked examples. */
export const revisionPrompts = (
  form: RevisionForm,
  examples: readonly RevisionExample[] = [],
): RevisionPrompts => (form === "chat" ? chatPrompts(examples) : transcriptPrompts(examples));
