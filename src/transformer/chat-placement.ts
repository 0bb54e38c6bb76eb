// Where each message's content lies in a rendered chat. The template is asked: a chat of stand-ins shows the frame, and a
// chat in which one message is real shows what became of that one (as it is, stripped, without its thoughts, escaped; a
// message that the template leaves out lies nowhere). Contents may come in any order. Knows no tokens.

import { UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { pythonStrip } from "./template-strings.ts";
import type { TextRange } from "./tokenizer.ts";

/** Renders messages through a template. Throws UserError when it refuses them. */
type Render = (messages: readonly Message[], options: { readonly addGenerationPrompt: boolean }) => string;

/** The place of one message. closed: where the marks that end its turn end. */
export type MessagePlace = { readonly content: TextRange; readonly closed: number };

/** A rendered chat. places: by message; null for one that the template leaves out. */
export type PlacedChat = { readonly text: string; readonly places: readonly (MessagePlace | null)[] };

/** The control tokens in a text, by whatever names them. */
export type ControlTokensOf = (text: string) => readonly unknown[];

// Private-use characters that no template reacts to; the index tells the messages apart.
const stand = (index: number): string => `\uE000${index}\uE001`;

/** What lies in the frame at `frame` and in the chat at `chat`; `own`: the content's range within the latter's text. */
type Region = { readonly frame: TextRange; readonly text: string; readonly own: TextRange };

type Frame = { readonly text: string; readonly stands: readonly (TextRange | null)[] };

const frameOf = (text: string, messages: readonly Message[]): Frame | null => {
  const stands: (TextRange | null)[] = [];
  for (const index of messages.keys()) {
    const [before, ...after] = text.split(stand(index));
    if (after.length > 1) return null;
    stands.push(after.length === 0 ? null : [before!.length, before!.length + stand(index).length]);
  }
  return { text, stands };
};

const sharedStart = (one: string, other: string, most: number): number => {
  let length = 0;
  while (length < most && one[length] === other[length]) length++;
  return length;
};

const sharedEnd = (one: string, other: string, most: number): number => {
  let length = 0;
  while (length < most && one.at(-1 - length) === other.at(-1 - length)) length++;
  return length;
};

/** The one place where a content lies around a range, or within it; null where there is none or there are several. */
const findAround = (text: string, [from, to]: TextRange, content: string): TextRange | null => {
  const found: TextRange[] = [];
  for (let at = text.indexOf(content, Math.max(0, from - content.length)); at >= 0; ) {
    const end = at + content.length;
    if (at > to) break;
    if ((at <= from && end >= to) || (at >= from && end <= to)) found.push([at, end]);
    at = text.indexOf(content, at + 1);
  }
  return found.length === 1 ? found[0]! : null;
};

const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => item === other[at]);

const around = (text: string, [from, to]: TextRange): readonly string[] => [
  text.slice(0, from),
  text.slice(to),
];

/** Whether a template put no control tokens of its own between what a content became: each is one of the content's. */
const addsNoControl = (own: string, content: string, controlTokensOf: ControlTokensOf): boolean => {
  if (own === content) return true;
  const left = [...controlTokensOf(content)];
  return controlTokensOf(own).every((token) => {
    const at = left.indexOf(token);
    if (at >= 0) left.splice(0, at + 1);
    return at >= 0;
  });
};

/**
 * Whether a frame that changed with the content kept its control tokens, so that none of them is taken for content and
 * none in the content for the frame's. own, standIn: where the content is in either text.
 */
const keepsControl = (
  [text, own]: readonly [string, TextRange],
  [framed, standIn]: readonly [string, TextRange],
  controlTokensOf: ControlTokensOf,
): boolean =>
  controlTokensOf(text).length === 0 ||
  isSame(around(text, own).flatMap(controlTokensOf), around(framed, standIn).flatMap(controlTokensOf));

