// What `covenant pretrain` refuses before a run is begun: settings that no model or corpus can be made of.

import { describe, expect, it } from "vitest";
import { describeIssues } from "../core/index.ts";
import { pretrainSchema } from "./pretrain.ts";

const faultsOf = (settings: object): string[] => {
  const result = pretrainSchema.safeParse(settings);
  return result.success ? [] : describeIssues(result.error, settings);
};

describe("the settings of pretrain", () => {
  it("are possible by default, and where sizes fit one another", () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ time: 200, mix: { trade: 1, poll: 1, ballot: 1 } })).toEqual([]);
    expect(faultsOf({ hiddenSize: 96, heads: 3, keyValueHeads: 3, mix: { chat: 0, critique: 0 } })).toEqual(
      [],
    );
  });

  it.each([
    [{ heads: 3, keyValueHeads: 3 }, /^heads: got 3, but hiddenSize 256 .* a multiple of 6/],
    [{ hiddenSize: 12 }, /^heads: got nothing, but hiddenSize 12 .* among 4 heads.* a multiple of 8/],
    [{ keyValueHeads: 3 }, /^keyValueHeads: got 3, but 4 heads cannot share 3/],
    [
      { mix: { chat: 0, critique: 0, choice: 0, assembly: 0, sharing: 0, ballot: 0 } },
      /^mix: got .*, but all of its shares are 0/,
    ],
    [{ vocabulary: 100 }, /^vocabulary: got 100, expected at least 261$/],
    [{ time: 50 }, /^time: got 50, expected at least 168$/],
    [
      { time: 200, context: 512, mix: { assembly: 0.2 } },
      /^time: got 200, but documents of this mix are up to 384 tokens/,
    ],
    [
      { time: 200, context: 512, mix: { variant: 0.2 } },
      /^time: got 200, but documents of this mix are up to 384 tokens/,
    ],
    [
      { time: 200, context: 512, mix: { manner: 0.2 } },
      /^time: got 200, but documents of this mix are up to 384 tokens/,
    ],
    [{ context: 50 }, /^context: got 50, expected at least 168$/],
  ])("%j are refused, the field named", (settings, said) => {
    const faults = faultsOf(settings);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(said);
  });
});
