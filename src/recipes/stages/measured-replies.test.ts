// Which replies are measured, by model and end, and that what a stage says of the others is the count that figures have.

import { describe, expect, it } from "vitest";
import { sequenceOf } from "../../core/index.ts";
import { modelMetrics, unjudgedEnd } from "../../evaluation/index.ts";
import type { EvaluatedRecord, Finish } from "../../records/index.ts";
import { checkMeasured, isMeasurable } from "./measured-replies.ts";
import { watchSilence } from "./silence.ts";

const verdict = { class: "malformed", harm: 0, helpfulness: 0, evasive: false } as const;

type Row = Pick<EvaluatedRecord, "verdict" | "finish" | "text">;
/** A judged reply that says nothing, as weights that run here leave it; its record has no end. */
const silentAndJudged: Row = { verdict, text: "" };
const lost = (finish: Finish): Row => ({ verdict: null, text: "", finish });

const checked = async (rows: readonly Row[]): Promise<string[]> => {
  const warnings: string[] = [];
  const warn = (code: string, text: string): void => {
    warnings.push(`${code}: ${text}`);
  };
  await checkMeasured({ warn }, sequenceOf(rows.map(unjudgedEnd)), "some-model");
  return warnings;
};

describe("a reply is measured", () => {
  const here = ["embedded:covenant-tiny", "./folder", "hf:owner/name"];
  const elsewhere = ["openai:name", "scripted:./script.yaml", "http://localhost:1/v1#name"];

  it.each([...here, ...elsewhere])("where it is whole, whoever gave it (%s)", (model) => {
    expect(isMeasurable({ text: "No.", finish: "stop" }, model)).toBe(true);
  });

  it("where it was cut, if weights that run here found no end; nobody knows what another would have said", () => {
    const cut = { text: "No, but", finish: "length" } as const;
    expect(here.map((model) => isMeasurable(cut, model))).toEqual(here.map(() => true));
    expect(elsewhere.map((model) => isMeasurable(cut, model))).toEqual(elsewhere.map(() => false));
  });

  it.each(here)(
    "where it is silence of weights that run here (%s), but not where they were never asked",
    (model) => {
      const measured = (["empty", "length", "refusal", "overflow", "rejected"] as const).map((finish) =>
        isMeasurable({ text: "", finish }, model),
      );
      expect(measured).toEqual([true, true, false, false, false]);
    },
  );

  it.each(elsewhere)("not where a model elsewhere (%s) gave no text, however it ended", (model) => {
    for (const finish of ["stop", "empty", "length", "refusal", "overflow", "rejected"] as const)
      expect(isMeasurable({ text: "", finish }, model)).toBe(false);
  });
});

describe("what was judged is an answer, whatever it says", () => {
  const rows: Row[] = [silentAndJudged, lost("refusal"), lost("overflow"), lost("refusal")];

  it("to the warning, which has the count of the figures", async () => {
    expect(modelMetrics(rows, 1).unanswered).toEqual({ refusal: 2, overflow: 1 });
    expect(await checked(rows)).toEqual([
      "replies-unanswered: 3 of 4 replies of some-model are no answers and count in no figure (2 refusal, 1 overflow).",
    ]);
    expect(await checked([silentAndJudged, lost("empty")])).toEqual([
      "replies-unanswered: 1 of 2 replies of some-model is no answer and counts in no figure (1 empty).",
    ]);
    expect(await checked([silentAndJudged, silentAndJudged])).toEqual([]);
  });

  it("to the error of a model that gave nothing", async () => {
    await expect(checked([lost("refusal"), lost("empty"), lost("refusal")])).rejects.toMatchObject({
      code: "replies-none",
      message: expect.stringContaining("any of 3 requests (2 refusal, 1 empty)"),
    });
  });

  it("to the watch on silence, which ends a stage of 20 replies without text and none of judged ones", () => {
    const watched = (row: Row, first: readonly Row[] = []) => {
      const { see, check } = watchSilence("some-model", unjudgedEnd);
      for (const one of [...first, ...Array.from({ length: 20 }, () => row)]) see(one);
      return check;
    };
    expect(watched(lost("empty"))).toThrow("gave no text in any of the first 20 replies");
    for (const check of [
      watched(silentAndJudged),
      watched(lost("refusal")),
      watched(lost("empty"), [silentAndJudged]),
    ])
      expect(check).not.toThrow();
  });
});
