/** Wilson and clover fermions on closed-form fields, kappa = 0.13: the table of section 1.1 of the physics notes on fermions (independent dense programs). */
import { existsSync } from "node:fs";
import { expect } from "vitest";
import { type LinkField, type Links, type Scalar, type Vector, type VectorType, Field, closedFormLinks, gamma5, lattice, readGauge, record, solve, spinMul, wilsonDdag, wilsonNormal, wilsonType } from "gaugegrad";
import { largestEigenpairs } from "gaugegrad/linalg";
import { closedForm } from "./helpers.ts";

export const kappa = 0.13;
const K = (N: number, extents: readonly number[]): LinkField => closedFormLinks(lattice(extents), N, 0.8) as LinkField;
export const stored = "../shared/reference/configs/qcdmeasurements_jl/testconf.txt";
export const fields: { readonly [name: string]: () => LinkField | undefined } = {
  K2: () => K(2, [4, 4, 4, 4]),
  K3s: () => K(3, [2, 2, 2, 2]),
  K3: () => K(3, [4, 6, 4, 8]),
  testconf: () => (existsSync(stored) ? readGauge(stored).U : undefined),
};
export const close = (x: number, y: number, relative = 1e-11): void => expect(Math.abs(x - y), `${x} and ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(y)));
export const spinor = (U: LinkField): Field<VectorType> => closedForm(new Field(U.lattice, wilsonType(U.lattice, U.N)) as Field<VectorType>);

/** Eigenvalues of least modulus of gamma_5 D, from applications of D^{-1} gamma_5. */
export function lowest(U: LinkField, clover: number, count: number): number[] {
  const x = spinor(U);
  const g5 = gamma5(U.lattice);
  const inverse = record((V: Links, y: Vector, k: Scalar) => solve((z: Vector) => wilsonNormal(V, z, k, clover), wilsonDdag(V, spinMul(y, g5), k, clover), { tolerance: 1e-13 }), U, x, kappa);
  return largestEigenpairs(x.length / 2, (v, out) => void inverse.run(U, x.set(v), kappa).toArray(out), count).values.map((v) => 1 / v);
}

export type Row = [field: string, clover: number, norm2: number, D: readonly [number, number], chiral: number, component: readonly [number, number], low: readonly number[], PP: readonly number[]];
export const rows: readonly Row[] = [
  ["K2", 0, 1774.53801517249, [1645.20212774, -126.176358233], 2.44489889432, [0.315780867464, -0.192905853238], [-0.1293006499, 0.1311792044, 0.1546435829, -0.1548963048], [9.51631792933, 0.840202425357, 0.466365337266, 0.875349440772]],
  ["K2", 1.5, 1827.97534817382, [1653.82063212, -126.176358233], 19.4307421841, [0.404337091212, -0.120284295637], [0.04116221459, -0.04197291214, 0.1111170148, -0.1141478945], [10.0625599851, 2.30290080922, 2.20266295357, 2.2466422504]],
  ["K3s", 0, 94.2964561998592, [103.04932821, -17.7735302522], 16.6885854702, [-0.19596662858, -0.464115235316], [-0.2578938557, 0.2603296161, 0.2938295598, -0.2943142568], [16.0464039837, 3.64870083327]],
  ["K3s", 1.5, 100.203840872086, [105.219277277, -17.7735302522], 19.1816068868, [-0.354755787103, -0.445665913949], [-0.1938151487, 0.1987372924, -0.2133295229, 0.2141358813], [18.1304618477, 5.04434115569]],
  ["testconf", 0, 3886.41571446626, [3064.2573181, -6.67991244118], 14.4732070092, [-0.34945585326, -0.518512600696], [-0.1735196609, 0.1737120822, -0.1780711557, 0.1783523165], [14.6851863258, 0.868238274718, 0.247534158268, 0.911104292826]],
  ["testconf", 1.5, 3977.33201897842, [3068.57227756, -6.67991244118], 30.4729084553, [-0.286931370116, -0.487403926964], [0.0919737428, -0.09357649403, 0.1113695586, -0.1171029825], [17.1024500443, 1.42546905323, 0.628890664481, 1.52618827405]],
  ["K3", 0, 7751.54011644633, [7085.72945765, -169.955720668], 413.109598775, [0.285764401619, -0.152683084136], [], []],
  ["K3", 1.5, 8075.58103773431, [7125.83121855, -169.955720668], 521.565438267, [0.336550698182, -0.0402240601997], [], []],
];
