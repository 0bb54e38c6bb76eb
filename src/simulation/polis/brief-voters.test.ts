// A model that plays voters in the brief wording: told short lines and asked once, by the options' own words.

import { describe, expect, it } from "vitest";
import { scriptedModel } from "../../models/index.ts";
import { forecastVotes, givesChances, type VoteItem, type VotingProtocol } from "./index.ts";
import { describeMessages, voteMessages, voterByPersona, voterByVotes } from "./voter-wording.ts";

const votes = [
  { text: "Be\ndiscreet {votes}.", vote: "agree" },
  { text: "Tell every step.", vote: "pass" },
] as const;

const item: VoteItem = {
  ...{ id: "forecasts/1/2", parents: ["voters/1"], voter: "1", vote: "disagree" },
  statement: { id: "2", text: "Be {statement}\nrude.", moderation: 1, isMeta: false },
  told: voterByVotes("manners", votes, "brief"),
};
const choice: VotingProtocol = {
  ...{ method: "choice", orders: 3, answers: 1, temperature: 0, answerTokens: 4, wording: "brief" },
};
const stage = { runSeed: 1, stage: "forecasts", signal: new AbortController().signal };

describe("voters in the brief wording", () => {
  it("are told of in lines, whatever people wrote, without a topic", () => {
    expect(item.told).toBe(
      "You vote as one person does.\nagree: Be discreet {votes}.\npass: Tell every step.",
    );
    expect(voterByPersona("manners", "You {persona} cats.", "brief")).toBe(
      "You vote as one person does.\nYou {persona} cats.",
    );
    expect(describeMessages("manners", votes, 5, "brief")[0]!.content).toBe(
      "agree: Be discreet {votes}.\npass: Tell every step.\nDescribe the person who voted so.",
    );
    const [, question] = voteMessages("", item.statement.text, ["pass", "agree", "disagree"], "brief");
    expect(question!.content).toBe("Be {statement} rude.\nVote: agree, disagree, or pass?");
  });

  it("vote once, by the log-probabilities of the options' words", async () => {
    const model = scriptedModel({
      reply: () => "",
      score: ({ continuations }) =>
        continuations.map((word) => (word === "disagree" ? Math.log(0.8) : Math.log(0.1))),
    });
    expect(await givesChances(model, "brief")).toBe(true);
    const [record] = await forecastVotes(model, [item], choice, stage);
    const asked = model.calls.at(-1)!.requests;
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ continuations: ["agree", "disagree", "pass"] });
    expect(record!.forecast!.disagree).toBeCloseTo(0.8, 12);
    expect(record!.orders).toHaveLength(1);
  });

  it("vote in words, and by nothing that is no option", async () => {
    const forecast = async (text: string) => {
      const model = scriptedModel({ reply: () => text });
      const [record] = await forecastVotes(model, [item], { ...choice, method: "answer" }, stage);
      return record!.forecast ?? record!.reason;
    };
    expect(await forecast("disagree")).toEqual({ agree: 0, disagree: 1, pass: 0 });
    expect(await forecast("agree, or disagree")).toBe("contradictory");
    expect(await forecast("You hate spying.")).toBe("unreadable");
  });
});
