// Ids of a kind: texts of which the compiler knows what they name, so that one of another kind is not taken for it.
// The brand is optional: a text that is not said to name anything (a literal in a test, what YAML and a template give)
// fits any kind without a cast, and nothing is there at run time. A brand that had to be there would catch plain texts,
// too, at the price of a cast wherever one enters. Knows no kind: records/ids.ts names them.

declare const kind: unique symbol;

/** A text that names something of a kind. Ids of two kinds do not fit each other; both are texts, and texts fit both. */
export type Id<Kind extends string> = string & { readonly [kind]?: Kind };
