// What models think before they answer, where it stands in their text: in <think>, <thinking> or [THINK], to its end or, where
// it was cut, to the end of the text; or with its end alone, where the chat template began it.

/** Tells whether places of a text lie inside a block of code, which is shown and not said. */
export const codeIn = (text: string): ((place: number) => boolean) => {
  const fences = [...text.matchAll(/^[^\S\n]*```/gm)].map(({ index }) => index);
  return (place) => fences.filter((fence) => fence < place).length % 2 === 1;
};

/** A thought at the beginning, to its end or, where it has none, to the end of the text. */
const opened = /^\s*(?:<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)|\[THINK\][\s\S]*?(?:\[\/THINK\]|$))\s*/;
/** The end of a thought that the chat template began. It stands on a line of its own. */
const closed = /\n[^\S\n]*<\/think(?:ing)?>[^\S\n]*(?=\n|$)/;

/** The thought that a text begins with, and what is said after it; null where it begins with none. */
export const leadingThought = (text: string): { readonly thought: string; readonly rest: string } | null => {
  const [thought] = opened.exec(text) ?? [];
  if (thought !== undefined) return { thought, rest: text.slice(thought.length) };
  const end = closed.exec(text);
  if (end === null || /<think(?:ing)?>/.test(text.slice(0, end.index)) || codeIn(text)(end.index))
    return null;
  const length = end.index + end[0].length;
  return { thought: text.slice(0, length), rest: text.slice(length).trimStart() };
};

/** A text without the thoughts that it begins with, for answers that are read and not kept. */
export const withoutLeadingThought = (text: string): string => {
  let left = text;
  for (let found = leadingThought(left); found !== null; found = leadingThought(left)) left = found.rest;
  return left;
};
