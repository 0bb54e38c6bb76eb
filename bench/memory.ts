// How much memory and time commands take for many rows: those that only read, load or plan for a million of them, and those
// that ask a model for a tenth of the items and for all of them, where flat means that both take about the same: in a heap
// so small that what is held for every item would not fit, since Node lets garbage lie in a large one. The rows are made
// here, each of its own words; the models answer at once: a script, or a server on this machine. Ends with status 1 where a
// pass over all rows takes more than 500 MiB.
// npm run bench:memory -- [--rows 1000000] [--items 100000] [--heap 64] [--only "label (endpoint)"]

import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { startServer } from "./answering-server.ts";
import { hold } from "./goals.ts";
import { readWholeNumber, readWords } from "./words.ts";

const { values } = readWords(import.meta.url, {
  options: {
    rows: { type: "string", default: "1000000" },
    items: { type: "string", default: "100000" },
    heap: { type: "string", default: "64" },
    only: { type: "string", default: "" },
  },
});
/** The goal of a pass over all rows, in MiB. */
const mostMemory = 500;
const rows = readWholeNumber("--rows", values.rows, 10);
const items = readWholeNumber("--items", values.items, 10);
const heap = readWholeNumber("--heap", values.heap, 48);

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "covenant-memory-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const textOf = (row: number): string =>
  `How do I open door number ${row} of the house at ${row % 977} ${row % 13} street, when the key is lost?`;

const writeFile = async (name: string, count: number, rowOf: (row: number) => object): Promise<string> => {
  const file = join(folder, `${name}-${count}.jsonl`);
  async function* lines(): AsyncGenerator<string> {
    for (let start = 0; start < count; start += 1000) {
      let text = "";
      for (let row = start; row < Math.min(count, start + 1000); row++)
        text += `${JSON.stringify(rowOf(row))}\n`;
      yield text;
    }
  }
  await pipeline(lines, createWriteStream(file));
  return file;
};

const promptRow = (row: number): object => ({
  prompt: textOf(row),
  kind: row % 4 === 0 ? "harmless" : "harmful",
  area: "privacy",
});
const comparisonRow = (row: number): object => ({
  prompt: textOf(row),
  replies: [`Ask a locksmith about door ${row}.`, `Break door ${row}.`],
  correct: row % 2,
});

/** A model that gives each request one of many replies, and log-probabilities to letters. */
const writeScript = (): string => {
  const file = join(folder, "script.yaml");
  const replies = Array.from({ length: 500 }, (_, at) => `Reply number ${at}: ask a locksmith, and wait.`);
  const areas = (count: number) => ({
    answers: Array.from({ length: count }, (_, at) => ({ number: at + 1, area: "other" })),
  });
  const packs = Array.from({ length: 10 }, (_, at) => 10 - at).map((count) => ({
    when: `{"number":${count},`,
    reply: JSON.stringify(areas(count)),
  }));
  const score = { "(A)": -0.3, "(B)": -1.5 };
  writeFileSync(
    file,
    JSON.stringify({
      batch: 64,
      rules: [
        ...packs,
        { when: "door number 1", reply: replies, score },
        { reply: replies, score: { "(A)": -1.4, "(B)": -0.4 } },
      ],
    }),
  );
  return `scripted:${file}`;
};

const tellPeak = `process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS + "\\n"))`;

/** Runs a command to its end. Resolves to its peak of memory in MiB and its seconds. */
const measure = (
  words: readonly string[],
  ...options: readonly string[]
): Promise<{ readonly peak: number; readonly seconds: number }> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const option = `--import=data:text/javascript,${encodeURIComponent(tellPeak)}`;
    const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), ...words, "--quiet"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, NODE_OPTIONS: [option, ...options].join(" ") },
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => {
      said += String(part);
    });
    child.on("error", reject);
    child.on("close", (status) => {
      const peak = Number(/^peak (\d+)$/m.exec(said)?.[1] ?? Number.NaN) / 1024;
      if (status === 0) resolve({ peak, seconds: (performance.now() - started) / 1000 });
      else reject(new Error(`covenant ${words.join(" ")} ended with ${String(status)}:\n${said}`));
    });
  });

