// Covenant beside the original libraries: the same step of both by turns in one run, on the same threads, in float32.
// Prints one table and writes JSON with the machine's name. What needs Python is left out, with the reason, where the
// environment of tools/parity is not there (COVENANT_PARITY_PYTHON names its interpreter).
// npm run bench -- [--only NAME,NAME] [--rounds 5] [--attention eager|sdpa] [--out runs/bench/peers.json]

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, homedir, hostname } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UserError } from "../src/core/index.ts";
import { parseModelConfig } from "../src/transformer/index.ts";
import { median, trainingOperations } from "./arithmetic.ts";
import { readWholeNumber, readWords } from "./words.ts";

const here = dirname(fileURLToPath(import.meta.url));
const python = process.env["COVENANT_PARITY_PYTHON"] ?? join(homedir(), ".venv-covenant-parity/bin/python");

const { values } = readWords(import.meta.url, {
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
    attention: { type: "string", default: "eager" },
    out: { type: "string", default: join(here, "../runs/bench/peers.json") },
  },
});
const rounds = readWholeNumber("--rounds", values.rounds, 1);

type Answer = { readonly seconds: number; readonly peak: number } & Readonly<Record<string, number>>;

/** A workload in a process of its own. */
type Worker = { step(line?: string): Promise<Answer>; end(): void };

