// Settings that watch over a training and change nothing of what it learns: when the run is stopped or a person is told.
// They are in a run's configuration, but tell no run from another, so that a run that was stopped goes on with others.

/** Their names in the settings of a training. */
type Watching = "atChance" | "alarms";

/** Their keys in a configuration. */
export const watchingKeys: readonly string[] = ["reward.atChance", "ppo.alarms", "grpo.alarms"];

/** A training's settings but for these: what decides what it learns. */
export const withoutWatching = <Settings extends object>(settings: Settings): Omit<Settings, Watching> => {
  const {
    atChance: _atChance,
    alarms: _alarms,
    ...deciding
  } = settings as Settings & {
    readonly [Name in Watching]?: unknown;
  };
  return deciding;
};
