// What is told of principles that are no statements: exactly in the sandbox's language, by the form elsewhere.

import { describe, expect, it } from "vitest";
import { allWishes, otherCommentTexts, sentencesOf } from "../../sandbox/index.ts";
import { arguedRemarks, describeCitations, describeNoStatements } from "../summaries/statement-words.ts";
import { countCitations, noStatements, saysSame } from "./statements.ts";

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
    const ground = (said: string, doubtful?: "says-other" | "shares-no-word") => ({
      ...{ record: "r", speaker: "user-1" as const, said, by: "cited" as const },
      ...(doubtful === undefined ? {} : { doubtful }),
    });
    const [wish, other] = allWishes.map((one) => sentencesOf(one, "statement")[0]!);
    const principles = [
      {
        title: wish!,
        grounds: [ground(wish!), ground(other!, "says-other"), ground("What?", "shares-no-word")],
      },
      // of what cannot be read nothing is said to be the same
      { title: "I still do not know what to do.", grounds: [ground("Do not know.")] },
      { title: "x", grounds: [{ ...ground("x"), by: "similar" as const }] },
      { title: "y" },
    ];
    const counts = countCitations(principles, sandbox);
    expect(counts).toEqual({ cited: 4, saying: 1, sharing: 1, sayingOther: 1 });
    expect(describeCitations(counts)).toEqual([
      "Of 4 citations 1 says what its principle says; 1 shares a word with its principle, and so may say the same; the others are marked in the file (doubtful); 1 of them says something else and counts in no lineage.",
    ]);
    expect(arguedRemarks(principles, sandbox, (id) => id)[1]!.remarks[0]!.told).toBe(
      "cited; shares a word with it",
    );
    expect(describeCitations(countCitations(principles.slice(0, 1), library))[0]).toMatch(
      /^Of 3 citations 1 shares a word .* same; the others/,
    );
    expect(describeCitations(countCitations([], sandbox))).toEqual([]);
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
