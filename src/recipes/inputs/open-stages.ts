// Before a recipe begins: everything its settings name is looked at, so that a mistake leaves no folder behind and is
// told before any question of which run lies in it. Then the run folder is opened. Dry runs take the same way, but for
// the opening.

import { resolve } from "node:path";
import { hashConstitution } from "../../constitution/index.ts";
import { counted, createRedact, dollars, durationText, sha256File } from "../../core/index.ts";
import {
  type LoadFormat,
  loadElsewhere,
  readAccounts,
  runsHere,
  spentOf,
  sumAccounts,
} from "../../models/index.ts";
import type { Constitution } from "../../records/index.ts";
import {
  checkRunFolder,
  openReused,
  openRun,
  type Reuse,
  type Run,
  readTurns,
  secondsOfAttempts,
} from "../../runs/index.ts";
import type { ModelConfig } from "../../transformer/index.ts";
import type { Speed } from "../costs/model-time.ts";
import type { RecipeContext } from "../recipe.ts";
import { providerContents } from "../settings/computing.ts";
import type { CallSettings } from "../settings/settings.ts";
import { watchingKeys } from "../settings/watching.ts";
import { checkBudget, checkPrices, ledgerFile, openCalls } from "../stages/calls.ts";
import { checkModel, type ModelLanguage, type ModelRole, speedOf } from "../stages/model-checks.ts";
import type { StartSettings } from "../stages/models.ts";
import type { Pipeline } from "../stages/stage-model.ts";

/**
 * What a recipe's settings name that lies outside the run folder, by the part it plays. load: how those that answer here
 * are to hold their projections; models that answer elsewhere may stand beside them, but not alone.
 */
export type NamedInputs = {
  readonly models?: Readonly<Record<string, readonly [name: string, role: ModelRole]>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly constitution?: Constitution;
  readonly load?: LoadFormat | undefined;
  readonly calls?: CallSettings;
  /** How models that are trained are opened for it. */
  readonly training?: StartSettings;
};

/** Throws UserError when fewer bits are asked for and no weights are read here. */
const requireLoadable = ({ models = {}, load }: NamedInputs): void => {
  const names = [...new Set(Object.values(models).map(([name]) => name))];
  if (load !== undefined && !names.some(runsHere)) throw loadElsewhere(names, load);
};

/**
 * contents: hashes of what is named, since under the same name something else may lie there tomorrow. speeds: of the
 * models, for plans; configs: their shapes; tokens: hashes of their vocabularies; languages: how they read texts. null
 * for those that run elsewhere.
 */
export type CheckedInputs = {
  readonly contents: Readonly<Record<string, string>>;
  readonly speeds: Readonly<Record<string, Speed>>;
  readonly configs: Readonly<Record<string, ModelConfig | null>>;
  readonly tokens: Readonly<Record<string, string | null>>;
  readonly languages: Readonly<Record<string, ModelLanguage | null>>;
};

/** Looks at all that is named. Throws UserError for what is missing, broken or not fit for its part. */
export const checkInputs = async (named: NamedInputs, context: RecipeContext): Promise<CheckedInputs> => {
  requireLoadable(named);
  const contents: Record<string, string> = {};
  const speeds: Record<string, Speed> = {};
  const configs: Record<string, ModelConfig | null> = {};
  const vocabularies: Record<string, string | null> = {};
  const languages: Record<string, ModelLanguage | null> = {};
  checkPrices(named.calls, Object.values(named.models ?? {}));
  for (const [part, [name, role]] of Object.entries(named.models ?? {})) {
    const { hash, config, task, tokens, language } = await checkModel(name, role, context, named);
    if (hash !== null) contents[part] = hash;
    speeds[part] = config === null ? null : await speedOf({ config, task }, context);
    configs[part] = config;
    vocabularies[part] = tokens;
    languages[part] = language;
  }
  for (const [part, file] of Object.entries(named.files ?? {}))
    contents[part] = (await sha256File(file)).sha256;
  if (named.constitution !== undefined) contents["constitution"] = hashConstitution(named.constitution);
  return { contents, speeds, configs, tokens: vocabularies, languages };
};

/** checkInputs for a command, and the run that it is about to begin or continue. */
export const checkRequest = async <Config extends RunRequest["config"] & CallSettings>(
  name: string,
  stages: readonly string[],
  config: Config,
  named: Omit<NamedInputs, "calls" | "load">,
  context: RecipeContext,
) => {
  const inputs = await checkInputs({ ...named, calls: config, load: config.load }, context);
  return { inputs, request: { name, config, stages, inputs } };
};

