// What each role is shown, as messages. This file alone decides who sees what, in whatever words: an assistant the
// constitution, its own drafts and comments of its talk; a user the own persona, the drafts of the own talk and the own
// comments, or one draft of another talk; nobody but the meta-model (transcript.ts) sees ratings. Texts of people and models
// fill holes and are never read as templates.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { oneLine } from "../../core/index.ts";
import type { Constitution, Message, Metric, Persona, Task } from "../../records/index.ts";
import { personaText } from "../stakeholders/persona-text.ts";

const load = <Hole extends string>(file: URL, ...holes: readonly Hole[]) => loadTemplate(file, holes);

const templates = {
  constitution: load(new URL("./prompts/assistant-constitution.txt", import.meta.url), "principles"),
  contract: load(
    new URL("./prompts/assistant-contract.txt", import.meta.url),
    "principles",
    "clauses",
    "seat",
  ),
  clauses: load(new URL("./prompts/assistant-clauses.txt", import.meta.url), "clauses", "seat"),
  task: load(new URL("./prompts/assistant-task.txt", import.meta.url), "request", "question", "words"),
  comment: load(new URL("./prompts/assistant-comment.txt", import.meta.url), "comment", "words"),
  silence: load(new URL("./prompts/assistant-silence.txt", import.meta.url), "words"),
  first: load(
    new URL("./prompts/user-first-draft.txt", import.meta.url),
    "question",
    "presentation",
    "draft",
  ),
  presentation: load(new URL("./prompts/user-presentation.txt", import.meta.url)),
  presentationToOthers: load(new URL("./prompts/user-presentation-others.txt", import.meta.url)),
  next: load(new URL("./prompts/user-next-draft.txt", import.meta.url), "draft"),
  rate: load(new URL("./prompts/user-rate.txt", import.meta.url), "metrics", "words", "form"),
  others: load(
    new URL("./prompts/user-rate-others.txt", import.meta.url),
    "question",
    "presentation",
    "draft",
    "metrics",
    "form",
  ),
};

/** The documents that assistants keep to. message: a single principle is the whole system message, word for word. */
export type Contract = {
  readonly constitution: Constitution | null;
  readonly contract: Constitution | null;
  readonly message: boolean;
};

/** A numbered list, a line each, whatever breaks of lines the texts hold. */
export const numbered = (lines: readonly string[]): string =>
  lines.map((line, at) => `${at + 1}. ${oneLine(line)}`).join("\n");

/** The same of principles, of which there may be none yet. */
export const numberedOrNone = (principles: readonly string[]): string =>
  principles.length === 0 ? "none yet" : numbered(principles);

/** The principles of a document as a numbered list. A clause is told with whom it is for. */
export const listOf = ({ principles }: Constitution, isContract: boolean): string =>
  numbered(
    principles.map(({ title, area }) => (isContract ? `For ${area ?? "all users"}: ${title}` : title)),
  );

/** The text that is the whole system message; null where the documents are principles. */
export const messageOf = ({ constitution, contract, message }: Contract): string | null =>
  message && contract === null && constitution?.principles.length === 1
    ? constitution.principles[0]!.title
    : null;

/** The system message of principles that stand alone. */
export const principlesText = (principles: string): string =>
  renderTemplate(templates.constitution, { principles });

const systemText = (given: Contract, seat: string): string | null => {
  const message = messageOf(given);
  if (message !== null) return message;
  const principles = given.constitution === null ? null : listOf(given.constitution, false);
  const clauses = given.contract === null ? null : listOf(given.contract, true);
  if (clauses === null) return principles === null ? null : principlesText(principles);
  return principles === null
    ? renderTemplate(templates.clauses, { clauses, seat })
    : renderTemplate(templates.contract, { principles, clauses, seat });
};

/** The system message of an assistant that talks with a user's seat ("user 2"); none where there is no document. */
export const systemOf = (contract: Contract, seat: string): Message[] => {
  const content = systemText(contract, seat);
  return content === null ? [] : [{ role: "system", content }];
};

/** How a task is put to an assistant. */
export const taskText = ({ request, question, words }: Task): string =>
  renderTemplate(templates.task, { request, question, words: String(words) });

/** One exchange as the two who talk saw it: a draft, and the comment on it ("" where there was none). */
export type Said<Of = Task> = { readonly task: Of; readonly draft: string; readonly comment: string };

