/**
 * E(A; X_1..X_k), the mixed derivative of exp along X_1..X_k at A, as the upper right block of the exponential of nested triangular matrices:
 * exp([[A, X], [0, A]]) = [[exp A, E(A; X)], [0, exp A]], and so on with A replaced by the whole block matrix. A is halved at every
 * site until its norm is at most 1; the truncated Taylor series is evaluated in powers of A^3; then squarings. How many there may be follows from what is known
 * of the operands without reading them, or else from their norms.
 */
import type { MatrixType } from "../../autograd/index.ts";
import { type DeviceArray, Numbers } from "../../backend/index.ts";
import { type Value, extent } from "./layout.ts";
import { type RuleContext, type Steps, inner, numbers, product, times, timesReal, zip } from "./arithmetic.ts";

/**
 * Last power of the series without directions: the first one left out is 2e-9 in float32, 4e-19 in float64. The k-th derivative of A^n / n!
 * is of the size A^(n-k) / (n-k)!, so every direction needs one power more.
 */
const LAST = { f32: 11, f64: 19 } as const;

/** More halvings than these are worth a look at the norms. */
const MOST_UNSEEN = 4;

export function* expRule(c: RuleContext, inputs: readonly Value[]): Steps<Value> {
  const { b, store } = c;
  const [N] = extent(c.type);
  const [A, ...directions] = inputs.map(numbers) as [Numbers, ...Numbers[]];
  let halvings = Math.max(0, Math.ceil(Math.log2(A.bound)));
  let norms: DeviceArray | undefined;
  if (halvings > 0) {
    norms = inner(c, A, A);
    if (halvings > MOST_UNSEEN) {
      const largest = largestOf(c, yield norms);
      halvings = Number.isFinite(largest) ? Math.max(0, Math.ceil(0.5 * Math.log2(Math.max(largest, 1)))) : 0;
    }
  }
  // above zero where the k-th halving is needed: |A| > 2^k
  const needed = Array.from({ length: halvings }, (_, k) => b.binary("sub", norms!, b.number(4 ** k)));
  const halves = needed.map((x) => b.positive(x, b.number(0.5), b.number(1)));
  const factor = halves.length === 0 ? undefined : halves.reduce((p, q) => b.binary("mul", p, q));
  const scaled = (x: Numbers): Numbers => (factor ? timesReal(c, factor, x) : x);
  let M = scaled(A);
  let size = N;
  for (const X of directions) {
    M = triangular(c, M, diagonal(c, scaled(X), N, size), size);
    size *= 2;
  }
  let E = series(c, M, size, directions.length);
  for (const more of needed) {
    const [square, before] = [store.hold(product(c, E, E)), store.hold(E)];
    E = square.with(square.parts.map((p, k) => b.positive(more, p, before.parts[k]!)));
  }
  if (directions.length === 0) {
    // of an antihermitian matrix it is unitary
    E.bound = (c.types[0] as MatrixType).algebra ? 1 : Math.exp(A.bound);
    return E;
  }
  const begin = store.layout.shape(0, size - N, 0);
  const to = store.layout.shape(N, N, c.count * store.layout.lattice.volume);
  return E.with(E.parts.map((p) => b.slice(p, begin, to)), Infinity);
}

/** The largest of the numbers at the sites where the operand is defined. */
function largestOf({ store: { layout }, types }: RuleContext, values: Float64Array): number {
  let largest = 0;
  for (let n = 0; n < values.length; n++) if (layout.inside(types[0]!, n % layout.lattice.volume) && values[n]! > largest) largest = values[n]!;
  return largest;
}

/** sum_n M^n / n! up to the order of the precision. */
function series(c: RuleContext, M: Numbers, size: number, directions: number): Numbers {
  const { b, store } = c;
  // cubic blocks after the first, which ends with the power 2
  const blocks = Math.ceil(((b.roundoff > 1e-10 ? LAST.f32 : LAST.f64) + directions - 2) / 3);
  const M2 = product(c, M, M);
  const M3 = product(c, M2, M);
  const inverse = [1];
  for (let n = 1; n < 3 * blocks + 3; n++) inverse.push(inverse[n - 1]! / n);
  const block = (j: number): Numbers => {
    const x = store.hold(zip(c, "add", times(c, inverse[3 * j + 1]!, M), times(c, inverse[3 * j + 2]!, M2)));
    // the imaginary part of a split one stays
    const one = store.unit(size, inverse[3 * j]!).parts[0]!;
    return x.with(x.parts.map((p, k) => (k === 0 ? b.binary("add", p, one) : p)));
  };
  let sum = block(blocks);
  for (let j = blocks - 1; j >= 0; j--) sum = zip(c, "add", product(c, sum, M3), block(j));
  return sum;
}

/** [[M, X], [0, M]] with blocks of the given size. */
function triangular(c: RuleContext, M: Numbers, X: Numbers, size: number): Numbers {
  const { b, store } = c;
  const { row, column } = store.layout;
  const [m, x, zero] = [store.hold(M), store.hold(X), zeros(c, size)];
  return m.with(m.parts.map((p, k) => b.concat([b.concat([p, x.parts[k]!], column), b.concat([zero.parts[k]!, p], column)], row)), Infinity);
}

/** X on the diagonal of a block matrix of the given size. */
function diagonal(c: RuleContext, X: Numbers, N: number, size: number): Numbers {
  return size === N ? X : triangular(c, diagonal(c, X, N, size / 2), zeros(c, size / 2), size / 2);
}

function zeros({ b, store, count }: RuleContext, size: number): Numbers {
  const zero = store.constant(size, size, 0, count * store.layout.lattice.volume);
  return store.formulation.packed ? Numbers.packed(b, b.complex!.lift(zero)) : Numbers.of(b, zero, zero);
}
