// Rewards, advantages and returns of sampled replies, as TRL's PPO makes them: a per-token KL penalty with the score at
// the reply's end (Ziegler et al. 2019), generalised advantage estimation (Schulman et al. 2016), whitening. A reply
// that ended has one place more than tokens, where the value of the finished reply is read and the score is given; a
// cut one gets its score on its last token. Plain numbers, no graph.

/** Estimators of the KL divergence from samples (Schulman 2020): the log-ratio, or the one that is never negative. */
export type KlEstimator = "k1" | "k3";

/**
 * One sampled reply: log-probabilities [n] under policy and reference, and its score. values: before each token [n],
 * or [n + 1] with the value after the last one for a reply that ended.
 */
export type Rollout = {
  readonly policy: Float32Array;
  readonly reference: Float32Array;
  readonly values: Float32Array;
  readonly score: number;
};

export type KlOptions = { readonly klCoefficient: number; readonly klEstimator: KlEstimator };

export type AdvantageOptions = KlOptions & {
  readonly gamma: number;
  readonly lambda: number;
  /** Scales all rewards of a step together to deviation 1, keeping their mean. */
  readonly whitenRewards: boolean;
};

/** Advantages [n] of each reply's tokens, whitened, and returns of each of its places. */
export type Estimates = {
  readonly advantages: readonly Float32Array[];
  readonly returns: readonly Float32Array[];
};

/** An estimate of the policy's divergence from the reference at every token [n]. */
export const tokenDivergence = (
  { policy, reference }: Pick<Rollout, "policy" | "reference">,
  estimator: KlEstimator,
): Float32Array =>
  policy.map((value, at) => {
    const change = reference[at]! - value;
    return estimator === "k1" ? -change : Math.expm1(change) - change;
  });

/** -coefficient · KL on every token, and the score at the last place: as many as there are values. */
export const tokenRewards = (rollout: Rollout, { klCoefficient, klEstimator }: KlOptions): Float32Array => {
  const rewards = new Float32Array(rollout.values.length);
  tokenDivergence(rollout, klEstimator).forEach((kl, at) => {
    rewards[at] = -klCoefficient * kl;
  });
  if (rewards.length > 0) rewards[rewards.length - 1]! += rollout.score;
  return rewards;
};

/** Scales all numbers together to deviation 1 and, unless the mean is kept, shifts them to mean 0. */
export const whiten = (
  lists: readonly Float32Array[],
  options: { readonly keepMean?: boolean } = {},
): Float32Array[] => {
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  const total = lists.reduce((sum, list) => list.reduce((inner, value) => inner + value, sum), 0);
  const centre = total / Math.max(1, count);
  const squares = lists.reduce(
    (sum, list) => list.reduce((inner, value) => inner + (value - centre) ** 2, sum),
    0,
  );
  const scale = 1 / Math.sqrt(squares / Math.max(1, count - 1) + 1e-8);
  const shift = options.keepMean === true ? centre : 0;
  return lists.map((list) => list.map((value) => (value - centre) * scale + shift));
};

/** Advantages of each place: Σ (γλ)^k δ, δ_t = r_t + γ V_{t+1} - V_t, with V = 0 after the last place. */
export const accumulateAdvantages = (
  rewards: Float32Array,
  values: Float32Array,
  { gamma, lambda }: Pick<AdvantageOptions, "gamma" | "lambda">,
): Float32Array => {
  const advantages = new Float32Array(rewards.length);
  let ahead = 0;
  for (let at = rewards.length - 1; at >= 0; at--) {
    const next = at + 1 < rewards.length ? values[at + 1]! : 0;
    ahead = rewards[at]! + gamma * next - values[at]! + gamma * lambda * ahead;
    advantages[at] = ahead;
  }
  return advantages;
};

/** What a step's replies are learned with. Advantages are whitened over all tokens, not over the places after ends. */
export const estimateAdvantages = (rollouts: readonly Rollout[], options: AdvantageOptions): Estimates => {
  const plain = rollouts.map((rollout) => tokenRewards(rollout, options));
  const rewards = options.whitenRewards ? whiten(plain, { keepMean: true }) : plain;
  const all = rewards.map((own, at) => accumulateAdvantages(own, rollouts[at]!.values, options));
  return {
    advantages: whiten(all.map((own, at) => own.subarray(0, rollouts[at]!.policy.length))),
    returns: all.map((own, at) => own.map((value, place) => value + rollouts[at]!.values[place]!)),
  };
};
