// The engine on another provider of ONNX Runtime (a graphics card through WebGPU) beside the processor: products, a
// training step with its gradients, generation, scoring, and which operations stay on the processor. Each part in a
// process of its own, so that one that hangs or dies loses nothing. A line of JSON each, all of them in --out.
//
//   npm run bench:providers -- [--provider webgpu] [--seconds N] [--limit SECONDS] [--parts a,b] [--model FOLDER] [--out FILE]

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseJson, UserError } from "../src/core/index.ts";
import { type Provider, providers } from "../src/engine/index.ts";
import { type PartName, parts, readPlacement, runPart } from "./provider-parts.ts";
import { readWords } from "./words.ts";

const { values } = readWords(import.meta.url, {
  options: {
    provider: { type: "string", default: "webgpu" },
    model: { type: "string" },
    seconds: { type: "string", default: "3" },
    limit: { type: "string", default: "120" },
    parts: { type: "string", default: parts.join(",") },
    out: { type: "string" },
    part: { type: "string" },
  },
});

const fail = (message: string): never => {
  throw new UserError("value-unknown", message, {});
};
const chosen = <Name extends string>(option: string, name: string, known: readonly Name[]): Name =>
  known.find((one) => one === name) ?? fail(`--${option} ${name}: expected one of ${known.join(", ")}.`);

const provider: Provider = chosen("provider", values.provider, providers);
const seconds = Number(values.seconds);
const folder = values.model ?? fileURLToPath(new URL("../assets/covenant-tiny", import.meta.url));

/** What a part found, or how it ended. */
type Outcome = { readonly part: PartName; readonly seconds: number } & (
  | { readonly found: unknown }
  | { readonly failed: string }
);

const inProcess = (part: PartName): Promise<Outcome> =>
  new Promise((resolve) => {
    const began = performance.now();
    const given = ["--part", part, "--provider", provider, "--seconds", String(seconds), "--model", folder];
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...given], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { out: "", err: "" };
    child.stdout.on("data", (data: Buffer) => {
      said.out += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      said.err += data.toString();
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), Number(values.limit) * 1000);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const spent = Math.round(performance.now() - began) / 1000;
      // ONNX Runtime's log comes on stdout, the answer in the last line of it
      const line = said.out.trimEnd().split("\n").at(-1) ?? "";
      const placed = readPlacement(`${said.out}\n${said.err}`);
      const found =
        code === 0 && line.startsWith("{")
          ? { found: part === "placement" ? placed : parseJson(line, { file: part }) }
          : { failed: `ended with ${signal ?? code}: ${said.err.trim().slice(-2_000)}` };
      resolve({ part, seconds: spent, ...found });
    });
  });

if (values.part !== undefined) {
  const found = await runPart(chosen("part", values.part, parts), { provider, seconds, folder });
  process.stdout.write(`${JSON.stringify(found)}\n`);
  process.exit(0);
}

const wanted = values.parts.split(",").map((name) => chosen("parts", name, parts));
const machine = `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown processor"}`;
const outcomes: Outcome[] = [];
for (const part of wanted) {
  outcomes.push(await inProcess(part));
  process.stdout.write(`${JSON.stringify(outcomes.at(-1))}\n`);
  if (values.out === undefined) continue;
  const facts = { machine, node: process.versions.node, provider, outcomes };
  writeFileSync(values.out, `${JSON.stringify(facts, null, 2)}\n`);
}