/** The file of opened prompts, where they come from one. */
export const promptFile = ({ file }: { readonly file: string | null }): Readonly<Record<string, string>> =>
  file === null ? {} : { prompts: file };

/** A run that is about to be begun or continued. What concerns calls alone is no part of what a run is. */
export type RunRequest = {
  readonly name: string;
  readonly config: {
    readonly out: string;
    readonly seed: number;
    readonly load?: LoadFormat | undefined;
  } & CallSettings;
  readonly stages: readonly string[];
  readonly inputs: CheckedInputs;
  /** As of a recipe. */
  readonly separable?: readonly string[];
};

/** What commands write down, of what they were given or by chance, before they ask a model for the first time. */
const writtenBefore = ["prompts", "priors", "votes/candidates.jsonl", "constitution.yaml"];

/** Where no model is asked, the same is what a command makes. */
const givenOf = ({ speeds }: CheckedInputs): readonly string[] =>
  Object.keys(speeds).length > 0 ? writtenBefore : [];

const identityOf = ({ name, config, inputs, separable }: RunRequest, context: RecipeContext) => {
  const { out, endpoint, budget, prices, cache, record, ...decisive } = config;
  const { fresh, reuse: from } = context;
  const reuse = from === undefined || separable === undefined ? undefined : { from, separable };
  const contents = { ...inputs.contents, ...providerContents(context) };
  const isElsewhere = Object.values(inputs.configs).includes(null);
  const beside =
    isElsewhere || record !== undefined ? { endpoint, budget, prices, cache, record } : undefined;
  const told = { config: decisive, contents, beside, indifferent: watchingKeys, given: givenOf(inputs) };
  return { folder: out, name, ...told, seed: config.seed, fresh, reuse };
};

const checkSpending = async ({ config }: RunRequest, { fresh }: RecipeContext): Promise<void> => {
  if (fresh !== true) await checkBudget(config, config.out);
};

/** "; so far it took 4 min 55 s", and where there is an account ", 12 calls, 340 tokens, $0.02". */
const describeTaken = async (folder: string): Promise<string> => {
  const time = durationText(secondsOfAttempts(await readTurns(resolve(folder))));
  const { calls, tokens, money } = spentOf(
    sumAccounts((await readAccounts(ledgerFile(resolve(folder)))).values()),
  );
  const cost = money > 0 ? `, ${dollars(money)}` : "";
  const account = calls === 0 ? "" : `, ${counted(calls, "call")}, ${counted(tokens, "token")}${cost}`;
  return `; so far it took ${time}${account}`;
};

/** The codes of what is told of a run that is there. */
export const thereCodes: readonly string[] = ["run-begun", "run-finished"];

/** What a dry run needs to know of a run folder: throws as checkRunFolder, and warns of a run that would be continued. */
export const checkThere = async (
  identity: Parameters<typeof checkRunFolder>[0] & { readonly reuse?: Reuse | undefined },
  { emit, clock }: RecipeContext,
): Promise<void> => {
  const tell = (code: string, text: string) => emit({ type: "warning", time: clock.now(), code, text });
  const { folder, reuse } = identity;
  if (reuse !== undefined) {
    await openReused(reuse, identity, folder);
    const text = `Of ${reuse.from} every stage is taken over that this run would make in the same way. The figures are for the whole of it.`;
    tell("run-reused", text);
  }
  const there = await checkRunFolder(identity);
  if (there === undefined) return;
  const does =
    there === "begun" ? "begun: the command goes on with it" : "finished: the command makes nothing again";
  const text = `${identity.folder} holds this run, ${does}. The figures are for the whole of it${await describeTaken(identity.folder)}.`;
  tell(`run-${there}`, text);
};

/** What a dry run needs to know of the folder: throws UserError where openStages would, and touches nothing. */
export const checkFolder = async (request: RunRequest, context: RecipeContext): Promise<void> => {
  await checkThere(identityOf(request, context), context);
  await checkSpending(request, context);
};

/** A pipeline over a run folder; dispose of it to release the folder. */
export const openStages = async (
  request: RunRequest,
  context: RecipeContext,
): Promise<Pipeline & AsyncDisposable & { readonly run: Run }> => {
  await checkSpending(request, context);
  const run = await openRun({
    ...identityOf(request, context),
    stages: request.stages,
    clock: context.clock,
    onEvent: context.emit,
    redact: createRedact(context.environment),
    signal: context.signal,
  });
  const { load } = request.config;
  const calls = openCalls(request.config, run.folder);
  return {
    run,
    context,
    calls,
    ...(load === undefined ? {} : { load }),
    async [Symbol.asyncDispose]() {
      await calls.close();
      await run.close();
    },
  };
};
