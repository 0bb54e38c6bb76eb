// What is written when nobody reads any more.

import { describe, expect, it } from "vitest";
import { type OutputStream, processTerminal } from "./terminal.ts";

type Stream = OutputStream & { readonly written: string[]; fail(code: string): void };

const createStream = (): Stream => {
  const listeners: ((error: NodeJS.ErrnoException) => void)[] = [];
  const written: string[] = [];
  return {
    written,
    write: (text) => written.push(text),
    on: (_, listener) => listeners.push(listener),
    fail(code) {
      for (const listener of listeners) listener(Object.assign(new Error(code), { code }));
    },
  };
};

const open = () => {
  const [stdout, stderr] = [createStream(), createStream()];
  const closings: string[] = [];
  const terminal = processTerminal(() => closings.push("closed"), { stdout, stderr });
  return { stdout, stderr, closings, terminal };
};

describe("the process's terminal", () => {
  it.each(["EPIPE", "EIO"])("without a reader of stderr (%s) writes no more there, and goes on", (code) => {
    const { stdout, stderr, closings, terminal } = open();
    terminal.err("one");
    stderr.fail(code);
    stderr.fail(code);
    terminal.err("two");
    terminal.out("result");
    expect([stderr.written, stdout.written, closings]).toEqual([["one"], ["result"], []]);
  });

  it.each(["EPIPE", "ECONNRESET"])("without a reader of stdout (%s) says so once", (code) => {
    const { stdout, stderr, closings, terminal } = open();
    stdout.fail(code);
    stdout.fail(code);
    terminal.out("result");
    terminal.err("message");
    expect([stderr.written, stdout.written, closings]).toEqual([["message"], [], ["closed"]]);
  });

  it("does not hide that stdout could not be written for another reason", () => {
    const { stdout, closings } = open();
    expect(() => stdout.fail("ENOSPC")).toThrow("ENOSPC");
    expect(closings).toEqual([]);
  });
});
