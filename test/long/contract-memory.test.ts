// How much memory a contract takes in which many talk: 200 personas in 20 turns who all rate each other, with a model that
// answers at once. The command is the bench's, which measures the peak of its process; what it says of seconds is not looked at.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../e2e/command.fixture.ts";

/** What the bench prints. */
const benchOf = (...words: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "bench/contract.ts"), ...words]);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part: Buffer) => {
        said += String(part);
      });
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });

it("of 200 personas and 20 turns stays within 500 MiB", async () => {
  const said = await benchOf("--users", "200", "--turns", "20", "--repeats", "1");
  expect(said).toMatch(/^200 personas, 1 run of 20 turns:\n.*\n {2}met: the peak [\d.]+ of 500 MiB$/m);
}, 900_000);
