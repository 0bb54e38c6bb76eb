// What every language model must do, whatever runs it. A provider's test hands in a way to open one; the suite is
// the same for all of them.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InterruptedError } from "../core/index.ts";
import type { GenerateRequest, LanguageModel, ScoreRequest } from "./specification.ts";

const generateRequest = (text: string, change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content: text }],
  maxTokens: 12,
  temperature: 1,
  seed: 7,
  ...change,
});

const scoreRequest = (text: string, continuations: readonly string[] = ["(A)", "(B)"]): ScoreRequest => ({
  messages: [{ role: "user", content: text }],
  continuations,
});

const texts = ["How are you?", "Tell me {more}: please", "And then?", "What (A) is (B) this?", "A 💡 idea"];

type Model = () => LanguageModel;

const describeReplies = (model: Model, seeded: boolean): void => {
  it("replies in the order of the requests, each as if it were asked alone", async () => {
    const requests = texts.map((text, index) => generateRequest(text, { seed: index }));
    const together = await model().generate(requests);
    expect(together).toHaveLength(requests.length);
    expect(new Set(together.map((reply) => reply.text)).size).toBeGreaterThan(1);
    for (const [index, request] of requests.entries()) {
      expect((await model().generate([request]))[0]?.text).toBe(together[index]?.text);
    }
    const reversed = await model().generate(requests.toReversed());
    expect(reversed.map((reply) => reply.text)).toEqual(together.map((reply) => reply.text).toReversed());
  });

  const unseeded = seeded ? "" : " (skipped: this provider's interface takes no seed)";
  it.runIf(seeded)(`gives the same reply for the same seed, and others for others${unseeded}`, async () => {
    const seeds = [0, 1, 2, 3, 4, 5, 4_294_967_295, 0];
    const replies = await model().generate(seeds.map((seed) => generateRequest("How are you?", { seed })));
    expect(replies[7]?.text).toBe(replies[0]?.text);
    expect(new Set(replies.map((reply) => reply.text)).size).toBeGreaterThan(1);
  });

  it("tells how a reply ended and counts its tokens", async () => {
    const [short, long] = await model().generate([
      generateRequest("How are you?", { maxTokens: 1 }),
      generateRequest("How are you?"),
    ]);
    expect(short?.finish).toBe("length");
    expect(short?.text.length).toBeLessThan(long?.text.length ?? 0);
    for (const reply of [short, long]) {
      expect(["stop", "length"]).toContain(reply?.finish);
      expect(reply?.usage.promptTokens).toBeGreaterThan(0);
      expect(Number.isInteger(reply?.usage.completionTokens)).toBe(true);
    }
  });
};

const describeCalls = (model: Model): void => {
  it("says who it is and how much it takes at once", () => {
    expect(model().id).not.toBe("");
    expect(model().capabilities.batch).toBeGreaterThanOrEqual(1);
  });

  it("answers an empty batch with an empty list", async () => {
    expect(await model().generate([])).toEqual([]);
    expect(await model().score([])).toEqual([]);
  });

  it("does nothing once its signal is aborted", async () => {
    const signal = AbortSignal.abort();
    const generating = model().generate([generateRequest("How are you?")], { signal });
    await expect(generating).rejects.toBeInstanceOf(InterruptedError);
    const scoring = model().score([scoreRequest("How are you?")], { signal });
    await expect(scoring).rejects.toBeInstanceOf(InterruptedError);
  });
};

const describeScores = (model: Model): void => {
  it("scores continuations in their order, independent of the batch, as probabilities; or says that it cannot", async () => {
    const requests = texts.map((text) => scoreRequest(text));
    const scores = await model().score(requests);
    expect(scores).toHaveLength(requests.length);
    if (!model().capabilities.scores) {
      for (const score of scores) expect(score.logProbabilities).toEqual([null, null]);
      return;
    }
    const turned = await model().score(texts.map((text) => scoreRequest(text, ["(B)", "(A)"])).toReversed());
    for (const [index, score] of scores.entries()) {
      const values = score.logProbabilities.map((value) => value ?? Number.NaN);
      expect(values).toHaveLength(2);
      const sum = values.reduce((total, value) => total + Math.exp(value), 0);
      expect(sum).toBeGreaterThan(0);
      expect(sum).toBeLessThanOrEqual(1 + 1e-6);
      const other = turned[texts.length - 1 - index]?.logProbabilities.toReversed() ?? [];
      for (const [place, value] of values.entries()) expect(other[place]).toBeCloseTo(value, 4);
    }
  });
};

/** A request whose answer is held back until it is let go. */
export type HeldRequest = { readonly text: string; release(): void };

const describeIndependence = (model: Model, held: () => HeldRequest | undefined): void => {
  it("says that its requests are independent where a slow one delays no other, asked side by side", async () => {
    const slow = held();
    if (slow === undefined) {
      expect(model().capabilities.independentRequests ?? false).toBe(false);
      return;
    }
    expect(model().capabilities.independentRequests).toBe(true);
    let isSlowDone = false;
    const slowest = model()
      .generate([generateRequest(slow.text)])
      .then((replies) => {
        isSlowDone = true;
        return replies;
      });
    for (const text of texts) expect(await model().generate([generateRequest(text)])).toHaveLength(1);
    expect(isSlowDone).toBe(false);
    slow.release();
    expect(await slowest).toHaveLength(1);
  });
};

/** A conversation that no context of these tests holds. */
const longText = "How are you? ".repeat(2000);

const describeOverflow = (model: Model): void => {
  it("cuts no conversation that is too long: it ends as overflow and is not scored, and its neighbours are", async () => {
    const [long, short] = await model().generate([generateRequest(longText), generateRequest("And then?")]);
    expect(long).toMatchObject({ text: "", finish: "overflow" });
    expect(["stop", "length"]).toContain(short?.finish);
    const [over, fine] = await model().score([scoreRequest(longText), scoreRequest("And then?")]);
    expect(over?.logProbabilities).toEqual([null, null]);
    if (!model().capabilities.scores) return;
    expect(over?.declined).toBe("overflow");
    expect(fine?.declined).toBeUndefined();
    expect(fine?.logProbabilities).not.toContain(null);
  });
};

/**
 * Runs the suite. open gives a model and whatever has to be closed after it; held: of a model whose requests go their own
 * ways. bounded: whether the model has a context that can overflow. seeded: whether its replies hang on seeds.
 */
export const describeConformance = (
  name: string,
  open: () => Promise<{
    readonly model: LanguageModel;
    readonly close?: () => Promise<void>;
    readonly held?: HeldRequest;
  }>,
  { bounded = false, seeded = true }: { readonly bounded?: boolean; readonly seeded?: boolean } = {},
): void => {
  describe(`${name}: what every model does`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened.model.close();
      await opened.close?.();
    });
    const model = (): LanguageModel => opened.model;
    describeCalls(model);
    describeIndependence(model, () => opened.held);
    describeReplies(model, seeded);
    describeScores(model);
    if (bounded) describeOverflow(model);
  });
};
