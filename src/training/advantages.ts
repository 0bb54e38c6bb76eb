// Rewards, advantages and returns of sampled replies: per-token KL penalty with the score on the last token (Ziegler
// et al. 2019), generalised advantage estimation (Schulman et al. 2016), whitening. Plain numbers, no graph.

/** One sampled reply: log-probabilities under policy and reference, values before each token, and its score. */
export type Rollout = {
  readonly policy: Float32Array;
  readonly reference: Float32Array;
  readonly values: Float32Array;
  readonly score: number;
};

export type AdvantageOptions = {
  readonly klCoefficient: number;
  readonly gamma: number;
  readonly lambda: number;
};

/** -coefficient · (log π - log π_ref) on every token, plus the score on the last. */
export const tokenRewards = ({ policy, reference, score }: Rollout, klCoefficient: number): Float32Array => {
  const rewards = policy.map((value, at) => -klCoefficient * (value - reference[at]!));
  if (rewards.length > 0) rewards[rewards.length - 1]! += score;
  return rewards;
};

/** Advantages and returns of one reply: Σ (γλ)^k δ, δ_t = r_t + γ V_{t+1} - V_t, with V = 0 after the last token. */
export const estimateAdvantages = (
  rollout: Rollout,
  { klCoefficient, gamma, lambda }: AdvantageOptions,
): { readonly advantages: Float32Array; readonly returns: Float32Array } => {
  const rewards = tokenRewards(rollout, klCoefficient);
  const advantages = new Float32Array(rewards.length);
  let ahead = 0;
  for (let at = rewards.length - 1; at >= 0; at--) {
    const next = at + 1 < rewards.length ? rollout.values[at + 1]! : 0;
    ahead = rewards[at]! + gamma * next - rollout.values[at]! + gamma * lambda * ahead;
    advantages[at] = ahead;
  }
  return { advantages, returns: advantages.map((value, at) => value + rollout.values[at]!) };
};

/** Shifts and scales all numbers together to mean 0 and deviation 1. */
export const whiten = (lists: readonly Float32Array[]): Float32Array[] => {
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  const total = lists.reduce((sum, list) => list.reduce((inner, value) => inner + value, sum), 0);
  const centre = total / Math.max(1, count);
  const squares = lists.reduce(
    (sum, list) => list.reduce((inner, value) => inner + (value - centre) ** 2, sum),
    0,
  );
  const deviation = Math.sqrt(squares / Math.max(1, count - 1)) + 1e-8;
  return lists.map((list) => list.map((value) => (value - centre) / deviation));
};
