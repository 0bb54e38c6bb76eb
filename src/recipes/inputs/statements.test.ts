// What is told of principles that are no statements: exactly in the sandbox's language, by the form elsewhere.

import { describe, expect, it } from "vitest";
import { allWishes, otherCommentTexts, sentencesOf } from "../../sandbox/index.ts";
import {
  countCitations,
  describeCitations,
  describeNoStatements,
  noStatements,
  saysSame,
} from "./statements.ts";

const sandbox = { personas: "sandbox", wording: "brief" };
const library = { personas: "library", wording: "full" };
const words = { what: "principle", advice: "Look." };

describe("principles", () => {
  it("of the sandbox's language are statements, whatever they want, and remarks are none", () => {
    for (const wish of allWishes) expect(noStatements(sentencesOf(wish, "statement"), sandbox)).toEqual([]);
    for (const kind of ["pleased", "help", "scold", "off-topic", "nonsense"] as const) {
      const remarks = otherCommentTexts(kind);
      expect(noStatements(remarks, sandbox)).toEqual(remarks);
    }
  });

  it("of any other language are told where they speak of oneself or ask something", () => {
    const remarks = ["I still do not know what to do.", "Thanks, fine.", "“Why not?”", "I want it, why?"];
    const said = [
      ...["Never take a side in politics.", "Ask before you act.", "Imagine who reads it."],
      ...["My own data must stay private.", "Thank the user politely.", "It must not say that it is human."],
      ...[
        "I want the assistant to be honest.",
        "I’d like models to ask first.",
        "I expect that AI obeys the law.",
      ],
    ];
    expect(noStatements([...remarks, ...said], library)).toEqual(remarks);
    // people of the sandbox who speak to a large model speak its language
    expect(noStatements(said, { ...sandbox, wording: "full" })).toEqual([]);
  });

  it("are said by comments of the same wish in whatever words, and by no others", () => {
    const says = saysSame(sandbox);
    for (const wish of allWishes)
      for (const other of allWishes) {
        const [principle] = sentencesOf(wish, "statement");
        const comment = sentencesOf(other, "statement").at(-1)!;
        expect(says(principle!, comment)).toBe(wish === other);
      }
    const [principle] = sentencesOf(allWishes[0]!, "statement");
    for (const kind of ["pleased", "help", "scold"] as const)
      expect(says(principle!, otherCommentTexts(kind)[0]!)).toBe(false);
    expect(says(principle!, "Words of no language.")).toBeNull();
    expect(saysSame(library)(principle!, principle!)).toBeNull();
  });

  it("have citations, which are counted with those that say the same", () => {
    const ground = { record: "r", speaker: "user-1", said: "s" };
    const counts = countCitations([
      {
        grounds: [
          { ...ground, by: "cited" },
          { ...ground, by: "cited", doubtful: "says-other" },
        ],
      },
      { grounds: [{ ...ground, by: "similar" }] },
      {},
    ]);
    expect(counts).toEqual({ cited: 2, saying: 1 });
    expect(describeCitations(counts, sandbox)[0]).toMatch(
      /^Of 2 citations 1 says what its principle says; the others/,
    );
    expect(describeCitations({ cited: 3, saying: 3 }, library)[0]).toMatch(
      /^Of 3 citations 3 share a word .* same\.$/,
    );
    expect(describeCitations({ cited: 0, saying: 0 }, sandbox)).toEqual([]);
  });

  it("that are none are counted and named, a few of them", () => {
    expect(describeNoStatements([], 4, sandbox, words)).toEqual([]);
    const [line] = describeNoStatements(["a", "b", "c", "d"], 9, sandbox, words);
    expect(line).toMatch(/^4 of 9 principles are no statement.*"a", "b", "c" and 1 more\. Look\.$/);
    expect(describeNoStatements(["a"], 1, library, words)[0]).toMatch(
      /^1 of 1 principle may be no statement .* worded as/,
    );
  });
});
