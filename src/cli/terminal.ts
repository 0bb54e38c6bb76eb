// Where the command line writes: documents and results on stdout, progress and messages on stderr. A value, so that
// tests hold one of their own. Everything passes the redaction on its way.

import type { Redact } from "../core/index.ts";

export type Terminal = {
  /** stdout. */
  out(text: string): void;
  /** stderr. */
  err(text: string): void;
  /** Whether stderr can redraw a line. */
  readonly isLive: boolean;
  /** Width of stderr in characters. */
  columns(): number;
};

/** The same terminal, with secrets replaced in all that is written. */
export const redactTerminal = (terminal: Terminal, redact: Redact): Terminal => ({
  out: (text) => terminal.out(redact(text)),
  err: (text) => terminal.err(redact(text)),
  isLive: terminal.isLive,
  columns: () => terminal.columns(),
});

/** The process's own streams. */
export const processTerminal = (): Terminal => ({
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  isLive: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
  // Terminals that do not know their width say 0.
  columns: () => process.stderr.columns || 80,
});
