// Chat templates in the manner of the families' own: what is rendered and what is refused is what transformers renders
// and refuses.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { compileChatTemplate } from "./chat-template.ts";

type Row = {
  readonly template: string;
  readonly chat: number;
  readonly addGenerationPrompt: boolean;
  readonly text?: string;
  readonly error?: string;
};
const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/chat-templates.json", import.meta.url), "utf8"),
) as {
  variables: Record<string, string>;
  templates: Record<string, string>;
  chats: Message[][];
  rows: Row[];
};

// strftime_now asks the machine's clock, as it does in transformers.
beforeAll(() => vi.useFakeTimers({ toFake: ["Date"], now: new Date(2026, 1, 3, 4, 5, 6) }));
afterAll(() => vi.useRealTimers());

describe.each(Object.entries(golden.templates))("the template %s", (name, source) => {
  const template = compileChatTemplate(source, golden.variables);
  const rows = golden.rows.filter((row) => row.template === name);

  it.each(rows.map((row) => [row.chat, row.addGenerationPrompt, row] as const))(
    "makes of chat %i (prompted: %s) what transformers makes of it",
    (chat, addGenerationPrompt, { text, error }) => {
      const render = (): string => template.render(golden.chats[chat]!, { addGenerationPrompt });
      if (text !== undefined) expect(render()).toBe(text);
      else {
        expect(render).toThrow(UserError);
        expect(render).toThrow(error);
      }
    },
  );
});
