/** Fixed-point numbers with 400 fraction bits: the Remez exchange loses tens of digits to cancellation. */
const BITS = 400n;

/** The number m / 2^400. */
export type Fixed = bigint;

export const ONE: Fixed = 1n << BITS;

export const times = (a: Fixed, b: Fixed): Fixed => (a * b) >> BITS;
export const over = (a: Fixed, b: Fixed): Fixed => (a << BITS) / b;
export const toNumber = (a: Fixed): number => Number(a) / 2 ** 400;

/** Exact for doubles between 2^-300 and 2^300. */
export function fixed(x: number): Fixed {
  const exponent = Math.floor(Math.log2(Math.abs(x) || 1)) - 60;
  const mantissa = BigInt(Math.round(x * 2 ** -exponent));
  return exponent + 400 >= 0 ? mantissa << BigInt(exponent + 400) : mantissa >> BigInt(-exponent - 400);
}

/** Square root, by Newton's iteration from above. */
export function root(a: Fixed): Fixed {
  const n = a << BITS;
  // a little above the root
  let x = fixed(Math.sqrt(toNumber(a)) * (1 + 1e-12));
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** x^(numerator / 2^roots). */
export function power(x: Fixed, numerator: number, roots: number): Fixed {
  let y = x;
  for (let k = 0; k < roots; k++) y = root(y);
  let p = ONE;
  for (let k = 0; k < Math.abs(numerator); k++) p = times(p, y);
  return numerator < 0 ? over(ONE, p) : p;
}

/** Solves A x = b (rows of A, overwritten) by elimination with row exchange. */
export function solveLinear(A: Fixed[][], b: Fixed[]): Fixed[] {
  const n = b.length;
  const size = (x: Fixed): Fixed => (x < 0n ? -x : x);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (size(A[i]![k]!) > size(A[pivot]![k]!)) pivot = i;
    [A[k], A[pivot]] = [A[pivot]!, A[k]!];
    [b[k], b[pivot]] = [b[pivot]!, b[k]!];
    for (let i = k + 1; i < n; i++) {
      const f = over(A[i]![k]!, A[k]![k]!);
      if (f === 0n) continue;
      for (let j = k; j < n; j++) A[i]![j]! -= times(f, A[k]![j]!);
      b[i]! -= times(f, b[k]!);
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k]! -= times(A[k]![j]!, b[j]!);
    b[k] = over(b[k]!, A[k]![k]!);
  }
  return b;
}
