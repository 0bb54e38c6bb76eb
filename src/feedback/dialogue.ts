// Dialogues written as one text, "\n\nHuman: ... \n\nAssistant: ..." (the form of HH-RLHF), taken apart into
// messages. Turns begin only where the marker stands after a blank line, so colons inside a turn mean nothing.

import { z } from "zod";
import { type Message, messageSchema } from "../records/index.ts";

const marker = /\n\n(Human|Assistant):/g;

/** The turns of a dialogue to the last space; only the one behind a marker is taken off. null: it begins with no turn. */
export const exactDialogue = (text: string): Message[] | null => {
  const starts = [...text.matchAll(marker)];
  if (starts[0]?.index !== 0) return null;
  return starts.map((start, index) => ({
    role: start[1] === "Human" ? "user" : "assistant",
    content: text
      .slice(start.index + start[0].length, starts[index + 1]?.index ?? text.length)
      .replace(/^ /, ""),
  }));
};

/** The turns of a dialogue, white space at the ends of each taken off. null: the text does not begin with a turn. */
export const parseDialogue = (text: string): Message[] | null =>
  exactDialogue(text)?.map(({ role, content }) => ({ role, content: content.trim() })) ?? null;

const conversation = z.array(messageSchema).min(1);

/** The messages that a cell of separated values is as JSON; undefined: it is a text, whatever it looks like. */
const messagesInCell = (cell: unknown): Message[] | undefined => {
  if (typeof cell !== "string" || !/^\s*\[\s*\{/.test(cell)) return undefined;
  try {
    return conversation.safeParse(JSON.parse(cell)).data;
  } catch {
    return undefined;
  }
};

/**
 * A row of separated values with its lists of messages as lists, where they stand in one of the columns that may hold some;
 * all other cells stay what they are. Of a pair both replies are lists, or both are texts.
 */
export const messagesInCells = (
  row: Readonly<Record<string, unknown>>,
  columns: readonly string[],
): Record<string, unknown> => {
  const found = new Map<string, Message[]>();
  for (const column of columns) {
    const messages = messagesInCell(row[column]);
    if (messages !== undefined) found.set(column, messages);
  }
  if (!found.has("chosen") || !found.has("rejected"))
    for (const reply of ["chosen", "rejected"]) found.delete(reply);
  return { ...row, ...Object.fromEntries(found) };
};

const isBlank = (message: Message | undefined): boolean => message?.content.trim() === "";

const lastOf = (messages: readonly Message[]): Message | undefined => messages.at(-1);

/** Messages of which the last is of a role and holds text; what is refused is told with the role that came. */
export const messagesEndingWith = (role: Message["role"]) =>
  z.array(messageSchema).refine((messages) => lastOf(messages)?.role === role && !isBlank(lastOf(messages)), {
    error: ({ input }) => {
      const last = lastOf(input as readonly Message[]);
      const wanted = `the last message must be of the role "${role}" and hold text`;
      if (last === undefined) return wanted;
      return `${wanted}; it is of the role "${last.role}"${isBlank(last) ? " and holds none" : ""}`;
    },
  });

/** The turns that two dialogues share, up to the last one of the user: the prompt of a preference pair. */
export const commonPrompt = (one: readonly Message[], other: readonly Message[]): Message[] => {
  let shared = 0;
  while (
    shared < Math.min(one.length, other.length) &&
    one[shared]?.role === other[shared]?.role &&
    one[shared]?.content === other[shared]?.content
  ) {
    shared++;
  }
  const last = one.slice(0, shared).findLastIndex((message) => message.role === "user");
  return one.slice(0, last + 1);
};

/** Joins turns of one speaker that follow each other, with a blank line: chat templates want speakers in turn. */
export const mergeTurns = (messages: readonly Message[]): Message[] => {
  const merged: Message[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last?.role === message.role) last.content = `${last.content}\n\n${message.content}`;
    else merged.push({ ...message });
  }
  return merged;
};
