// float16 and bfloat16 as they lie in files, to and from float32. Rounding is to nearest, ties to even (IEEE 754),
// as torch does it. Bits are read and written little-endian by the caller's typed arrays.

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

const halfToFloat = (half: number): number => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

let halfTable: Float32Array | undefined;

/** Converts float16 bits into `target` from `offset` on. */
export const decodeFloat16 = (source: Uint16Array, target: Float32Array, offset = 0): void => {
  halfTable ??= Float32Array.from({ length: 65_536 }, (_, half) => halfToFloat(half));
  for (let index = 0; index < source.length; index++)
    target[offset + index] = halfTable[source[index] as number] as number;
};

/** Converts bfloat16 bits (the upper half of a float32) into `target` from `offset` on. */
export const decodeBfloat16 = (source: Uint16Array, target: Float32Array, offset = 0): void => {
  const words = new Uint32Array(target.buffer, target.byteOffset + offset * 4, source.length);
  for (let index = 0; index < source.length; index++) words[index] = (source[index] as number) << 16;
};

/** The float16 bits nearest to a float32. */
export const toFloat16Bits = (value: number): number => {
  floats[0] = value;
  const word = bits[0] as number;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and more round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 the result is subnormal: multiples of 2^-24. The scaling is exact, so one rounding remains.
  if (magnitude < 0x38800000) return sign | roundHalfToEven(Math.abs(value) * 2 ** 24);
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
};

const roundHalfToEven = (value: number): number => {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
};

/** The bfloat16 bits nearest to a float32. */
export const toBfloat16Bits = (value: number): number => {
  floats[0] = value;
  const word = bits[0] as number;
  if ((word & 0x7fffffff) > 0x7f800000) return ((word >>> 16) & 0x8000) | 0x7fc0;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
};
