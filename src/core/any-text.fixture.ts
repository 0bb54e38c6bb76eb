// Texts of any whole code points, for properties. fast-check's own unit "binary" draws the same; but whoever makes a string
// of it first waits a second in every process, for a table of all code points that only its shrinker reads.

import fc from "fast-check";

const codePoint = fc
  .integer({ min: 0, max: 0x10_ffff - 0x800 })
  .map((value) => String.fromCodePoint(value < 0xd800 ? value : value + 0x800));

/** Any well-formed text, of so many code points. */
export const anyText = (
  lengths: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> => fc.string({ unit: codePoint, ...lengths });
