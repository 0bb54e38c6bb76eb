// The plan of a command as a dry run shows it: that of its recipe, with a word on a budget that is smaller; or where a file
// would have to be fetched before anything can be counted, that, and what was not looked at for want of it.

import { dollars, UserError } from "../../core/index.ts";
import { type Budget, isEndpoint, runsHere } from "../../models/index.ts";
import type { PlannedStep, Recipe, RecipeContext, RecipePlan } from "../recipe.ts";
import { arrowNotices } from "../settings/folders.ts";
import { fileToFetch } from "../stages/data-files.ts";

type Notices = NonNullable<RecipePlan["notices"]>;

const shown = (part: keyof Budget, value: number): string =>
  part === "money" ? dollars(value) : value.toLocaleString("en-US");

/**
 * Tells of a budget that is smaller than what the steps take at most. Calls and tokens are those of models elsewhere alone
 * (whose time nobody knows), since no others are held to it. under: what stands before the key in the command's settings.
 */
export const budgetNotices = (budget: Budget, steps: readonly PlannedStep[], under = ""): Notices => {
  const most = { calls: 0, tokens: 0, money: 0 };
  for (const { calls, tokens, seconds, dollars = 0 } of steps) {
    most.money += dollars;
    if (seconds !== null) continue;
    most.calls += calls;
    most.tokens += tokens;
  }
  return (["money", "tokens", "calls"] as const).flatMap((part) => {
    const limit = budget[part];
    if (limit === undefined || most[part] <= limit) return [];
    const unit = part === "money" ? "" : ` ${part}`;
    const text = `The budget of ${shown(part, limit)}${unit} is less than the ${shown(part, most[part])} that this takes at most, so it may stop on the way. A run goes on where it stopped with a larger ${under}budget.${part}.`;
    return [{ code: "budget-below-plan", text }];
  });
};

/** Settings whose values are names of models. */
const modelSettings = ["model", "models", "critic", "judge", "reward"];

/** Whoever is named by settings of models, however deep they lie; keys may be paths, as the axes of a sweep are. */
const namedModels = (settings: unknown, isModel = false): string[] => {
  if (typeof settings === "string") return isModel ? [settings] : [];
  if (settings === null || typeof settings !== "object") return [];
  if (Array.isArray(settings)) return settings.flatMap((one) => namedModels(one, isModel));
  return Object.entries(settings).flatMap(([key, value]) =>
    namedModels(value, modelSettings.includes(key.split(".").at(-1)!)),
  );
};

/** Whether scripts or replays give all answers that are not given here. */
const areScripts = (config: unknown): boolean => {
  const named = namedModels(config);
  return named.length > 0 && !named.some((name) => runsHere(name) || isEndpoint(name));
};

/** What a command would look at once the file is here. */
const notLookedAt = (name: string, config: unknown): Notices => {
  const settings = new Map<string, unknown>(Object.entries(config ?? {}));
  const models = modelSettings
    .flatMap((key) => settings.get(key) ?? [])
    .filter((value) => typeof value === "string");
  const out = settings.get("out");
  const further = [
    ...(models.length === 0 ? [] : [`the models (${[...new Set(models)].join(", ")})`]),
    ...(typeof out === "string" ? [`what lies in ${out}`] : []),
  ];
  const after = further.length === 0 ? "" : `, nor what is checked after them: ${further.join(" and ")}`;
  const text = `${name} is not here, and a dry run fetches nothing: its rows were not looked at${after}.`;
  return [{ code: "not-checked", text }];
};

const planFetch = async (name: string, config: unknown, warned: Notices): Promise<RecipePlan> => {
  const { planOf, planWriting } = await import("./plan.ts");
  const step = planWriting("fetch", `${name}, before anything can be counted`);
  return planOf([{ ...step, seconds: null }], [...warned, ...notLookedAt(name, config)]);
};

/** Plans a command. Throws what the recipe throws for input that has to be changed. */
export const planCommand = async (
  recipe: Recipe,
  config: unknown,
  context: Omit<RecipeContext, "dry">,
): Promise<RecipePlan> => {
  const warnings = new Map<string, Notices[number]>();
  const emit: RecipeContext["emit"] = (event) => {
    if (event.type === "warning") warnings.set(event.text, { code: event.code, text: event.text });
    context.emit(event);
  };
  try {
    const plan = await recipe.plan(config, { ...context, emit, dry: true });
    // recipes that ask models have it in their schema (settings.ts), others nothing of that name
    const { budget = {} } = config as { readonly budget?: Budget };
    const arrow = recipe.fromEnvironment && (await arrowNotices(context.environment, config));
    const answered = plan.seconds === null && areScripts(config) ? { ...plan, scripted: true } : plan;
    const notices = [
      ...(arrow ?? []),
      ...warnings.values(),
      ...(plan.notices ?? []),
      ...budgetNotices(budget, plan.steps),
    ];
    return notices.length === 0 ? answered : { ...answered, notices };
  } catch (thrown) {
    if (!(thrown instanceof UserError) || thrown.code !== fileToFetch) throw thrown;
    return planFetch(String(thrown.facts["name"]), config, [...warnings.values()]);
  }
};
