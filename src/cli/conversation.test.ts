// Conversations at a terminal and through a pipe: lines in their order, and what Ctrl-C does when.

import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { createConversation } from "./conversation.ts";

const open = (isTTY: boolean) => {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  const clock = manualClock();
  const told = { hints: "", interrupts: 0, shown: "" };
  output.on("data", (part: Buffer) => {
    told.shown += String(part);
  });
  const conversation = createConversation({
    ...{ input, output, clock },
    hint: (text) => {
      told.hints += text;
    },
    interrupt: () => {
      told.interrupts++;
    },
  });
  const later = () => clock.advance(1000);
  return { input, conversation, told, clock, later };
};

/** Work that goes on until it is stopped. */
const untilStopped = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve("stopped"), { once: true }));

describe("a pipe", () => {
  it("gives its lines, also those that came together, and then no more", async () => {
    const { input, conversation, told } = open(false);
    input.write("one\ntwo\n\nthr");
    expect([await conversation.ask("> "), await conversation.ask("> ")]).toEqual(["one", "two"]);
    expect(await conversation.ask("> ")).toBe("");
    input.end("ee");
    expect(await conversation.ask("> ")).toBe("three");
    expect(await conversation.ask("> ")).toBeNull();
    expect(told.shown).toBe("");
    conversation.close();
  });

  it("is closed also while it is open at the other end", async () => {
    const { input, conversation } = open(false);
    input.write("one\n");
    await conversation.ask("> ");
    conversation.close();
    expect(input.destroyed).toBe(true);
  });
});

describe("a terminal", () => {
  it("is asked with a prompt and gives what was typed, until Ctrl-D", async () => {
    const { input, conversation, told } = open(true);
    const asked = conversation.ask("> ");
    input.write("hello\r");
    expect(await asked).toBe("hello");
    expect(told.shown).toContain("> ");
    const again = conversation.ask("> ");
    input.write("\u0004");
    expect(await again).toBeNull();
    conversation.close();
  });

  it("remembers lines from one question to the next", async () => {
    const { input, conversation } = open(true);
    const asked = conversation.ask("> ");
    input.write("hello\r");
    await asked;
    const again = conversation.ask("> ");
    input.write("\u001b[A\r");
    expect(await again).toBe("hello");
    conversation.close();
  });

  it("ends at the second Ctrl-C without a line between", async () => {
    const { input, conversation, told, later } = open(true);
    later();
    const asked = conversation.ask("> ");
    input.write("\u0003");
    later();
    input.write("still here\r");
    expect(await asked).toBe("still here");
    expect(told).toMatchObject({ hints: "(Ctrl-C again ends)\n", interrupts: 0 });
    const last = conversation.ask("> ");
    later();
    input.write("\u0003");
    await new Promise((resolve) => setImmediate(resolve));
    later();
    input.write("\u0003");
    expect(await last).toBeNull();
    expect(told.interrupts).toBe(1);
    expect(await conversation.ask("> ")).toBeNull();
  });
});

describe("Ctrl-C", () => {
  it("is no matter of a conversation before there is one", () => {
    expect(open(false).conversation.intercept()).toBe(false);
  });

  it("stops the work at hand alone, and then ends", async () => {
    const { conversation, told, later } = open(false);
    later();
    const work = conversation.interruptible(untilStopped);
    expect(conversation.intercept()).toBe(true);
    expect(await work).toBe("stopped");
    expect(told.hints).toContain("again");
    later();
    expect(conversation.intercept()).toBe(false);
    expect(await conversation.ask("> ")).toBeNull();
  });

  it("that arrives twice for one key is one", async () => {
    const { conversation, clock } = open(false);
    const work = conversation.interruptible(untilStopped);
    clock.advance(600);
    expect(conversation.intercept()).toBe(true);
    clock.advance(20);
    expect(conversation.intercept()).toBe(true);
    await work;
    clock.advance(600);
    expect(conversation.intercept()).toBe(false);
  });

  it("counts anew after a line", async () => {
    const { input, conversation, later } = open(false);
    input.write("one\ntwo\n");
    await conversation.ask("> ");
    later();
    expect(conversation.intercept()).toBe(true);
    expect(await conversation.ask("> ")).toBe("two");
    later();
    expect(conversation.intercept()).toBe(true);
  });
});
