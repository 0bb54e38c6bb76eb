// JSON values of a file one by one: the elements of the list that it is, or values that follow each other (one document,
// or JSON lines). Values are cut out by their bytes, so that a long list is never in memory as a whole; what is in a
// value is JSON.parse's business.

import { describePlace, parseJson, readBytes, type TextPlace, UserError } from "../core/index.ts";
import type { TableRow } from "./row.ts";

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, lineFeed, comma] = [code('"'), code("\\"), 0x0a, code(",")] as const;
const openers = new Set([code("["), code("{")]);
const closers = new Set([code("]"), code("}")]);
const listEnd = code("]");

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

type Cut = { readonly text: Buffer; readonly line: number };

/** State of the cutting: where in a value the next byte stands. line: of the next byte; from: of the value's first. */
type State = {
  held: Buffer[];
  depth: number;
  inText: boolean;
  escaped: boolean;
  line: number;
  from: number;
  inValue: boolean;
  list: "unknown" | "none" | "open" | "closed";
};

const beginState = (): State => ({
  held: [],
  depth: 0,
  inText: false,
  escaped: false,
  line: 1,
  from: 1,
  inValue: false,
  list: "unknown",
});

const stray = (file: string, line: number): UserError =>
  new UserError(
    "json-malformed",
    `${describePlace({ file, line })}: not valid JSON. Got more after the end of the list, expected nothing.`,
    { file, line },
  );

/** Moves the state over one byte inside of a value. Returns whether the value ends: with, or before, this byte. */
const step = (state: State, byte: number): "goes-on" | "ends" | "ended-before" => {
  if (state.inText) {
    if (state.escaped) state.escaped = false;
    else if (byte === backslash) state.escaped = true;
    else if (byte === quote) {
      state.inText = false;
      return state.depth === 0 ? "ends" : "goes-on";
    }
    return "goes-on";
  }
  if (byte === quote) state.inText = true;
  else if (openers.has(byte)) state.depth++;
  else if (closers.has(byte)) {
    if (state.depth === 0) return "ended-before";
    state.depth--;
    if (state.depth === 0) return "ends";
  } else if (state.depth === 0 && (byte === comma || isBlank(byte))) return "ended-before";
  return "goes-on";
};

/** A byte between values. Returns whether a value begins with it. */
const between = (state: State, byte: number, file: string): boolean => {
  if (isBlank(byte)) return false;
  if (state.list === "closed") throw stray(file, state.line);
  if (state.list === "unknown") {
    state.list = byte === code("[") ? "open" : "none";
    if (state.list === "open") return false;
  }
  if (state.list === "open" && (byte === comma || byte === listEnd)) {
    if (byte === listEnd) state.list = "closed";
    return false;
  }
  return true;
};

/** The values that end in a chunk; what of a value is left is held. */
function* cutChunk(state: State, chunk: Buffer, file: string): Generator<Cut> {
  let start = 0;
  const take = (end: number): Cut => {
    const text = Buffer.concat([...state.held, chunk.subarray(start, end)]);
    state.held = [];
    state.inValue = false;
    state.depth = 0;
    return { text, line: state.from };
  };
  for (let at = 0; at < chunk.length; at++) {
    const byte = chunk[at]!;
    if (state.inValue) {
      const moved = step(state, byte);
      if (moved === "ends") {
        yield take(at + 1);
      } else if (moved === "ended-before") {
        yield take(at);
        between(state, byte, file);
      }
    } else if (between(state, byte, file)) {
      state.inValue = true;
      state.from = state.line;
      start = at;
      step(state, byte);
    }
    if (byte === lineFeed) state.line++;
  }
  if (state.inValue) state.held.push(chunk.subarray(start));
}

const decode = ({ text }: Cut, place: TextPlace): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch (cause) {
    throw new UserError(
      "file-not-text",
      `${describePlace(place)}: not UTF-8 text. Save the file as UTF-8.`,
      { ...place },
      cause,
    );
  }
};

/** The values of a file, each with the line in which it begins. Throws UserError with that line for what is no JSON. */
export async function* readJsonValues(file: string): AsyncGenerator<TableRow> {
  const state = beginState();
  const read = (cut: Cut): TableRow => {
    const place = { file, line: cut.line };
    return { place, value: parseJson(decode(cut, place), place) };
  };
  let isFirst = true;
  for await (let chunk of readBytes(file)) {
    if (isFirst && chunk.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) chunk = chunk.subarray(3);
    isFirst = false;
    for (const cut of cutChunk(state, chunk, file)) yield read(cut);
  }
  if (state.inValue) yield read({ text: Buffer.concat(state.held), line: state.from });
  if (state.list !== "open") return;
  const place = { file, line: state.line };
  throw new UserError(
    "json-malformed",
    `${describePlace(place)}: not valid JSON. The file ends inside its list; expected "]". Fetch it again.`,
    place,
  );
}
