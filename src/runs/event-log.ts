// events.jsonl: what happened when, one event a line, append-only. Times are put on here and nowhere else, and what
// people are told in words (warnings, notes, why a run stopped) is cleaned of secrets here. Events
// are written at once and in order, but flushed only with the records, since losing the last of them loses no work.

import { join } from "node:path";
import {
  type Clock,
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
  /** What was in the file when it was opened. */
  readonly earlier: readonly RunEvent[];
  emit(body: RunEventBody): RunEvent;
  close(): void;
};

/** The events of a run folder; a torn last line is left out, a missing file is an empty log. */
export const readEvents = async (folder: string): Promise<RunEvent[]> => {
  const path = join(folder, eventFileName);
  const events: RunEvent[] = [];
  try {
    for await (const { value } of readJsonLines(path, eventSchema, "drop")) events.push(value);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "file-missing") return [];
    throw thrown;
  }
  return events;
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
  const earlier = await readEvents(options.folder);
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
