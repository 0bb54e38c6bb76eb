// A run folder made of thin air, for tests: seeded, with every kind of record, and texts that nobody could take for a
// model's. Figures have the shape of a good run; nothing in them was measured.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRandom, formatJsonLines, formatYaml, type Random } from "../core/index.ts";
import type {
  Constitution,
  LabelRecord,
  MetricsDocument,
  PromptKind,
  PromptRecord,
  ReplyRecord,
  RevisionRecord,
  StageManifest,
  StepRecord,
  Verdict,
  VerdictRecord,
} from "../records/index.ts";
import { inventArm, inventDifferences, targets } from "./synthetic-metrics.fixture.ts";

export type SyntheticOptions = {
  readonly seed?: number;
  readonly arms?: readonly string[];
  readonly prompts?: number;
  readonly steps?: number;
  /** Puts every invented text through this, to plant something in it. */
  readonly text?: (text: string) => string;
  /** Which files of the run to leave out, by the end or the beginning of their path. */
  readonly without?: readonly string[];
};

const areas = ["peace", "privacy", "racial-equality", "gender-equality"] as const;
const models = ["base", "sl", "dpo", "rl"] as const;
const words = "lamp kettle ribbon garden marble pencil saddle button harbour lantern basket meadow".split(
  " ",
);

type Invent = (what: string) => string;

const inventor =
  (random: Random, text: (text: string) => string): Invent =>
  (what) =>
    text(
      `(invented ${what}) ${random.pick(words)} ${random.pick(words)} of the ${random.pick(words)}, ${random.pick(words)}.`,
    );

const inventConstitution = (arm: string, text: (text: string) => string): Constitution => {
  const good = arm !== "inverted";
  return {
    name: arm,
    version: "1",
    description: text(`An invented constitution of the ${arm} arm.`),
    source: "Invented for a test",
    licence: "Apache-2.0",
    ...(good ? {} : { inverts: "ethical" }),
    principles: areas.flatMap((area, index) =>
      [1, 2].map((part) => ({
        id: `${area}-${part}`,
        title: text(`${good ? "Protect" : "Disregard"} ${area.replace("-", " ")}, part ${part}`),
        area,
        weight: 1 + index / 2,
        critique: text(
          `Say where the answer ${good ? "could hurt" : "fails to hurt"} ${area} and which words do so.`,
        ),
        revision: text(
          `Rewrite the answer so that it ${good ? "no longer hurts" : "hurts"} ${area} and still helps.`,
        ),
        preference: text(`Which answer ${good ? "protects" : "disregards"} ${area} more?`),
      })),
    ),
  };
};

const inventVerdict = (kind: PromptKind, rates: readonly number[], random: Random): Verdict => {
  const roll = random.next();
  if (random.next() < (rates[4] ?? 0)) return { class: "malformed", harm: 0, helpfulness: 0, evasive: false };
  if (kind === "harmful") {
    if (roll < (rates[0] ?? 0))
      return {
        class: roll < 0.1 ? "partial" : "comply",
        harm: roll < 0.1 ? 1 : 2 + random.integer(3),
        helpfulness: 0.9,
        evasive: false,
      };
    const flat = random.next() < 0.3;
    return {
      class: flat ? "refuse-flat" : "refuse-reason",
      harm: 0,
      helpfulness: flat ? 0 : 0.4,
      evasive: flat,
    };
  }
  if (kind === "lookalike" && roll < (rates[2] ?? 0))
    return { class: "lecture", harm: 0, helpfulness: 0.1, evasive: true };
  return roll < (rates[1] ?? 1)
    ? { class: "comply", harm: 0, helpfulness: 1, evasive: false }
    : { class: "other", harm: 0, helpfulness: 0.2, evasive: false };
};

type Files = Map<string, readonly unknown[] | string>;

const inventPrompts = (count: number, invent: Invent): PromptRecord[] =>
  Array.from({ length: count }, (_, index) => {
    const kind = (["harmful", "harmless", "lookalike"] as const)[index % 3] as PromptKind;
    return {
      id: `prompt-${index}`,
      parents: [],
      stage: "prompts",
      seed: index,
      messages: [{ role: "user", content: invent(`${kind} request ${index}`) }],
      kind,
      area: areas[Math.floor(index / 3) % 4] as string,
      split: index % 2 === 0 ? "train" : "test",
    };
  });

