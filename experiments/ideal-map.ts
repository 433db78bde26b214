/**
 * The best that any map to unitary links can do: for one configuration U the links V that minimise the pseudofermion noise of S_theta - S,
 * min_e Tr (c A A_V^{-1} - 1 + e A)^2 with A = m^2 - D^2[U] and A_V = m_h^2 - D^2[V], with c = 1 or the best c. A multiple of phi^+ phi costs
 * nothing, as phi stays fixed along a trajectory. V may be any function of U, so every network, however deep, has at least this noise.
 */
import { type AlgebraField, type LinkField, type Scalar, type Vector, type VectorType, DirectionalField, Field, GaugeAction, dot, drift, kick, staggeredNormal, staggeredType, sum } from "gaugegrad";
import { type Matrix, evenSites, trace, traceOfProduct } from "./dense.ts";
import { type Noise, noiseOf } from "./work.ts";

export interface IdealOptions {
  readonly mass: number;
  readonly guideMass: number;
  /** Choose the best c too. */
  readonly normalised: boolean;
  /** Steps of gradient descent with momentum. */
  readonly steps: number;
  readonly minusDSquared: (U: LinkField<2>) => Matrix;
  /** Where the search starts; default U. */
  readonly start?: LinkField<2>;
}

/** Rate and momentum of the descent: the curvature of the noise is close to the same everywhere. */
const [RATE, MOMENTUM] = [1, 0.8];

/** Force of Tr (G (-D^2)), G hermitian: twice the sum over the columns of the first colour, in parts. */
export function traceForce(U: LinkField<2>): (V: LinkField<2>, G: Matrix, add: (F: AlgebraField<2>) => void) => void {
  const { lattice } = U;
  const type = staggeredType(lattice, 2, { domain: "even" });
  const [x, y] = [new Field(lattice, type), new Field(lattice, type)];
  const sites = evenSites(lattice);
  const product = new GaugeAction<2, { x: Field<VectorType<2>>; y: Field<VectorType<2>>; mass: number }>("trace", { x, y, mass: 0 }, (V, inputs) => {
    const f = inputs as { x: Vector<2>; y: Vector<2>; mass: Scalar };
    return sum(dot(f.x, staggeredNormal(V, f.y, f.mass)));
  });
  const F: AlgebraField<2> = new DirectionalField(lattice, 2, "algebra");
  return (V, G, add) => {
    const [column, unit] = [new Float64Array(4 * G.n), new Float64Array(4 * G.n)];
    for (let k = 0; k < G.n; k++) {
      for (let i = 0; i < G.n; i++) for (let a = 0; a < 4; a++) column[4 * i + a] = 2 * G.data[4 * (i * G.n + k) + a]!;
      unit[4 * k] = 1;
      x.writeSites(sites, column);
      y.writeSites(sites, unit);
      unit[4 * k] = 0;
      add(product.force(V, F));
    }
  };
}

/** The noise of the best links, and these. */
export function idealMap(U: LinkField<2>, { mass, guideMass, normalised, steps, minusDSquared, start = U }: IdealOptions): Noise & { readonly V: LinkField<2>; readonly c: number } {
  const A = minusDSquared(U).plus(mass ** 2);
  const [traceA, AA] = [trace(A), traceOfProduct(A, A)];
  const V = start.clone();
  const P: AlgebraField<2> = new DirectionalField(U.lattice, 2, "algebra");
  const force = traceForce(U);
  for (let step = 0; ; step++) {
    const inverse = minusDSquared(V).plus(guideMass ** 2).inverse();
    const T = A.times(inverse);
    const [t, TT, TA] = [trace(T), traceOfProduct(T, T), traceOfProduct(T, A)];
    // least squares of c T + e A = 1
    const c = normalised ? (t * AA - traceA * TA) / (TT * AA - TA * TA) : 1;
    const e = (traceA - c * TA) / AA;
    if (step === steps) return { ...noiseOf(A, T, c), V, c };
    // d Tr R^2 = -2 c Tr (G dA_V), G = A_V^{-1} (c A A_V^{-1} A - A + e A^2) A_V^{-1}
    const G = inverse.times(T.times(T).combined(c, T, -1).combined(1, A.times(T), e));
    kick(P, P, 1 - MOMENTUM);
    force(V, G, (F) => kick(P, F, -2 * c * RATE));
    drift(V, P, 1);
  }
}
