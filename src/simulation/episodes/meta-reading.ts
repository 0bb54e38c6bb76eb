// Reading what the meta-model wrote: JSON of the form that was asked for, or headings with numbered lists from models that
// write no JSON ("1. Name sources. [1, 4]", "2. For users 1 and 3: Be brief. [2]"). Where a small model is asked, an item may
// be a reference: "1. B [4]" is the principle of that letter, "2. [3, 7]" is what comment 3 says. Strict: too many
// principles, blank or repeated ones, comments and users that are not there make the whole unreadable, and the problem is said.
// Of an exact number of principles, those beyond it are left out, and too few are read: more-principles.ts asks for the rest.

import { z } from "zod";
import { oneLine } from "../../core/index.ts";
import type { AnswerForm, Reply } from "../../models/index.ts";
import { readLabels, readObject, withoutThought } from "../reply-text.ts";
import { letterAt } from "./letters.ts";
import type { MetaForm, MetaPrompt } from "./meta-prompt.ts";

/** users: numbers of the users that a clause is for; empty: all. from: numbers of comments. */
export type ReadPrinciple = {
  readonly text: string;
  readonly users: readonly number[];
  readonly from: readonly number[];
};

/** strange: how it says whom it is for, where that cannot be read. */
type ListItem = ReadPrinciple & { readonly strange?: string };

/** leftOut: how many principles there were beyond those that are wanted. */
export type MetaReading =
  | {
      readonly type: "read";
      readonly critique: string | null;
      readonly constitution: readonly ReadPrinciple[];
      readonly contract: readonly ReadPrinciple[];
      readonly leftOut?: number;
    }
  | { readonly type: "unreadable"; readonly problem: string; readonly critique?: string };

const numbers = z.array(z.number().int());
const principle = z.strictObject({ text: z.string(), from: numbers.default([]) });
const clause = z.strictObject({ text: z.string(), users: numbers.default([]), from: numbers.default([]) });

const forms = {
  rewrite: z.strictObject({
    critique: z.string().optional(),
    message: z.string(),
    from: numbers.default([]),
  }),
  critique: z.strictObject({ critique: z.string().optional(), principles: z.array(principle) }),
  contract: z.strictObject({ constitution: z.array(principle), contract: z.array(clause) }),
} as const satisfies Record<MetaForm, z.ZodType>;

// Servers that hold models to a form know few words of JSON schema, so it says no more than it must.
const plainNumbers = z.array(z.number());
const plainPrinciple = z.strictObject({ text: z.string(), from: plainNumbers });
const plainForms = {
  rewrite: z.strictObject({ critique: z.string(), message: z.string(), from: plainNumbers }),
  critique: z.strictObject({ critique: z.string(), principles: z.array(plainPrinciple) }),
  contract: z.strictObject({
    constitution: z.array(plainPrinciple),
    contract: z.array(z.strictObject({ text: z.string(), users: plainNumbers, from: plainNumbers })),
  }),
} as const satisfies Record<MetaForm, z.ZodType>;

/** The form of a reply, for servers that can hold a model to one. */
export const metaAnswerForm = (form: MetaForm): AnswerForm => {
  const { $schema: _, ...schema } = z.toJSONSchema(plainForms[form]);
  return { name: form, schema };
};

type Parts = Omit<Extract<MetaReading, { type: "read" }>, "type" | "leftOut">;

const none = { critique: null, constitution: [], contract: [] };

const plain = (given: { text: string; from: number[] }): ReadPrinciple => ({ users: [], ...given });

const fromObject = (form: MetaForm, value: unknown): Parts | string => {
  const told = (error: z.ZodError): string => {
    const { path, message } = error.issues[0]!;
    return `${path.length === 0 ? "the reply" : path.join(".")}: ${message}`;
  };
  switch (form) {
    case "rewrite": {
      const read = forms.rewrite.safeParse(value);
      if (!read.success) return told(read.error);
      const { critique = null, message, from } = read.data;
      return { ...none, critique, constitution: [plain({ text: message, from })] };
    }
    case "critique": {
      const read = forms.critique.safeParse(value);
      if (!read.success) return told(read.error);
      return { ...none, critique: read.data.critique ?? null, constitution: read.data.principles.map(plain) };
    }
    case "contract": {
      const read = forms.contract.safeParse(value);
      if (!read.success) return told(read.error);
      return { ...none, constitution: read.data.constitution.map(plain), contract: read.data.contract };
    }
    default:
      return form satisfies never;
  }
};

const itemPattern = /^\s*(?:\d+[.)]|[-*•])\s+(.*)$/;
/** With the point of a sentence behind it, too. */
const citedPattern = /\s*\[([\d\s,]*)\]\s*([.;]?)\s*$/;
const forPattern =
  /^(?:\*\*|__)?For (?:all users|users? (?=\d)((?:\d|[\s,&]|and|users?)+?))(?: only)?(?::(?:\*\*|__)?|(?:\*\*|__):)\s*/i;
