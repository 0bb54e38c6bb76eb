// Several models that share the work of one: each request goes to the member with the most room, and one that fails is
// left alone for a while and its requests go to the others. Which member answered is nobody's business, so records name
// the pool. Waits for nothing itself; when no member is left, the failure is for the retries above.

import type { Clock } from "../core/index.ts";
import { mapRequests } from "./batch.ts";
import { isRetriable, neverArrived, retryAfterOf } from "./failure.ts";
import type { CallOptions, LanguageModel, Score } from "./specification.ts";

/**
 * firstRest: milliseconds without work after a member's first failure, doubled with each further one in a row up to
 * longestRest. onFailover: told when a request goes on to another member.
 */
export type PoolOptions = {
  readonly id: string;
  readonly members: readonly LanguageModel[];
  readonly clock: Clock;
  readonly firstRest?: number;
  readonly longestRest?: number;
  readonly onFailover?: (error: Error) => void;
};

/** scoring: whether it gives log-probabilities, as far as that is known. */
type Member = {
  readonly model: LanguageModel;
  inFlight: number;
  failures: number;
  restsUntil: number;
  scoring: "unknown" | "proven" | "mute";
};

const loadOf = ({ model, inFlight }: Member): number => inFlight / Math.max(1, model.capabilities.batch);

/** Whether a member may be asked. One that failed last is tried with a single request before it gets more. */
const isAwake = ({ restsUntil, failures, inFlight }: Member, now: number): boolean =>
  restsUntil <= now && (failures === 0 || inFlight === 0);

/** The member with the most room of those that do not rest; of several, the first. */
const leastLoaded = (members: readonly Member[], now: number): Member | undefined => {
  const awake = members.filter((member) => isAwake(member, now));
  return awake.reduce<Member | undefined>(
    (best, member) => (best === undefined || loadOf(member) < loadOf(best) ? member : best),
    undefined,
  );
};

const isMute = ({ logProbabilities }: Score): boolean => logProbabilities.includes(null);

/** The score of a trial, at every member. scores: in the members' order; a passing failure has been seen to. */
const trialScore = (scores: readonly PromiseSettledResult<Score>[]): Score => {
  const failures = scores.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const answers = scores.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const lasting = failures.find((failure) => !isRetriable(failure));
  if (lasting !== undefined) throw lasting;
  const [first] = answers;
  if (first === undefined) throw failures[0];
  // a pool scores where all do, so the one that does not speaks for it; one that declined says least
  const mute = answers.filter(isMute);
  return mute.find(({ declined }) => declined === undefined) ?? mute[0] ?? first;
};

/** The members with how they fare. rest: for a while, after a passing failure. */
const createMembers = ({
  members: models,
  clock,
  firstRest = 1000,
  longestRest = 60_000,
}: Pick<PoolOptions, "members" | "clock" | "firstRest" | "longestRest">) => ({
  members: models.map(
    (model): Member => ({
      ...{ model, inFlight: 0, failures: 0, restsUntil: 0 },
      scoring: "unknown",
    }),
  ),
  rest(member: Member, thrown: unknown): void {
    const own = Math.min(longestRest, firstRest * 2 ** member.failures);
    member.failures++;
    member.restsUntil = clock.now() + Math.max(own, retryAfterOf(thrown) ?? 0);
  },
  async askOne<Result>(member: Member, ask: (model: LanguageModel) => Promise<Result[]>): Promise<Result> {
    member.inFlight++;
    try {
      const [result] = await ask(member.model);
      member.failures = 0;
      return result as Result;
    } finally {
      member.inFlight--;
    }
  },
});

/** Asks members one after another until one answers. */
const createAsking = (
  { members, rest, askOne }: ReturnType<typeof createMembers>,
  { clock, onFailover }: Pick<PoolOptions, "clock" | "onFailover">,
) => {
  // When all rest, the one that has rested longest is asked: somebody has to find out.
  const readiest = (some: readonly Member[]): Member =>
    leastLoaded(some, clock.now()) ??
    some.reduce((one, other) => (other.restsUntil < one.restsUntil ? other : one));
  /** isTaken: whether a member's answer is the pool's; where it is not, another member is asked. */
  return async <Result>(
    ask: (model: LanguageModel) => Promise<Result[]>,
    able: readonly Member[] = members,
    isTaken: (member: Member, result: Result) => boolean = () => true,
  ): Promise<Result> => {
    const untried = new Set(able);
    let member = readiest(able);
    let failure: Error | undefined;
    for (;;) {
      untried.delete(member);
      let failed: Error | undefined;
      try {
        const result = await askOne(member, ask);
        if (isTaken(member, result)) return result;
      } catch (thrown) {
        if (!isRetriable(thrown)) throw thrown;
        rest(member, thrown);
        failed = thrown;
      }
      // one that could not be reached says nothing of the request
      if (failure === undefined || neverArrived(failure)) failure = failed ?? failure;
      const others = [...untried];
      // after an answer that is not taken one that rests is asked, too: whose answers are taken is among them, or failed
      const next = leastLoaded(others, clock.now()) ?? (failure === undefined ? readiest(others) : undefined);
      if (next === undefined) throw failure;
      if (failed !== undefined) onFailover?.(failed);
      member = next;
    }
  };
};

/**
 * A model made of several. Its batch is the sum of theirs; it scores where all of them do that were reached on trial.
 * Members that compute a batch together get single requests.
 */
export const poolModel = (options: PoolOptions): LanguageModel => {
  const { id } = options;
  const made = createMembers(options);
  const { members, rest, askOne } = made;
  const asked = createAsking(made, options);
  const scoring = (): Member[] => members.filter((member) => member.scoring !== "mute");

  /**
   * A member that a trial did not reach may give no log-probabilities: it shows at its first score, which another one gives
   * then, and it scores no more.
   */
  const isScored = (member: Member, score: Score): boolean => {
    if (!isMute(score)) member.scoring = "proven";
    else if (member.scoring === "unknown" && members.some((one) => one.scoring === "proven"))
      member.scoring = "mute";
    return member.scoring !== "mute";
  };

  /** A trial finds out whether the pool scores, so it goes to every member at once, whoever has room. */
  const tried = async (ask: (model: LanguageModel) => Promise<Score[]>): Promise<Score> => {
    const seen = async (member: Member): Promise<Score> => {
      try {
        const score = await askOne(member, ask);
        if (!isMute(score)) member.scoring = "proven";
        return score;
      } catch (thrown) {
        if (isRetriable(thrown)) rest(member, thrown);
        throw thrown;
      }
    };
    return trialScore(await Promise.allSettled(members.map(seen)));
  };

  return {
    id,
    capabilities: {
      independentRequests: true,
      batch: members.reduce((sum, { model }) => sum + model.capabilities.batch, 0),
      get scores() {
        return scoring().every(({ model }) => model.capabilities.scores);
      },
    },
    generate: (requests, call?: CallOptions) =>
      mapRequests(requests, call, null, (request, signal) =>
        asked((model) => model.generate([request], { signal })),
      ),
    score: (requests, call?: CallOptions) =>
      mapRequests(requests, call, null, (request, signal) =>
        request.trial === true
          ? tried((model) => model.score([request], { signal }))
          : asked((model) => model.score([request], { signal }), scoring(), isScored),
      ),
    close: async () => {
      for (const { model } of members) await model.close();
    },
  };
};
