// Settings of the calls to models: how they are made, paid and kept. They decide no result, so they are no part of what a
// run is; a run remembers them all the same (calls/settings.yaml).

import { z } from "zod";

/** "~" stays as it was written, in what a run remembers too; what opens the file replaces it (stages/calls.ts). */
const path = z.string().min(1);
const positive = z.number().int().positive();
const rate = z.number().positive();

/** How endpoints are called; decides no result, so it is no part of what a run is. */
export const endpointSettings = z
  .strictObject({
    concurrency: positive.default(8).describe("calls in flight at an endpoint"),
    timeoutSeconds: rate
      .default(120)
      .describe("time for one request to an endpoint, with all calls that it takes"),
    longestWaitSeconds: rate
      .default(600)
      .describe(
        "longest wait that is kept to where a server asks for one; for a longer one the command ends",
      ),
    attempts: positive.default(6).describe("how often a call that fails for a passing reason is made in all"),
  })
  .prefault({});
export type EndpointSettings = z.output<typeof endpointSettings>;

const dollars = z.number().nonnegative();

/** null: none, where a file or a resumed run has one. */
const limitOf = (amount: typeof rate) =>
  amount
    .nullable()
    .transform((limit) => limit ?? undefined)
    .optional();

/** What concerns calls alone: how they are made, paid and kept. No part of what a run is, for it decides no result. */
export const callSettings = {
  endpoint: endpointSettings,
  budget: z
    .strictObject({
      money: limitOf(rate).describe("dollars that the run may spend in all (needs prices); null: no limit"),
      tokens: limitOf(positive).describe(
        "tokens, read and written, that the run may take in all; null: no limit",
      ),
      calls: limitOf(positive).describe(
        "calls, failed ones too, that the run may make in all; null: no limit",
      ),
    })
    .prefault({}),
  prices: z
    .record(z.string(), z.strictObject({ input: dollars, output: dollars, cachedInput: dollars.optional() }))
    .default({})
    .describe("dollars per million tokens by a model's name: {input, output, cachedInput}"),
  cache: path
    .default("run")
    .describe(
      'answers of endpoints are kept and not asked for again: "run" in the run folder, "off", or a folder that runs share',
    ),
  record: path.optional().describe("JSONL file in which every answer is recorded, for replay:file.jsonl"),
};
export type CallSettings = {
  readonly [Name in keyof typeof callSettings]?: z.output<(typeof callSettings)[Name]> | undefined;
};
