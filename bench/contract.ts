// How long `covenant simulate contract` takes with a model that answers at once, and how much memory when many talk: five
// personas in ten runs of two turns, and 200 in one run of 20 turns in which everybody rates everybody. The former is to take
// 2 s with the start in the median, the latter 500 MiB; where one is missed the status is 1.
// npm run bench:contract -- [--users 200] [--turns 20] [--repeats 3]

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./arithmetic.ts";
import { hold } from "./goals.ts";
import { readWholeNumber, readWords } from "./words.ts";

const { values } = readWords(import.meta.url, {
  options: {
    users: { type: "string", default: "200" },
    turns: { type: "string", default: "20" },
    repeats: { type: "string", default: "3" },
  },
});
const users = readWholeNumber("--users", values.users, 5);
const turns = readWholeNumber("--turns", values.turns, 1);
const repeats = readWholeNumber("--repeats", values.repeats, 1);

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "covenant-bench-contract-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const principles = Array.from({ length: 5 }, (_, at) => ({
  text: `Be useful and brief in way number ${at + 1}.`,
  from: [at + 1],
}));
const draft =
  "Rights are the same for everybody, and how they are spoken of may differ from place to place. ".repeat(6);
const comment = "Please say first what you think, and name a source that I can look up.";
const rules = [
  {
    when: "You are to revise both",
    reply: JSON.stringify({
      constitution: principles,
      contract: [{ text: "Be brief.", users: [1], from: [1] }],
    }),
  },
  {
    when: "Rate the newest draft:",
    reply: [4, 7, 9].map((satisfaction) => JSON.stringify({ satisfaction, feedback: comment })),
  },
  {
    when: "Somebody else asked an assistant",
    reply: [6, 8].map((harmlessness) => JSON.stringify({ harmlessness })),
  },
  { reply: Array.from({ length: 50 }, (_, at) => `Draft ${at}. ${draft}`) },
];
const script = join(folder, "script.yaml");
writeFileSync(script, JSON.stringify({ batch: 64, rules }));
const personas = join(folder, "personas.jsonl");
writeFileSync(
  personas,
  Array.from({ length: users }, (_, at) =>
    JSON.stringify({
      id: `p${at + 1}`,
      name: `Person ${at % 20}`,
      traits: { age: 20 + (at % 60), place: `town ${at}` },
      description: "Has views of one's own on most things, and little time to say them.",
      views: { "rights-by-place": `View number ${at + 1}.` },
    }),
  ).join("\n"),
);

const tellPeak = `process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS + "\\n"))`;

type Measured = { readonly line: string; readonly whole: number; readonly peak: number };

/** Seconds of the stages and of the whole command, and its peak of memory in MiB. */
const measure = (words: readonly string[]): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const out = join(folder, "out");
    rmSync(out, { recursive: true, force: true });
    const started = performance.now();
    const option = `--import=data:text/javascript,${encodeURIComponent(tellPeak)}`;
    const all = ["simulate", "contract", "--model", `scripted:${script}`, ...words, "--out", out, "--quiet"];
    const child = spawn(process.execPath, [join(root, "bin/covenant.mjs"), ...all], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, NODE_OPTIONS: option },
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => {
      said += String(part);
    });
    child.on("error", reject);
    child.on("close", (status) => {
      if (status !== 0) return reject(new Error(`ended with ${String(status)}:\n${said}`));
      const whole = (performance.now() - started) / 1000;
      const last = readFileSync(join(out, "events.jsonl"), "utf8").trim().split("\n").at(-1)!;
      const { seconds } = JSON.parse(last) as { seconds: number };
      const peak = Number(/^peak (\d+)$/m.exec(said)?.[1] ?? Number.NaN) / 1024;
      const line = `${seconds.toFixed(1)} s, ${whole.toFixed(1)} s with the start; ${peak.toFixed(0)} MiB at most`;
      resolve({ line, whole, peak });
    });
  });

process.stdout.write("5 personas, 10 runs of 2 turns:\n");
const wholes: number[] = [];
for (let repeat = 0; repeat < repeats; repeat++) {
  const { line, whole } = await measure(["--users", "amina,bjorn,carmen,dale,eszter", "--runs", "10"]);
  process.stdout.write(`  ${line}\n`);
  wholes.push(whole);
}
hold({ what: "ten sessions with the start, in the median", unit: "s", most: 2 }, median(wholes));
process.stdout.write(`${users} personas, 1 run of ${turns} turns:\n`);
const many = ["--personas", personas, "--users", "all", "--runs", "1", "--turns", String(turns)];
const { line, peak } = await measure(many);
process.stdout.write(`  ${line}\n`);
hold({ what: "the peak of many", unit: "MiB", most: 500 }, peak);
