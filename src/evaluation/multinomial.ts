// Bootstrap resamples of counted observations: how often each distinct one is drawn, without drawing them one by one, so
// that a million of a few kinds cost what the kinds do. Each count is binomial in what is left (the conditional method);
// a binomial one is drawn by inversion outwards from its mode, in about as many steps as its standard deviation.

import type { Random } from "../core/index.ts";

/** ln k! for 0 to 9, from which on Stirling's series is exact to rounding. */
const smallLogFactorials = Array.from({ length: 10 }, (_, k) => {
  let sum = 0;
  for (let factor = 2; factor <= k; factor++) sum += Math.log(factor);
  return sum;
});

const logFactorial = (k: number): number => {
  const known = smallLogFactorials[k];
  if (known !== undefined) return known;
  const inverse = 1 / k;
  const series = inverse * (1 / 12 - inverse ** 2 * (1 / 360 - inverse ** 2 / 1260));
  return k * Math.log(k) - k + 0.5 * Math.log(2 * Math.PI * k) + series;
};

/** How many of n succeed, each with the probability p. */
export const drawBinomial = (random: Random, n: number, p: number): number => {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const odds = p / (1 - p);
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const logMass =
    logFactorial(n) -
    logFactorial(mode) -
    logFactorial(n - mode) +
    mode * Math.log(p) +
    (n - mode) * Math.log1p(-p);
  let [up, down] = [mode, mode];
  let massUp = Math.exp(logMass);
  let massDown = massUp;
  let left = random.next() - massUp;
  while (left >= 0 && (up < n || down > 0)) {
    if (up < n) {
      massUp *= ((n - up) / (up + 1)) * odds;
      up++;
      left -= massUp;
      if (left < 0) return up;
    }
    if (down > 0) {
      massDown *= down / ((n - down + 1) * odds);
      down--;
      left -= massDown;
      if (left < 0) return down;
    }
    // what is left is of rounding: the numbers drawn have 32 bits
    if (massUp + massDown < 1e-20) break;
  }
  return mode;
};

/** How often each kind comes when as many observations as there are, are drawn with replacement. times: of each kind. */
export const drawResample = (random: Random, times: ArrayLike<number>): Float64Array => {
  const drawn = new Float64Array(times.length);
  let mass = 0;
  for (let kind = 0; kind < times.length; kind++) mass += times[kind]!;
  let left = mass;
  for (let kind = 0; kind < times.length && left > 0; kind++) {
    drawn[kind] = drawBinomial(random, left, times[kind]! / mass);
    left -= drawn[kind]!;
    mass -= times[kind]!;
  }
  return drawn;
};
