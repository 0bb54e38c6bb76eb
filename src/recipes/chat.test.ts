// `covenant chat` with somebody who types: replies as they come, what the model is given of the conversation, words with
// a slash, replies that are stopped, models without a template.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { deriveSeed, manualClock } from "../core/index.ts";
import { openModel } from "../models/index.ts";
import type { Message, RunEvent } from "../records/index.ts";
import { recipe } from "./chat.ts";
import type { Conversation } from "./recipe.ts";

const tied = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "covenant-chat-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Talk = {
  readonly written: string[];
  readonly events: RunEvent[];
  readonly messages: readonly Message[];
};

/** Holds a conversation. stopAfter: pieces of a reply after which Ctrl-C is pressed, for each reply. */
const talk = async (
  lines: readonly string[],
  settings: object = {},
  stopAfter: readonly (number | undefined)[] = [],
): Promise<Talk> => {
  const written: string[] = [];
  const events: RunEvent[] = [];
  const rest = [...lines];
  let replies = 0;
  let onPiece: (() => void) | undefined;
  const conversation: Conversation = {
    ask: async () => rest.shift() ?? null,
    write(text) {
      written.push(text);
      onPiece?.();
    },
    async interruptible(work) {
      const controller = new AbortController();
      const limit = stopAfter[replies++];
      let pieces = 0;
      if (limit !== undefined) onPiece = () => ++pieces === limit && controller.abort();
      try {
        return await work(controller.signal);
      } finally {
        onPiece = undefined;
      }
    },
  };
  const config = recipe.schema.parse({ model: tied, maxTokens: 12, ...settings });
  const { document } = await recipe.run(config, {
    ...{ conversation, clock: manualClock(), environment: {} },
    emit: (event) => void events.push(event),
    signal: new AbortController().signal,
  });
  return { written, events, messages: (document as { messages: Message[] }).messages };
};

const user = (content: string): Message => ({ role: "user", content });

describe("a conversation", () => {
  it("has the replies that the model gives to all that was said, piece by piece", async () => {
    const { written, messages } = await talk(["How do I plant a tree?", "", "In the garden?"], { seed: 4 });
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(written.join("")).toBe(`${messages[1]!.content}\n${messages[3]!.content}\n`);
    expect(written.length).toBeGreaterThan(8);
    const model = await openModel(tied, { environment: {} });
    const asked = [messages.slice(0, 1), messages.slice(0, 3)].map((said, turn) => ({
      ...{ messages: said, maxTokens: 12, temperature: 0.7, seed: deriveSeed(4, "chat", turn) },
    }));
    const replies = await model.generate(asked);
    await model.close();
    expect([messages[1], messages[3]].map((message) => message!.content.trim())).toEqual(
      replies.map(({ text }) => text),
    );
  });

  it("begins anew at /reset and with what the model is told first, and ends at /exit", async () => {
    const first = await talk(["One", "/reset", "Two", "/exit", "Three"]);
    expect(first.messages[0]).toEqual(user("Two"));
    expect(first.messages).toHaveLength(2);
    const told = await talk(["One", "/system Be kind.", "Two"], { system: "Be short." });
    expect(told.messages.slice(0, 2)).toEqual([{ role: "system", content: "Be kind." }, user("Two")]);
    const kept = await talk(["/reset", "Two"], { system: "Be short." });
    expect(kept.messages[0]).toEqual({ role: "system", content: "Be short." });
    const unknown = await talk(["/nonsense", "/help"]);
    expect(unknown.written[0]).toContain("There is no /nonsense");
    expect(unknown.written[1]).toContain("/system TEXT");
  });

  it("goes on after a reply that was stopped, which stays as far as it went", async () => {
    const { messages, written } = await talk(["One", "Two"], {}, [4]);
    const whole = await talk(["One"]);
    expect(messages).toHaveLength(4);
    expect(messages[1]!.content.length).toBeLessThan(whole.messages[1]!.content.length);
    expect(whole.messages[1]!.content.startsWith(messages[1]!.content)).toBe(true);
    expect(written.join("")).toBe(`${messages[1]!.content}\n${messages[3]!.content}\n`);
  });

  it("says when it has become too long, and is then as it was before", async () => {
    const { messages, written } = await talk(["One", "long ".repeat(200), "Two"]);
    expect(written.join("")).toMatch(/The conversation has \d+ tokens.*\/reset begins anew/);
    expect(messages.map(({ content }) => content.slice(0, 4)).filter((text) => text === "long")).toEqual([]);
    expect(messages).toHaveLength(4);
  });

  it("is plain text for a model without a template, with a warning", async () => {
    const bare = join(folder, "bare");
    cpSync(tied, bare, { recursive: true });
    rmSync(join(bare, "chat_template.jinja"), { force: true });
    const { messages, events } = await talk(["The river is"], { model: bare, greedy: true });
    expect(events).toContainEqual(expect.objectContaining({ type: "warning", code: "no-chat-template" }));
    expect(messages[1]!.content).not.toBe("");
    const { events: others } = await talk(["The river is"]);
    expect(others).not.toContainEqual(expect.objectContaining({ code: "no-chat-template" }));
  });

  it("warns once where the model does not know the words that are written", async () => {
    const warnings = (lines: readonly string[]) =>
      talk(lines, { model: "embedded:covenant-tiny", maxTokens: 2 }).then(({ events }) =>
        events.flatMap((event) => (event.type === "warning" ? [`${event.code}: ${event.text}`] : [])),
      );
    expect(await warnings(["How can I plant a tree?", "我怎样才能种一棵树？", "在花园里？"])).toEqual([
      expect.stringMatching(
        /^model-foreign-text: .* 1 of 2 requests so far .*"我怎样才能种一棵树？".*nonsense/,
      ),
    ]);
    expect(await warnings(["Hello, who are you?"])).toEqual([
      expect.stringMatching(/embedded:covenant-tiny .* the request is not in it: "Hello, who are you\?"/),
    ]);
    expect(await warnings(["How can I plant a tree?"])).toEqual([]);
  });

  it("needs somebody", async () => {
    const config = recipe.schema.parse({ model: tied });
    const context = { emit: () => undefined, clock: manualClock(), environment: {} };
    const running = recipe.run(config, { ...context, signal: new AbortController().signal });
    await expect(running).rejects.toThrow("nobody to talk with");
  });
});
