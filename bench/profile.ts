// Where the time of one workload of bench/peers/ours.ts goes: ONNX Runtime's profiler over some steps, the first among
// them, by kind of operation. The profiler itself takes a few percent.
// npm run bench:profile -- WORKLOAD [--steps 5]

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { profileTable, sumProfiles } from "./profile-table.ts";
import { readWholeNumber, readWords } from "./words.ts";

const { values, positionals } = readWords(import.meta.url, {
  options: { steps: { type: "string", default: "5" } },
  allowPositionals: true,
});
const steps = readWholeNumber("--steps", values.steps, 1);
const place = mkdtempSync(join(tmpdir(), "covenant-profile-"));
try {
  const program = fileURLToPath(new URL("peers/ours.ts", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [program, positionals[0] ?? ""], {
    env: { ...process.env, BENCH_PROFILES: join(place, "program") },
    input: "step\n".repeat(steps),
    encoding: "utf8",
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (status === 0) {
    const answers = stdout.split("\n").filter((line) => line.includes("seconds"));
    const seconds = answers.reduce((sum, line) => sum + (JSON.parse(line) as { seconds: number }).seconds, 0);
    const texts = readdirSync(place).map((name) => readFileSync(join(place, name), "utf8"));
    process.stdout.write(`${profileTable(sumProfiles(texts), 1000 * seconds, steps).join("\n")}\n`);
  } else process.exitCode = status ?? 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
