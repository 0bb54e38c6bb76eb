// `covenant revise --prompt "..."`: one answer and its rounds, told step by step as they come. Writes no folder; the
// whole flow is one document for --json.

import { differenceOfTexts, loadConstitution } from "../../constitution/index.ts";
import { CovenantError, counted } from "../../core/index.ts";
import { isAnswered, type RevisionEvent, reviseBatch, sampleReplies } from "../../feedback/index.ts";
import { type LanguageModel, type LoadFormat, priceOfModel } from "../../models/index.ts";
import type {
  Constitution,
  Finish,
  PrincipleCheck,
  PromptRecord,
  ReplyRecord,
  RevisionExample,
  RevisionRecord,
  RevisionStep,
  StepFinish,
} from "../../records/index.ts";
import { foreignNotices } from "../inputs/foreign-principles.ts";
import { checkInputs } from "../inputs/open-stages.ts";
import { planOf, planReplies, planRevisions } from "../plans/plan.ts";
import { lettersBy } from "../plans/plan-letters.ts";
import type { RecipeContext, RecipeOutcome, RecipePlan } from "../recipe.ts";
import { constitutionUnder } from "../settings/arms.ts";
import type { CallSettings, ReviseSettings, SamplingSettings } from "../settings/settings.ts";
import { withCalledModel } from "../stages/called-model.ts";
import { openCalls } from "../stages/calls.ts";
import { loadExamples, revisedBy, revisionExtras } from "../stages/revising.ts";
import { moreVoteTokens } from "../summaries/recheck-summary.ts";
import { countDifference, isReadable, markDifference } from "../summaries/word-difference.ts";

/** What of the settings of `covenant revise` concerns one prompt. */
export type ReviseOneConfig = {
  readonly seed: number;
  readonly model: string;
  readonly critic?: string | undefined;
  readonly constitution: string;
  readonly inverted: boolean;
  readonly sampling: SamplingSettings;
  readonly revise: ReviseSettings;
  readonly load?: LoadFormat | undefined;
} & CallSettings;

/** What is named, looked at as the run would look at it. */
const check = (config: ReviseOneConfig, context: RecipeContext) => {
  const { model, critic = model, load } = config;
  return checkInputs(
    { models: { model: [model, "asked"], critic: [critic, "asked"] }, load, calls: config },
    context,
  );
};

type Prepared = {
  readonly constitution: Constitution;
  readonly examples: readonly RevisionExample[] | undefined;
  readonly prompt: PromptRecord;
};

const prepare = async (config: ReviseOneConfig, text: string): Promise<Prepared> => {
  const document = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
  return {
    constitution: revisedBy(document, config.revise, config.seed),
    examples: await loadExamples(config.revise),
    prompt: {
      id: "prompt",
      parents: [],
      stage: "prompts",
      seed: config.seed,
      messages: [{ role: "user", content: text }],
      split: "train",
    },
  };
};

/** What it would take. */
export const planOne = async (
  config: ReviseOneConfig,
  text: string,
  context: RecipeContext,
): Promise<RecipePlan> => {
  const { constitution, examples, prompt } = await prepare(config, text);
  const { speeds, languages } = await check(config, context);
  const { model, critic = model, prices = {} } = config;
  const { maxTokens } = config.sampling;
  const price = priceOfModel(prices, model);
  const steps = [
    planReplies("answer", [prompt], { maxTokens, speed: speeds["model"]!, price }),
    planRevisions("revise", [prompt], constitution, {
      ...config.revise,
      ...revisionExtras({ examples }),
      ...{ maxTokens, speed: speeds["critic"]!, price: priceOfModel(prices, critic) },
      ...lettersBy(critic),
    }),
  ];
  return planOf(steps, foreignNotices(constitution, critic, languages["critic"]));
};

const margin = 13;

/** A text at the margin, all its lines. */
const below = (text: string): string =>
  `${" ".repeat(margin)}${text.replaceAll("\n", `\n${" ".repeat(margin)}`)}\n`;

/** A name, and a text beside it whose further lines stand below its first. */
const entry = (name: string, text: string): string =>
  `${`${name}:`.padEnd(margin)}${below(text).slice(margin)}`;

const describeCuts = (step: RevisionStep): string =>
  [...(step.cuts?.critique ?? []), ...(step.cuts?.revision ?? [])]
    .map(({ rule, text }) => entry("  Cut", `${rule}: ${JSON.stringify(text)}`))
    .join("");

const states = {
  stop: "",
  length: " (cut by the limit of tokens: raise --max-tokens)",
  refusal: "(the provider refused)",
  overflow: "(too long for the model's context)",
  rejected: "(the server rejected the request)",
  empty: "(the model said nothing)",
  critique: "(the model wrote a critique in its place)",
} as const;

