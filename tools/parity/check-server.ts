// One command for docs/endpoints-compared.md: a server that nobody here wrote serves covenant-tiny, `covenant label` and
// `covenant revise` run at it and in the engine, and what came out is held side by side. Prints a table, ends the server
// whatever happens, and exits 1 where less is equal than the table wants.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ComparedLabels, type Comparison, compareRuns, type Share } from "./run-comparison.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const model = join(root, "assets/covenant-tiny");
const ofEnvironment = (name: string): string => join(homedir(), `.venv-covenant-${name}/bin/python`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string" },
    converter: { type: "string" },
    prompts: { type: "string" },
    out: { type: "string" },
  },
});
const usage = `node tools/parity/check-server.ts llama          llama.cpp's server (llama-cpp-python), labels by log-probabilities
node tools/parity/check-server.ts transformers   transformers serve, labels by votes

--python FILE     the server's Python; default: SERVER_PYTHON, or of the environment that environment.sh makes
--converter FILE  the Python of to_gguf.py; default: CONVERTER_PYTHON, or of the parity environment
--prompts FILE    40 of these prompts in place of the sandbox's (llama alone)
--out FOLDER      keeps the runs there; default: a temporary folder, removed at the end`;
const kind = positionals[0] ?? "";
const work = resolve(values.out ?? mkdtempSync(join(tmpdir(), "covenant-check-server-")));
mkdirSync(work, { recursive: true });
const serverPython =
  values.python ?? process.env["SERVER_PYTHON"] ?? ofEnvironment(kind === "llama" ? "llama" : "parity");
const converter = values.converter ?? process.env["CONVERTER_PYTHON"] ?? ofEnvironment("parity");

/** Longest that a server may take until it answers. */
const startSeconds = 120;

const started = new Set<ChildProcess>();
/** Ends what this command started, and removes what nobody wanted to keep. */
const cleanUp = (): void => {
  for (const child of started) child.kill("SIGKILL");
  if (values.out === undefined) rmSync(work, { recursive: true, force: true });
};
process.once("exit", cleanUp);
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(status));

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Starts a program that keeps running. log: where what it says goes. */
const keep = (command: string, words: readonly string[], log: string): ChildProcess => {
  const file = openSync(log, "w");
  const child = spawn(command, words, { cwd: work, stdio: ["ignore", file, file] });
  started.add(child);
  child.once("error", (thrown) => {
    say(`${command}: ${thrown.message}`);
    process.exit(1);
  });
  return child;
};

/** Runs a program to its end. Rejects with what it said where it fails. */
const run = (command: string, words: readonly string[]): Promise<void> =>
  new Promise((done, reject) => {
    const child = spawn(command, words, { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part: Buffer) => {
        said += String(part);
      });
    started.add(child);
    child.once("error", reject);
    child.once("close", (status) => {
      started.delete(child);
      if (status === 0) done();
      else reject(new Error(`${command} ${words.join(" ")} ended with ${status}:\n${said}`));
    });
  });

const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });

/** Resolves when something answers there, however. Rejects when the server ended or took too long. */
const answering = async (address: string, server: ChildProcess, log: string): Promise<void> => {
  const end = Date.now() + startSeconds * 1000;
  while (Date.now() < end) {
    if (server.exitCode !== null) break;
    const answer = await fetch(`${address}/v1/models`).catch(() => undefined);
    if (answer !== undefined) return;
    await wait(250);
  }
  throw new Error(`the server does not answer at ${address}; it said:\n${readFileSync(log, "utf8")}`);
};

/** Starts a server; resolves to its address. words: with "PORT" for the port. */
const serve = async (command: string, words: readonly string[], name: string): Promise<string> => {
  const port = String(await freePort());
  const log = join(work, `${name}.log`);
  const server = keep(
    command,
    words.map((word) => (word === "PORT" ? port : word)),
    log,
  );
  const address = `http://127.0.0.1:${port}`;
  await answering(address, server, log);
  return address;
};

const covenant = (command: string, out: string, ...words: readonly string[]): Promise<void> => {
  say(`covenant ${command}: ${out}`);
  return run(process.execPath, [join(root, "src/cli/main.ts"), command, "--out", out, ...words]);
};

/** Rows of the table. atLeast: the share of all that must be the same; undefined where nothing is wanted. */
type Row = { readonly what: string; readonly seen: string; readonly wanted: string; readonly holds: boolean };

const rowOf = (what: string, { same, of }: Share, atLeast?: number): Row => ({
  what,
  seen: `${same} of ${of}`,
  wanted: atLeast === undefined ? "" : atLeast === 1 ? "all" : `at least ${Math.round(atLeast * 100)} %`,
  holds: atLeast === undefined || (of > 0 && same >= atLeast * of),
});