const startWorker = async (command: string, words: readonly string[]): Promise<Worker> => {
  const threads = String(availableParallelism());
  const child: ChildProcessWithoutNullStreams = spawn(command, words, {
    env: { ...process.env, BENCH_THREADS: threads, BENCH_ATTENTION: values.attention },
  });
  let told = "";
  child.stderr.on("data", (data: Buffer) => {
    told = (told + data.toString()).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${[command, ...words].join(" ")} ended early:\n${told}`);
      // libraries may print lines of their own
      if (value.startsWith("{")) return JSON.parse(value) as Answer;
    }
  };
  await next();
  return {
    step(line = "step") {
      child.stdin.write(`${line}\n`);
      return next();
    },
    end: () => child.kill("SIGKILL"),
  };
};

const startOurs = (name: string): Promise<Worker> =>
  startWorker(process.execPath, [join(here, "peers/ours.ts"), name]);
const startTheirs = (name: string): Promise<Worker> =>
  startWorker(python, [join(here, "peers/peers.py"), name]);

type Row = {
  readonly work: string;
  readonly ours: string;
  /** Workload of the original library, or one of our own to be compared with. */
  readonly peer?: { readonly name: string; readonly ours?: boolean };
  /** How many times as fast as the peer at least. */
  readonly faster?: number;
  /** Share of the MatMul rate at least, given the work of a step in operations. */
  readonly share?: { readonly least: number; readonly operations: (answer: Answer) => number };
  /** Peak memory at most, in bytes; "peer": not above the peer's. */
  readonly memory?: number | "peer";
};

const shapes = JSON.parse(readFileSync(join(here, "peers/shapes.json"), "utf8")) as Record<string, object>;
const tiny = parseModelConfig(
  JSON.parse(readFileSync(join(here, "../assets/covenant-tiny/config.json"), "utf8")),
);

/** Operations of a LoRA step over whole rows: no gradient of frozen weights, adapters left out. */
const loraOperations = (shape: string, rows: number) => (): number => {
  const config = parseModelConfig(shapes[shape]);
  const step = { rows, time: 512, documents: 1, length: 512, targets: rows * 511 };
  return (trainingOperations(config, step) * 2) / 3;
};

/** Operations of prompts and generated tokens: every block once a token, the head once a generated one. */
const tokenOperations = ({ tokens = 0, prompts = 0 }: Answer): number => {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize, layers, vocabularySize } = tiny;
  const attention = hiddenSize * headSize * (2 * heads + 2 * keyValueHeads);
  const block = attention + 3 * hiddenSize * intermediateSize;
  return 2 * ((tokens + prompts) * layers * block + tokens * hiddenSize * vocabularySize);
};

const rows: readonly Row[] = [
  {
    work: "LoRA SFT step, GPT-2 124M, 4 x 512",
    ours: "sft-gpt2",
    peer: { name: "sft-gpt2" },
    faster: 1.3,
    share: { least: 0.65, operations: loraOperations("gpt2", 4) },
    memory: "peer",
  },
  {
    work: "LoRA SFT step, Llama 135M, 2 x 512",
    ours: "sft-135m",
    peer: { name: "sft-135m" },
    faster: 1.3,
    share: { least: 0.65, operations: loraOperations("llama-135m", 2) },
    memory: "peer",
  },
  {
    work: "LoRA SFT step, Llama 135M, 4 rows of 60 to 510",
    ours: "sft-mixed",
    peer: { name: "sft-mixed" },
    memory: "peer",
  },
  {
    work: "DPO step with the reference's, 135M, 4 x (256 + 2 x 128)",
    ours: "dpo-135m",
    peer: { name: "dpo-135m" },
    faster: 1.8,
    memory: "peer",
  },
  {
    work: "DPO step, reference known, 135M",
    ours: "dpo-135m-cached",
    peer: { name: "dpo-135m-cached" },
    faster: 1.8,
    memory: "peer",
  },
  {
    work: "full pretraining step by AdamW, covenant-tiny, 12 x 256",
    ours: "pretrain-tiny",
    peer: { name: "pretrain-tiny" },
    faster: 1.5,
    memory: "peer",
  },
  {
    work: "the same by Muon, as covenant pretrain takes it",
    ours: "pretrain-tiny-muon",
    peer: { name: "pretrain-tiny-muon" },
    faster: 1.5,
    memory: "peer",
  },
  {
    work: "generation, 135M, batch 16, 128 new tokens",
    ours: "generate-135m",
    peer: { name: "generate-135m" },
    faster: 2,
    memory: "peer",
  },
  {
    work: "generation in int8 against float32, 135M, batch 64",
    ours: "generate-135m-64-int8",
    peer: { name: "generate-135m-64", ours: true },
    faster: 1.8,
  },
  {
    work: "generation, covenant-tiny, batch 64",
    ours: "generate-tiny",
    share: { least: 0.4, operations: tokenOperations },
  },
  { work: "QLoRA step (NF4), Llama 1.1B, 1 x 256", ours: "sft-1.1b-nf4", memory: 4 * 2 ** 30 },
];

type Measured = {
  readonly work: string;
  readonly seconds: number;
  readonly peerSeconds?: number;
  readonly ratio?: number;
  readonly share?: number;
  readonly peak: number;
  readonly peerPeak?: number;
  readonly notes: readonly string[];
  readonly misses: readonly string[];
};

const judge = (row: Row, found: Omit<Measured, "misses" | "notes">): string[] => {
  const { ratio, share, peak, peerPeak } = found;
  const allowed = row.memory === "peer" ? peerPeak : row.memory;
  return [
    row.faster !== undefined && ratio !== undefined && ratio < row.faster ? `below ${row.faster} x` : "",
    row.share !== undefined && share !== undefined && share < row.share.least
      ? `below ${100 * row.share.least} % of MatMul`
      : "",
    allowed !== undefined && peak > allowed ? "more memory" : "",
  ].filter((miss) => miss !== "");
};

const measure = async (row: Row): Promise<Measured> => {
  const { peer } = row;
  const ours = await startOurs(row.ours);
  const other =
    peer === undefined
      ? undefined
      : peer.ours === true
        ? await startOurs(peer.name)
        : await startTheirs(peer.name);
  try {
    for (let warm = 0; warm < 2; warm++) {
      await ours.step();
      await other?.step();
    }
    const times = { ours: [] as number[], peer: [] as number[], share: [] as number[] };
    let last: Answer | undefined;
    let peerPeak = 0;
    for (let round = 0; round < rounds; round++) {
      const product = await ours.step("matmul");
      last = await ours.step();
      const again = await ours.step("matmul");
      times.ours.push(last.seconds);
      if (row.share !== undefined) {
        const rate = (product["operations"]! + again["operations"]!) / (product.seconds + again.seconds);
        times.share.push(row.share.operations(last) / last.seconds / rate);
      }
      const answer = await other?.step();
      if (answer === undefined) continue;
      times.peer.push(answer.seconds);
      peerPeak = answer.peak;
    }
    const found = {
      work: row.work,
      seconds: median(times.ours),
      peak: last!.peak,
      ...(times.peer.length === 0
        ? {}
        : {
            peerSeconds: median(times.peer),
            ratio: median(times.peer.map((seconds, at) => seconds / times.ours[at]!)),
            peerPeak,
          }),
      ...(times.share.length === 0 ? {} : { share: median(times.share) }),
    };
    const drift = last!["meanDrift"];
    const notes =
      drift === undefined
        ? []
        : [
            `log-probabilities of covenant-tiny differ by ${drift.toFixed(3)} on average, ${last!["mostDrift"]!.toFixed(3)} at most`,
          ];
    return { ...found, notes, misses: judge(row, found) };
  } finally {
    ours.end();
    other?.end();
  }
};

const gigabytes = (bytes: number | undefined): string =>
  bytes === undefined ? "" : `${(bytes / 2 ** 30).toFixed(2)}`;

const table = (all: readonly Measured[]): string => {
  const lines = [
    ["", "ours, s", "peer, s", "times as fast", "of MatMul", "GiB", "peer, GiB", ""],
    ...all.map((one) => [
      one.work,
      one.seconds.toFixed(2),
      one.peerSeconds?.toFixed(2) ?? "",
      one.ratio?.toFixed(2) ?? "",
      one.share === undefined ? "" : `${(100 * one.share).toFixed(0)} %`,
      gigabytes(one.peak),
      gigabytes(one.peerPeak),
      [...one.misses.map((miss) => `MISSED: ${miss}`), ...one.notes].join("; "),
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => (at === 0 || at === 7 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
        .join("  "),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
};

const only = values.only?.split(",");
const unknown = only?.find((name) => !rows.some(({ ours }) => ours === name));
if (unknown !== undefined) {
  const names = rows.map(({ ours }) => ours).join(", ");
  throw new UserError("value-unknown", `--only ${unknown}: expected some of ${names}.`, { unknown });
}
const hasPython = existsSync(python);
const found: Measured[] = [];
for (const row of rows) {
  if (only !== undefined && !only.includes(row.ours)) continue;
  const needsPython = row.peer !== undefined && row.peer.ours !== true;
  if (needsPython && !hasPython) {
    process.stderr.write(`${row.work}: left out, there is no ${python} (see tools/parity/README.md)\n`);
    continue;
  }
  process.stderr.write(`${row.work} ...\n`);
  found.push(await measure(row));
}
const machine = {
  name: hostname(),
  processor: cpus()[0]?.model ?? "unknown",
  threads: availableParallelism(),
};
process.stdout.write(
  `${machine.threads} x ${machine.processor}, Node ${process.versions.node}; medians of ${rounds} rounds\n\n${table(found)}`,
);
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, `${JSON.stringify({ machine, rounds, rows: found }, null, 2)}\n`);
if (found.some(({ misses }) => misses.length > 0)) process.exitCode = 1;
