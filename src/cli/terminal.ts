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
  /** Whether stdout shows colours. */
  readonly colours?: boolean;
};

/** The same terminal, with secrets replaced in all that is written. */
export const redactTerminal = (terminal: Terminal, redact: Redact): Terminal => ({
  out: (text) => terminal.out(redact(text)),
  err: (text) => terminal.err(redact(text)),
  isLive: terminal.isLive,
  columns: () => terminal.columns(),
  ...(terminal.colours === undefined ? {} : { colours: terminal.colours }),
});

/** What a terminal needs of a stream; only terminals have isTTY and columns. */
export type OutputStream = {
  write(text: string): unknown;
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** Writes until the stream fails, and drops what comes after that. onFailure: called at the first failure only. */
const writerTo = (stream: OutputStream, onFailure: (error: NodeJS.ErrnoException) => void) => {
  let hasFailed = false;
  stream.on("error", (error) => {
    if (hasFailed) return;
    hasFailed = true;
    onFailure(error);
  });
  return (text: string): void => {
    if (!hasFailed) stream.write(text);
  };
};

/** A pipe says EPIPE; a socket whose reader left something unread says ECONNRESET. */
const isReaderGone = ({ code }: NodeJS.ErrnoException): boolean => code === "EPIPE" || code === "ECONNRESET";

/**
 * The process's own streams. Without a stderr the work goes on unseen. outputClosed: called when nobody reads stdout
 * any more; other failures of stdout (a full disk) are thrown.
 */
export const processTerminal = (
  outputClosed: () => void,
  { stdout, stderr }: { readonly stdout: OutputStream; readonly stderr: OutputStream } = process,
): Terminal => ({
  out: writerTo(stdout, (error) => {
    if (!isReaderGone(error)) throw error;
    outputClosed();
  }),
  err: writerTo(stderr, () => undefined),
  isLive: stderr.isTTY === true && process.env["TERM"] !== "dumb",
  colours: stdout.isTTY === true && process.env["TERM"] !== "dumb" && (process.env["NO_COLOR"] ?? "") === "",
  // Terminals that do not know their width say 0.
  columns: () => stderr.columns || 80,
});
