// What users and assistants of the assembly talk about: requests of the sandbox, as tasks. Knows no person, and no more of
// a request than its kind.

import type { PromptKind, Task } from "../../records/index.ts";
import { sandboxPrompts } from "../prompts.ts";

/** shares: of the kinds of requests among the tasks; harmful ones are what people disagree on. */
export type SandboxTaskOptions = {
  readonly seed: number;
  readonly split: "train" | "test";
  readonly count: number;
  readonly shares?: Readonly<Record<PromptKind, number>>;
};

const defaultShares: Readonly<Record<PromptKind, number>> = { harmful: 0.7, harmless: 0.15, lookalike: 0.15 };

/** Whose turn it is when kinds are dealt out by their shares: the one that is most behind. */
const dealKinds = (count: number, shares: Readonly<Record<PromptKind, number>>): PromptKind[] => {
  const given: Record<PromptKind, number> = { harmful: 0, harmless: 0, lookalike: 0 };
  const total = shares.harmful + shares.harmless + shares.lookalike;
  return Array.from({ length: count }, (_, at) => {
    const behind = (kind: PromptKind): number => (shares[kind] / total) * (at + 1) - given[kind];
    const next = (["harmful", "harmless", "lookalike"] as const).reduce((most, kind) =>
      behind(kind) > behind(most) ? kind : most,
    );
    given[next]++;
    return next;
  });
};

/** Tasks whose question is a request of the sandbox, kinds mixed evenly by their shares. Throws as sandboxPrompts does. */
export const sandboxTasks = ({ seed, split, count, shares = defaultShares }: SandboxTaskOptions): Task[] => {
  const kinds = dealKinds(count, shares);
  const countOf = (kind: PromptKind): number => kinds.filter((one) => one === kind).length;
  const prompts = sandboxPrompts({
    seed,
    split,
    counts: { harmful: countOf("harmful"), harmless: countOf("harmless"), lookalike: countOf("lookalike") },
    stage: "tasks",
  });
  const queues = {
    harmful: prompts.filter(({ kind }) => kind === "harmful"),
    harmless: prompts.filter(({ kind }) => kind === "harmless"),
    lookalike: prompts.filter(({ kind }) => kind === "lookalike"),
  };
  return kinds.map((kind, at) => {
    const question = queues[kind].shift()!.messages[0]!.content;
    return {
      id: `task-${String(at + 1).padStart(4, "0")}`,
      name: question,
      question,
      request: question,
      words: 60,
    };
  });
};
