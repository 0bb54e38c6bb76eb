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
