// What the calls of one command share, from one model that is opened to the next.

import { describe, expect, it } from "vitest";
import { openCalls } from "./calls.ts";

describe("the calls of a command", () => {
  it("hand what servers were found to bear from stage to stage, and to no other command", async () => {
    await using calls = openCalls({});
    await using others = openCalls({});
    const name = "http://127.0.0.1:1/v1#m";
    const first = await calls.optionsFor(name, "answer");
    first.borneNumbers?.set(name, { number: 20, tooMuch: 21 });
    expect((await calls.optionsFor(name, "revise")).borneNumbers?.get(name)?.number).toBe(20);
    expect((await others.optionsFor(name, "answer")).borneNumbers?.size).toBe(0);
  });

  it("tell what the account took of a stage once: tokens and money of calls without an answer, too", async () => {
    const name = "http://127.0.0.1:1/v1#m";
    await using calls = openCalls({ prices: { m: { input: 1e6, output: 1e6 } } });
    expect(calls.booked("answer")).toBeUndefined();
    const { ledger, prices } = await calls.optionsFor(name, "answer");
    const meter = ledger!.meter({ model: name, price: prices!["m"] });
    meter.begin({ promptTokens: 5, completionTokens: 20 }).answered({ promptTokens: 4, completionTokens: 1 });
    meter.begin({ promptTokens: 5, completionTokens: 20 }).failed(new Error("half a body"));
    expect(calls.booked("answer")).toEqual({ promptTokens: 9, completionTokens: 21, money: 30 });
    await calls.optionsFor(name, "answer");
    expect(calls.booked("answer")).toEqual({ promptTokens: 0, completionTokens: 0, money: 0 });
  });
});