/** labelled: the share of comparisons with a label of the one that must have a label of the other, too. */
const labelRows = (labels: ComparedLabels, labelled: number): Row[] => {
  const { both, alone, mean, most, preferences, orders, flips, votes } = labels;
  return [
    rowOf(
      "comparisons labelled by both, of those that either labelled",
      { same: both, of: both + alone },
      labelled,
    ),
    ...(votes === undefined
      ? [
          {
            what: "difference of P(A), mean, most",
            seen: `${mean.toExponential(1)}, ${most.toExponential(1)}`,
            wanted: "most 1e-3",
            holds: most <= 1e-3,
          },
        ]
      : [
          rowOf("votes in both orders", votes.same, 1),
          rowOf("votes for a letter, engine", votes.letters[0]),
          rowOf("votes for a letter, server", votes.letters[1]),
        ]),
    rowOf("preferences", preferences, 1),
    rowOf("preferences in each order", orders, 1),
    rowOf("flips", flips, 1),
  ];
};

const replyRows = ({ answers, chains }: Comparison, how: string, atLeast?: number): Row[] => [
  rowOf(`greedy answers${how}`, answers!, atLeast),
  rowOf(`greedy critiques and revisions${how}`, chains!, atLeast),
];

const counts = (harmful: number, harmless: number, lookalike: number): string[] =>
  Object.entries({ harmful, harmless, lookalike }).flatMap(([name, count]) => [
    "--set",
    `counts.${name}=${count}`,
  ]);
const greedy = ["--set", "sampling.temperature=0", "--rounds", "1"];

/** llama.cpp: labels of log-probabilities; answers as the server is set, and with its penalty off. */
const checkLlama = async (): Promise<Row[]> => {
  const file = join(work, "tiny.gguf");
  await run(converter, [join(here, "to_gguf.py"), model, file]);
  const words = ["--model", file, "--model_alias", "covenant-tiny", "--n_ctx", "512", "--logits_all", "true"];
  const address = await serve(serverPython, ["-m", "llama_cpp.server", ...words, "--port", "PORT"], "server");
  const plain = await serve(
    process.execPath,
    [join(here, "with-fields.ts"), address, '{"repeat_penalty": 1}', "PORT"],
    "with-fields",
  );
  // words that the model does not know: its judge does not always name a letter
  const labelled = values.prompts === undefined ? 1 : 0.8;
  const foreign = ["--prompts", resolve(values.prompts ?? ""), "--limit", "40", "--max-tokens", "60"];
  const pairs = values.prompts === undefined ? counts(30, 15, 15) : foreign;
  const own = ["--set", "counts.harmful=40"];
  const prompts = [...greedy, ...(values.prompts === undefined ? own : foreign.slice(0, 4))];
  const at = (server: string): string => `${server}/v1#covenant-tiny`;
  await covenant("label", "labels-engine", ...pairs);
  await covenant("label", "labels-server", ...pairs, "--judge", at(address));
  await covenant("revise", "answers-engine", ...prompts);
  await covenant("revise", "answers-server", ...prompts, "--model", at(address));
  await covenant("revise", "answers-plain", ...prompts, "--model", at(plain));
  const compared = (one: string, other: string) => compareRuns(join(work, one), join(work, other));
  return [
    ...labelRows((await compared("labels-engine", "labels-server")).labels!, labelled),
    ...replyRows(await compared("answers-engine", "answers-server"), ", as the server is set"),
    ...replyRows(await compared("answers-engine", "answers-plain"), ", with repeat_penalty 1", 0.95),
  ];
};

/** transformers serve: it gives no log-probabilities, so its judge votes. */
const checkTransformers = async (): Promise<Row[]> => {
  const words = ["serve", model, "--port", "PORT", "--device", "cpu", "--dtype", "float32"];
  const address = await serve(join(dirname(serverPython), "transformers"), words, "server");
  const prompts = counts(20, 8, 8);
  const votes = [
    "--method",
    "votes",
    "--set",
    "label.votes=1",
    "--set",
    "label.judgeTemperature=0",
    ...prompts,
  ];
  const server = `${address}/v1#${model}`;
  await covenant("label", "votes-engine", ...votes);
  await covenant("label", "votes-server", ...votes, "--judge", server);
  await covenant("label", "labels-engine", ...prompts);
  await covenant("revise", "answers-engine", ...greedy, ...prompts);
  await covenant("revise", "answers-server", ...greedy, ...prompts, "--model", server);
  const compared = (one: string, other: string) => compareRuns(join(work, one), join(work, other));
  const { orders } = (await compared("labels-engine", "votes-server")).labels!;
  return [
    ...labelRows((await compared("votes-engine", "votes-server")).labels!, 1),
    rowOf(
      "preferences of the server's votes and of the engine's log-probabilities, in each order",
      orders,
      1,
    ),
    ...replyRows(await compared("answers-engine", "answers-server"), "", 1),
  ];
};

const checks: Readonly<Record<string, () => Promise<Row[]>>> = {
  llama: checkLlama,
  transformers: checkTransformers,
};
const check = checks[kind];
if (check === undefined) {
  say(usage);
  process.exit(2);
}
const rows = await check().catch((thrown: unknown) => {
  say(thrown instanceof Error ? thrown.message : String(thrown));
  process.exit(1);
});
say("\n| engine and server the same | | wanted | |\n|---|---|---|---|");
for (const { what, seen, wanted, holds } of rows)
  say(`| ${what} | ${seen} | ${wanted} | ${holds ? "" : "NOT"} |`);
process.exit(rows.every(({ holds }) => holds) ? 0 : 1);
