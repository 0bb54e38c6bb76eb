// How much memory and time `covenant prompts load` takes for many rows: `node bench/prompt-loading.ts [rows]`. The rows are
// made here, each of its own words. Memory is the process's peak (VmHWM), so this runs on Linux.

import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const rows = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), "covenant-prompt-loading-"));
const file = join(folder, "prompts.jsonl");

async function* lines(): AsyncGenerator<string> {
  for (let start = 0; start < rows; start += 1000) {
    let text = "";
    for (let row = start; row < Math.min(rows, start + 1000); row++) {
      const prompt = `How do I open door number ${row} of the house at ${row % 977} ${row % 13} street, when the key is lost?`;
      text += `${JSON.stringify({ prompt, kind: row % 2 === 0 ? "harmful" : "harmless" })}\n`;
    }
    yield text;
  }
}

await pipeline(lines, createWriteStream(file));
process.stdout.write(`${rows.toLocaleString("en-US")} rows, ${Math.round(statSync(file).size / 1e6)} MB\n`);

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const started = performance.now();
const words = ["prompts", "load", file, "--out", join(folder, "run"), "--quiet"];
const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), ...words], { stdio: "inherit" });
let peak = 0;
const poll = setInterval(() => {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
    peak = Math.max(peak, Number(kilobytes ?? 0));
  } catch {
    // It has ended.
  }
}, 100);
const status = await new Promise((resolve) => child.once("close", resolve));
clearInterval(poll);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(
  `ended with ${String(status)}: ${seconds.toFixed(0)} s, at most ${Math.round(peak / 1024)} MiB\n`,
);
rmSync(folder, { recursive: true });
