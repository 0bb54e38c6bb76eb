// A conversation at the terminal, for the commands that hold one: lines that a person types (or a pipe holds), and
// Ctrl-C that first stops the work at hand and then, without a line between, ends the command. Knows nothing of models.

import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../core/index.ts";
import type { Conversation } from "../recipes/index.ts";

/** What conversations need of the process. input: with isTTY where a person types. */
export type ConversationStreams = {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
  /** Where hints go. */
  readonly hint: (text: string) => void;
  readonly clock: Clock;
  /** Called when Ctrl-C is to end the command. */
  readonly interrupt: () => void;
};

/** The command line's side of a conversation: what a recipe gets, and what the process's signals and end do to it. */
export type TerminalConversation = Omit<Conversation, "write"> & {
  /** One Ctrl-C. false: it is no matter of a conversation. */
  intercept(): boolean;
  close(): void;
};

/** One Ctrl-C can arrive twice, from the terminal and passed on by npm. */
const sameSignalMilliseconds = 500;

type Reader = { next(prompt: string, signal: AbortSignal): Promise<string | null>; close(): void };

/** Lines of a pipe or a file. */
const createPipeReader = (input: Readable): Reader => {
  let lines: Interface | undefined;
  let iterator: AsyncIterator<string> | undefined;
  return {
    async next(_, signal) {
      lines ??= createInterface({ input });
      iterator ??= lines[Symbol.asyncIterator]();
      const aborted = new Promise<null>((resolve) => {
        signal.addEventListener("abort", () => resolve(null), { once: true });
      });
      const line = await Promise.race([iterator.next(), aborted]);
      return line === null || line.done === true ? null : line.value;
    },
    close: () => lines?.close(),
  };
};

/**
 * Lines that a person types. The terminal is read line by line only while something is asked, so that in between Ctrl-C
 * is a signal.
 */
const createTypingReader = ({ input, output }: ConversationStreams, typedInterrupt: () => void): Reader => {
  let history: string[] = [];
  let open: Interface | undefined;
  return {
    next: (prompt, signal) =>
      new Promise((resolve) => {
        const lines = createInterface({ input, output, history, terminal: true });
        open = lines;
        const stop = (): void => lines.close();
        signal.addEventListener("abort", stop, { once: true });
        lines.on("history", (typed) => {
          history = typed;
        });
        lines.on("SIGINT", typedInterrupt);
        let answer: string | null = null;
        lines.on("close", () => {
          signal.removeEventListener("abort", stop);
          resolve(answer);
        });
        lines.question(prompt, (line) => {
          answer = line;
          lines.close();
        });
      }),
    close: () => open?.close(),
  };
};

/** Makes the conversation of a process; nothing is read before the first line is asked for. */
export const createConversation = (streams: ConversationStreams): TerminalConversation => {
  const { input, hint, clock, interrupt } = streams;
  const ending = new AbortController();
  let work: AbortController | undefined;
  let active = false;
  let warned = false;
  let last = Number.NEGATIVE_INFINITY;
  const intercept = (): boolean => {
    if (!active) return false;
    const now = clock.now();
    if (now - last < sameSignalMilliseconds) return true;
    last = now;
    if (warned) {
      ending.abort();
      work?.abort();
      return false;
    }
    warned = true;
    work?.abort();
    hint("(Ctrl-C again ends)\n");
    return true;
  };
  const typedInterrupt = (): void => {
    if (!intercept()) interrupt();
  };
  const reader = input.isTTY === true ? createTypingReader(streams, typedInterrupt) : createPipeReader(input);
  return {
    async ask(prompt) {
      active = true;
      if (ending.signal.aborted) return null;
      const line = await reader.next(prompt, ending.signal);
      warned = false;
      return line;
    },
    async interruptible(run) {
      active = true;
      work = new AbortController();
      try {
        return await run(work.signal);
      } finally {
        work = undefined;
      }
    },
    intercept,
    close() {
      reader.close();
      // a pipe that is still open would keep the process alive
      if (active) input.destroy();
    },
  };
};
