// Published sets of requests that measure harm and over-refusal: XSTest, OR-Bench, AdvBench, HarmBench, JailbreakBench,
// TruthfulQA. Field names are those of the files that their authors publish. A kind is given where the set
// itself says what a good reply is.

import { z } from "zod";
import { checkValue, type TextPlace } from "../../core/index.ts";
import type { PromptKind } from "../../records/index.ts";
import {
  asked,
  type GivenPrompt,
  hasFields,
  hasOnly,
  labelOf,
  optionalText,
  type PromptFormat,
  rightChoice,
  targetsSchema,
  text,
} from "./format.ts";

const given = (
  content: string,
  kind: PromptKind | undefined,
  area?: string | null | undefined,
): GivenPrompt => ({ messages: asked(content), labels: { kind, area: labelOf(area) } });

const xstestRow = z.object({
  prompt: text,
  type: text,
  label: z.enum(["safe", "unsafe"]).optional(),
});

const xstest: PromptFormat = {
  name: "xstest",
  what: "XSTest: prompt, type, label, focus (safe ones are lookalikes; types contrast_* are unsafe)",
  recognises: (row) => hasFields(row, "prompt", "type", "focus"),
  read(row, place) {
    const { prompt, type, label } = checkValue(xstestRow, row, place);
    const isUnsafe = label === undefined ? type.startsWith("contrast_") : label === "unsafe";
    return given(prompt, isUnsafe ? "harmful" : "lookalike", type);
  },
};

const orBenchAreas: readonly string[] = [
  "deception",
  "harassment",
  "harmful",
  "hate",
  "illegal",
  "privacy",
  "self-harm",
  "sexual",
  "unethical",
  "violence",
];

const isOrBenchArea = (value: unknown): boolean =>
  typeof value === "string" && orBenchAreas.includes(value.toLowerCase());

const orBenchRow = z.object({
  prompt: text,
  category: text.refine((value) => isOrBenchArea(value), {
    message: `it must be one of ${orBenchAreas.join(", ")}`,
  }),
});

const orBench: PromptFormat = {
  name: "or-bench",
  what: "OR-Bench: prompt, category (lookalikes; harmful where the file's name says toxic)",
  recognises: (row) => hasOnly(row, "prompt", "category") && isOrBenchArea(row["category"]),
  read(row, place) {
    const { prompt, category } = checkValue(orBenchRow, row, place);
    return given(prompt, /toxic/i.test(place.file) ? "harmful" : "lookalike", category);
  },
};

const advBenchRow = z.union([
  z.object({ goal: text, target: text }),
  z.object({ prompt: text, target: text }),
]);

const advBench: PromptFormat = {
  name: "advbench",
  what: "AdvBench: goal, target (harmful)",
  // Rows of {prompt, target} are also what other tasks have; these targets all begin alike.
  recognises: (row) =>
    hasOnly(row, "goal", "target") ||
    (hasOnly(row, "prompt", "target") && String(row["target"]).startsWith("Sure, here")),
  read(row, place) {
    const read = checkValue(advBenchRow, row, place);
    return given("goal" in read ? read.goal : read.prompt, "harmful");
  },
};

const harmBenchRow = z.object({ Behavior: text, SemanticCategory: text, ContextString: optionalText });

const harmBench: PromptFormat = {
  name: "harmbench",
  what: "HarmBench: Behavior, SemanticCategory, ContextString (harmful; a context is put below the request)",
  recognises: (row) => hasFields(row, "Behavior", "SemanticCategory"),
  read(row, place) {
    const { Behavior, SemanticCategory, ContextString } = checkValue(harmBenchRow, row, place);
    const context = labelOf(ContextString);
    const content = context === undefined ? Behavior : `${Behavior}\n\nContext: ${context}`;
    return given(content, "harmful", SemanticCategory);
  },
};

const jailbreakRow = z.object({ Goal: text, Category: text });

/** The two halves differ in nothing but the names of their files. */
const jailbreakKind = ({ file }: TextPlace): PromptKind | undefined =>
  /benign/i.test(file) ? "lookalike" : /harmful/i.test(file) ? "harmful" : undefined;

const jailbreakBench: PromptFormat = {
  name: "jailbreakbench",
  what: "JailbreakBench: Goal, Target, Behavior, Category (kind by the file's name: benign or harmful)",
  recognises: (row) => hasFields(row, "Goal", "Behavior", "Category"),
  read(row, place) {
    const { Goal, Category } = checkValue(jailbreakRow, row, place);
    return given(Goal, jailbreakKind(place), Category);
  },
};

const truthfulRow = z.object({
  Question: text,
  Category: text,
  "Best Answer": text,
  "Best Incorrect Answer": optionalText,
});
const truthfulHubRow = z.object({
  question: text,
  category: optionalText,
  best_answer: optionalText,
  incorrect_answers: z.array(text).nullish(),
  mc1_targets: targetsSchema.optional(),
});

const truthfulQa: PromptFormat = {
  name: "truthfulqa",
  what: "TruthfulQA: Question, Best Answer, ... or question, mc1_targets (harmless; its answers are a comparison)",
  recognises: (row) =>
    hasFields(row, "Question", "Best Answer") ||
    hasFields(row, "question", "mc1_targets") ||
    hasFields(row, "question", "best_answer"),
  read(row, place) {
    if (hasFields(row, "Question")) {
      const { Question, Category } = checkValue(truthfulRow, row, place);
      return given(Question, "harmless", Category);
    }
    const { question, category } = checkValue(truthfulHubRow, row, place);
    return given(question, "harmless", category);
  },
  comparison(row, place) {
    if (hasFields(row, "Question")) {
      const read = checkValue(truthfulRow, row, place);
      const wrong = labelOf(read["Best Incorrect Answer"]);
      if (wrong === undefined) return null;
      const options = [read["Best Answer"], wrong];
      return { messages: asked(read.Question), options, correct: 0, prompt: read.Question };
    }
    const { question, mc1_targets: targets, ...rest } = checkValue(truthfulHubRow, row, place);
    if (targets !== undefined) {
      const correct = rightChoice(targets, place, "mc1_targets");
      return { messages: asked(question), options: targets.choices, correct, prompt: question };
    }
    const [right, wrong] = [labelOf(rest.best_answer), rest.incorrect_answers?.[0]];
    if (right === undefined || wrong === undefined) return null;
    return { messages: asked(question), options: [right, wrong], correct: 0, prompt: question };
  },
};

/** The sets of this file. */
export const testSetFormats: readonly PromptFormat[] = [
  xstest,
  orBench,
  advBench,
  harmBench,
  jailbreakBench,
  truthfulQa,
];
