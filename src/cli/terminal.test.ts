// What is written when nobody reads any more, and what of a text reaches a terminal.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../core/any-text.fixture.ts";
import { type OutputStream, peoplesTerminal, processTerminal, showControls } from "./terminal.ts";

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
  const terminal = processTerminal((failure) => closings.push(failure?.message ?? "closed"), {
    stdout,
    stderr,
  });
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
    stdout.fail("ENOSPC");
    stdout.fail("ENOSPC");
    expect(closings).toEqual(["ENOSPC"]);
  });
});

const escapeCode = "\u001b\\[";
const colouredWords = new RegExp(
  `${escapeCode}(31;9|32)m\\P{Cc}*(?:(\\r?\\n|\\t)\\P{Cc}*)*${escapeCode}0m`,
  "gu",
);

describe("texts for people", () => {
  it.each([
    ["clearing the screen", "a\u001b[2Jb", "a\\x1b[2Jb"],
    ["renaming the window", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
    ["overwriting a line", "safe\rrm -rf", "safe\\rrm -rf"],
    ["a sequence of one character (C1)", "\u009b2J\u0085", "\\x9b2J\\x85"],
    ["steps back and deletions", "no\b\b\u007f\u0000", "no\\x08\\x08\\x7f\\x00"],
    ["line ends and tabs, which stay", "a\n\tb\r\nc\n", "a\n\tb\r\nc\n"],
    [
      "emoji, joiners and right-to-left, which stay",
      "👩‍🚀 \u200fשלום مرحبا é\u0301",
      "👩‍🚀 \u200fשלום مرحبا é\u0301",
    ],
  ])("%s", (_, text, shown) => {
    expect(showControls(text)).toBe(shown);
    expect(showControls(text, true)).toBe(shown);
  });

  it("holds no control character of any text but line ends and tabs", () => {
    const nasty = fc.string({
      unit: fc.constantFrom("\u001b", "[31;9m", "[32m", "[0m", "\r", "\n", "\u0007", "a", "\u009b", "é"),
    });
    fc.assert(
      fc.property(fc.oneof(nasty, anyText()), (text) => {
        const shown = showControls(text);
        expect(shown.replace(/\r\n|\n|\t/g, "")).not.toMatch(/\p{Cc}/u);
        // where colours are allowed, only whole coloured words are between marks, and every colour ends
        const coloured = showControls(text, true).replace(colouredWords, "");
        expect(coloured.replace(/\r\n|\n|\t/g, "")).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps coloured words, as differences have them, and shows what they hold", () => {
    const text = "Say \u001b[31;9m\u001b[2Jno\u001b[0m \u001b[32myes\u0007\u001b[0m \u001b[32mfor ever";
    const shown = "Say \u001b[31;9m\\x1b[2Jno\u001b[0m \u001b[32myes\\x07\u001b[0m \\x1b[32mfor ever";
    expect(showControls(text, true)).toBe(shown);
  });

  it("reach documents whole, and secrets nowhere", () => {
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const terminal = peoplesTerminal({ out: write, err: write, isLive: false, columns: () => 80 }, (text) =>
      text.replaceAll("hf_secret", "[HF_TOKEN]"),
    );
    terminal.out("a\u007fhf_secret");
    terminal.err("b\u0007");
    terminal.asIs.out(JSON.stringify("c\u007f\u009b"));
    expect(written).toEqual(["a\\x7f[HF_TOKEN]", "b\\x07", '"c\u007f\u009b"']);
  });
});

describe("commands in what is written", () => {
  it("are named as the program was called where the program itself says something, and only there", () => {
    const said = "Try `covenant revise` or `npx covenant label`.\n";
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const stream = { out: write, err: write, isLive: false, columns: () => 80 };
    const terminal = peoplesTerminal(stream, undefined, "node 'x y.mjs'");
    terminal.told.out(said);
    terminal.told.err(said);
    const told = "Try `node 'x y.mjs' revise` or `node 'x y.mjs' label`.\n";
    expect(written.splice(0)).toEqual([told, told]);
    terminal.out(said);
    terminal.err(said);
    terminal.asIs.out(said);
    expect(written.splice(0)).toEqual([said, said, said]);
    peoplesTerminal(stream).told.err(said);
    expect(written).toEqual(["Try `npx covenant revise` or `npx covenant label`.\n"]);
  });
});
