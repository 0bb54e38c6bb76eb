// Rows that a reward model scores: a reply with what it answers, as its training read them (in the model's chat format,
// or as plain texts where it has none), or a plain text with its continuation, read as it stands.

import { z } from "zod";
import { UserError } from "../../core/index.ts";
import { messagesEndingWith } from "../../feedback/index.ts";
import { messageSchema } from "../../records/index.ts";
import { encodePrompt, encodeReply, plainItem } from "../../training/index.ts";
import { encodeContinuation, type ModelFolder, type PackedItem } from "../../transformer/index.ts";

/** {prompt, completion}, {messages} that end with a reply, or {prompt, continuation} in plain text. */
export const rewardRowSchema = z
  .object({
    prompt: z.union([z.string(), z.array(messageSchema).min(1)], "it must be a text or messages").optional(),
    completion: z.string().min(1).optional(),
    continuation: z.string().min(1).optional(),
    messages: messagesEndingWith("assistant").optional(),
  })
  .refine(
    ({ prompt, completion, continuation, messages }) =>
      messages !== undefined ||
      (prompt !== undefined && completion !== undefined) ||
      (typeof prompt === "string" && continuation !== undefined),
    "a reward model scores rows {prompt, completion}, {messages} that end with a reply, or {prompt, continuation} of plain text",
  );

/** A row as tokens: what is answered as trunk, the reply as its branch. Throws UserError where it has no chat format. */
export const rewardItem = (
  { tokenizer, chatTemplate }: ModelFolder,
  row: z.output<typeof rewardRowSchema>,
): PackedItem => {
  const { prompt = "", completion, continuation, messages } = row;
  if (messages === undefined && completion === undefined)
    return encodeContinuation(tokenizer, prompt as string, continuation!);
  if (chatTemplate === null && typeof prompt === "string" && completion !== undefined)
    return plainItem({ tokenizer }, prompt, [completion]);
  if (chatTemplate === null)
    throw new UserError(
      "no-chat-template",
      `${Object.keys(row).join(", ")}: the reward model has no chat template to put messages into. Give rows {prompt, completion} of texts, or {prompt, continuation} of plain text.`,
    );
  const codec = { tokenizer, template: chatTemplate };
  const asked = typeof prompt === "string" ? [{ role: "user" as const, content: prompt }] : prompt;
  const turns = messages?.slice(0, -1) ?? asked;
  const reply = messages?.at(-1)?.content ?? completion!;
  return { trunk: encodePrompt(codec, turns), branches: [encodeReply(codec, turns, reply)] };
};
