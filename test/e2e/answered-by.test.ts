// Commands at a server that answers some of its calls under another model's name: the records say which, whatever the
// concurrency, though the command was cut in its middle, and where answers were kept; and are otherwise those of a server
// that names nobody.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  evaluatedRecordSchema,
  labelRecordSchema,
  promptRecordSchema,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { askingCommands, wordsOf, writeJson, writePrompts } from "./asking-commands.fixture.ts";
import { contentHashOf, covenant, expectStatus, makeFolder, recordsOf } from "./command.fixture.ts";
import { type Body, serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("answered-by");
afterAll(remove);

const serve = serveEachTest();
writePrompts(folder, 12);

/** The name that the server gives, by what it is asked and nothing else; undefined: none. */
const nameOf = ({ messages, seed }: Pick<Body, "messages" | "seed">): string | undefined => {
  const hash = createHash("sha256").update(JSON.stringify([messages, seed]));
  return ["tiny", "tiny-2", undefined][hash.digest().readUInt32BE(0) % 3];
};

const run = (command: string, model: string, out: string, ...more: readonly string[]) =>
  covenant(wordsOf(command, model, out, "--json", ...more), folder);

const withoutNames = (text: string): string =>
  text.replaceAll(/.+/g, (line) =>
    JSON.stringify(
      JSON.parse(line, (key, value: unknown) => (key === "answeredBy" ? undefined : value)) as unknown,
    ),
  );

/** The bytes of a run's records without the names of other models. model: how they call the one that was asked. */
const unnamed = (out: string, model: string) =>
  Object.entries(recordsOf(join(folder, out))).map(([path, text]) => [
    path,
    withoutNames(text).replaceAll(model, "the model"),
  ]);

/** The commands whose records say who answered; those of simulations do not (docs/endpoints.md). */
const marking = askingCommands.filter((command) => !["simulate vote", "polis predict"].includes(command));

/**
 * Runs a command at a server that names nobody, and at one that names others: cut in its middle and continued, and `label`
 * also one call at a time, and from the answers of that, which were kept.
 */
const made = async (command: string) => {
  const silent = await serve({ writes: writeJson });
  const naming = await serve({ writes: writeJson, names: nameOf });
  const out = (name: string): string => `${command.replace(" ", "-")}-${name}`;
  expectStatus(await run(command, silent.name, out("plain")), 0);
  const stopped = naming.stopAfter(7);
  expectStatus(await run(command, naming.name, out("cut"), "--set", "endpoint.attempts=1"), 1);
  await stopped;
  await naming.start();
  expectStatus(await run(command, naming.name, out("cut")), 0);
  const named = ["cut", ...(command === "label" ? ["single", "kept"] : [])].map(out);
  const keeping = ["--set", `cache=${out("answers")}`];
  for (const [at, other] of named.slice(1).entries()) {
    const pace = at === 0 ? ["--concurrency", "1"] : [];
    expectStatus(await run(command, naming.name, other, ...pace, ...keeping), 0);
  }
  return { plain: out("plain"), named, naming, silent };
};

const answeredBy = ({ answeredBy }: { readonly answeredBy?: readonly string[] | undefined }) => answeredBy;

describe("a server that answers some calls under other names", () => {
  it.each(marking)("is told of in the records of %s, the same however they came about", async (command) => {
    const { plain, named, naming, silent } = await made(command);
    const [hash, ...others] = named.map((out) => contentHashOf(join(folder, out)));
    expect(others).toEqual(others.map(() => hash));
    const [records, ...same] = named.map((out) => recordsOf(join(folder, out)));
    expect(Object.values(records!).join("")).toMatch(/"answeredBy":\["tiny/);
    for (const other of same) expect(other).toEqual(records);
    expect(unnamed(named[0]!, naming.name)).toEqual(unnamed(plain, silent.name));
    expect(Object.values(recordsOf(join(folder, plain))).join("")).not.toContain("answeredBy");
  });

  it("is named at each reply that came under another name, and at no other", async () => {
    const server = await serve({ names: nameOf });
    for (const command of ["label", "revise"]) expectStatus(await run(command, server.name, command), 0);
    const read = <Row>(path: string, schema: Parameters<typeof readRecords<Row>>[1]) =>
      readRecords(join(folder, path), schema);
    const samples = await read("label/label/samples.jsonl", replyRecordSchema);
    const answers = await read("revise/answer/answers.jsonl", replyRecordSchema);
    const prompts = await read("label/prompts/prompts.jsonl", promptRecordSchema);
    const messagesOf = new Map(prompts.map(({ id, messages }) => [id, messages]));
    for (const { prompt, seed, answeredBy } of [...samples, ...answers]) {
      // endpoints take seeds of 31 bits
      const name = nameOf({ messages: messagesOf.get(prompt)!, seed: seed & 0x7fffffff });
      expect(answeredBy).toEqual(name === undefined ? undefined : [name]);
    }
    expect([samples.length, answers.length]).toEqual([24, 12]);
    expect(new Set(samples.flatMap(answeredBy))).toEqual(new Set(["tiny", "tiny-2", undefined]));
    const labels = await read("label/label/labels.jsonl", labelRecordSchema);
    expect(labels.length).toBeGreaterThan(8);
    expect(labels.map(answeredBy)).toContainEqual(["tiny", "tiny-2"]);
    expect(labels.map(answeredBy)).toContain(undefined);
    const chains = await read("revise/revise/revisions.jsonl", revisionRecordSchema);
    const steps = chains.flatMap((chain) => chain.steps.map(answeredBy));
    expect(steps).toContainEqual(["tiny", "tiny-2"]);
    expect(steps).toContain(undefined);
  });

  it("is named at the replies that are measured", async () => {
    const server = await serve({ names: nameOf });
    const counts = ["harmful=6", "harmless=3", "lookalike=3"].flatMap((count) => [
      "--set",
      `counts.${count}`,
    ]);
    const words = ["evaluate", "--models", server.name, "--out", "evaluate", ...counts];
    expectStatus(await covenant(words, folder), 0);
    const prompts = await readRecords(join(folder, "evaluate/prompts/prompts.jsonl"), promptRecordSchema);
    const replies = await readRecords(
      join(folder, "evaluate/evaluate/verdicts.jsonl"),
      evaluatedRecordSchema,
    );
    const names = prompts.map(({ id, messages }) => {
      const { seed } = replies.find(({ prompt }) => prompt === id)!;
      return nameOf({ messages, seed: seed & 0x7fffffff });
    });
    expect(names).toContain(undefined);
    expect(names).toContain("tiny");
    expect(replies.map(answeredBy)).toEqual(names.map((name) => (name === undefined ? undefined : [name])));
  });
});
