// How many of the published critiques would be known where they stood in the place of a revision, and that no published
// revision or reply would: the figures of docs/constitutions.md, counted. With COUNT_CRITIQUES=1 the texts that were
// taken for critiques are printed.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { missingOf, publishedFile, titled } from "../core/published.fixture.ts";
import { transcript } from "./prompts/format.ts";
import { loadChains } from "./reading.fixture.ts";
import { isWholeCritique } from "./whole-critique.ts";

const chainFiles = ["INSTRUCTGPT", "LAMDA"].map((set) =>
  publishedFile(`anthropic-cai/samples/${set}_SLMADISON.jsonl`),
);
const pairs = publishedFile("hh-rlhf/harmless-base-test.jsonl.gz");

/** Prints what was taken for a critique, where that is wanted. */
const show = (texts: readonly string[]): void => {
  if (process.env["COUNT_CRITIQUES"] === undefined) return;
  process.stdout.write(texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
};

/** The texts of published chains that read so, each as the revision of the reply that it was written on. */
const known = async (which: "critique" | "revision", told: boolean) => {
  const chains = await Promise.all(chainFiles.map(({ path }) => loadChains(path, { runSeed: 1 })));
  const rounds = chains.flat().flatMap(({ messages, answer, steps }) =>
    steps.map((step, at) => {
      const before = steps[at - 1]?.revision ?? answer;
      return { messages, answer: before, text: step[which], critique: told ? step.critique : null };
    }),
  );
  const found = rounds.filter(({ text, ...revised }) => isWholeCritique(text, revised));
  show(found.map(({ text }) => text));
  return { found: found.length, of: rounds.length };
};

it.skipIf(missingOf(...chainFiles))(
  titled(
    "35 of the 104 published critiques are known, 63 where they are said again, and none of the revisions",
    ...chainFiles,
  ),
  async () => {
    expect(await known("critique", false)).toEqual({ found: 35, of: 104 });
    expect(await known("critique", true)).toEqual({ found: 63, of: 104 });
    expect(await known("revision", true)).toEqual({ found: 0, of: 104 });
  },
);

it.skipIf(pairs.missing)(titled("none of the replies in HH-RLHF is taken for a critique", pairs), () => {
  const place = { file: pairs.path, line: 1 };
  const rows = gunzipSync(readFileSync(pairs.path)).toString("utf8").trim().split("\n");
  const dialogues = rows.flatMap((row) => {
    const { chosen, rejected } = JSON.parse(row) as Record<"chosen" | "rejected", string>;
    return [transcript(chosen, "chosen", place), transcript(rejected, "rejected", place)];
  });
  const replies = dialogues.flatMap((messages) =>
    messages.flatMap(({ role, content }, at) =>
      role === "assistant" ? [{ text: content, messages: messages.slice(0, at) }] : [],
    ),
  );
  const found = replies.filter(({ text, messages }) => isWholeCritique(text, { messages, answer: "" }));
  show(found.map(({ text }) => text));
  expect({ found: found.length, of: replies.length }).toEqual({ found: 0, of: 11_525 });
});