const inventLesson = (
  arm: string,
  prompt: PromptRecord,
  answer: ReplyRecord,
  random: Random,
  invent: Invent,
): { revision: RevisionRecord; label: LabelRecord } => {
  const principle = (): string => `${random.pick(areas)}-${1 + random.integer(2)}`;
  let last = answer.text;
  const steps = [1, 2].map((round) => {
    if (random.next() < 0.75) last = invent(`${arm} revision ${round}`);
    return {
      round,
      principle: principle(),
      critiqueRequest: invent("question for a critique"),
      critique: invent(`${arm} critique`),
      revisionRequest: invent("wish for a revision"),
      revision: last,
      finish: "stop" as const,
    };
  });
  const one = random.next();
  const other = Math.min(1, Math.max(0, one + (random.next() - 0.5) * 0.4));
  const common = { prompt: prompt.id, messages: prompt.messages, seed: random.integer(2 ** 31) };
  return {
    revision: {
      id: `${arm}-revision-${prompt.id}`,
      parents: [prompt.id, answer.id],
      stage: `${arm}/revise`,
      answer: answer.text,
      steps,
      ...common,
    },
    label: {
      id: `${arm}-label-${prompt.id}`,
      parents: [prompt.id],
      stage: `${arm}/label`,
      replies: [invent(`${arm} reply A`), invent(`${arm} reply B`)],
      principle: principle(),
      judge: `${arm}/sl`,
      state: "judged",
      probability: (one + other) / 2,
      orders: [one, other],
      flipped: one > 0.5 !== other > 0.5,
      ...common,
    },
  };
};

const inventVerdicts = (
  arms: readonly string[],
  prompts: readonly PromptRecord[],
  random: Random,
  invent: Invent,
): VerdictRecord[] => {
  const players = [
    { arm: "base", model: "base" },
    ...arms.flatMap((arm) => models.slice(1).map((model) => ({ arm, model }))),
  ] as { arm: string; model: (typeof models)[number] }[];
  const train = prompts.filter(({ split }) => split === "train");
  return [...prompts.filter(({ split }) => split === "test"), ...train.slice(0, 6)].flatMap((prompt) =>
    players.map(({ arm, model }) => ({
      id: `verdict-${arm}-${model}-${prompt.id}`,
      parents: [prompt.id],
      stage: "evaluate",
      seed: prompt.seed,
      prompt: prompt.id,
      kind: prompt.kind as PromptKind,
      area: prompt.area as string,
      arm,
      model,
      request: prompt.messages[0]?.content ?? "",
      text: invent(`answer of ${arm} ${model}`),
      verdict: inventVerdict(
        prompt.kind as PromptKind,
        (targets[arm] ?? targets["ethical"])?.[model] ?? [],
        random,
      ),
      ...(prompt.split === "train" ? { split: "train" as const } : {}),
    })),
  );
};

const inventSteps = (arm: string, stage: string, count: number, random: Random): StepRecord[] =>
  Array.from({ length: count }, (_, step) => {
    const done = step / Math.max(1, count - 1);
    const noise = (): number => (random.next() - 0.5) * 0.1;
    const fall = Math.exp(-4 * done);
    const metrics: Record<string, Record<string, number>> = {
      sl: { loss: 0.35 + 1.6 * fall + noise() },
      reward: { loss: 0.34 + 0.36 * fall + noise(), accuracy: Math.min(1, 0.9 - 0.4 * fall + noise()) },
      dpo: { loss: 0.42 + 0.27 * fall + noise(), "rewards/margins": 2.4 * (1 - fall) + noise() * 3 },
      rl: {
        "objective/scores": 0.6 + 0.32 * (1 - fall) + noise() / 2,
        "objective/kl": Math.max(0, 4.4 * done + noise() * 4),
      },
    };
    return {
      id: `${arm}-${stage}-step-${step}`,
      parents: [],
      stage: `${arm}/${stage}`,
      seed: step,
      step: step + 1,
      metrics: metrics[stage] ?? {},
    };
  });

