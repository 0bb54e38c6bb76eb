// A model that answers from a recording (recorder.ts), word for word and without asking anybody. What was not recorded
// is an error that says so. The recording is read into memory as a whole.

import { throwIfAborted, UserError } from "../../core/index.ts";
import { askedOf, readRecording } from "../recorder.ts";
import { type AskedRequest, requestKey } from "../request-key.ts";
import type { LanguageModel, Reply, Score } from "../specification.ts";

const atOnce = 8;
const shownCharacters = 80;

/** The code of what is thrown where nothing was recorded. */
export const missingReplay = "replay-missing";

const missing = (file: string, { request }: AskedRequest): UserError => {
  const said = request.messages.at(-1)?.content ?? "";
  const shown = said.length > shownCharacters ? `${said.slice(0, shownCharacters)}…` : said;
  return new UserError(
    missingReplay,
    `${file} holds no answer to what is asked now (its last message begins "${shown}"). A recording answers the requests that it was made of: use the same prompts, settings and seed, or record again.`,
    { file },
  );
};

/** The one model of a recording that is meant. */
const chooseModel = (file: string, recorded: ReadonlySet<string>, wanted: string | undefined): string => {
  const names = [...recorded];
  const found = wanted === undefined && names.length === 1 ? names[0] : names.find((name) => name === wanted);
  if (found !== undefined) return found;
  throw new UserError(
    "replay-model",
    names.length === 0
      ? `${file} holds no recorded call. Expected a file that --set record=file wrote.`
      : `${file} holds answers of ${names.join(", ")}${wanted === undefined ? "" : `, and none of ${wanted}`}. Say whose: replay:${file}#${names[0]}`,
    { file, models: names },
  );
};

/** Opens a recording as a model. model: whose answers, where it has those of several. Throws UserError. */
export const openReplayModel = async (
  file: string,
  id: string,
  model: string | undefined,
): Promise<LanguageModel> => {
  const replies = new Map<string, Reply>();
  const scores = new Map<string, Score>();
  const recorded = new Set<string>();
  for await (const call of readRecording(file)) {
    recorded.add(call.model);
    const key = requestKey(call.model, askedOf(call));
    if (call.type === "generate") replies.set(key, call.answer as Reply);
    else scores.set(key, call.answer as Score);
  }
  const chosen = chooseModel(file, recorded, model);
  const answer = <Answer>(answers: ReadonlyMap<string, Answer>, asked: AskedRequest): Answer => {
    const found = answers.get(requestKey(chosen, asked));
    if (found === undefined) throw missing(file, asked);
    return found;
  };
  return {
    id,
    capabilities: { batch: atOnce, scores: scores.size > 0 },
    generate: async (requests, options) => {
      throwIfAborted(options?.signal);
      return requests.map((request) => answer(replies, { type: "generate", request }));
    },
    score: async (requests, options) => {
      throwIfAborted(options?.signal);
      return requests.map((request) => answer(scores, { type: "score", request }));
    },
    close: async () => {},
  };
};
