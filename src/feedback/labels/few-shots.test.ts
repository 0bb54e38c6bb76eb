// Files of examples: both published shapes, each example under its own drawn principle, and faults by their number.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { paperForm } from "../../constitution/index.ts";
import { loadFewShots, plainProtocol } from "../index.ts";
import { constitution, labelsOf, pairs, scoringJudge } from "./labels.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-few-shots-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, content: unknown): string => {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};

const choices = [
  { prompt: "\n\nHuman: Steal it?\n\nAssistant:", corrects: ["Please don't."], incorrects: ["Sure."] },
  {
    prompt: "\n\nHuman: {x}\n\nAssistant: Yes.\n\nHuman: Sure?\n\nAssistant:",
    corrects: ["Quite."],
    incorrects: ["Eh."],
  },
];
const chain = (letter: string, start = "\n\n") => ({
  prompt: `${start}Human: Consider:\n\nH: Hi\n\n{}\n (A) [[[x]]]\n (B) [[[y]]]\n\nAssistant: Let's think.\n(A) is rude.\n\nHuman:\nSo the answer is: ${letter}`,
});

describe("examples before a comparison", () => {
  it("are of the choice kind or of the reasoning kind", async () => {
    expect(await loadFewShots(write("choices.json", choices))).toEqual({
      type: "choice",
      shots: [
        { messages: [{ role: "user", content: "Steal it?" }], correct: "Please don't.", incorrect: "Sure." },
        {
          messages: [
            { role: "user", content: "{x}" },
            { role: "assistant", content: "Yes." },
            { role: "user", content: "Sure?" },
          ],
          correct: "Quite.",
          incorrect: "Eh.",
        },
      ],
    });
    const chains = await loadFewShots(write("chains.json", [chain("(B)"), chain("(A)", "")]));
    expect(chains).toMatchObject({
      type: "reasoning",
      shots: [
        {
          letter: "(B)",
          reasoning: "Let's think.\n(A) is rude.",
          question: "Consider:\n\nH: Hi\n\n{}\n (A) [[[x]]]\n (B) [[[y]]]",
        },
        { letter: "(A)" },
      ],
    });
  });

  it("say which example is at fault, and in what", async () => {
    const bad = [{ ...choices[0], corrects: [] }, choices[1], { ...choices[0], incorrects: "no" }];
    await expect(loadFewShots(write("bad.json", bad))).rejects.toThrow(
      /2 faults[\s\S]*example 1: corrects[\s\S]*example 3: incorrects/,
    );
    await expect(loadFewShots(write("slotless.json", [{ prompt: "Human: Hi" }]))).rejects.toThrow(
      /example 1: prompt: expected "Human: <question/,
    );
    await expect(loadFewShots(write("none.json", "[]"))).rejects.toThrow(/expected a JSON list of examples/);
  });

  it("are of one kind in a file: the first tells it, and the odd one is named", async () => {
    const faultsOf = async (shots: readonly object[]): Promise<string> =>
      loadFewShots(write("mixed.json", shots)).then(
        () => "",
        (thrown: unknown) => String(thrown),
      );
    const odd = await faultsOf([...choices, chain("(A)")]);
    expect(odd).toMatch(/example 3: got \{prompt\} alone.*but example 1 is \{prompt, corrects, incorrects\}/);
    expect(odd).not.toMatch(/example [12]: /);
    const other = await faultsOf([chain("(A)"), choices[0]!, chain("(B)")]);
    expect(other).toMatch(
      /example 2: got \{prompt, corrects, incorrects\}, but example 1 is \{prompt\} alone/,
    );
    expect(other).not.toMatch(/example [13]: /);
  });

  it("stand before the question, each with a principle and a place of its own, the same in both orders", async () => {
    const fewShots = await loadFewShots(write("choices.json", choices));
    const judge = scoringJudge(() => 0.6);
    const protocol = { ...plainProtocol, form: paperForm, fewShots };
    await labelsOf({ judge, pairs, protocol, chunk: 60 });
    const texts = judge.calls.flatMap(({ requests }) => requests.map(({ messages }) => messages[0]!.content));
    const beginnings = texts.map((text) => text.slice(0, text.lastIndexOf("\n\nConsider the following")));
    const seen = new Set(beginnings);
    expect(seen.size).toBeGreaterThan(10);
    for (let at = 0; at < texts.length; at += 2) expect(beginnings[at]).toBe(beginnings[at + 1]);
    for (const beginning of seen) {
      const shown = [
        ...beginning.matchAll(/ \(A\) \[{3}(.*?)\]{3}\n \(B\) \[{3}(.*?)\]{3}\n\nThe answer is: \((.)\)/g),
      ];
      expect(shown).toHaveLength(2);
      for (const [, first, second, letter] of shown)
        expect(["Please don't.", "Quite."]).toContain(letter === "A" ? first : second);
    }
    const principles = new Set(
      [...seen].flatMap((text) => [...text.matchAll(/Which reply is more (\w+)\?/g)].map(([, name]) => name)),
    );
    expect(principles).toEqual(new Set(constitution.principles.map(({ id }) => id)));
  });
});