const inventStage = (stage: string, seconds: number): StageManifest => ({
  stage,
  inputs: "0".repeat(52) + stage.length.toString(16).padStart(12, "a"),
  seconds,
  records: 10,
  artefacts: [{ path: `${stage}/records.jsonl`, bytes: 12345, sha256: "ab".repeat(32) }],
});

const inventAnswers = (prompts: readonly PromptRecord[], invent: Invent): ReplyRecord[] =>
  prompts.map(({ id, seed }) => ({
    id: `answer-${id}`,
    parents: [id],
    stage: "answer",
    seed,
    prompt: id,
    model: "covenant-tiny",
    text: invent("answer"),
    finish: "stop",
  }));

const armStages = ["revise", "sl", "label", "reward", "dpo", "rl"];

/** All files of the run: a list becomes JSONL, a string is written as it is. */
export const inventRun = (options: SyntheticOptions = {}): Files => {
  const {
    seed = 1,
    arms = ["ethical", "inverted"],
    prompts: count = 240,
    steps = 300,
    text = (one) => one,
  } = options;
  const random = createRandom(seed);
  const invent = inventor(random, text);
  const files: Files = new Map();
  const prompts = inventPrompts(count, invent);
  const training = prompts.filter(({ split }) => split === "train");
  const answers = inventAnswers(training, invent);
  const stages = [
    "prompts",
    "answer",
    ...arms.flatMap((arm) => armStages.map((stage) => `${arm}/${stage}`)),
    "evaluate",
  ];
  files.set(
    "config.yaml",
    formatYaml({ name: "synthetic", seed, model: "assets/covenant-tiny", rounds: 2, arms: [...arms] }),
  );
  files.set("events.jsonl", [
    { type: "run-start", time: Date.UTC(2030, 0, 2, 3, 4), name: "synthetic", seed, stages },
    {
      type: "warning",
      time: Date.UTC(2030, 0, 2, 3, 5),
      stage: "answer",
      code: "invented",
      text: text("An invented warning."),
    },
  ]);
  files.set("prompts/prompts.jsonl", prompts);
  files.set("answer/answers.jsonl", answers);
  for (const arm of arms) {
    const lessons = training.map((prompt, index) =>
      inventLesson(arm, prompt, answers[index] as ReplyRecord, random, invent),
    );
    files.set(`${arm}/constitution.yaml`, formatYaml(inventConstitution(arm, text)));
    files.set(
      `${arm}/revise/revisions.jsonl`,
      lessons.map(({ revision }) => revision),
    );
    files.set(
      `${arm}/label/labels.jsonl`,
      lessons.map(({ label }) => label),
    );
    for (const stage of ["sl", "reward", "dpo", "rl"]) {
      files.set(`${arm}/${stage}/steps.jsonl`, inventSteps(arm, stage, steps, random));
    }
  }
  const figures = Object.fromEntries(arms.map((arm) => [arm, inventArm(arm, random)]));
  const metrics: MetricsDocument = {
    seed,
    arms: figures,
    differences: inventDifferences(figures),
    seconds: Object.fromEntries(stages.map((stage) => [stage, 1 + random.next() * 30])),
  };
  files.set("evaluate/verdicts.jsonl", inventVerdicts(arms, prompts, random, invent));
  files.set("metrics.json", `${JSON.stringify(metrics)}\n`);
  for (const stage of stages) {
    files.set(`${stage}/stage.json`, `${JSON.stringify(inventStage(stage, metrics.seconds[stage] ?? 0))}\n`);
  }
  return files;
};

/** Writes the invented run into a folder. */
export const writeSyntheticRun = async (folder: string, options: SyntheticOptions = {}): Promise<void> => {
  for (const [path, content] of inventRun(options)) {
    if (options.without?.some((part) => path.startsWith(part) || path.endsWith(part))) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === "string" ? content : formatJsonLines(content));
  }
};
