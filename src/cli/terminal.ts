// Where the command line writes: documents and results on stdout, progress and messages on stderr. A value, so that
// tests hold one of their own. Everything passes the redaction on its way; and what people read shows the control
// characters of texts, which come from models and files, instead of sending them to the terminal.

import type { Redact } from "../core/index.ts";
import { asCalled, usualProgram } from "../recipes/index.ts";

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
  /** Whether stdout is a terminal, before which somebody may sit. */
  readonly isShown?: boolean;
};

/** The marks that a recipe puts around words in colours (word-difference.ts), each ended where its words end. */
const colourMarks = ["\u001b[31;9m", "\u001b[32m"] as const;
const colourEnd = "\u001b[0m";

const escaped = (text: string): string =>
  text.replace(/\r\n|\p{Cc}/gu, (found) => {
    if (found === "\r\n" || found === "\n" || found === "\t") return found;
    return found === "\r" ? "\\r" : `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });

/** A text whose coloured words stay so; a mark without its end is shown. */
const escapedAround = (text: string): string => {
  for (const mark of colourMarks) {
    const start = text.indexOf(mark);
    const end = start < 0 ? -1 : text.indexOf(colourEnd, start);
    if (end < 0) continue;
    const words = escaped(text.slice(start + mark.length, end));
    const [before, after] = [text.slice(0, start), text.slice(end + colourEnd.length)];
    return `${escapedAround(before)}${mark}${words}${colourEnd}${escapedAround(after)}`;
  }
  return escaped(text);
};

/**
 * A text with its control characters shown ("\\x1b[2J") but for line ends and tabs, so that no text can move the cursor,
 * ring, clear the screen or rename the window. colours: words may be coloured as recipes mark them.
 */
export const showControls = (text: string, colours = false): string =>
  colours ? escapedAround(text) : escaped(text);

/**
 * A terminal for people. asIs: for documents, which must hold every character, and for the command line's own drawing. told: for
 * messages (faults, warnings, plans, the program's own closing lines), in which commands are named as the program was called;
 * what models and people say, and help, are none.
 */
export type PeoplesTerminal = Terminal & Readonly<Record<"asIs" | "told", Pick<Terminal, "out" | "err">>>;

/**
 * The same terminal, with secrets replaced in all that is written and control characters shown. program: how it is called,
 * default: as in a checkout.
 */
export const peoplesTerminal = (
  terminal: Terminal,
  redact: Redact = (text) => text,
  program = usualProgram,
): PeoplesTerminal => {
  const asIs = {
    out: (text: string) => terminal.out(redact(text)),
    err: (text: string) => terminal.err(redact(text)),
  };
  const out = (text: string) => asIs.out(showControls(text, terminal.colours));
  const err = (text: string) => asIs.err(showControls(text));
  return {
    out,
    err,
    asIs,
    told: {
      out: (text) => out(asCalled(text, program)),
      err: (text) => err(asCalled(text, program)),
    },
    isLive: terminal.isLive,
    columns: () => terminal.columns(),
    ...(terminal.colours === undefined ? {} : { colours: terminal.colours }),
    ...(terminal.isShown === undefined ? {} : { isShown: terminal.isShown }),
  };
};

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
 * any more, or with the failure where it cannot be written (a full disk).
 */
export const processTerminal = (
  outputClosed: (failure?: Error) => void,
  { stdout, stderr }: { readonly stdout: OutputStream; readonly stderr: OutputStream } = process,
): Terminal => ({
  out: writerTo(stdout, (error) => {
    if (isReaderGone(error)) outputClosed();
    else outputClosed(error);
  }),
  err: writerTo(stderr, () => undefined),
  isShown: stdout.isTTY === true,
  isLive: stderr.isTTY === true && process.env["TERM"] !== "dumb",
  colours: stdout.isTTY === true && process.env["TERM"] !== "dumb" && (process.env["NO_COLOR"] ?? "") === "",
  // Terminals that do not know their width say 0.
  columns: () => stderr.columns || 80,
});
