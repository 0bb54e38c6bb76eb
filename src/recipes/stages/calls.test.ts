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
});
