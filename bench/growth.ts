// Ways in which the number of calls in flight may grow, side by side, at servers of many kinds, 500 calls at once, with the
// retries of every command, in a time that passes without waiting: what is lost of a server that bears all, and how a weak
// one is asked. The ways other than the present one are kept here alone. Says nothing of this machine's speed, for which
// there is bench:endpoint.
// npm run bench:growth -- [--at-once 500] [--seeds 2]

import {
  type BorneNumbers,
  type ConcurrencyControl,
  type LanguageModel,
  withAdaptiveConcurrency,
  withRetry,
} from "../src/models/index.ts";
import { createTime, type Kind, startServed } from "../src/models/served.fixture.ts";
import { readWholeNumber, readWords } from "./words.ts";

const { values } = readWords(import.meta.url, {
  options: { "at-once": { type: "string", default: "500" }, seeds: { type: "string", default: "2" } },
});
const atOnce = readWholeNumber("--at-once", values["at-once"], 16);
const seeds = readWholeNumber("--seeds", values.seeds, 1);

/** start: at first; growth: a round; byAnswer: whether every answer opens a place, and not the last of a round. */
type Way = { readonly start: number; readonly growth: number; readonly byAnswer?: boolean };

/**
 * What was the way until 27 November 2026, where it starts at 16 and doubles: until the first trouble, while a round takes
 * no more than twice as long as the quickest ones; a trouble halves, and then a round adds a fiftieth of the most.
 */
const earlierControl = ({ start, growth, byAnswer = false }: Way): ConcurrencyControl => {
  let limit = start;
  let size = start;
  let [isGrowing, troubles, inFlight, isFull] = [true, 0, 0, false];
  let [answers, sum, quickest] = [0, 0, Number.POSITIVE_INFINITY];
  const beginRound = (): void => {
    [answers, sum, size, isFull] = [0, 0, limit, inFlight >= limit];
  };
  const add = (places: number): void => {
    limit = Math.min(atOnce, limit + places);
  };
  return {
    limit: () => limit,
    begin() {
      inFlight++;
      isFull ||= inFlight >= limit;
      return troubles;
    },
    answered(milliseconds) {
      inFlight--;
      answers++;
      sum += milliseconds;
      if (byAnswer && isGrowing && isFull && sum / answers <= 2 * quickest) add(growth - 1);
      if (answers < size) return;
      const mean = sum / answers;
      quickest = Math.min(mean, quickest * 1.05);
      if (isFull && mean <= 2 * quickest)
        if (!isGrowing) add(Math.max(1, Math.round(atOnce / 50)));
        else if (!byAnswer) add(limit * (growth - 1));
      beginRound();
    },
    troubled(begun) {
      inFlight--;
      if (begun !== troubles) return;
      troubles++;
      isGrowing = false;
      limit = Math.max(1, Math.floor(limit / 2));
      beginRound();
    },
    ended: () => {
      inFlight--;
    },
    borne: () => undefined,
  };
};

/** The number that a server was found to bear before: the end of a run of the same kind. */
const found: BorneNumbers = new Map();
const ways: readonly (readonly [name: string, way: Way | "present" | "found"])[] = [
  ["16, doubled a round (earlier)", { start: 16, growth: 2 }],
  ["16, doubled by answers", { start: 16, growth: 2, byAnswer: true }],
  ["16, fourfold a round", { start: 16, growth: 4 }],
  ["a quarter, doubled a round", { start: Math.floor(atOnce / 4), growth: 2 }],
  ["all at once", { start: atOnce, growth: 2 }],
  ["present", "present"],
  ["present, found before", "found"],
];