/** Users by number in a form that is not read: no clause for everybody. */
const strangeFor = /^\W*For users?\W*(?:numbers?|nos?)?\W*\d[^:]*:/i;

const numbersIn = (text: string | undefined): number[] => (text?.match(/\d+/g) ?? []).map(Number);

/** An item of a list; lines below it that begin no item go on with it. */
const itemsOf = (list: string): string[] => {
  const items: string[] = [];
  for (const line of list.split("\n")) {
    const match = itemPattern.exec(line);
    if (match !== null) items.push(match[1]!);
    else if (items.length > 0 && line.trim() !== "") items[items.length - 1] += ` ${line.trim()}`;
  }
  return items;
};

const itemAsPrinciple = (item: string, isClause: boolean): ListItem => {
  const cited = citedPattern.exec(item);
  const said = item.replace(citedPattern, "");
  // The point ends a sentence; behind what only refers it says nothing.
  const text = cited !== null && /\w\s+.*\w$/.test(said) ? `${said}${cited[2]}` : said;
  const head = isClause ? forPattern.exec(text) : null;
  const strange = isClause && head === null ? strangeFor.exec(text)?.[0] : undefined;
  return {
    text: text.slice(head?.[0].length ?? 0),
    users: numbersIn(head?.[1]),
    from: numbersIn(cited?.[1]),
    ...(strange === undefined ? {} : { strange }),
  };
};

const labels = {
  rewrite: ["critique", "message", "from"],
  critique: ["critique", "principles"],
  contract: ["constitution", "contract"],
} as const satisfies Record<MetaForm, readonly string[]>;

const fromLabels = (form: MetaForm, text: string): Parts | string => {
  const found = readLabels(text, labels[form], () => true);
  for (const name of labels[form]) {
    const values = found.get(name) ?? [];
    if (values.length > 1) return `"${name}" stands there more than once`;
    if (values.length === 0 && name !== "critique" && name !== "from") return `"${name}" is missing`;
  }
  const said = (name: string): string => found.get(name)?.[0] ?? "";
  const critique = found.has("critique") ? said("critique") : null;
  if (form === "rewrite")
    return {
      ...none,
      critique,
      constitution: [plain({ text: said("message"), from: numbersIn(said("from")) })],
    };
  const list = (name: string, isClause: boolean): ReadPrinciple[] =>
    itemsOf(said(name)).map((item) => itemAsPrinciple(item, isClause));
  return form === "critique"
    ? { ...none, critique, constitution: list("principles", false) }
    : { ...none, constitution: list("constitution", false), contract: list("contract", true) };
};

/**
 * What references stand for: the principles so far, by letter, and the comments, by number, as they are shown. Where there is a
 * contract, its clauses stand behind the principles. users: numbers of those whom each of these is for, or who argued for it;
 * speakers: of who made each comment; empty, or null, where that is not known.
 */
export type Referred = {
  readonly principles: readonly string[];
  readonly comments: readonly string[];
  readonly clauses?: readonly string[];
  readonly users?: readonly (readonly number[])[];
  readonly speakers?: readonly (number | null)[];
};

/** The same from what was said, of which a line each is shown. */
export const referredTo = (
  principles: readonly string[],
  comments: readonly string[],
  others: Pick<Referred, "clauses" | "users" | "speakers"> = {},
): Referred => ({
  ...others,
  principles: principles.map(oneLine),
  comments: comments.map(oneLine),
  ...(others.clauses === undefined ? {} : { clauses: others.clauses.map(oneLine) }),
});

/** What there is for a reply to name. referred: only where references are asked for. */
export type MetaBounds = {
  readonly users: number;
  readonly comments: number;
  readonly referred?: Referred;
};

/** An item of a reply; refers: its text is what it named. */
type Item = ListItem & { readonly refers?: boolean };

const resolve = (list: readonly ReadPrinciple[], { principles, comments }: Referred): Item[] =>
  list.map((one) => {
    const text = one.text.trim();
    const [first] = one.from;
    if (text === "" && first !== undefined) return { ...one, text: comments[first - 1] ?? "", refers: true };
    const standing = principles.find((_, at) => letterAt(at) === text);
    return standing === undefined ? one : { ...one, text: standing, refers: true };
  });

const keyOf = ({ text }: Item): string => text.trim().toLowerCase();

/** Text and users: what is said again. A text that is for other users says something new. */
const repeatKeyOf = (item: Item): string =>
  JSON.stringify([keyOf(item), [...new Set(item.users)].sort((one, other) => one - other)]);