/** Messages whose neighbours differ in role: two of one role in a row become one. */
const merged = (messages: readonly Message[]): Message[] => {
  const result: Message[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (last?.role === message.role)
      result[result.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` };
    else result.push(message);
  }
  return result;
};

const commentText = (comment: string, { words }: Task): string =>
  comment === ""
    ? renderTemplate(templates.silence, { words: String(words) })
    : renderTemplate(templates.comment, { comment, words: String(words) });

/** How a task and a comment are put to an assistant. */
export type AssistantTexts<Of> = {
  task(of: Of): string;
  comment(comment: string, of: Of): string;
};

/** What an assistant is shown of its talk: the task, earlier drafts and the user's comments. */
export const assistantTurns = <Of extends { readonly id: string }>(
  texts: AssistantTexts<Of>,
  task: Of,
  earlier: readonly Said<Of>[],
): Message[] => {
  const turns: Message[] = [];
  let asked: Of | null = null;
  for (const said of [...earlier, null]) {
    const now = said?.task ?? task;
    if (asked?.id !== now.id) turns.push({ role: "user", content: texts.task(now) });
    asked = now;
    if (said === null) continue;
    turns.push({ role: "assistant", content: said.draft });
    turns.push({ role: "user", content: texts.comment(said.comment, now) });
  }
  return merged(turns);
};

/** The documents and the talk, as an assistant is shown them. */
export const assistantMessages = (
  contract: Contract,
  seat: string,
  task: Task,
  earlier: readonly Said[],
): Message[] => [
  ...systemOf(contract, seat),
  ...assistantTurns({ task: taskText, comment: commentText }, task, earlier),
];

const scale = ({ low, high }: Metric): string => `A number from ${low} to ${high}.`;

const metricLines = (metrics: readonly Metric[], others: boolean): string =>
  metrics
    .map((metric) => {
      const question = others ? (metric.others ?? metric.question) : metric.question;
      return `- ${metric.id}: ${question} ${scale(metric)}`;
    })
    .join("\n");

const formText = (metrics: readonly Metric[], withFeedback: boolean): string =>
  `{${[...metrics.map(({ id }) => `${JSON.stringify(id)}: ...`), ...(withFeedback ? ['"feedback": "..."'] : [])].join(", ")}}`;

/** How a draft is shown to a user, the first of a task and a later one, and what is asked of the newest. */
export type RatingTexts<Of> = {
  first(of: Of, draft: string): string;
  next(of: Of, draft: string): string;
  readonly request: string;
};

/** What a user is shown of the own talk: earlier drafts with the own comments, the newest draft, a request. */
export const ratingTurns = <Of extends { readonly id: string }>(
  texts: RatingTexts<Of>,
  task: Of,
  earlier: readonly Said<Of>[],
  draft: string,
): Message[] => {
  const turns: Message[] = [];
  let shown: Of | null = null;
  const present = (of: Of, text: string): string => {
    const isFirst = shown?.id !== of.id;
    shown = of;
    return isFirst ? texts.first(of, text) : texts.next(of, text);
  };
  for (const said of earlier) {
    turns.push({ role: "user", content: present(said.task, said.draft) });
    if (said.comment !== "") turns.push({ role: "assistant", content: said.comment });
  }
  turns.push({ role: "user", content: `${present(task, draft)}\n\n${texts.request}` });
  return merged(turns);
};

/** The persona and the own talk, as a user is shown them. */
export const ownRatingMessages = (
  persona: Persona,
  task: Task,
  earlier: readonly Said[],
  draft: string,
  asked: { readonly metrics: readonly Metric[]; readonly words: number },
): Message[] => {
  const texts: RatingTexts<Task> = {
    first: ({ question, presentation }, text) =>
      renderTemplate(templates.first, {
        question,
        presentation: presentation ?? renderTemplate(templates.presentation, {}),
        draft: text,
      }),
    next: (_, text) => renderTemplate(templates.next, { draft: text }),
    request: renderTemplate(templates.rate, {
      metrics: metricLines(asked.metrics, false),
      words: String(asked.words),
      form: formText(asked.metrics, true),
    }),
  };
  return [
    { role: "system", content: personaText(persona, persona.views[task.id], "full") },
    ...ratingTurns(texts, task, earlier, draft),
  ];
};

/** What a user is shown of another talk: the newest draft alone, and a request. */
export const othersRatingMessages = (
  persona: Persona,
  task: Task,
  draft: string,
  metrics: readonly Metric[],
): Message[] => [
  { role: "system", content: personaText(persona, persona.views[task.id], "full") },
  {
    role: "user",
    content: renderTemplate(templates.others, {
      question: task.question,
      presentation: task.presentation ?? renderTemplate(templates.presentationToOthers, {}),
      draft,
      metrics: metricLines(metrics, true),
      form: formText(metrics, false),
    }),
  },
];
