// Answers of endpoints that are not whole, each counted once a run, whoever gave it: the server, or a folder of kept
// answers, in which those of an earlier attempt lie, and of other runs. Which were counted is read from the run's event
// log, where it stands in the line that counts them. Knows no text.

import { type AskedRequest, type Reply, requestKey, type Score } from "../../models/index.ts";
import { type StageHolder, streamEvents } from "../../runs/index.ts";

/** What an answer that is not whole is counted as: "ended-refusal", "ended-length" and so on. */
export const endOf = (answer: Reply | Score): string | undefined => {
  const end = "finish" in answer ? answer.finish : answer.declined;
  return end === undefined || end === "stop" ? undefined : `ended-${end}`;
};

/** So much of a request's key tells it from the others of a run. */
const keyLength = 16;

const keysOf = new WeakMap<StageHolder, Promise<Set<string>>>();

const readKeys = async (folder: string): Promise<Set<string>> => {
  const keys = new Set<string>();
  for await (const event of streamEvents(folder))
    if (event.type === "stage-usage") for (const key of event.ended ?? []) keys.add(key);
  return keys;
};

/** The key of a request whose answer is not whole, where this run did not count it yet; from now on it has. */
export type NewEnd = (asked: AskedRequest) => string | undefined;

/** What tells the requests of a model, by its name, that a run counts for the first time. */
export const openNewEnds = async (run: StageHolder, name: string): Promise<NewEnd> => {
  const reading = keysOf.get(run) ?? readKeys(run.folder);
  keysOf.set(run, reading);
  const keys = await reading;
  return (asked) => {
    const key = requestKey(name, asked).slice(0, keyLength);
    if (keys.has(key)) return undefined;
    keys.add(key);
    return key;
  };
};
