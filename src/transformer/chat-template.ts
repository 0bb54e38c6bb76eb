// Chats to text and tokens through a model's own template (Jinja, from chat_template.jinja or tokenizer_config.json).
// encodeChat also says which tokens belong to which message, and keeps control tokens that a message's author typed as
// plain text, so that nobody can end a turn or speak in another role from inside a message. `transformers` parses them
// as control tokens; parseSpecial: true does the same. Knows no model.

import { Template } from "@huggingface/jinja";
import { messageOf, UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { type PlacedChat, placeChat } from "./chat-placement.ts";
import { rewriteStrips, stripFunctions } from "./template-strings.ts";
import type { MarkPlace, TextRange, Tokenizer } from "./tokenizer.ts";

/** A compiled template. */
export type ChatTemplate = {
  /** The Jinja source. */
  readonly source: string;
  /** Throws UserError when the template refuses the messages (an unknown role, roles out of order). */
  render(messages: readonly Message[], options: { readonly addGenerationPrompt: boolean }): string;
};

/** The chat template of models made here: <|role|>content<|end|>, nothing between. */
export const roleTokenTemplate =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** Control tokens of roleTokenTemplate: end of turn and padding first, then the roles. */
export const roleTokens = ["<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"] as const;

const rolesOf = (messages: readonly Message[]): string => messages.map(({ role }) => role).join(", ");

/** Compiles a template. variables: what templates expect beside the messages (bos_token, eos_token). */
export const compileChatTemplate = (
  source: string,
  variables: Readonly<Record<string, unknown>> = {},
  place = "chat template",
): ChatTemplate => {
  let template: Template;
  try {
    template = new Template(source);
    template.parsed = rewriteStrips(template.parsed) as Template["parsed"];
  } catch (cause) {
    throw new UserError(
      "bad-chat-template",
      `${place}: the chat template is not readable (${messageOf(cause)}). Expected Jinja as Hugging Face's chat templates use it; correct it.`,
      { place },
      cause,
    );
  }
  return {
    source,
    render(messages, { addGenerationPrompt }) {
      try {
        return template.render({
          ...stripFunctions,
          ...variables,
          messages,
          add_generation_prompt: addGenerationPrompt,
        });
      } catch (cause) {
        throw new UserError(
          "chat-template-failed",
          `${place}: the chat template refuses these messages (roles: ${rolesOf(messages)}): ${messageOf(cause)}. Change the messages or the template.`,
          { place },
          cause,
        );
      }
    },
  };
};

export type EncodeChatOptions = {
  readonly addGenerationPrompt: boolean;
  /** true: control tokens typed in contents become control tokens, as in transformers. Default false: they stay text. */
  readonly parseSpecial?: boolean;
};

/**
 * Token ranges [start, end) of one message. content excludes the role's and the turn's marks. Templates may put messages
 * in another order; one that they leave out has no tokens, behind the message before it.
 */
export type MessageSpan = {
  readonly role: Message["role"];
  readonly start: number;
  readonly contentStart: number;
  readonly contentEnd: number;
  /** After the turn's closing marks. */
  readonly end: number;
};

export type EncodedChat = {
  readonly ids: number[];
  readonly spans: MessageSpan[];
};

type Marked = { readonly index: number; readonly content: TextRange; readonly marks: readonly MarkPlace[] };

/** Spans by message, each from where the one before it in the text ends. */
const spansOf = (messages: readonly Message[], marked: readonly Marked[]): MessageSpan[] => {
  const spans = new Map<number, MessageSpan>();
  let previous = 0;
  for (const { index, marks } of [...marked].sort((one, other) => one.content[0] - other.content[0])) {
    const [first, last, close] = marks as [MarkPlace, MarkPlace, MarkPlace];
    const contentEnd = Math.max(first.first, last.past);
    const span = { start: previous, contentStart: first.first, contentEnd, end: close.past };
    spans.set(index, { role: messages[index]!.role, ...span });
    previous = span.end;
  }
  let end = 0;
  return messages.map(({ role }, index) => {
    const span = spans.get(index) ?? { role, start: end, contentStart: end, contentEnd: end, end };
    ({ end } = span);
    return span;
  });
};

type Options = Required<EncodeChatOptions>;

/** A chat as text, with the place of every content in it. Throws UserError where the template refuses or hides them. */
const placeIn = (
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly Message[],
  { addGenerationPrompt, parseSpecial }: Options,
): PlacedChat => {
  const controlTokensOf = (text: string): readonly number[] =>
    parseSpecial ? [] : tokenizer.controlTokens(text);
  const placed = placeChat(template.render, messages, { addGenerationPrompt }, controlTokensOf);
  if (placed !== null) return placed;
  throw new UserError(
    "template-changes-content",
    `The chat template rewrites the contents of these messages (roles: ${rolesOf(messages)}) so that the tokens of a message cannot be told from the frame. Use a template that shows each content in one place, as it is or stripped, or leave out what it rewrites (control tokens in the text, as a rule).`,
  );
};

/** A chat as token ids, with the place of every message in them. Throws UserError when the template refuses it. */
export const encodeChat = (
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly Message[],
  { addGenerationPrompt, parseSpecial = false }: EncodeChatOptions,
): EncodedChat => {
  const { text, places } = placeIn(tokenizer, template, messages, { addGenerationPrompt, parseSpecial });
  const shown = [...places.entries()].flatMap(([index, place]) =>
    place === null ? [] : [{ index, ...place }],
  );
  const { ids, places: found } = tokenizer.encodeMarked({
    text,
    literal: parseSpecial ? [] : shown.map(({ content }) => content),
    marks: shown.flatMap(({ content: [start, end], closed }) => [start, end, closed]),
  });
  const marked = shown.map((place, at) => ({ ...place, marks: found.slice(at * 3, at * 3 + 3) }));
  return { ids, spans: spansOf(messages, marked) };
};

/** Where the last of some turns ends. */
const lastEnd = (places: PlacedChat["places"]): number =>
  places.reduce((last, place) => Math.max(last, place?.closed ?? 0), 0);

/**
 * The tokens of a chat that asks for a reply and goes on with the one that is given: the prompt's text, and of the whole
 * chat's text the last turn behind what asks for it. That is the whole chat unless a template shows otherwise what was
 * said before, once there is a reply: Mistral's has the system's words in the last turn alone, and only where that is the
 * user's. null: the last turn does not begin as the prompt asks for it. Throws UserError as encodeChat.
 */
export const encodeAnswered = (
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly Message[],
  reply: string,
): number[] | null => {
  const place = (chat: readonly Message[], addGenerationPrompt: boolean): PlacedChat =>
    placeIn(tokenizer, template, chat, { addGenerationPrompt, parseSpecial: false });
  const asked = place(messages, true);
  const whole = place([...messages, { role: "assistant", content: reply }], false);
  const said = whole.places.at(-1)?.content;
  const request = asked.text.slice(lastEnd(asked.places));
  const begin = lastEnd(whole.places.slice(0, -1)) + request.length;
  if (said === undefined || said[0] < begin || !whole.text.slice(0, begin).endsWith(request)) return null;
  const moved = asked.text.length - begin;
  const literal = asked.places.flatMap((shown) => (shown === null ? [] : [shown.content]));
  return tokenizer.encodeMarked({
    text: `${asked.text}${whole.text.slice(begin)}`,
    literal: [...literal, [said[0] + moved, said[1] + moved]],
    marks: [],
  }).ids;
};
