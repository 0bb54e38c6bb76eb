// Who sees what where a meta-model sorts comments: held to the recorded questions about a run of users whose names, personas, ratings
// and drafts can be told apart from what they say and from what stands.

import { describe, expect, it } from "vitest";
import { scriptedModel } from "../../models/index.ts";
import { castOf } from "./cast.ts";
import { askNoting, episodeOf, mark, personaOf } from "./episode.fixture.ts";
import { playRun } from "./episode.ts";
import { sortComments } from "./stance-questions.ts";
import { episodeWordings } from "./wordings.ts";

const wording = episodeWordings.brief;

const documentOf = (title: string, area: string) => ({
  ...{ name: "d", version: "1", description: "", source: "test", licence: "none" },
  principles: [{ id: "one", title, area, weight: 1, critique: "c", revision: "r", preference: "p" }],
});
const contract = {
  constitution: documentOf("Principle {first}: keep it.", "secret area"),
  contract: documentOf("Clause: {second}", "user 1"),
  message: false,
};

/** A run of three users of two turns, and what its comments are. */
const transcriptOf = async () => {
  const personas = [1, 2, 3].map((n) => ({ ...personaOf(n), name: `Unsaid${n} Surname${n}` }));
  const options = episodeOf(3, { wording, contract, cast: castOf(personas, 3, "even") });
  const model = scriptedModel({
    reply: ({ messages, seed }) => {
      const last = messages.at(-1)!.content;
      if (last.endsWith("harmlessness: 0 to 10")) return "harmlessness: 8.75";
      if (last.endsWith("feedback: what should change?"))
        return `satisfaction: 3.25\nfeedback: ${mark(`comment-${seed}`)}`;
      return mark(`draft-${seed}`);
    },
  });
  const exchanges = await playRun(options, askNoting(model).ask);
  const shown = { contentFrom: 0.8 };
  return { options, transcript: wording.transcripts(options.cast, exchanges, options.metrics, shown)[0]! };
};

describe.each(["rewrite", "contract", "contract-five"] as const)(
  "what the meta-model sees with %s",
  (name) => {
    it("is a comment, and a text that stands or was said, and never who said it or whom it is for", async () => {
      const { options, transcript } = await transcriptOf();
      const { principles, clauses } = wording.referred(contract, transcript.comments)!;
      const prompt = wording.metaPrompts[name];
      if (prompt.sorts !== true) throw new Error(`${name} is expected to sort`);
      const shown: string[] = [];
      const model = scriptedModel({
        reply: ({ messages }) => {
          shown.push(messages.map(({ role, content }) => `${role}\n${content}`).join("\n"));
          return messages[0]!.content.startsWith("Comment") ? "yes" : "neither";
        },
      });
      const { sampling, runSeed, stage } = options;
      await sortComments(
        {
          ...{ prompt, sampling: sampling.user, attempts: 1, runSeed, stage, name: stage },
          ...{ place: { run: 1 }, parents: [] },
        },
        { standing: [...principles, ...clauses!], comments: transcript.comments },
        async function* (phase) {
          for (const { request, record } of phase.tasks())
            yield record((await model.generate([request!]))[0]!, model.id);
        },
      );
      const said = transcript.comments.map((one) => one.said.replaceAll("\n", " "));
      expect(new Set(said).size).toBe(6);
      const stance = (first: string, second: string): string =>
        `user\nFirst: ${first}\nSecond: ${second}\n\nIs the second for the first or against it?`;
      expect(shown).toEqual([
        ...said.map((comment) => `user\nComment: ${comment}\n\nDoes it ask for a change?`),
        ...said.flatMap((comment) =>
          ["Principle {first}: keep it.", "Clause: {second}"].map((text) => stance(text, comment)),
        ),
        ...said.flatMap((comment, at) => said.slice(0, at).map((earlier) => stance(earlier, comment))),
      ]);
      for (const text of shown)
        expect(text).not.toMatch(
          /Unsaid|Surname|user[- ]\d|3\.25|8\.75|<<(?:persona|view|draft)|secret area/,
        );
    });
  },
);
