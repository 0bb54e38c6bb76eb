// events.jsonl: what happened when, one event a line, append-only. Times are put on here and nowhere else, and what
// people are told in words (warnings, notes, why a run stopped) is cleaned of secrets here. Events
// are written at once and in order, but flushed only with the records, since losing the last of them loses no work.

import { join } from "node:path";
import {
  type Clock,
  collect,
  type DiskWriter,
  dropTornLine,
  formatJsonLines,
  openAppender,
  type Redact,
  readJsonLines,
} from "../core/index.ts";
import { eventSchema, type RunEvent } from "../records/index.ts";

export const eventFileName = "events.jsonl";

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "time"> : never;

/** An event before the log has put the time on it. */
export type RunEventBody = WithoutTime<RunEvent>;

export type EventLog = {
  /** What was in the file when it was opened, but that of progress and usage only the last of each row of them is kept. */
  readonly earlier: readonly RunEvent[];
  emit(body: RunEventBody): RunEvent;
  close(): void;
};

/** The events of a run folder as a stream; a torn last line is left out, a missing file is an empty log. */
export async function* streamEvents(folder: string): AsyncGenerator<RunEvent> {
  try {
    for await (const { value } of readJsonLines(join(folder, eventFileName), eventSchema, "drop"))
      yield value;
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "file-missing")) throw thrown;
  }
}

/** The events of a run folder, in memory. */
export const readEvents = (folder: string): Promise<RunEvent[]> => collect(streamEvents(folder));

const isFrequent = ({ type }: RunEvent): boolean => type === "stage-progress" || type === "stage-usage";

/** The events that say what happened: of those that come as long as work goes on, the last says until when it did. */
export const readTurns = async (folder: string): Promise<RunEvent[]> => {
  const turns: RunEvent[] = [];
  for await (const event of streamEvents(folder)) {
    const last = turns.at(-1);
    if (last !== undefined && isFrequent(last) && isFrequent(event)) turns.pop();
    turns.push(event);
  }
  return turns;
};

/** Seconds that attempts at a run took together, from each one's beginning to the last that it wrote. */
export const secondsOfAttempts = (events: readonly RunEvent[]): number => {
  let sum = 0;
  let previous: number | undefined;
  for (const { type, time } of events) {
    if (type !== "run-start" && previous !== undefined) sum += Math.max(0, time - previous);
    previous = time;
  }
  return sum / 1000;
};

/** The event with its free text redacted: the fields that hold sentences, not the names that others read. */
const redactWords = (body: RunEventBody, redact: Redact): RunEventBody => {
  const words = Object.entries(body).filter(([name]) => ["text", "reason", "note"].includes(name));
  const clean = words.map(([name, value]) => [name, typeof value === "string" ? redact(value) : value]);
  return { ...body, ...Object.fromEntries(clean) } as RunEventBody;
};

/** Opens (or makes) the event log of a run folder; a torn last line is cut off. Throws UserError. */
export const openEventLog = async (options: {
  readonly folder: string;
  readonly clock: Clock;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  readonly redact?: Redact | undefined;
  readonly disk?: DiskWriter | undefined;
}): Promise<EventLog> => {
  const path = join(options.folder, eventFileName);
  await dropTornLine(path);
  const earlier = await readTurns(options.folder);
  const appender = await openAppender(path, options.disk);
  return {
    earlier,
    emit(body) {
      const { type, ...rest } = options.redact === undefined ? body : redactWords(body, options.redact);
      const event = { type, time: options.clock.now(), ...rest } as RunEvent;
      appender.appendNow(formatJsonLines([event]));
      options.onEvent?.(event);
      return event;
    },
    close: appender.close,
  };
};
