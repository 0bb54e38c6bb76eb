// A figure with its 95 % interval as charts and pages write it: signs, places and the words for what is not measured.
// Knows nothing of where figures come from.

/** value: null when n is 0; low and high: the bounds of the 95 % interval; n: observations behind it. */
export type Interval = {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
};

/** An interval that has a value, with bounds that fall back to it. */
export type KnownInterval = {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
};

/** The interval with numbers only; null when there is no value to draw. */
export const known = (interval: Interval | null | undefined): KnownInterval | null => {
  if (interval === null || interval === undefined) return null;
  const { value, n } = interval;
  if (value === null || !Number.isFinite(value)) return null;
  return { value, low: interval.low ?? value, high: interval.high ?? value, n };
};

/** 0.0234 → "2.3"; always one decimal, so that columns line up; "0" and "100" only when exact. */
export const percentNumber = (share: number): string => {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return String(percent);
  if (percent > 0 && percent < 0.05) return "<0.1";
  if (percent < 100 && percent >= 99.95) return ">99.9";
  return percent.toFixed(1).replace("-", "−");
};

/** 0.0234 → "2.3%". */
export const percentText = (share: number): string => `${percentNumber(share)}%`;

/** 312.4 → "+312", −41.2 → "−41", 0 → "0". */
export const signedText = (value: number): string => {
  const rounded = Math.round(value);
  if (rounded === 0) return "0";
  return rounded > 0 ? `+${rounded}` : `−${-rounded}`;
};

/** A number with so many decimals, and no sign where they are all 0. */
export const fixedText = (value: number, digits: number): string =>
  value
    .toFixed(digits)
    .replace(/^-(?=0\.?0*$)/, "")
    .replace("-", "−");

/** Less than this is rounding of 32-bit sums, as the mean of a reward that was brought to mean 0. */
const noise = 1e-6;

/** A plain number in at most four significant places; 0 where it is nothing but rounding. */
export const numberText = (value: number): string => {
  if (!Number.isFinite(value)) return "—";
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  const size = Math.abs(value);
  if (size < noise) return "0";
  const text =
    size >= 100
      ? value.toFixed(0)
      : size >= 1
        ? value.toFixed(2)
        : size >= 0.01
          ? value.toFixed(3)
          : value.toPrecision(2);
  return text.replace("-", "−");
};

/** "2.3% (95% interval 1.1% to 4.2%, n = 343)", with any way of writing a number. */
export const intervalSentence = (interval: KnownInterval, write: (value: number) => string): string =>
  `${write(interval.value)} (95% interval ${write(interval.low)} to ${write(interval.high)}, n = ${interval.n})`;
