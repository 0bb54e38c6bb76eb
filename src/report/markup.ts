// HTML by tagged template: every value put into it is escaped, unless it is markup made by the same means. What a
// model wrote can hold anything (tags, quotes, control characters, half a surrogate pair), so nothing gets around this.

/** HTML that is safe to put into a page as it is. */
export type Markup = { readonly markup: string };

/** What a hole takes. Lists are joined without separator; null, undefined and false leave nothing. */
export type MarkupValue = Markup | string | number | null | undefined | false | readonly MarkupValue[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Control characters that HTML forbids even as references; tab, line feed and carriage return are allowed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff]/g;

/** Text as HTML text or attribute value. Characters that HTML cannot hold become U+FFFD. */
export const escapeText = (text: string): string =>
  text
    .toWellFormed()
    .replace(forbidden, "\ufffd")
    .replace(/[&<>"']/g, (character) => escapes[character] as string);

const isMarkup = (value: object): value is Markup => "markup" in value;

const render = (value: MarkupValue): string => {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  if (isMarkup(value)) return value.markup;
  return value.map(render).join("");
};

/** html`<p>${text}</p>`: the template is markup, what is put in is escaped. Attribute values need double quotes. */
export const html = (parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup => {
  let markup = parts[0] as string;
  values.forEach((value, index) => {
    markup += render(value) + (parts[index + 1] as string);
  });
  return { markup };
};

/** Markup that comes from the project itself (its style sheet, its drawings), never from a model or a user. */
export const trusted = (markup: string): Markup => ({ markup });

/** A value as JSON inside a script element: nothing in it can end the element or start a comment. */
export const jsonInScript = (value: unknown): Markup =>
  trusted(
    JSON.stringify(value)
      .replaceAll("<", "\\u003c")
      .replaceAll(">", "\\u003e")
      .replaceAll("&", "\\u0026")
      .replaceAll("\u2028", "\\u2028")
      .replaceAll("\u2029", "\\u2029"),
  );