/** calls: to be answered; best: seconds that they take at least. */
type Task = Kind & { readonly calls: number; readonly best: number };
const spans = (rounds: number): Task => ({ calls: atOnce * rounds, best: rounds / 2 });
const tasks: readonly (readonly [name: string, task: Task])[] = [
  ["bears all, 12 rounds", spans(12)],
  ["bears all, 25 rounds", spans(25)],
  ["bears all, 50 rounds", spans(50)],
  ["bears all, away for 5 s", { ...spans(50), away: [10_000, 15_000], best: 30 }],
  ["bears 20, then 429", { bears: 20, status: 429, calls: 1000, best: 25 }],
  ["bears 20, then 503", { bears: 20, status: 503, calls: 1000, best: 25 }],
  ["bears 200, then 429", { bears: 200, status: 429, calls: 10_000, best: 25 }],
  ["bears 19 of 20, then 429", { bears: (atOnce * 19) / 20, status: 429, calls: 25_000, best: 26 }],
  ["20 at a time, others wait", { bears: 20, calls: 2000, best: 50 }],
  ["20 of 30 s, limit 120 s", { bears: 20, latency: 30_000, patience: 120_000, calls: 2000, best: 3000 }],
  ["fails 1 %", { fails: 0.01, calls: 5000, best: 5 }],
  ["429 in 1 %", { fails: 0.01, status: 429, calls: 5000, best: 5 }],
  ["fails 5 %", { fails: 0.05, calls: 5000, best: 5 }],
  ["breaks for 5 s beyond 100", { bears: 100, breaks: 5000, calls: 5000, best: 25 }],
];

const request = { messages: [], maxTokens: 1, temperature: 0, seed: 1 };
const answer = { text: "x", finish: "stop", usage: { promptTokens: 1, completionTokens: 1 } } as const;

/** A run from its start. seconds: until 95 % are answered, by the rate up to there, so that the last answers count little. */
const run = async (way: Way | "present" | "found", { calls, best, ...kind }: Task, seed: number) => {
  const time = createTime();
  const { seen, ask } = startServed(time, kind, seed);
  const served: LanguageModel = {
    id: "served",
    capabilities: { batch: atOnce, scores: false },
    async generate() {
      await ask();
      return [answer];
    },
    score: async () => [],
    close: async () => {},
  };
  const control = typeof way === "string" ? {} : { control: earlierControl(way) };
  if (way === "present") found.clear();
  const model = withRetry(withAdaptiveConcurrency(served, { clock: time, borne: found, ...control }), {
    seed,
    wait: (milliseconds) => time.wait(milliseconds),
  });
  let [begun, lost] = [0, 0];
  const work = async (): Promise<void> => {
    while (begun < calls) {
      begun++;
      await model.generate([request]).catch(() => lost++);
    }
  };
  await time.pass(Promise.all(Array.from({ length: atOnce }, work)));
  await model.close();
  const counted = Math.max(1, Math.floor(seen.answeredAt.length * 0.95));
  const seconds = ((seen.answeredAt[counted - 1] ?? 0) / 1000) * (calls / counted);
  const half = seen.answeredAt[Math.floor(seen.answeredAt.length / 2)] ?? 0;
  const late = seen.failedAt.filter((at) => at > half).length;
  return { failed: seen.failed, late, most: seen.most, lost, seconds, share: 100 * (1 - best / seconds) };
};

const mean = (numbers: readonly number[]): string =>
  (numbers.reduce((sum, one) => sum + one, 0) / numbers.length).toFixed(0);

for (const [server, task] of tasks) {
  process.stdout.write(`\n${server}: ${task.calls} calls\n`);
  for (const [name, way] of ways) {
    const runs: Awaited<ReturnType<typeof run>>[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      // What is found before is found at a server of the same kind.
      if (way === "found") await run("present", task, seed);
      runs.push(await run(way, task, seed));
    }
    const column = (of: (one: (typeof runs)[number]) => number, width: number): string =>
      mean(runs.map(of)).padStart(width);
    process.stdout.write(
      `  ${name.padEnd(30)}${column(({ seconds }) => seconds, 5)} s, ${column(({ share }) => share, 3)} % of the rate lost,${column(({ failed }) => failed, 6)} calls failed (${column(({ late }) => late, 0)} in the second half), ${column(({ lost }) => lost, 0)} given up, ${column(({ most }) => most, 0)} at once at most\n`,
    );
  }
}
