// Settings of labels as a protocol: usual ones change nothing of what a stage is, and what does not fit together is told.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { loadConstitution } from "../../constitution/index.ts";
import { protocolAsInput, readProtocol } from "./judge-protocol.ts";
import { judgeProtocolSettings } from "./judge-protocol-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-requested-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const schema = z.strictObject(judgeProtocolSettings);
const constitution = await loadConstitution("ethical");
const requestedOf = (settings: object) => readProtocol(schema.parse(settings), constitution);

describe("settings of labels", () => {
  it("add nothing to a stage where labels are made as usual, and all else", async () => {
    expect(protocolAsInput(await requestedOf({}))).toEqual({});
    expect(protocolAsInput(await requestedOf({ hard: true }))).toEqual({});
    for (const [key, value] of Object.entries({
      method: "votes",
      votes: 9,
      voteTokens: 900,
      clamp: "none",
      chains: 2,
      judgeTemperature: 0.5,
      form: "paper",
      principlesPerComparison: 2,
      reasoningTokens: 9,
    }))
      expect(protocolAsInput(await requestedOf({ [key]: value })).requested).toBeDefined();
  });

  it("must fit the constitution and the examples", async () => {
    await expect(requestedOf({ principlesPerComparison: 13 })).rejects.toThrow(
      /judged by 13 principles.*ethical has 12/,
    );
    const fewShots = join(folder, "shots.json");
    writeFileSync(fewShots, JSON.stringify([{ prompt: "Q", corrects: ["a"], incorrects: ["b"] }]));
    expect((await requestedOf({ fewShots })).fewShots?.shots).toHaveLength(1);
    await expect(requestedOf({ fewShots, method: "reasoning" })).rejects.toThrow(
      /few-shots are \{prompt, corrects, incorrects\}, but method reasoning/,
    );
    for (const clamp of [[0.3, 0.6], [0.6, 0.4], [0.4], "some"])
      expect(schema.safeParse({ clamp }).success).toBe(false);
    expect(schema.parse({ clamp: [0.2, 0.8] }).clamp).toEqual([0.2, 0.8]);
  });
});
