// What a person is told who stops `covenant revise`: of a model that computes a chunk as a whole, what was begun is not kept.

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { revisionRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { jsonl, promptFolder } from "./prompt-folder.fixture.ts";
import { recipe } from "./revise.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const { at, write, remove } = promptFolder("revise-stopped");
afterAll(remove);

const words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const prompts = write("prompts.jsonl", jsonl(...words.map((word) => ({ prompt: `Say ${word}.` }))));
const model = `scripted:${write("script.yaml", 'batch: 4\nrules:\n  - reply: "A reply."\n')}`;

/** The notices of a run that is stopped where the revisions' progress says so many are done; undefined: never. */
const noticesOf = async (out: string, stopAt?: number): Promise<string[]> => {
  const notices: string[] = [];
  const context = contextFor((event, stop) => {
    if (event.type === "notice") notices.push(event.text);
    if (event.type === "stage-progress" && event.stage === "revise" && event.done === stopAt) stop();
  });
  const work = recipe.run(
    recipe.schema.parse({ model, prompts, out: at(out), revise: { rounds: 3 } }),
    context,
  );
  if (stopAt === undefined) await work;
  else await expect(work).rejects.toMatchObject({ code: "interrupted" });
  return notices;
};

const keptOf = async (out: string) =>
  readRecords(join(at(out), "revise", "revisions.jsonl"), revisionRecordSchema);

describe("revise that is stopped", () => {
  it.each([
    // ten chains of six critiques and revisions, four chains at a time
    ["in its first chunk", 5, 24, 0],
    ["in its second chunk", 30, 24, 4],
    ["in its last chunk", 50, 12, 8],
  ])("%s says how much is made again, and goes on to the same bytes", async (where, done, told, kept) => {
    const out = where.replaceAll(" ", "-");
    expect(await noticesOf(out, done)).toEqual([
      `revise: up to ${told} critiques and revisions at hand are not kept; they are made again when the command goes on.`,
    ]);
    expect(await keptOf(out)).toHaveLength(kept);
    expect(await noticesOf(out)).toEqual([]);
    await noticesOf("whole");
    expect(await keptOf(out)).toEqual(await keptOf("whole"));
  });
});
