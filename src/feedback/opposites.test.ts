// Opposites written by a model: which are taken, which are asked for again, and what is said of those that are missing.

import { describe, expect, it } from "vitest";
import { invert } from "../constitution/index.ts";
import { type ScriptedReply, scriptedModel } from "../models/index.ts";
import { constitutionSchema } from "../records/index.ts";
import { writeOpposites } from "./index.ts";

const bare = (id: string) => ({ id, title: id, critique: `Is it ${id}?`, revision: `Make it ${id}.` });
const constitution = constitutionSchema.parse({
  name: "test",
  source: "this test",
  licence: "CC0-1.0",
  principles: [
    bare("calm"),
    { ...bare("short"), opposite: { title: "long", critique: "Is it long?", revision: "Make it long." } },
    bare("warm"),
  ],
});

const write = async (reply: (principle: string, seed: number) => ScriptedReply, attempts = 3) => {
  const model = scriptedModel({
    id: "scripted:opposites",
    reply: ({ messages, seed }) => reply(/Critique: Is it (\w+)\?/.exec(messages[0]!.content)![1]!, seed),
  });
  const options = { model, constitution, seed: 1, maxTokens: 100, temperature: 1, attempts };
  return { ...(await writeOpposites(options)), asked: model.calls.map(({ requests }) => requests.length) };
};

const good = (principle: string): string =>
  `Critique: Is it less ${principle}?\nRevision: Make it less ${principle}.`;

describe("writeOpposites", () => {
  it("asks for what is missing alone, and says who wrote it", async () => {
    const { constitution: whole, written, missing, calls } = await write(good);
    expect([written, missing, calls]).toEqual([["calm", "warm"], [], 2]);
    expect(whole.principles[1]).toEqual(constitution.principles[1]);
    const inverted = invert(whole);
    expect(inverted.principles[0]).toMatchObject({
      critique: "Is it less calm?",
      preference: "",
      author: "scripted:opposites",
      opposite: { critique: "Is it calm?" },
    });
    expect(inverted.principles[1]).not.toHaveProperty("author");
    expect(invert(inverted)).toEqual(whole);
  });

  it("asks again for what cannot be read, under another seed", async () => {
    const seeds = new Set<number>();
    const { written, asked, calls } = await write((principle, seed) => {
      seeds.add(seed);
      return principle === "warm" && seeds.size < 4 ? "Sure! Here you go." : good(principle);
    });
    expect(written).toEqual(["calm", "warm"]);
    expect(asked).toEqual([2, 1, 1]);
    expect([calls, seeds.size]).toEqual([4, 4]);
  });

  it("names what is missing with its reason, and does not press a provider that refuses", async () => {
    const {
      missing,
      asked,
      constitution: whole,
    } = await write((principle) =>
      principle === "calm" ? { text: "", finish: "refusal" } : "I would rather not.",
    );
    expect(missing).toEqual([
      { principle: "calm", state: "refusal", problem: "the provider refused" },
      { principle: "warm", state: "unreadable", problem: expect.stringContaining("I would rather not") },
    ]);
    expect(asked).toEqual([2, 1, 1]);
    expect(whole).toEqual(constitution);
  });
});
