import { describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { formatDuration, formatRate, shortCount, shortDollars, shortDuration } from "./formatting.ts";
import { createProgressView } from "./progress-view.ts";
import { peoplesTerminal } from "./terminal.ts";

/** What a terminal shows after the text: understands line feeds and "up n lines, clear below". */
const screenOf = (text: string): string[] => {
  const lines: string[] = [""];
  for (const part of text.replaceAll("\u001b", "ESC").split(/(ESC\[\d+AESC\[J|\n)/)) {
    const up = /^ESC\[(\d+)A/.exec(part);
    if (up !== null) lines.splice(lines.length - 1 - Number(up[1]), Number.POSITIVE_INFINITY, "");
    else if (part === "\n") lines.push("");
    else lines[lines.length - 1] += part;
  }
  return lines.filter((line) => line !== "");
};

const watch = (isLive: boolean, columns = 120, program?: string) => {
  const clock = manualClock(0);
  let text = "";
  const terminal = {
    out: () => undefined,
    err: (part: string) => {
      text += part;
    },
    isLive,
    columns: () => columns,
  };
  const view = createProgressView(peoplesTerminal(terminal, undefined, program), clock);
  const progress = (stage: string, seconds: number, done: number, total: number, note?: string): void => {
    clock.advance(seconds * 1000 - clock.now());
    const words = note === undefined ? {} : { note };
    view.handle({ type: "stage-progress", time: clock.now(), stage, done, total, unit: "replies", ...words });
  };
  return { clock, view, progress, text: () => text, screen: () => screenOf(text) };
};

const start = (stage: string): RunEvent => ({ type: "stage-start", time: 0, stage, resumed: false });
const end = (stage: string, seconds: number): RunEvent => ({
  type: "stage-end",
  time: 0,
  stage,
  seconds,
  records: 9,
});

describe("on a terminal", () => {
  it("one line for each running stage is kept up to date", () => {
    const { view, progress, screen } = watch(true);
    view.handle(start("answer"));
    view.handle(start("ethical/revise"));
    progress("answer", 1, 100, 1000);
    progress("answer", 11, 300, 1000, "loss 0.3");
    const lines = screen();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("300/1,000 replies");
    expect(lines[0]).toContain("20.0/s");
    expect(lines[0]).toContain("35 s left");
    expect(lines[0]).toContain("loss 0.3");
    expect(lines[0]).toContain("██████░");
    expect(lines[1]).toContain("ethical/revise");
  });

  it("a command in a warning is named as the program was called", () => {
    const { view, text } = watch(false, 120, "node x.mjs");
    view.handle({ type: "warning", time: 0, code: "none", stage: "label", text: "Try `covenant revise`." });
    expect(text()).toBe("warning: label: Try `node x.mjs revise`.\n");
  });

  it("a finished stage says which of how many it was, where the run said how many there are", () => {
    const { view, screen } = watch(false);
    const stages = ["answer", "label", "sl"];
    view.handle({ type: "run-start", time: 0, name: "run", seed: 1, stages });
    view.handle({ type: "stage-skip", time: 0, stage: "answer" });
    view.handle(start("label"));
    view.handle(end("label", 1));
    expect(screen()).toEqual([
      "answer: finished before, skipped (1 of 3)",
      "label: started",
      "label: done, 9 records in 1.0 s (2 of 3)",
    ]);
  });

  it("a finished stage leaves one line, a message does not tear the live ones, the end sums up", () => {
    const { view, progress, screen } = watch(true);
    view.handle(start("answer"));
    progress("answer", 1, 1, 2);
    view.print("a message");
    expect(screen().at(0)).toBe("a message");
    expect(screen()).toHaveLength(2);
    view.handle(end("answer", 61));
    expect(screen()).toEqual(["a message", "answer: done, 9 records in 1 min 01 s"]);
    view.handle({ ...end("charts", 0.06), records: 0 } as RunEvent);
    expect(screen().at(-1)).toBe("charts: done in 0.1 s");
    view.handle({ ...end("page", 0.04), records: 0 } as RunEvent);
    view.close();
    expect(screen().slice(-4)).toEqual([
      expect.stringMatching(/^stage +time$/),
      expect.stringMatching(/^answer +9 records +1 min 01 s$/),
      expect.stringMatching(/^charts +0\.1 s$/),
      expect.stringMatching(/^in all +1 min 01 s$/),
    ]);
  });

  it("the end says of stages that were finished before what they took, and what this command did", () => {
    const { view, screen } = watch(true);
    const skip = (stage: string, seconds: number, records: number): RunEvent => ({
      ...{ type: "stage-skip", time: 2000, stage },
      ...{ seconds, records },
    });
    view.handle({ type: "notice", time: 1000, text: "a notice" });
    view.handle(skip("answer", 61, 9));
    view.handle(skip("charts", 0.01, 0));
    view.handle(start("label"));
    view.handle({ ...end("label", 2), time: 5000 });
    view.close();
    expect(screen().slice(-5)).toEqual([
      expect.stringMatching(/^stage +time$/),
      expect.stringMatching(/^answer +finished before +1 min 01 s$/),
      expect.stringMatching(/^label +9 records +2\.0 s$/),
      expect.stringMatching(/^added up +1 min 03 s$/),
      expect.stringMatching(/^this time +4\.0 s$/),
    ]);
  });

  it("the end says what a stage took that was stopped, so that the times add up", () => {
    const { view, screen } = watch(true);
    view.handle({ ...start("answer"), time: 0 });
    view.handle({ ...end("answer", 33), time: 33_000 });
    view.handle({ ...start("revise"), time: 33_000 });
    view.handle({ type: "notice", time: 70_000, text: "a notice" });
    view.close();
    expect(screen().slice(-4)).toEqual([
      expect.stringMatching(/^stage +time$/),
      expect.stringMatching(/^answer +9 records +33 s$/),
      expect.stringMatching(/^revise +not finished +37 s$/),
      expect.stringMatching(/^in all +1 min 10 s$/),
    ]);
    view.close();
    expect(screen().at(-1)).toMatch(/^in all/);
  });

  it("the end says how long one waited where stages ran side by side", () => {
    const { view, screen } = watch(true);
    view.handle({ ...start("ethical/sl"), time: 0 });
    view.handle({ ...start("inverted/sl"), time: 1000 });
    view.handle({ ...end("ethical/sl", 61), time: 61_000 });
    view.handle({ ...end("inverted/sl", 61), time: 62_000 });
    view.close();
    expect(screen().at(-1)).toMatch(/^start to end +1 min 02 s$/);
  });

  it("what a demanding person looks for stays in sight at 80 columns; the bar and the like go first", () => {
    const asked = (stage: string): RunEvent => ({
      ...{ type: "stage-usage", time: 0, stage, calls: 2000, repeats: 12, money: 12.34 },
      ...{ promptTokens: 1_200_000, completionTokens: 34_567, counts: { "ended-refusal": 3 } },
    });
    const shown = (name: string, total: number, columns: number): string => {
      const { view, progress, screen } = watch(true, columns);
      view.handle(start(name));
      progress(name, 1, total / 10, total, "2 rounds");
      view.handle(asked(name));
      progress(name, 11, total / 2, total, "2 rounds");
      return screen()[0]!;
    };
    expect(shown("revise", 1000, 80)).toBe(
      "revise  500/1,000  40.0/s  13 s left  1.2M tokens  $12.34  12 again  3 refused",
    );
    expect(shown("ethical/revise", 1_000_000, 80)).toBe(
      "ethical/revise 50 % 40000/s 13 s left 1.2M tokens $12.34 12 again 3 refused",
    );
    expect(shown("ethical/revise", 1000, 120)).toBe(
      "ethical/revise  500/1,000 replies  11 s  40.0/s  13 s left  1,234,567 tokens  $12.34  12 again  3 refused  2 rounds",
    );
    expect(shown("revise", 1000, 200)).toContain("██████████░░░░░░░░░░  500/1,000 replies  11 s");
  });

  it("stages that run side by side show the same, so that their lines can be compared", () => {
    const { view, progress, screen } = watch(true, 80);
    view.handle(start("ethical/sft"));
    view.handle(start("inverted/sft"));
    progress("inverted/sft", 1, 1, 100);
    progress("ethical/sft", 1, 1, 100, "loss 0.3");
    progress("ethical/sft", 2, 2, 100, "loss 0.3, accuracy 0.95, margin 0.20");
    for (const line of screen()) expect(line).not.toMatch(/[█░]/);
    expect(screen()[0]).toContain("margin 0.20");
  });

  it("no line is wider than the terminal", () => {
    const { view, progress, screen } = watch(true, 40);
    view.handle(start("ethical/revise"));
    progress("ethical/revise", 1, 1, 2, "a note that is rather long for such a terminal");
    for (const line of screen()) expect(line.length).toBeLessThan(40);
  });
});

describe("elsewhere", () => {
  it("lines are plain, and at most one every five seconds a stage between start and end", () => {
    const { view, progress, text } = watch(false);
    view.handle(start("answer"));
    for (let tenth = 1; tenth <= 120; tenth++) progress("answer", tenth / 10, tenth, 1000);
    view.handle(end("answer", 12));
    view.close();
    expect(text()).not.toContain("\u001b");
    const lines = text().trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toBe("answer: 50/1,000 replies, 10.0/s, 1 min 35 s left");
  });
});

describe("figures", () => {
  it("are short", () => {
    const durations = [0.04, 9.96, 59.6, 75, 3600 * 2 + 60 * 7];
    expect(durations.map(formatDuration)).toEqual([
      "0.0 s",
      "10 s",
      "1 min 00 s",
      "1 min 15 s",
      "2 h 07 min",
    ]);
    expect([512.4, 18.24, 0.075].map(formatRate)).toEqual(["512/s", "18.2/s", "4.5/min"]);
    expect([0.4, 59.4, 59.6, 4500, 3600 * 12.4].map(shortDuration)).toEqual([
      ...["0 s", "59 s", "1 min", "75 min", "12 h"],
    ]);
    expect([999, 12_345, 1_234_567].map(shortCount)).toEqual(["999", "12K", "1.2M"]);
    expect([0.001, 12.344, 1234.5].map(shortDollars)).toEqual(["<$0.01", "$12.34", "$1,235"]);
  });
});
