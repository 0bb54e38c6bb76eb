// Scales of a contract's metrics are those that it began with: a file that was changed or removed since tells none.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { sha256File } from "../../core/index.ts";
import type { RunEvent } from "../../records/index.ts";
import { simulationOf } from "./simulations.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-scales-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("are read from the file that the run named, and from no other that lies there now", async () => {
  const file = join(folder, "metrics.yaml");
  const write = (high: number): void =>
    writeFileSync(file, `- {id: joy, name: Joy, question: How glad are you?, low: 0, high: ${high}}\n`);
  write(5);
  const { sha256 } = await sha256File(file);
  const begun: RunEvent = {
    ...{ type: "run-start", time: 0, name: "simulate contract", seed: 0, stages: [], covenant: "0" },
    contents: { metrics: sha256 },
  };
  const config = { model: "m", runs: 1, metrics: { file } };
  const read = async (events: readonly RunEvent[] = [begun]) => {
    const { scaleOf, metrics } = await simulationOf("contract").scales({ config, events });
    return [scaleOf("own.joy"), metrics];
  };
  const joy = { id: "joy", low: 0, high: 5 };
  expect(await read()).toMatchObject([joy, [joy]]);
  write(7);
  expect(await read()).toEqual([undefined, []]);
  rmSync(file);
  expect(await read()).toEqual([undefined, []]);
});
