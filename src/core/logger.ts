// The one logger: an interface that programs (never libraries) hold, and a text one that writes lines. It redacts
// secrets itself, so nobody can forget to. Knows nothing of terminals.

import type { Redact } from "./redaction.ts";

export const logLevels = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export type Logger = {
  debug(text: string): void;
  info(text: string): void;
  warning(text: string): void;
  error(text: string): void;
};

/** A logger of plain lines. write: gets whole lines, line feed included; level: the least that is written. */
export const createTextLogger = (options: {
  readonly write: (line: string) => void;
  readonly redact: Redact;
  readonly level?: LogLevel;
}): Logger => {
  const least = logLevels.indexOf(options.level ?? "info");
  const log =
    (level: LogLevel) =>
    (text: string): void => {
      if (logLevels.indexOf(level) < least) return;
      options.write(`${level === "info" ? "" : `${level}: `}${options.redact(text)}\n`);
    };
  return { debug: log("debug"), info: log("info"), warning: log("warning"), error: log("error") };
};

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
};
