// Commands against an endpoint, killed with signal 9 at seeded moments: the same content as without, and nothing asked twice
// but what was in flight. A moment is a number of answers, so that no clock decides. `npm run bench:endpoint-kills` has more.

import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createRandom, deriveSeed } from "../../src/core/index.ts";
import { askingCommands, wordsOf, writeJson, writePrompts } from "../e2e/asking-commands.fixture.ts";
import { contentHashOf, covenant, expectStatus, filesOf, makeFolder, start } from "../e2e/command.fixture.ts";
import { serveEachTest } from "../e2e/endpoint.fixture.ts";

const { folder, remove } = makeFolder("kills");
afterAll(remove);
writePrompts(folder, 24);

const serve = serveEachTest();
const concurrency = 4;
const kills = 2;

/** With one of them every start that reads log-probabilities finds out whether, or how, the server gives them. */
const isTrial = (body: string): boolean =>
  body.includes("Hello. How can I help?") || body.includes("Which of these is a number?");

/** Answers up to each kill, drawn in the first part of them all, in the next, and so on; there is always something left. */
const momentsOf = (command: string, answers: number): readonly number[] => {
  const random = createRandom(deriveSeed("kills", command));
  return Array.from({ length: kills }, (_, part) => Math.floor(((part + random.next()) * answers) / kills));
};

it.each(askingCommands)(
  "%s that is killed ends with the same content, and asks nothing again that was answered",
  async (command) => {
    let asked: string[] = [];
    const server = await serve({ writes: writeJson, onCall: (body) => asked.push(JSON.stringify(body)) });
    const [whole, killed] = [`${command}, whole`, `${command}, killed`];
    const words = (out: string) => wordsOf(command, server.name, out, "--concurrency", String(concurrency));
    expectStatus(await covenant(words(whole), folder), 0);
    const all = new Set(asked);
    expect(asked).toHaveLength(all.size);
    asked = [];
    let answered = 0;
    for (const moment of momentsOf(command, all.size)) {
      const held = server.holdAfter(moment - answered, 1);
      const { child, ended } = start(words(killed), folder);
      const reached = await Promise.race([held, ended]);
      if ("status" in reached) throw new Error(`It ended before ${moment} answers:\n${reached.stderr}`);
      child.kill("SIGKILL");
      expect((await ended).status).toBeNull();
      reached.release();
      answered = moment;
    }
    expectStatus(await covenant(words(killed), folder), 0);
    expect(contentHashOf(join(folder, killed))).toBe(contentHashOf(join(folder, whole)));
    expect(filesOf(join(folder, killed))).toEqual(filesOf(join(folder, whole)));
    const questions = asked.filter((body) => !isTrial(body));
    const wanted = new Set([...all].filter((body) => !isTrial(body)));
    expect(new Set(questions)).toEqual(wanted);
    expect(questions.length - wanted.size).toBeLessThanOrEqual(kills * concurrency);
    expect(asked.length - questions.length).toBeLessThanOrEqual(kills + 1);
  },
);