/** Why a further round's revision was turned down. */
const repeats = "it is the reply before it once more";
const keepsLess =
  "it is not known to keep all the principles that the reply before it keeps, and more; that one stays";

/** What is said in the place of a round's revision; null where one was written. */
const withoutRevision = (before: string, { revision, rejected, finish }: RevisionStep): string | null => {
  const isNone =
    (finish !== "stop" && finish !== "length") || (finish === "length" && (rejected ?? revision) === before);
  return isNone ? `none ${states[finish].trim()}; the reply stays` : null;
};

/** The revision of a round in a line of its own, or why there is none. before: the reply before the round. */
export const revisionTold = (before: string, step: RevisionStep): string => {
  const { revision, rejected, finish } = step;
  const none = withoutRevision(before, step);
  if (none !== null) return none;
  return `${rejected ?? revision}${states[finish]}${rejected === undefined ? "" : " (not taken)"}`;
};

const describeStep = (before: string, step: RevisionStep, colours: boolean): string => {
  const { revision, rejected, finish } = step;
  const text = rejected ?? revision;
  const none = withoutRevision(before, step);
  if (none !== null) return `${entry("  Revision", none)}${describeCuts(step)}`;
  const change = differenceOfTexts(before, text);
  return [
    entry("  Revision", `${text}${states[finish]}`),
    entry("  Changed", countDifference(change)),
    isReadable(change) ? below(markDifference(change, colours)) : "",
    describeCuts(step),
    rejected === undefined ? "" : entry("  Not taken", rejected === before ? repeats : keepsLess),
  ].join("");
};

const percent = (share: number | undefined): string =>
  share === undefined ? "" : ` (${Math.round(100 * share)} %)`;

const describeCheck = ({ verdicts }: PrincipleCheck): string => {
  const of = (wanted: string): string[] =>
    verdicts
      .filter(({ verdict }) => verdict === wanted)
      .map(({ principle, kept }) => `${principle}${wanted === "violated" ? percent(kept) : ""}`);
  const [kept, violated, unknown] = [of("kept"), of("violated"), of("unknown")];
  const parts = [
    `keeps ${kept.length} of ${counted(verdicts.length, "principle")}`,
    ...(violated.length === 0 ? [] : [`violates ${violated.join(", ")}`]),
    ...(unknown.length === 0 ? [] : [`no readable verdict on ${unknown.join(", ")}`]),
  ];
  const wasCut = verdicts.some(({ reason }) => reason === "cut");
  return entry("  Tested", `${parts.join("; ")}${wasCut ? `\n${moreVoteTokens}` : ""}`);
};

/** Tells events as they come. */
const createTeller = (write: (text: string) => void, { rounds, mode }: ReviseSettings, colours: boolean) => {
  const begin = (round: number, { id, title }: { readonly id: string; readonly title: string }): void =>
    write(
      `\n${round > rounds ? `Further round ${round - rounds}` : `Round ${round} of ${rounds}`}: ${title}${title === id ? "" : ` (${id})`}\n`,
    );
  return (event: RevisionEvent): void => {
    switch (event.type) {
      case "critique-written":
        begin(event.round, event.principle);
        write(entry("  Asked", event.principle.critique));
        write(entry("  Critique", `${event.critique}${states[event.finish]}`));
        return;
      case "revision-written":
        if (mode === "direct") begin(event.step.round, event.principle);
        write(entry("  Asked", event.principle.revision));
        write(describeStep(event.before, event.step, colours));
        return;
      case "reply-checked":
        write(describeCheck(event.check));
        return;
      default:
        event satisfies never;
    }
  };
};

/** Why there is nothing to revise, and what to do about it. said: by the server of a request that it rejected. */
const adviceFor = (finish: Finish | undefined, said = ""): string => {
  switch (finish) {
    case "length":
      return "It was cut by the limit of tokens before it said anything: raise --max-tokens.";
    case "refusal":
      return "The provider refused the prompt. Say it otherwise, or name another --model.";
    case "overflow":
      return "The prompt is too long for the model's context. Shorten it, or name a --model with a longer one.";
    case "rejected":
      return `The server rejected the request${said === "" ? "" : `, saying: ${said.replace(/\.$/, "")}`}. Change what it names, or name another --model.`;
    default:
      return "It said nothing, or nothing but what is cut. Try another --seed, or name another --model.";
  }
};

const answerTo = async (
  model: LanguageModel,
  prompt: PromptRecord,
  config: ReviseOneConfig,
  signal: AbortSignal,
  rejection: () => string | undefined,
): Promise<ReplyRecord> => {
  const options = { model, prompts: [prompt], runSeed: config.seed, stage: "answer", signal };
  for await (const { records } of sampleReplies({ ...options, ...config.sampling })) {
    const [answer] = records;
    if (answer !== undefined && isAnswered(answer)) return answer;
    const finish = answer?.finish;
    throw new CovenantError(
      "replies-none",
      `${model.id} gave no answer to revise. ${adviceFor(finish, rejection())}`,
      { model: model.id, finish },
    );
  }
  throw new CovenantError("replies-none", `${model.id} gave no answer.`, { model: model.id });
};

