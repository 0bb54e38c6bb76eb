// Stripping text as Python does it, in Jinja templates. @huggingface/jinja strips JavaScript's white space, which differs
// from Python's in a few characters, and passes over the characters that strip('\n') names (Qwen3's templates do); so
// calls of strip, lstrip and rstrip and the filter trim are led to functions of our own. Knows nothing of chats.

/** What Python's str.strip takes away when nothing is named: Unicode's white space and four separators. */
const isSpace = (character: string): boolean =>
  /\p{White_Space}/u.test(character) || (character >= "\u001c" && character <= "\u001f");

type Side = "strip" | "lstrip" | "rstrip";

/** Python's str.strip, lstrip and rstrip. chars: what goes instead of white space. */
export const pythonStrip = (text: string, side: Side = "strip", chars?: string | null): string => {
  const named = chars == null ? null : new Set(chars);
  const goes = (character: string): boolean => named?.has(character) ?? isSpace(character);
  const characters = [...text];
  let [from, to] = [0, characters.length];
  if (side !== "rstrip") while (from < to && goes(characters[from]!)) from++;
  if (side !== "lstrip") while (to > from && goes(characters[to - 1]!)) to--;
  return characters.slice(from, to).join("");
};

const nameOf = (side: Side): string => `python_${side}`;

const strip =
  (side: Side) =>
  (value: unknown, chars?: unknown): string => {
    if (typeof value === "string") return pythonStrip(value, side, typeof chars === "string" ? chars : null);
    throw new TypeError(`${side} was called on ${value === null ? "none" : typeof value}, which is no text`);
  };

/** The functions that a rewritten template calls. */
export const stripFunctions: Readonly<Record<string, unknown>> = Object.fromEntries(
  (["strip", "lstrip", "rstrip"] as const).map((side) => [nameOf(side), strip(side)]),
);

type Node = Record<string, unknown>;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node)["type"] === "string";

const call = (side: Side, args: readonly unknown[]): Node => ({
  type: "CallExpression",
  callee: { type: "Identifier", value: nameOf(side) },
  args,
});

const isSide = (name: unknown): name is Side => name === "strip" || name === "lstrip" || name === "rstrip";

/** x.strip(chars) and x | trim as calls; any other node as it is. */
const replaced = (node: Node): Node => {
  const { type, callee, filter } = node;
  if (type === "CallExpression" && isNode(callee) && callee["type"] === "MemberExpression") {
    const property = callee["property"] as Node;
    if (callee["computed"] !== true && isSide(property["value"]))
      return call(property["value"], [callee["object"], ...(node["args"] as unknown[])]);
  }
  if (type === "FilterExpression" && isNode(filter) && filter["value"] === "trim")
    return call("strip", [node["operand"]]);
  return node;
};

/** Leads every stripping of a parsed template, inside of others too, to stripFunctions. */
export const rewriteStrips = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(rewriteStrips);
  if (value instanceof Map)
    return new Map([...value].map(([key, inner]) => [rewriteStrips(key), rewriteStrips(inner)]));
  if (!isNode(value)) return value;
  for (const [key, inner] of Object.entries(value))
    if (typeof inner === "object" && inner !== null) value[key] = rewriteStrips(inner);
  return replaced(value);
};
