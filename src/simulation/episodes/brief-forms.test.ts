// The brief forms: their exact texts, which a model was made with, and that every answer written in them is read back.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { briefForms } from "./brief-forms.ts";
import { episodeOf, personaOf, task } from "./episode.fixture.ts";
import { readMeta } from "./meta-reading.ts";
import { readRating } from "./rating.ts";
import { episodeWordings } from "./wordings.ts";

const persona = { name: "Ada", description: "Wants short replies." };
const satisfaction = { id: "satisfaction", low: 0, high: 10 };
const principles = ["Be discreet.", "Keep it short."];

describe("the brief forms", () => {
  it("ask an assistant under principles, with comments as they are", () => {
    const earlier = [
      { draft: "First.", comment: "Be discreet." },
      { draft: "Second.", comment: "" },
    ];
    expect(briefForms.assistant({ principles, question: "How do I sew?", earlier })).toEqual([
      {
        role: "system",
        content:
          "Keep to these principles in everything you write, and do not mention them:\n1. Be discreet.\n2. Keep it short.",
      },
      { role: "user", content: "How do I sew?" },
      { role: "assistant", content: "First." },
      { role: "user", content: "Be discreet." },
      { role: "assistant", content: "Second." },
      { role: "user", content: "Write it anew." },
    ]);
    expect(briefForms.assistant({ principles: [], question: "How?" })).toEqual([
      { role: "user", content: "How?" },
    ]);
  });

  it("ask a user for a rating, with and without a comment", () => {
    const scene = { persona, question: "How do I sew?", draft: "Take a needle.", metrics: [satisfaction] };
    expect(briefForms.rating({ ...scene, withFeedback: true })).toEqual([
      { role: "system", content: "You are Ada. Wants short replies." },
      {
        role: "user",
        content:
          "Question: How do I sew?\nReply: Take a needle.\n\nRate the reply:\nsatisfaction: 0 to 10\nfeedback: what should change?",
      },
    ]);
    const [system, asked] = briefForms.rating({ ...scene, view: "Sewing is dull.", withFeedback: false });
    expect(system!.content).toBe("You are Ada. Wants short replies. Sewing is dull.");
    expect(asked!.content).toMatch(/\n\nRate the reply:\nsatisfaction: 0 to 10$/);
  });

  it("ask the meta-model for principles, and say where there are none", () => {
    const comments = ["Be more\ndiscreet.", "That is what I wanted."];
    const [asked] = briefForms.meta({ principles: [], comments });
    expect(asked).toEqual({
      role: "user",
      content:
        "Principles so far:\nnone yet\n\nComments:\n[1] Be more discreet.\n[2] That is what I wanted.\n\nWrite the principles anew.",
    });
    expect(briefForms.meta({ principles, comments })[0]!.content).toContain(
      "Principles so far:\nA. Be discreet.\nB. Keep it short.\n\nComments:",
    );
  });

  it("say what the wording of episodes says, so that a model is asked as it was made", () => {
    const { brief } = episodeWordings;
    const { contract, metrics } = episodeOf(1);
    const one = personaOf(1);
    const said = { task, draft: "First.", comment: "More." };
    expect(brief.assistant(contract, "user 1", task, [said])).toEqual(
      briefForms.assistant({ principles: [], question: task.question, earlier: [said] }),
    );
    const scene = { persona: one, view: one.views[task.id]!, question: task.question, draft: "First." };
    expect(brief.ownRating(one, task, [], "First.", { metrics: metrics.own, words: 9 })).toEqual(
      briefForms.rating({ ...scene, metrics: metrics.own, withFeedback: true }),
    );
    expect(brief.othersRating(one, task, "First.", metrics.others)).toEqual(
      briefForms.rating({ ...scene, metrics: metrics.others, withFeedback: false }),
    );
  });
});

describe("answers in the brief forms", () => {
  const word = fc.stringMatching(/^[A-Z][a-z]{1,8}( [a-z]{1,8}){0,4}\.$/);

  it("are read back as they were written", () => {
    const metric = { ...satisfaction, name: "satisfaction", question: "?" };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), word, (value, feedback) => {
        const text = briefForms.ratingAnswer({ ratings: { satisfaction: value }, feedback });
        expect(text).toBe(`satisfaction: ${value}\nfeedback: ${feedback}`);
        expect(readRating({ text, finish: "stop" }, [metric])).toEqual({
          ratings: { satisfaction: value },
          feedback,
        });
      }),
    );
    const some = fc.subarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 12, maxLength: 12, selector: (text) => text.toLowerCase() }),
        fc.subarray([0, 1]),
        some,
        some,
        (texts, standing, first, second) => {
          const referred = { principles: texts.slice(0, 2), comments: texts.slice(2) };
          const cited = second.filter((number) => !first.includes(number));
          const written = [
            ...standing.map((at) => ({ standing: at, from: at === 0 ? first : [] })),
            ...[first, cited].filter((from) => from.length > 0).map((from) => ({ standing: null, from })),
          ];
          fc.pre(written.length > 0);
          const text = briefForms.metaAnswer(written);
          const bounds = { users: 3, comments: 10, referred };
          const prompt = episodeWordings.brief.metaPrompts.critique;
          expect(readMeta({ text, finish: "stop" }, prompt, bounds)).toEqual({
            type: "read",
            critique: null,
            constitution: written.map((one) => ({
              text: one.standing === null ? texts[one.from[0]! + 1]! : texts[one.standing]!,
              users: [],
              from: one.from,
            })),
            contract: [],
          });
        },
      ),
    );
    expect(
      briefForms.metaAnswer([
        { standing: 1, from: [] },
        { standing: null, from: [1, 4] },
      ]),
    ).toBe("principles:\n1. B\n2. [1,4]");
  });
});