/** What stands for one text is one principle, for the users of all of it; for everybody where a part is. */
const merged = (list: readonly Item[]): ReadPrinciple[] => {
  const found = new Map<string, ReadPrinciple>();
  for (const one of list) {
    const { text, users, from } = found.get(keyOf(one)) ?? { ...one, from: [] };
    const forAll = users.length === 0 || one.users.length === 0;
    found.set(keyOf(one), {
      text,
      users: forAll ? [] : [...users, ...one.users],
      from: [...from, ...one.from],
    });
  }
  return [...found.values()];
};

/** What reading needs to know of a meta-prompt. */
export type WantedForm = Pick<MetaPrompt, "form" | "exactly" | "most">;

const countProblem = (count: number, what: string, { exactly, most }: WantedForm): string | null => {
  if (exactly !== undefined && count !== exactly) return `${count} ${what}, expected exactly ${exactly}`;
  if (most !== undefined && count > most) return `${count} ${what}, expected at most ${most}`;
  return null;
};

/** Single letters, whatever stands around them: meant for references. */
const lettersPattern = /^\W*[A-Za-z](?:\W+[A-Za-z])*\W*$/;

const textProblem = ({ text, refers = false }: Item, { referred }: MetaBounds): string | null => {
  const said = text.trim();
  if (said === "" || said === "...") return "has no text";
  if (refers || referred === undefined || !lettersPattern.test(said)) return null;
  const { length } = referred.principles;
  const there = length === 0 ? "there are none" : `there are A to ${letterAt(length - 1)}`;
  return `is "${said}", and of the principles so far ${there}`;
};

const itemProblem = (list: readonly Item[], what: string, bounds: MetaBounds): string | null => {
  const { users, comments } = bounds;
  const seen = new Map<string, Item>();
  for (const [at, one] of list.entries()) {
    const which = `${what} ${at + 1}`;
    if (one.strange !== undefined)
      return `${which} begins with ${JSON.stringify(one.strange)}, expected "For user 1:" or "For users 1 and 3:"`;
    const stray = one.from.find((number) => number < 1 || number > comments);
    if (stray !== undefined) return `${which} cites comment ${stray}, and there are ${comments}`;
    const stranger = one.users.find((number) => number < 1 || number > users);
    if (stranger !== undefined) return `${which} is for user ${stranger}, and there are ${users}`;
    const problem = textProblem(one, bounds);
    if (problem !== null) return `${which} ${problem}`;
    const before = seen.get(repeatKeyOf(one));
    if (before !== undefined && one.refers !== true && before.refers !== true)
      return `${which} says what one before it says`;
    seen.set(repeatKeyOf(one), one);
  }
  return null;
};

/** Principles as they are kept: each user and each comment once, in their order. */
export const unique = (list: readonly ReadPrinciple[]): ReadPrinciple[] =>
  list.map(({ text, users, from }) => ({
    text: text.trim(),
    users: [...new Set(users)].sort((one, other) => one - other),
    from: [...new Set(from)].sort((one, other) => one - other),
  }));

/** Reads the meta-model's reply. */
export const readMeta = (
  { text, finish }: Pick<Reply, "text" | "finish">,
  prompt: WantedForm,
  bounds: MetaBounds,
): MetaReading => {
  const bad = (problem: string): MetaReading => ({ type: "unreadable", problem });
  if (finish === "length") return bad("the reply was cut at its limit of tokens");
  if (finish !== "stop") return bad(`the reply ended as ${finish}`);
  const said = withoutThought(text);
  if (said === "") return bad("the reply is empty");
  const found = readObject(said);
  // An object without any of the form's names is part of what a list says, not the reply's form.
  const isForm = found !== null && Object.keys(forms[prompt.form].shape).some((key) => key in found.value);
  const object = isForm ? found : null;
  if (object !== null && object.repeated.size > 0)
    return bad(`"${[...object.repeated][0]}" stands there more than once`);
  const parts = object === null ? fromLabels(prompt.form, said) : fromObject(prompt.form, object.value);
  if (typeof parts === "string") return bad(parts);
  const { contract } = parts;
  const { referred } = bounds;
  const constitution: readonly Item[] =
    referred === undefined ? parts.constitution : resolve(parts.constitution, referred);
  const { exactly = Number.POSITIVE_INFINITY, ...others } = prompt;
  const principles = merged(constitution);
  const problem =
    (constitution.length === 0 ? "there is no principle" : null) ??
    countProblem(principles.length, "principles", others) ??
    (prompt.form === "contract" ? countProblem(merged(contract).length, "clauses", prompt) : null) ??
    itemProblem(constitution, "principle", bounds) ??
    itemProblem(contract, "clause", bounds);
  if (problem !== null) return bad(problem);
  return {
    type: "read",
    critique: parts.critique,
    constitution: unique(principles.slice(0, exactly)),
    contract: unique(merged(contract)),
    ...(principles.length > exactly ? { leftOut: principles.length - exactly } : {}),
  };
};
