// Chats to text and tokens through a model's own template (Jinja, from chat_template.jinja or tokenizer_config.json).
// encodeChat also says which tokens belong to which message, and keeps control tokens that a message's author typed as
// plain text, so that nobody can end a turn or speak in another role from inside a message. `transformers` parses them
// as control tokens; parseSpecial: true does the same. Knows no model.

import { Template } from "@huggingface/jinja";
import { messageOf, UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { pythonStrip, rewriteStrips, stripFunctions } from "./template-strings.ts";
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
          `${place}: the chat template refuses these messages (roles: ${messages.map(({ role }) => role).join(", ")}): ${messageOf(cause)}. Change the messages or the template.`,
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

/** Token ranges [start, end) of one message. content excludes the role's and the turn's marks. */
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

/** Where each message's content lies in a rendered chat. */
type Placed = { readonly text: string; readonly contents: TextRange[] };

// Private-use characters that no template reacts to; the index tells the messages apart.
const stand = (index: number): string => `\uE000${index}\uE001`;

const cutAtStands = (text: string, count: number): string[] | null => {
  const frame: string[] = [];
  let rest = text;
  for (let index = 0; index < count; index++) {
    const parts = rest.split(stand(index));
    if (parts.length !== 2) return null;
    frame.push(parts[0] as string);
    rest = parts[1] as string;
  }
  return [...frame, rest];
};

/** Renders twice, once with stand-ins for the contents, to know what is frame and what is content. */
const renderPlaced = (
  template: ChatTemplate,
  messages: readonly Message[],
  addGenerationPrompt: boolean,
): Placed | null => {
  const text = template.render(messages, { addGenerationPrompt });
  const standIns = messages.map((message, index) => ({ ...message, content: stand(index) }));
  const frame = cutAtStands(template.render(standIns, { addGenerationPrompt }), messages.length);
  if (!frame) return null;
  // Many templates trim contents.
  for (const change of [(content: string) => content, (content: string) => pythonStrip(content)]) {
    const contents: TextRange[] = [];
    let assembled = frame[0] as string;
    messages.forEach(({ content }, index) => {
      const start = assembled.length;
      assembled += change(content);
      contents.push([start, assembled.length]);
      assembled += frame[index + 1];
    });
    if (assembled === text) return { text, contents };
  }
  return null;
};

/** Where each message ends: as far as the chat up to it reaches, when that is a beginning of the whole. */
const messageEnds = (template: ChatTemplate, messages: readonly Message[], placed: Placed): number[] =>
  placed.contents.map(([, contentEnd], index) => {
    const next = placed.contents[index + 1]?.[0] ?? placed.text.length;
    const part = template.render(messages.slice(0, index + 1), { addGenerationPrompt: false });
    return placed.text.startsWith(part) && part.length >= contentEnd && part.length <= next
      ? part.length
      : contentEnd;
  });

/** A chat as token ids, with the place of every message in them. Throws UserError when the template refuses it. */
export const encodeChat = (
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly Message[],
  { addGenerationPrompt, parseSpecial = false }: EncodeChatOptions,
): EncodedChat => {
  const placed = renderPlaced(template, messages, addGenerationPrompt);
  if (!placed)
    throw new UserError(
      "template-changes-content",
      "The chat template rewrites the contents of these messages, so the tokens of a message cannot be told from the frame. Use a template that inserts contents as they are.",
    );
  const ends = messageEnds(template, messages, placed);
  const marks = placed.contents.flatMap(([start, end], index) => [start, end, ends[index] as number]);
  const literal = parseSpecial ? [] : placed.contents;
  const { ids, places } = tokenizer.encodeMarked({ text: placed.text, literal, marks });
  let previous = 0;
  const spans = messages.map(({ role }, index): MessageSpan => {
    const [first, last, close] = places.slice(index * 3, index * 3 + 3) as [MarkPlace, MarkPlace, MarkPlace];
    const span = {
      role,
      start: previous,
      contentStart: first.first,
      contentEnd: Math.max(first.first, last.past),
      end: close.past,
    };
    previous = span.end;
    return span;
  });
  return { ids, spans };
};
