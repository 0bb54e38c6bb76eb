import { describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { formatDuration, formatRate } from "./formatting.ts";
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

const watch = (isLive: boolean, columns = 120) => {
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
  const view = createProgressView(peoplesTerminal(terminal), clock);
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

  it("a finished stage leaves one line, a message does not tear the live ones, the end sums up", () => {
    const { view, progress, screen } = watch(true);
    view.handle(start("answer"));
    progress("answer", 1, 1, 2);
    view.print("a message");
    expect(screen().at(0)).toBe("a message");
    expect(screen()).toHaveLength(2);
    view.handle(end("answer", 61));
    expect(screen()).toEqual(["a message", "answer: done, 9 records in 1 min 01 s"]);
    view.handle({ type: "stage-skip", time: 2, stage: "label" });
    view.close();
    expect(screen().slice(-3)).toEqual([
      expect.stringMatching(/^answer +9 records +1 min 01 s$/),
      expect.stringMatching(/^label +finished before$/),
      expect.stringMatching(/^in all +1 min 01 s$/),
    ]);
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
  });
});
