// A revision against an endpoint, killed with signal 9 several times: the same content as without, and nothing asked twice
// but what was in flight. The kills come with calls, so that no clock decides when. `npm run bench:endpoint-kills` has more.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { contentHashOf, expectStatus, makeFolder, type Started, start } from "./command.fixture.ts";
import { type Body, startChatServer } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("kills");
afterAll(remove);

const concurrency = 4;
const rows = Array.from({ length: 30 }, (_, at) => ({
  prompt: `question ${at}`,
  kind: at % 3 === 0 ? "harmless" : "harmful",
}));
writeFileSync(join(folder, "prompts.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

it("a revision that is killed ends with the same content, and asks nothing again that was answered", async () => {
  let asked: string[] = [];
  let running: Started | undefined;
  let killAt = Number.POSITIVE_INFINITY;
  const server = await startChatServer({
    onCall(body: Body) {
      asked.push(JSON.stringify(body));
      if (asked.length === killAt) running?.child.kill("SIGKILL");
    },
  });
  const revise = async (out: string) => {
    const words = ["revise", "--model", server.name, "--prompts", "prompts.jsonl", "--rounds", "2"];
    running = start([...words, "--concurrency", String(concurrency), "--out", out], folder);
    return running.ended;
  };
  try {
    expectStatus(await revise("whole"), 0);
    const all = new Set(asked);
    asked = [];
    const kills = [17, 45, 80];
    for (const at of kills) {
      killAt = at;
      expect((await revise("killed")).status).toBeNull();
    }
    killAt = Number.POSITIVE_INFINITY;
    expectStatus(await revise("killed"), 0);
    expect(contentHashOf(join(folder, "killed"))).toBe(contentHashOf(join(folder, "whole")));
    expect(new Set(asked)).toEqual(all);
    expect(asked.length - all.size).toBeLessThanOrEqual(kills.length * concurrency);
  } finally {
    await server.stop();
  }
}, 150_000);
