// Sources as the rules see them: path, text, and what the parser finds in them: imports, files named beside the code,
// global names, exports. The parser is Vite's, by way of Vitest: TypeScript 7 offers none from JavaScript that is
// stable. Knows no rule.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseAst } from "vitest/node";

/** A name that a module exports; `from`: the module it passes on, whose name is `local` ("*": all of its names). */
export type ExportedName = {
  readonly name: string;
  readonly local: string;
  readonly from?: string;
  /** A function or class without a docstring directly above it. */
  readonly lacksDocstring: boolean;
};

/** All paths are the repository's, with "/" between; one that leads out of the repository begins with "..". */
export type SourceFile = {
  readonly path: string;
  readonly text: string;
  /** Modules imported by a relative path: also of types, in type positions and by import(). */
  readonly imports: readonly string[];
  /** Modules imported by any other name, as written. */
  readonly packages: readonly string[];
  /** Files and folders named by new URL(…, import.meta.url), as far as the name is written out. */
  readonly files: readonly string[];
  /**
   * Identifiers and members ("Date.now"); further "Date()": the time asked of Date; "import()": of a name that is not
   * written out; "import.meta": other than in such a URL.
   */
  readonly names: ReadonlySet<string>;
  readonly exports: readonly ExportedName[];
};

type SyntaxNode = { readonly type: string; readonly start: number; readonly [field: string]: unknown };

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";

const nodesIn = (value: unknown): SyntaxNode[] => [value].flat().filter(isNode);

/** A string as far as it is written out: whole, or up to the first hole or "+". */
const writtenHead = (node: SyntaxNode): { text: string; isWhole: boolean } => {
  if (node.type === "Literal" && typeof node["value"] === "string")
    return { text: node["value"], isWhole: true };
  if (node.type === "TemplateLiteral") {
    const quasis = node["quasis"] as { value: { cooked: string } }[];
    return { text: quasis[0]?.value.cooked ?? "", isWhole: quasis.length === 1 };
  }
  const left = nodesIn(node["left"])[0];
  return { text: left === undefined ? "" : writtenHead(left).text, isWhole: false };
};

/** "now" of x.now and of x["now"]; the name of an identifier. */
const nameOf = (node: SyntaxNode | undefined): string => {
  if (node?.type === "Identifier") return String(node["name"]);
  if (node?.type !== "MemberExpression") return "";
  const [property] = nodesIn(node["property"]);
  if (property === undefined) return "";
  return node["computed"] === true ? writtenHead(property).text : nameOf(property);
};

const importFields: Readonly<Record<string, string>> = {
  ImportDeclaration: "source",
  ExportNamedDeclaration: "source",
  ExportAllDeclaration: "source",
  ImportExpression: "source",
  TSImportType: "source",
  TSExternalModuleReference: "expression",
};

const isOwnUrl = (node: SyntaxNode | undefined): boolean =>
  nameOf(node) === "url" && nodesIn(node?.["object"])[0]?.type === "MetaProperty";

type Findings = { modules: Set<string>; files: Set<string>; names: Set<string> };

const visit = (node: SyntaxNode, found: Findings): void => {
  const [callee] = nodesIn(node["callee"]);
  const given = nodesIn(node["arguments"]);
  if (node.type === "NewExpression" && nameOf(callee) === "URL" && isOwnUrl(given[1])) {
    found.files.add(writtenHead(given[0]!).text);
    visit(given[0]!, found);
    return;
  }
  for (const target of nodesIn(node[importFields[node.type] ?? ""])) {
    const { text, isWhole } = writtenHead(target);
    if (isWhole) found.modules.add(text);
    else found.names.add("import()");
  }
  if (node.type === "MetaProperty" && nameOf(nodesIn(node["meta"])[0]) === "import")
    found.names.add("import.meta");
  if (nameOf(callee) === "Date" && (node.type === "CallExpression" || given.length === 0))
    found.names.add("Date()");
  if (nameOf(node) !== "") found.names.add(nameOf(node));
  if (node.type === "MemberExpression")
    found.names.add(`${nameOf(nodesIn(node["object"])[0])}.${nameOf(node)}`);
  // the walk over every node of every file: no list is made of what a field holds
  for (const field in node) {
    const value = node[field];
    if (isNode(value)) visit(value, found);
    else if (Array.isArray(value)) for (const child of value) if (isNode(child)) visit(child, found);
  }
};

const isFunction = (declared: SyntaxNode): boolean =>
  /^(ClassDeclaration|(TSDeclare)?Function(Declaration)?|ArrowFunctionExpression|FunctionExpression)$/.test(
    (nodesIn(declared["init"])[0] ?? declared).type,
  );

const exportsOf = (body: readonly SyntaxNode[], text: string, resolve: (name: string) => string) =>
  body.flatMap((node): ExportedName[] => {
    const from = nodesIn(node["source"]).map((source) => ({ from: resolve(writtenHead(source).text) }))[0];
    if (node.type === "ExportAllDeclaration")
      return [{ name: "*", local: "*", ...from, lacksDocstring: false }];
    if (node.type !== "ExportNamedDeclaration") return [];
    const isDocumented = /\/\*\*(?:(?!\*\/)[\s\S])+\*\/\n$/.test(text.slice(0, node.start));
    const declared = nodesIn(node["declaration"])
      .flatMap((one) => (one.type === "VariableDeclaration" ? nodesIn(one["declarations"]) : [one]))
      .map((one) => ({
        name: nameOf(nodesIn(one["id"])[0]),
        lacksDocstring: isFunction(one) && !isDocumented,
      }))
      .map((one) => ({ ...one, local: one.name }));
    const passed = nodesIn(node["specifiers"]).map((one) => {
      const [local, name] = [nameOf(nodesIn(one["local"])[0]), nameOf(nodesIn(one["exported"])[0])];
      return { name, local, ...from, lacksDocstring: false };
    });
    return [...declared, ...passed];
  });

/** A source from its path and text, which must be TypeScript or JavaScript without faults. */
export const createSource = (path: string, text: string): SourceFile => {
  const resolve = (name: string): string =>
    name.startsWith(".") ? posix.join(posix.dirname(path), name) : name;
  const program = parseAst(text, { lang: path.endsWith("x") ? "tsx" : "ts" }, path) as unknown as SyntaxNode;
  const found: Findings = { modules: new Set(), files: new Set(), names: new Set() };
  visit(program, found);
  const modules = [...found.modules];
  return {
    path,
    text,
    imports: [...new Set(modules.filter((name) => name.startsWith(".")).map(resolve))],
    packages: modules.filter((name) => !name.startsWith(".")),
    files: [...found.files].map((name) => posix.join(posix.dirname(path), name)),
    names: found.names,
    exports: exportsOf(nodesIn(program["body"]), text, resolve),
  };
};

/** All TypeScript and .mjs sources of some folders of the repository; folders that are not there hold none. */
export const readSources = (root: string, folders: readonly string[]): SourceFile[] => {
  const walk = (folder: string): SourceFile[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : walk(path);
      return /\.(ts|tsx|mjs)$/.test(entry.name)
        ? [createSource(path, readFileSync(join(root, path), "utf8"))]
        : [];
    });
  return folders.filter((folder) => existsSync(join(root, folder))).flatMap(walk);
};
