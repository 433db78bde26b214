/** Closed-form fields K2 and K3 with their observables, and finite differences along the direction field. */
import { expect } from "vitest";
import {
  type GaugeAction, type LinkField, type Links, type Scalar, action, closedFormLinks, directionField, exp, im, lattice, mul, number, pathProduct, plaquetteSum, re,
  record, scale, scaleBy, sub, sum, trace,
} from "gaugegrad";

/** S_W at beta = 1, for any N. */
export const wilson: GaugeAction<number, unknown> = action({
  name: "Wilson beta 1",
  evaluate: (U: Links): Scalar => {
    const p = plaquetteSum(U);
    return sub(number(p.tape, (U.lattice.volume * U.dim * (U.dim - 1)) / 2), p);
  },
});

export const K2 = closedFormLinks(lattice([4, 4, 4, 4], { backend: "wasm" }), 2, 0.8);
export const K3 = closedFormLinks(lattice([4, 6, 4, 8], { backend: "wasm" }), 3, 0.8);

const plaquettes = new WeakMap<object, Map<number, (U: LinkField) => number>>();

/** Mean over sites and planes of Re tr P / N. */
export function plaquetteOf(U: LinkField): number {
  const { lattice: geometry, N } = U;
  if (!plaquettes.has(geometry)) plaquettes.set(geometry, new Map());
  const known = plaquettes.get(geometry)!;
  if (!known.has(N)) {
    const plan = record((V: Links) => scaleBy(2 / (geometry.volume * geometry.dim * (geometry.dim - 1)), plaquetteSum(V)), U);
    known.set(N, (V) => plan.run(V));
  }
  return known.get(N)!(U);
}

/** Mean over sites of tr P_mu / N. */
export function polyakovOf(U: LinkField, mu: number): [re: number, im: number] {
  const f = (V: Links): Scalar[] => {
    const z = trace(pathProduct(V, Array.from({ length: V.lattice.extents[mu]! }, () => mu + 1)));
    return [re(z), im(z)].map((x) => scaleBy(1 / (V.N * V.lattice.volume), sum(x)));
  };
  return [...(record(f, U).run(U) as unknown as [number, number])];
}

/** U_mu -> exp(s X_mu) U_mu with X the direction field. */
export function moved<N extends number>(U: LinkField<N>, s: number): LinkField<N> {
  const X = directionField(U.lattice, U.N);
  const V = U.clone();
  U.fields.forEach((u, mu) => {
    const plan = record((x, w, k) => mul(exp(scale(k, x)), w), X.fields[mu]!, u, s);
    V.fields[mu]!.set(plan.run(X.fields[mu]!, u, s).toArray());
  });
  return V;
}

/** Richardson-extrapolated central difference of f at 0, error O(h^6). */
export function derivative(f: (s: number) => number, h: number): number {
  const d = (k: number): number => (f(k) - f(-k)) / (2 * k);
  const [a, b, c] = [d(h), d(h / 2), d(h / 4)];
  const [p, q] = [(4 * b - a) / 3, (4 * c - b) / 3];
  return (16 * q - p) / 15;
}

/** F2 = sum of (F^a)^2 and dS_X = (F, X) of a force field. */
export function forceNorms(F: { N: number; lattice: object; fields: readonly { toArray(): Float64Array }[] }, U: LinkField): { F2: number; dSX: number } {
  const X = directionField(U.lattice, U.N);
  const metric = U.N === 1 ? 1 : 2;
  let [F2, dSX] = [0, 0];
  F.fields.forEach((f, mu) => {
    const [a, x] = [f.toArray(), X.fields[mu]!.toArray()];
    a.forEach((v, k) => {
      F2 += metric * v * v;
      dSX += metric * v * x[k]!;
    });
  });
  return { F2, dSX };
}

/** Largest difference of two fields. */
export function distance(a: LinkField, b: LinkField): number {
  let d = 0;
  a.fields.forEach((f, mu) => {
    const [x, y] = [f.toArray(), b.fields[mu]!.toArray()];
    x.forEach((v, k) => (d = Math.max(d, Math.abs(v - y[k]!))));
  });
  return d;
}

export function expectClose(value: number, reference: number, relative: number, scaleOf = Math.abs(reference)): void {
  expect(Math.abs(value - reference) / scaleOf, `${value} against ${reference}`).toBeLessThan(relative);
}

/** Links of a geometry that has no closed form of its own here: the closed form with N and kappa. */
export const linksOn = (extents: readonly number[], N: number, kappa = 0.6): LinkField => closedFormLinks(lattice(extents, { backend: "wasm" }), N, kappa);
