/** Special functions of lattice statistics and exact solutions. */

/**
 * Complementary error function, relative accuracy about 1e-12: Taylor series of erf for |x| < 2.5, continued fraction (Lentz) beyond.
 */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2.5) {
    // erf x = 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
      if (term === 0) break;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let f = 0;
  for (let k = 120; k >= 1; k--) f = k / 2 / (x + f);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + f);
}

/** Modified Bessel function I_n(x) for integer n and moderate x, by its series. */
export function besselI(n: number, x: number): number {
  const order = Math.abs(n);
  let term = 1;
  for (let k = 1; k <= order; k++) term *= x / 2 / k;
  let sum = term;
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
    term *= (x * x) / 4 / k / (k + order);
    sum += term;
    if (term === 0) break;
  }
  return sum;
}

/** Probability that chi^2 of so many degrees of freedom is larger than x; exact sums for integers. */
export function chiSquareProbability(x: number, degrees: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const h = x / 2;
  // Q(a + 1, h) = Q(a, h) + h^a e^-h / Gamma(a + 1), from Q(1/2, h) = erfc(sqrt h) or Q(1, h) = e^-h
  const odd = degrees % 2 === 1;
  let sum = odd ? erfc(Math.sqrt(h)) : Math.exp(-h);
  let term = odd ? (2 * Math.sqrt(h / Math.PI)) * Math.exp(-h) : h * Math.exp(-h);
  for (let a = odd ? 1.5 : 2; a <= degrees / 2; a++) {
    sum += term;
    term *= h / a;
  }
  return Math.min(1, sum);
}
