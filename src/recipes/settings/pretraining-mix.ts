// The shares of the kinds of documents that embedded models are made of, as a setting of `covenant pretrain`. What a document of a
// kind is, is not known here.

import { z } from "zod";

export const mixSetting = z
  .strictObject({
    chat: z.number().nonnegative().default(0.23).describe("share of chats"),
    critique: z.number().nonnegative().default(0.3).describe("share of critiques with revisions"),
    choice: z.number().nonnegative().default(0.47).describe("share of choices between two replies"),
    assembly: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of scenes of people who want different things"),
    sharing: z.number().nonnegative().default(0).describe("share of scenes of people who share things"),
    ballot: z.number().nonnegative().default(0).describe("share of ballots and proposals of people who vote"),
    stance: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of pairs of sentences of which one is for or against the other"),
    persona: z.number().nonnegative().default(0).describe("share of people who are made of traits"),
    trade: z.number().nonnegative().default(0).describe("share of scenes of people who buy and sell"),
    variant: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of scenes of people who share for their own gain, or each thing by another norm"),
    poll: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of polls: votes told from votes and of persons"),
    inquiry: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of offers of several things, with a reason or after a question"),
    manner: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of moves of players with a manner, which is a sentence before the move"),
    rating: z
      .number()
      .nonnegative()
      .default(0)
      .describe("share of ratings by some of four metrics, also after earlier replies of the same talk"),
  })
  .prefault({})
  .describe("shares of the kinds of documents");
