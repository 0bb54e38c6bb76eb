// float16 and bfloat16 against their definitions: every bit pattern, and rounding to even checked with exhaustive
// neighbours.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBfloat16, decodeFloat16, toBfloat16Bits, toFloat16Bits } from "./number-formats.ts";

const all = Uint16Array.from({ length: 65_536 }, (_, index) => index);
const formats = [
  ["float16", decodeFloat16, toFloat16Bits, 0x7c00],
  ["bfloat16", decodeBfloat16, toBfloat16Bits, 0x7f80],
] as const;

describe.each(formats)("%s", (_name, decode, encode, infinity) => {
  const decoded = new Float32Array(65_536);
  decode(all, decoded);

  it("gives every bit pattern back", () => {
    const changed = [...all].filter((bits) => (bits & 0x7fff) <= infinity && encode(decoded[bits]!) !== bits);
    expect(changed).toEqual([]);
    expect(
      [...all].filter((bits) => (bits & 0x7fff) > infinity).every((bits) => Number.isNaN(decoded[bits]!)),
    ).toBe(true);
    expect(Number.isNaN(decoded[encode(Number.NaN)]!)).toBe(true);
  });

  it("rounds to the nearest, ties to even", () => {
    const check = (value: number) => {
      const bits = encode(value);
      const magnitude = bits & 0x7fff;
      if (magnitude >= infinity) return;
      const distance = Math.abs(decoded[bits]! - value);
      for (const neighbour of [magnitude - 1, magnitude + 1].filter((near) => near >= 0 && near < infinity)) {
        const other = Math.abs(decoded[(bits & 0x8000) | neighbour]! - value);
        expect(distance < other || (distance === other && magnitude % 2 === 0)).toBe(true);
      }
    };
    fc.assert(fc.property(fc.float({ noNaN: true, min: -65_504, max: 65_504 }), check), { numRuns: 2000 });
    for (let magnitude = 0; magnitude < 2100; magnitude++)
      check(Math.fround((decoded[magnitude]! + decoded[magnitude + 1]!) / 2));
  });

  it("overflows to infinity", () => {
    expect(decoded[encode(3.4028234663852886e38)]).toBe(Number.POSITIVE_INFINITY);
    expect(decoded[encode(Number.NEGATIVE_INFINITY)]).toBe(Number.NEGATIVE_INFINITY);
  });
});

it("knows float16's largest values", () => {
  expect([65_504, 65_519, 65_520, -65_536].map(toFloat16Bits)).toEqual([0x7bff, 0x7bff, 0x7c00, 0xfc00]);
});
