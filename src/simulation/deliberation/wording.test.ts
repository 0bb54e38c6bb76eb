// What is asked where people decide on principles: the brief wording to the letter, since a small model was made with it, and in
// both wordings that nobody sees what is not theirs to see.

import { describe, expect, it } from "vitest";
import type { Message } from "../../records/index.ts";
import { mark, personaOf } from "../episodes/episode.fixture.ts";
import { readRating } from "../episodes/rating.ts";
import {
  briefProposalScene,
  briefSupportScene,
  mediationMessages,
  objectionMessages,
  proposalMessages,
  supportMessages,
  supportMetric,
  votePrompts,
} from "./wording.ts";

const textOf = (messages: readonly Message[]): string => messages.map(({ content }) => content).join("\n");
const ana = { name: "Ana", description: "Ana wants privacy. She likes short replies." };
const persona = { role: "system", content: "You are Ana. Ana wants privacy. She likes short replies." };

describe("the brief wording", () => {
  it("asks for support of one principle or of several, with a comment or without", () => {
    expect(
      briefSupportScene(ana, ["Be discreet.", "Keep it short."], { support: 7, comment: "Be kind." }),
    ).toEqual({
      messages: [
        persona,
        {
          role: "user",
          content:
            "Principles:\n1. Be discreet.\n2. Keep it short.\n\nRate the principles:\nsupport: 0 to 10\nfeedback: what should change?",
        },
      ],
      answer: "support: 7\nfeedback: Be kind.",
    });
    const { messages, answer } = briefSupportScene(ana, ["Be discreet."], { support: 7 });
    expect(messages[1]!.content).toBe(
      "Principles:\n1. Be discreet.\n\nRate the principles:\nsupport: 0 to 10",
    );
    expect(answer).toBe("support: 7");
  });

  it("has answers that are read as support and comment", () => {
    const { answer } = briefSupportScene(ana, ["Be discreet."], { support: 10, comment: "No: {x}." });
    expect(readRating({ text: answer, finish: "stop" }, [supportMetric])).toEqual({
      ratings: { support: 10 },
      feedback: "No: {x}.",
    });
  });

  it("asks for a proposal in one line", () => {
    expect(briefProposalScene(ana, "Protect privacy.")).toEqual({
      messages: [persona, { role: "user", content: "Which principle should an assistant keep to?" }],
      answer: "Protect privacy.",
    });
  });

  it("asks the mediator with comments alone, and says where there are no principles yet", () => {
    const question = { users: 2, most: 4, words: 100, statements: [] };
    const opinions = [
      { support: 3, said: "Be\ndiscreet." },
      { support: null, said: "Protect privacy." },
    ];
    expect(textOf(mediationMessages({ ...question, opinions }, votePrompts.brief))).toBe(
      "Principles so far:\nnone yet\n\nComments:\n[1] Be discreet.\n[2] Protect privacy.\n\nWrite the principles anew.",
    );
  });
});

describe.each(["full", "brief"] as const)("in the %s wording", (wording) => {
  const user = personaOf(1);
  const others = "persona-2";
  it("a user sees the own persona and what is voted on, whatever it holds", () => {
    const statements = [mark("one").replaceAll("\n", " "), "Two."];
    for (const messages of [
      supportMessages(user, statements, votePrompts[wording]),
      objectionMessages(user, statements, 30, votePrompts[wording]),
    ]) {
      expect(textOf(messages)).toContain(mark("persona-1"));
      for (const statement of statements) expect(textOf(messages)).toContain(statement);
      expect(textOf(messages)).not.toContain(others);
    }
  });

  it("a user is shown the own proposals alone, and only where models follow instructions", () => {
    const text = textOf(
      proposalMessages(user, { earlier: ["Name sources."], words: 20 }, votePrompts[wording]),
    );
    expect(text.includes("Name sources.")).toBe(wording === "full");
  });

  it("the mediator knows nobody by name", () => {
    const question = { users: 2, most: 4, words: 100, statements: ["Be {kind}."] };
    const text = textOf(
      mediationMessages({ ...question, opinions: [{ support: 1, said: "No {x}." }] }, votePrompts[wording]),
    );
    expect(text).toContain(`${wording === "full" ? "1" : "A"}. Be {kind}.`);
    expect(text).toContain("No {x}.");
    expect(text).not.toContain(user.name);
  });
});