const documentOf = (
  { messages, answer, steps, checks, failing }: RevisionRecord,
  { model, critic, seed }: ReviseOneConfig,
  { name }: Constitution,
) => ({
  model,
  ...(critic === undefined ? {} : { critic }),
  constitution: name,
  seed,
  messages,
  answer,
  steps,
  ...(checks === undefined ? {} : { checks, failing }),
  reply: steps.at(-1)?.revision ?? answer,
});

/** How the reply at the end came to its own: as the last revision that was taken, else as the answer. */
const finishOf = (answer: string, steps: readonly RevisionStep[], answered: Finish): Finish | StepFinish =>
  steps.findLast(
    (step, at) =>
      step.rejected === undefined && withoutRevision(steps[at - 1]?.revision ?? answer, step) === null,
  )?.finish ?? answered;

type ToRevise = Prepared & { readonly answer: ReplyRecord };

/** The revisions of an answer, told as they come. */
const reviseAnswer = async (
  critic: LanguageModel,
  { revise, sampling, seed }: ReviseOneConfig,
  { constitution, prompt, examples, answer }: ToRevise,
  context: RecipeContext,
  write: (text: string) => void,
): Promise<RevisionRecord> => {
  const chunks = reviseBatch({
    model: critic,
    items: [{ prompt: prompt.id, reply: answer.id, messages: prompt.messages, answer: answer.text }],
    constitution,
    rounds: revise.rounds,
    mode: revise.mode,
    ...revisionExtras({ ...revise, examples }),
    runSeed: seed,
    stage: "revise",
    signal: context.signal,
    onEvent: createTeller(write, revise, context.colours === true),
    ...sampling,
  });
  for await (const { records } of chunks) return records[0]!;
  throw new CovenantError("revisions-none", `${critic.id} revised nothing.`, { model: critic.id });
};

/** Warnings as they come, but what a server says of a request that it rejects while `holds`: that is the error's to tell. */
const holdRejection = (emit: RecipeContext["emit"]) => {
  let said: string | undefined;
  let holds = true;
  return {
    said: () => said,
    release: () => {
      holds = false;
    },
    emit: (event: Parameters<RecipeContext["emit"]>[0]): void => {
      if (holds && event.type === "warning" && event.code === "model-rejected") said = event.text;
      else emit(event);
    },
  };
};

/** The answer to a prompt, by the model, and its revisions, by the critic. finish: of the reply at the end. */
const answerAndRevise = async (
  config: ReviseOneConfig,
  prepared: Prepared,
  context: RecipeContext,
  write: (text: string) => void,
) => {
  const { model, critic = model, load } = config;
  await using calls = openCalls(config);
  const held = holdRejection(context.emit);
  const opening = { context: { ...context, emit: held.emit }, calls, load };
  return withCalledModel(model, opening, async (opened) => {
    const answer = await answerTo(opened, prepared.prompt, config, context.signal, held.said);
    held.release();
    write(entry("Answer", `${answer.text}${states[answer.finish]}`));
    const revise = (by: LanguageModel): Promise<RevisionRecord> =>
      reviseAnswer(by, config, { ...prepared, answer }, context, write);
    const record = await (critic === model ? revise(opened) : withCalledModel(critic, opening, revise));
    return { record, finish: finishOf(answer.text, record.steps, answer.finish) };
  });
};

/** Answers one prompt and revises the answer, telling every step as it comes. */
export const reviseOne = async (
  config: ReviseOneConfig,
  text: string,
  context: RecipeContext,
): Promise<RecipeOutcome> => {
  const prepared = await prepare(config, text);
  const { languages } = await check(config, context);
  const { model, critic = model } = config;
  for (const notice of foreignNotices(prepared.constitution, critic, languages["critic"]))
    context.emit({ type: "warning", time: context.clock.now(), ...notice });
  const lines: string[] = [];
  const write = context.conversation?.write ?? ((part: string) => lines.push(part.replace(/\n$/, "")));
  write(entry("Prompt", text));
  const { record, finish } = await answerAndRevise(config, prepared, context, write);
  const document = documentOf(record, config, prepared.constitution);
  write(`\n${entry("Reply", `${document.reply}${states[finish]}`)}`);
  if (record.failing !== undefined)
    write(
      entry(
        "Tested",
        record.failing.length === 0
          ? "keeps every principle"
          : `not known to keep ${record.failing.join(", ")}`,
      ),
    );
  return { lines, quoted: lines.length, document };
};