/** What became of one message. text: the chat of stand-ins but for this one. null: that cannot be told for certain. */
const regionOf = (
  frame: string,
  [standStart, standEnd]: TextRange,
  text: string,
  content: string,
  controlTokensOf: ControlTokensOf,
): Region | null => {
  const start = sharedStart(frame, text, Math.min(standStart, text.length));
  const isOwn = (own: string): boolean => addsNoControl(own, content, controlTokensOf);
  const behind = sharedEnd(frame, text, Math.min(frame.length - standEnd, text.length - start));
  const changed: TextRange = [start, text.length - behind];
  if (start === standStart && frame.length - behind === standEnd) {
    const own = text.slice(...changed);
    return isOwn(own) ? { frame: [standStart, standEnd], text: own, own: [0, own.length] } : null;
  }
  // The frame is another one with this content; where the content itself stands in it, that is known all the same.
  const candidates = [content, pythonStrip(content)].filter((candidate) => candidate !== "");
  const found = candidates.map((candidate) => findAround(text, changed, candidate)).find((range) => range);
  const own = found ?? changed;
  const [from, to] = [Math.min(start, own[0]), Math.max(changed[1], own[1])];
  const inFrame: TextRange = [from, to - text.length + frame.length];
  const part = text.slice(from, to);
  const ownInPart: TextRange = [own[0] - from, own[1] - from];
  const standIn: TextRange = [standStart - from, standEnd - from];
  const isCertain =
    isOwn(text.slice(...own)) &&
    keepsControl([part, ownInPart], [frame.slice(...inFrame), standIn], controlTokensOf);
  return isCertain ? { frame: inFrame, text: part, own: ownInPart } : null;
};

/** The frame with regions in the place of its stand-ins, and each content's range; null where regions overlap. */
const assemble = (frame: string, regions: readonly (Region | null)[]) => {
  const contents: (TextRange | null)[] = regions.map(() => null);
  const order = [...regions.entries()]
    .flatMap(([index, region]) => (region === null ? [] : [{ index, ...region }]))
    .sort((one, other) => one.frame[0] - other.frame[0]);
  let text = "";
  let at = 0;
  for (const { index, frame: range, text: part, own } of order) {
    if (range[0] < at) return null;
    text += frame.slice(at, range[0]);
    contents[index] = [text.length + own[0], text.length + own[1]];
    text += part;
    at = range[1];
  }
  return { text: text + frame.slice(at), contents };
};

/** What closes the turn of the last of some stand-ins; nothing where the template refuses so short a chat. */
const closingOf = (render: Render, standIns: readonly Message[]): string => {
  try {
    const text = render(standIns, { addGenerationPrompt: false });
    const mark = stand(standIns.length - 1);
    const at = text.indexOf(mark);
    return at < 0 ? "" : text.slice(at + mark.length);
  } catch (thrown) {
    if (thrown instanceof UserError) return "";
    throw thrown;
  }
};

const contentsIn = (
  render: Render,
  messages: readonly Message[],
  standIns: readonly Message[],
  options: { readonly addGenerationPrompt: boolean },
  controlTokensOf: ControlTokensOf,
) => {
  const text = render(messages, options);
  const frame = frameOf(render(standIns, options), messages);
  if (frame === null) return null;
  const asTheyAre = frame.stands.map((range, index): Region | null => {
    const content = messages[index]!.content;
    return range && { frame: range, text: content, own: [0, content.length] };
  });
  const plain = assemble(frame.text, asTheyAre);
  if (plain?.text === text) return plain;
  const regions: (Region | null)[] = [];
  for (const [index, range] of frame.stands.entries()) {
    if (range === null) {
      regions.push(null);
      continue;
    }
    const { content } = messages[index]!;
    const alone = render(standIns.with(index, messages[index]!), options);
    const region = regionOf(frame.text, range, alone, content, controlTokensOf);
    if (region === null) return null;
    regions.push(region);
  }
  const placed = assemble(frame.text, regions);
  return placed?.text === text ? placed : null;
};

/**
 * Renders a chat and says where its contents came to lie. null: what is content and what is frame cannot be told apart.
 * Throws UserError when the template refuses the messages.
 */
export const placeChat = (
  render: Render,
  messages: readonly Message[],
  options: { readonly addGenerationPrompt: boolean },
  controlTokensOf: ControlTokensOf,
): PlacedChat | null => {
  const standIns = messages.map((message, index) => ({ ...message, content: stand(index) }));
  const placed = contentsIn(render, messages, standIns, options, controlTokensOf);
  if (placed === null) return null;
  const { text, contents } = placed;
  const places = contents.map((content, index): MessagePlace | null => {
    if (content === null) return null;
    const end = content[1];
    const next = contents.reduce(
      (nearest, other, at) =>
        other && at !== index && other[0] >= end ? Math.min(nearest, other[0]) : nearest,
      text.length,
    );
    const closing = closingOf(render, standIns.slice(0, index + 1));
    return { content, closed: text.slice(end, next).startsWith(closing) ? end + closing.length : end };
  });
  return { text, places };
};
