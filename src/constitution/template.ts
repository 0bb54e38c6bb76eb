// Templates with named holes, {name}, kept in files and checked when they are loaded. A template is split into its
// parts once; what is put into a hole is never read as template, so braces in people's text stay what they are.

import { readFileSync } from "node:fs";
import { CovenantError, messageOf } from "../core/index.ts";

/** A template taken apart: text and holes in their order. Made by parseTemplate or loadTemplate. */
export type Template<Hole extends string = string> = {
  readonly name: string;
  readonly holes: readonly Hole[];
  readonly parts: readonly ({ readonly text: string } | { readonly hole: Hole })[];
};

const holePattern = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/**
 * Takes a template apart and checks it against the holes it must have, each at least once and no others. Braces
 * that do not enclose a name are text. Throws CovenantError "template-holes" that names the difference.
 */
export const parseTemplate = <Hole extends string>(
  name: string,
  source: string,
  holes: readonly Hole[],
): Template<Hole> => {
  const parts: ({ text: string } | { hole: Hole })[] = [];
  const found = new Set<string>();
  let end = 0;
  for (const match of source.matchAll(holePattern)) {
    if (match.index > end) parts.push({ text: source.slice(end, match.index) });
    parts.push({ hole: match[1] as Hole });
    found.add(match[1] as string);
    end = match.index + match[0].length;
  }
  if (end < source.length) parts.push({ text: source.slice(end) });
  const unknown = [...found].filter((hole) => !(holes as readonly string[]).includes(hole));
  const missing = holes.filter((hole) => !found.has(hole));
  if (unknown.length > 0 || missing.length > 0) {
    const list = (names: readonly string[]): string =>
      names.length === 0 ? "none" : names.map((hole) => `{${hole}}`).join(", ");
    throw new CovenantError(
      "template-holes",
      `Template ${name}: unknown holes: ${list(unknown)}; missing holes: ${list(missing)}. Expected exactly ${list(holes)}.`,
      { template: name, unknown, missing },
    );
  }
  return { name, holes, parts };
};

/** Reads a template file and checks its holes. The line break that ends the file is not part of the template. */
export const loadTemplate = <Hole extends string>(file: URL, holes: readonly Hole[]): Template<Hole> => {
  const name = file.pathname.split("/").at(-1) ?? file.pathname;
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch (thrown) {
    throw new CovenantError(
      "template-unreadable",
      `Template ${name} cannot be read: ${messageOf(thrown)}`,
      { template: name },
      thrown,
    );
  }
  return parseTemplate(name, source.replaceAll("\r\n", "\n").replace(/\n$/, ""), holes);
};

/** Fills the holes. The inserted text is never scanned again. */
export const renderTemplate = <Hole extends string>(
  template: Template<Hole>,
  holes: Readonly<Record<Hole, string>>,
): string => template.parts.map((part) => ("hole" in part ? holes[part.hole] : part.text)).join("");