type Pass = { readonly name: string; readonly words: (file: string, model: string) => readonly string[] };

const set = (...settings: readonly string[]): string[] => settings.flatMap((one) => ["--set", one]);
const dryPasses: readonly Pass[] = [
  { name: "prompts load", words: (file) => ["prompts", "load", file] },
  {
    name: "prompts select",
    words: (file) => ["prompts", "select", "--prompts", file, "--per-kind", "400000"],
  },
  ...["revise", "label", "prompts classify", "prompts penetrate", "prompts generate"].map((command) => ({
    name: `${command} --dry-run`,
    words: (file: string, model: string) => [
      ...command.split(" "),
      ...["--model", model, "--prompts", file, "--dry-run"],
    ],
  })),
];
const askingPasses: readonly Pass[] = [
  ...["revise", "label", "prompts classify", "prompts penetrate"].map((command) => ({
    name: command,
    words: (file: string, model: string) => [
      ...command.split(" "),
      ...["--model", model, "--prompts", file],
      ...(command === "revise" ? ["--rounds", "1"] : []),
    ],
  })),
  {
    name: "label --comparisons",
    words: (_file, model) => ["label", "--model", model, "--comparisons"],
  },
];

const isWanted = (name: string): boolean =>
  values.only === "" || values.only.split(",").some((one) => name.includes(one.trim()));

const runDry = async (script: string): Promise<void> => {
  const wanted = dryPasses.filter(({ name }) => isWanted(name));
  if (wanted.length === 0) return;
  const file = await writeFile("prompts", rows, promptRow);
  say(`${rows.toLocaleString("en-US")} rows:`);
  for (const { name, words } of wanted) {
    const { peak, seconds } = await measure([...words(file, script), "--out", join(folder, "out")]);
    say(
      `  ${name.padEnd(30)}${Math.round(peak).toString().padStart(5)} MiB${seconds.toFixed(0).padStart(6)} s`,
    );
    hold({ what: name, unit: "MiB", most: mostMemory }, peak);
    rmSync(join(folder, "out"), { recursive: true, force: true });
  }
};

const runAsking = async (kind: string, model: string): Promise<void> => {
  for (const { name, words } of askingPasses) {
    if (!isWanted(`${name} (${kind})`)) continue;
    const told: string[] = [];
    const peaks: number[] = [];
    for (const count of [Math.floor(items / 10), items]) {
      const isGiven = name === "label --comparisons";
      const file = await writeFile(isGiven ? "pairs" : "prompts", count, isGiven ? comparisonRow : promptRow);
      const all = [...words(file, model), ...(isGiven ? [file] : []), ...set("seed=1")];
      const out = ["--out", join(folder, "out")];
      const { peak, seconds } = await measure(
        [...all, ...out],
        `--max-old-space-size=${heap}`,
        "--max-semi-space-size=2",
      );
      peaks.push(peak);
      told.push(
        `${count.toLocaleString("en-US").padStart(9)}: ${Math.round(peak)} MiB, ${seconds.toFixed(0)} s`,
      );
      rmSync(join(folder, "out"), { recursive: true, force: true });
    }
    const [few, many] = peaks as [number, number];
    const bytes = ((many - few) * 2 ** 20) / (items - Math.floor(items / 10));
    say(`  ${`${name} (${kind})`.padEnd(30)}${told.join(";")}; ${bytes.toFixed(0)} bytes an item more`);
  }
};

const script = writeScript();
await runDry(script);
say(`Items that are worked on in a heap of ${heap} MiB, a tenth and all of them:`);
await runAsking("script", script);
const { name, stop } = await startServer(0);
await runAsking("endpoint", name);
stop();
