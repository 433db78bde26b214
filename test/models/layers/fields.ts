/** Closed-form fields K2 and K3 and what is measured on them. */
import { expect } from "vitest";
import {
  type GaugeAction, type LinkField, type Links, type Scalar, action, closedFormLinks, directionField, lattice, number, plaquetteSum, plaquettes, polyakovLoops, sub,
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

/** Mean over sites and planes of Re tr P / N. */
export const plaquetteOf = (U: LinkField): number => plaquettes(U).mean;

/** Mean over sites of tr P_mu / N. */
export const polyakovOf = (U: LinkField, mu: number): readonly [re: number, im: number] => polyakovLoops(U)[U.lattice.axis(mu)]!;

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
