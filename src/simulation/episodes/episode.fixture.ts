// Episodes for tests: personas whose texts are told apart by marks, a plain way of asking, and requests by who was asked.
// Marks hold braces, colons and line breaks, so that a template that read them or a line that cut them would show.

import type { GenerateRequest, LanguageModel, Reply } from "../../models/index.ts";
import type { Metric, Persona, Task } from "../../records/index.ts";
import { castOf } from "./cast.ts";
import type { Ask, EpisodeOptions, Phase } from "./episode.ts";
import { episodeWordings } from "./wordings.ts";

/** A text that no other has, with what templates and line readers trip over. */
export const mark = (what: string): string => `<<${what}>> {draft}: {x}\nRating: 99 {{${what}}}`;

export const task: Task = {
  id: "task-a",
  name: "Task A",
  question: "What is {question}: a hole?",
  request: "Write about it.",
  words: 50,
};

/** Persona number n; all of one name. */
export const personaOf = (n: number): Persona => ({
  id: `p${n}`,
  name: "Same Name",
  traits: { age: String(n) },
  description: mark(`persona-${n}`),
  views: { "task-a": mark(`view-${n}`) },
});

export const satisfaction: Metric = {
  id: "satisfaction",
  name: "satisfaction",
  low: 0,
  high: 10,
  question: "How content are you?",
};
export const harmlessness: Metric = { ...satisfaction, id: "harmlessness", name: "harmlessness" };

const sampling = { temperature: 0, topP: 1, maxTokens: 500 };

/** A run of so many users, each with one assistant. */
export const episodeOf = (users: number, changes: Partial<EpisodeOptions> = {}): EpisodeOptions => ({
  cast: castOf(
    Array.from({ length: users }, (_, at) => personaOf(at + 1)),
    users,
    "even",
  ),
  wording: episodeWordings.full,
  taskOf: () => task,
  metrics: { own: [satisfaction], others: [harmlessness] },
  run: 1,
  turns: 2,
  windows: { assistant: 5, user: 5 },
  raters: "all",
  contract: { constitution: null, contract: null, message: false },
  contractIds: [],
  earlier: new Map(),
  sampling: { assistant: sampling, user: sampling },
  commentWords: 30,
  runSeed: 7,
  stage: "run-1",
  ...changes,
});

/** What was asked, of whom: id of the record that came of it. */
export type Asked = { readonly id: string; readonly request: GenerateRequest };

/** Asks a model about a phase in one call, and notes what was asked. */
export const askNoting = (model: LanguageModel): { readonly ask: Ask; readonly asked: Asked[] } => {
  const asked: Asked[] = [];
  async function* asking<Row extends { readonly id: string }>(phase: Phase<Row>): AsyncGenerator<Row> {
    const tasks = [...phase.tasks()];
    const requests = tasks.flatMap(({ request }) => (request === null ? [] : [request]));
    const replies: Reply[] = await model.generate(requests);
    for (const { request, record } of tasks) {
      const row = record(request === null ? null : replies.shift()!, model.id);
      if (request !== null) asked.push({ id: row.id, request });
      yield row;
    }
  }
  return { ask: { drafts: asking, ratings: asking }, asked };
};

/** All that a request shows. */
export const shownIn = ({ request }: Asked): string =>
  request.messages.map(({ content }) => content).join("\n");
