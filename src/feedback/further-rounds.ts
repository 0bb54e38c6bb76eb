// After the last round every reply is tested against every principle, and revised again by those it violates. A further
// revision is taken only where it is known to keep every principle that the reply before it keeps, and more, so that no
// principle undoes what others did; the others, and those that only repeat the reply, are written down as rejected. Ends
// when nothing is violated, or at the given number.

import { deriveSeed } from "../core/index.ts";
import type { Principle, PrincipleCheck, PrincipleVerdict } from "../records/index.ts";
import { type RecheckReading, recheckReplies } from "./recheck.ts";
import {
  type Chain,
  type Draft,
  type RevisionOptions,
  type Rounds,
  rejectDraft,
  takeDraft,
} from "./revision-round.ts";

/** A chain with its tests; failing: the principles that its last reply is not known to keep. */
export type CheckedChain = {
  readonly chain: Chain;
  readonly checks: PrincipleCheck[];
  readonly failing: string[];
};

/** How verdicts are read stands beside what revision is given. */
export type FurtherOptions = Omit<RevisionOptions, "voteTokens"> &
  RecheckReading &
  Pick<Rounds, "drafts" | "count"> & { readonly recheck: number };

/** now: the verdicts on the reply as it is; tried: the principles of the further rounds so far. */
type State = {
  readonly chain: Chain;
  readonly checks: PrincipleCheck[];
  now: readonly PrincipleVerdict[];
  readonly tried: string[];
};

const notKept = (verdicts: readonly PrincipleVerdict[]): string[] =>
  verdicts.filter(({ verdict }) => verdict !== "kept").map(({ principle }) => principle);

/** Whether verdicts on a draft let it stand in for a reply: all that is not kept now was not kept before, and it is less. */
const isBetter = (draft: readonly PrincipleVerdict[], reply: readonly PrincipleVerdict[]): boolean => {
  const [now, before] = [notKept(draft), new Set(notKept(reply))];
  return now.length < before.size && now.every((principle) => before.has(principle));
};

/** The violated principle that was tried least, and of these the one that is kept least; null: none is violated. */
const nextPrinciple = ({ now, tried }: State, principles: readonly Principle[]): Principle | null => {
  const times = (id: string): number => tried.filter((one) => one === id).length;
  const [worst] = now
    .filter(({ verdict }) => verdict === "violated")
    .sort((a, b) => times(a.principle) - times(b.principle) || (a.kept ?? 0) - (b.kept ?? 0));
  return principles.find(({ id }) => id === worst?.principle) ?? null;
};

/** A reply of a chain that is to be tested: the one it has, or one that was written for it. */
type Candidate = { readonly chain: Chain; readonly text: string };

const createTest =
  ({ model, constitution, runSeed, stage, seedStage = stage, signal, count, ...reading }: FurtherOptions) =>
  async (candidates: readonly Candidate[], round: number): Promise<PrincipleCheck[]> => {
    const tested = candidates.map(({ chain: { item }, text }) => ({
      messages: item.messages,
      reply: text,
      seed: deriveSeed(runSeed, seedStage, item.prompt, round, "recheck"),
    }));
    const { verdicts, usages } = await recheckReplies(model, tested, constitution, reading, signal);
    count(usages);
    return verdicts.map((own) => ({ round, verdicts: [...own] }));
  };

/** Whether a draft says what the reply says already. */
const isRepeated = ({ text, chain }: Draft): boolean => text === chain.text;

/** Whether there is something to test. */
const isNew = (draft: Draft): boolean => draft.text !== null && !isRepeated(draft);

/** Adds rounds to chains that went through all of theirs. */
export const addFurtherRounds = async (
  chains: readonly Chain[],
  options: FurtherOptions,
): Promise<CheckedChain[]> => {
  const { constitution, rounds, recheck, onEvent } = options;
  const test = createTest(options);
  const note = ({ chain, checks }: State, check: PrincipleCheck): void => {
    checks.push(check);
    onEvent?.({ type: "reply-checked", prompt: chain.item.prompt, check });
  };
  const settle = (state: State, draft: Draft, check: PrincipleCheck): void => {
    const better = isBetter(check.verdicts, state.now);
    const event = better ? takeDraft(draft) : rejectDraft(draft);
    onEvent?.(event);
    note(state, check);
    if (better) state.now = check.verdicts;
  };

  const first = await test(
    chains.map((chain) => ({ chain, text: chain.text })),
    rounds,
  );
  const states = chains.map(
    (chain, at): State => ({ chain, checks: [], now: first[at]!.verdicts, tried: [] }),
  );
  for (const [at, state] of states.entries()) note(state, first[at]!);
  for (let round = rounds + 1; round <= rounds + recheck; round++) {
    const tasks = states.flatMap((state) => {
      const principle = nextPrinciple(state, constitution.principles);
      return principle === null ? [] : [{ state, chain: state.chain, principle }];
    });
    if (tasks.length === 0) break;
    const drafts = await options.drafts(tasks, round);
    const written = drafts.filter(isNew).map(({ chain, text }) => ({ chain, text: text! }));
    const checks = (await test(written, round)).values();
    for (const [at, { state, principle }] of tasks.entries()) {
      const draft = drafts[at]!;
      state.tried.push(principle.id);
      if (isNew(draft)) settle(state, draft, checks.next().value!);
      else {
        // A repeated reply as a step that was taken would be learned once more for each such round.
        const event = isRepeated(draft) ? rejectDraft(draft) : takeDraft(draft);
        onEvent?.(event);
      }
    }
  }
  return states.map(({ chain, checks, now }) => ({ chain, checks, failing: notKept(now) }));
};
