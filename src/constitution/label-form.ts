// The two wordings in which a judge is asked to compare replies, directly or after a chain of thought, with examples
// before the question. own: chat messages. paper: one text with the bytes of the published files of Bai et al. 2022
// (section 4.1, appendix E.2), transcripts "\n\nHuman:" and " (A)" with its space included, put into one user message.

import type { Message, Principle } from "../records/index.ts";
import { type Comparison, comparisonOptions, renderComparison, renderConversation } from "./comparison.ts";
import { loadTemplate, renderTemplate, type Template } from "./template.ts";

/** A comparison whose answer is known. better: the first or the second reply. */
export type ComparisonExample = Comparison & { readonly better: 0 | 1 };

/**
 * A comparison with a written chain of thought, in the published format: text is the whole of it, from "Human:" to the
 * letter; question, reasoning and letter are its parts. "{}" in text and question is where a principle goes.
 */
export type ReasoningExample = {
  readonly text: string;
  readonly question: string;
  readonly reasoning: string;
  readonly letter: "(A)" | "(B)";
  readonly principle: Pick<Principle, "preference">;
};

/**
 * options: what the judge's reply begins with: the continuations to score. stop: what ends a chain of thought. choice:
 * the question whose answer is a letter; reasoning: the one whose answer is a chain; verdict: what asks for the letter
 * after it.
 */
export type LabelForm = {
  readonly name: "own" | "paper";
  readonly options: readonly [string, string];
  readonly stop: readonly string[];
  choice(comparison: Comparison, examples: readonly ComparisonExample[]): Message[];
  reasoning(comparison: Comparison, examples: readonly ReasoningExample[]): Message[];
  verdict(asked: readonly Message[], reasoning: string): Message[];
};

const comparisonHoles = ["conversation", "preference", "first", "second"] as const;
type ComparisonTemplate = Template<(typeof comparisonHoles)[number]>;

const load = (name: string): ComparisonTemplate =>
  loadTemplate(new URL(`./prompts/${name}.txt`, import.meta.url), comparisonHoles);

const reasoningTemplate = load("reasoning");
const paperComparisonTemplate = load("paper-comparison");
const paperReasoningTemplate = load("paper-reasoning");
const verdictTemplate = loadTemplate(new URL("./prompts/verdict.txt", import.meta.url), []);
const paperVerdictTemplate = loadTemplate(new URL("./prompts/paper-verdict.txt", import.meta.url), [
  "reasoning",
]);

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });

/** Puts a text where "{}" stands. */
const fillSlot = (text: string, inserted: string): string => text.split("{}").join(inserted);

/** Our own wording, as a chat. */
export const ownForm: LabelForm = {
  name: "own",
  options: comparisonOptions,
  stop: [],
  choice: (comparison, examples) => [
    ...examples.flatMap((example) => [
      ...renderComparison(example),
      assistant(comparisonOptions[example.better]),
    ]),
    ...renderComparison(comparison),
  ],
  reasoning: ({ messages, principle, first, second }, examples) => [
    ...examples.flatMap(({ question, reasoning, letter, principle: own }) => [
      user(fillSlot(question, own.preference)),
      assistant(reasoning),
      user(renderTemplate(verdictTemplate, {})),
      assistant(letter),
    ]),
    user(
      renderTemplate(reasoningTemplate, {
        conversation: renderConversation(messages),
        preference: principle.preference,
        first,
        second,
      }),
    ),
  ],
  verdict: (asked, reasoning) => [...asked, assistant(reasoning), user(renderTemplate(verdictTemplate, {}))],
};

const speakers = {
  choice: { user: "Human", assistant: "Assistant" },
  reasoning: { user: "H", assistant: "A" },
};

const transcript = (messages: readonly Message[], names: { user: string; assistant: string }): string =>
  messages
    .map(({ role, content }) => `\n\n${role === "system" ? "" : `${names[role]}: `}${content}`)
    .join("");

/** Published principles end in "Options:", which the frame says as well. */
const paperPreference = ({ preference }: Pick<Principle, "preference">): string =>
  preference.trim().replace(/\s*Options:$/, "");

const paperText = (
  template: ComparisonTemplate,
  names: { user: string; assistant: string },
  { messages, principle, first, second }: Comparison,
): string =>
  renderTemplate(template, {
    conversation: transcript(messages, names),
    preference: paperPreference(principle),
    first,
    second,
  });

const paperOptions = [" (A)", " (B)"] as const;

/** An example as the files have it; some lack the blank line that stands before all others. */
const paperExample = ({ text, principle }: ReasoningExample): string =>
  `\n\n${fillSlot(text, `\n${paperPreference(principle)} Options:`).trimStart()}`;

/** The published wording, as one text. */
export const paperForm: LabelForm = {
  name: "paper",
  options: paperOptions,
  stop: ["\n\nHuman:"],
  choice: (comparison, examples) => {
    const text = (one: Comparison) => paperText(paperComparisonTemplate, speakers.choice, one);
    const before = examples.map((example) => `${text(example)}${paperOptions[example.better]}`);
    return [user(`${before.join("")}${text(comparison)}`)];
  },
  reasoning: (comparison, examples) => {
    const question = paperText(paperReasoningTemplate, speakers.reasoning, comparison);
    return [user(`${examples.map(paperExample).join("")}${question}`)];
  },
  verdict: (asked, reasoning) => {
    const text = asked.map(({ content }) => content).join("");
    return [user(`${text}${renderTemplate(paperVerdictTemplate, { reasoning })}`)];
  },
};
