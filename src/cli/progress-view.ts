// The event log as a person sees it while a command runs. On a terminal one live line for each running stage
// (progress-line.ts); elsewhere plain lines, at most one every five seconds a stage. At the end a summary with the time of
// each stage. Everything goes to stderr.

import { alignColumns, type Clock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import type { ProgressPoint } from "../runs/index.ts";
import { formatCount, formatDuration } from "./formatting.ts";
import { type Asked, liveLines, plainLine } from "./progress-line.ts";
import type { PeoplesTerminal } from "./terminal.ts";

export type ProgressView = {
  handle(event: RunEvent): void;
  /** Writes a line without tearing the live ones. */
  print(line: string): void;
  /** Draws the live lines again, so that elapsed time moves on. */
  redraw(): void;
  /** Removes the live lines and, when stages ran, writes the summary. */
  close(): void;
};

type StageState = {
  readonly name: string;
  readonly started: number;
  points: ProgressPoint[];
  unit: string;
  note: string | undefined;
  printed: number;
  asked: Asked;
};

/** isEarlier: finished by an earlier command, which the seconds are of. */
type Ended = {
  readonly name: string;
  readonly what: string;
  readonly seconds: number;
  readonly records: number;
  readonly isEarlier: boolean;
};

const plainMilliseconds = 5000;
const liveMilliseconds = 100;
/** Enough for the estimate's half minute at the event log's four a second, with a margin. */
const keptPoints = 240;

type Screen = {
  erase(): void;
  /** Draws the live lines of what is running, where the terminal can. */
  draw(): void;
  /** Draws unless that was done a moment ago. */
  drawSoon(): void;
};

/** The live lines at the lower end of the terminal. */
const createScreen = (
  terminal: PeoplesTerminal,
  clock: Clock,
  running: ReadonlyMap<string, StageState>,
): Screen => {
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const up = (): string => (drawn > 0 ? `\u001b[${drawn}A\u001b[J` : "");
  const draw = (): void => {
    if (!terminal.isLive || running.size === 0) return;
    const now = clock.now();
    const stages = [...running.values()].map((stage) => ({
      ...stage,
      elapsed: (now - stage.started) / 1000,
    }));
    const lines = liveLines(stages, terminal.columns());
    terminal.asIs.err(`${up()}${lines.join("\n")}\n`);
    drawn = lines.length;
    drawnAt = now;
  };
  return {
    draw,
    drawSoon() {
      if (clock.now() - drawnAt >= liveMilliseconds) draw();
    },
    erase() {
      if (drawn > 0) terminal.asIs.err(up());
      drawn = 0;
    },
  };
};

const endedBy = (event: Extract<RunEvent, { type: "stage-skip" | "stage-end" }>): Ended => {
  const { stage: name, seconds = 0, records = 0 } = event;
  const isEarlier = event.type === "stage-skip";
  // charts and tables are files of their own
  const wrote = records === 0 ? "" : `${formatCount(records)} ${records === 1 ? "record" : "records"}`;
  const earlier =
    event.type === "stage-skip" && event.from !== undefined ? `as in ${event.from}` : "finished before";
  return { name, what: isEarlier ? earlier : wrote, seconds, records, isEarlier };
};

const lineOf = ({ name, what, seconds, isEarlier }: Ended): string =>
  isEarlier
    ? `${name}: ${what}, skipped`
    : `${name}: done${what === "" ? "" : `, ${what}`} in ${formatDuration(seconds)}`;

/** What a person or a failure stopped took its time too. last: when something was heard of it, in milliseconds. */
const unfinished = (running: ReadonlyMap<string, StageState>, last: number): Ended[] =>
  [...running.values()].map(({ name, started }) => ({
    ...{ name, what: "not finished", records: 0, isEarlier: false },
    seconds: (last - started) / 1000,
  }));

/** A stage that took less and wrote nothing is told of nobody. */
const leastSeconds = 0.05;

const addedUp = (ended: readonly Ended[]): number => ended.reduce((sum, { seconds }) => sum + seconds, 0);

/**
 * elapsed: seconds, where stages ran side by side, so that theirs do not add up to what one waited; now: seconds of this
 * command, told where it found stages that were finished before.
 */
const summary = (ended: readonly Ended[], elapsed: number | undefined, now: number): string[] => {
  const total = addedUp(ended);
  const rows = ended
    .filter(({ records, seconds }) => records > 0 || seconds >= leastSeconds)
    .map(({ name, what, seconds }) => [name, what, formatDuration(seconds)]);
  const last = ended.some(({ isEarlier }) => isEarlier)
    ? [
        ["added up", "", formatDuration(total)],
        ["this time", "", formatDuration(now)],
      ]
    : [[elapsed === undefined ? "in all" : "start to end", "", formatDuration(elapsed ?? total)]];
  return alignColumns([["stage", "", "time"], ...rows, ...last], [2]);
};

type Progress = Extract<RunEvent, { type: "stage-progress" }>;

const takeProgress = (stage: StageState, { time, done, total, unit, note }: Progress): void => {
  stage.points.push({ time, done, total });
  if (stage.points.length > keptPoints) stage.points = stage.points.slice(-keptPoints / 2);
  stage.unit = unit;
  stage.note = note;
};

const takeUsage = (
  { asked }: StageState,
  { promptTokens, completionTokens, money = 0, repeats, counts }: Extract<RunEvent, { type: "stage-usage" }>,
): void => {
  asked.tokens += promptTokens + completionTokens;
  asked.money += money;
  asked.again += repeats;
  asked.refused += counts["ended-refusal"] ?? 0;
};

/** Draws events on a terminal. The clock decides what is drawn when. */
export const createProgressView = (terminal: PeoplesTerminal, clock: Clock): ProgressView => {
  const running = new Map<string, StageState>();
  const ended: Ended[] = [];
  let planned = 0;
  let begun: number | undefined;
  let first: number | undefined;
  let last = 0;
  let sideBySide = false;
  const screen = createScreen(terminal, clock, running);
  const print = (line: string): void => {
    screen.erase();
    terminal.told.err(`${line}\n`);
    screen.draw();
  };
  const progress = (event: Progress): void => {
    const stage = running.get(event.stage);
    if (stage === undefined) return;
    takeProgress(stage, event);
    if (terminal.isLive) screen.drawSoon();
    else if (event.time - stage.printed >= plainMilliseconds) {
      stage.printed = event.time;
      print(plainLine(stage));
    }
  };
  const end = (stage: Ended): void => {
    const line = lineOf(stage);
    running.delete(stage.name);
    ended.push(stage);
    // what runs within a run (of a sweep) is told by the run around it
    const isCounted = planned > 2 && ended.length <= planned;
    print(isCounted ? `${line} (${ended.length} of ${planned})` : line);
  };
  const start = ({ stage: name, time, resumed }: Extract<RunEvent, { type: "stage-start" }>): void => {
    const asked = { tokens: 0, money: 0, again: 0, refused: 0 };
    begun ??= time;
    sideBySide ||= running.size > 0;
    running.set(name, { name, started: time, points: [], unit: "", note: undefined, printed: time, asked });
    if (terminal.isLive) screen.draw();
    else print(`${name}: ${resumed ? "continued" : "started"}`);
  };
  const handle = (event: RunEvent): void => {
    first ??= event.time;
    last = event.time;
    if (event.type === "run-start") planned ||= event.stages.length;
    if (event.type === "stage-start") start(event);
    if (event.type === "stage-progress") progress(event);
    const asking = event.type === "stage-usage" ? running.get(event.stage) : undefined;
    if (event.type === "stage-usage" && asking !== undefined) takeUsage(asking, event);
    if (event.type === "stage-skip" || event.type === "stage-end") end(endedBy(event));
    if (event.type === "notice") print(event.text);
    if (event.type === "warning")
      print(`warning: ${event.stage === undefined ? "" : `${event.stage}: `}${event.text}`);
  };
  const close = (): void => {
    screen.erase();
    if (ended.length > 0) ended.push(...unfinished(running, last));
    running.clear();
    if (ended.length > 1) {
      const elapsed = sideBySide ? (last - (begun ?? last)) / 1000 : undefined;
      const lines = summary(ended, elapsed, (last - (first ?? last)) / 1000);
      terminal.err(`\n${lines.join("\n")}\n`);
    }
    ended.length = 0;
  };
  return { handle, print, redraw: screen.draw, close };
};
