// Numbers as people read them in a terminal: durations, counts, rates, money.
// Pure text: knows neither terminal nor recipe.

/** Seconds as "0.4 s", "12 s", "3 min 05 s", "2 h 07 min". */
export const formatDuration = (seconds: number): string => {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return `${minutes} min ${String(rest).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
};

/** 12345 as "12,345"; fractions keep two digits. */
export const formatCount = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: 2 });

/** Units a second, or a minute when there are few: "18.2/s", "4.5/min". */
export const formatRate = (perSecond: number): string => {
  if (perSecond >= 100) return `${Math.round(perSecond)}/s`;
  if (perSecond >= 0.95) return `${perSecond.toFixed(1)}/s`;
  return `${(perSecond * 60).toFixed(1)}/min`;
};

export const formatDollars = (dollars: number): string =>
  dollars === 0 ? "nothing" : dollars < 0.01 ? "under $0.01" : `$${dollars.toFixed(2)}`;

/** 1234567 as "1.2M", where there is little room. */
export const shortCount = (value: number): string => value.toLocaleString("en-US", { notation: "compact" });

/** Seconds in one unit: "35 s", "75 min", "12 h". */
export const shortDuration = (seconds: number): string => {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
};

/** Dollars, without cents where there are many. */
export const shortDollars = (dollars: number): string =>
  dollars < 0.01 ? "<$0.01" : `$${dollars < 100 ? dollars.toFixed(2) : formatCount(Math.round(dollars))}`;
