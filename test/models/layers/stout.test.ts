import { describe, expect, test } from "vitest";
import { DirectionalField, type LinkField, type Links, chain, closedFormLinks, covariantNetwork, exp, gaugeAction, lattice, mul, record, scaleBy, stout, wilsonFlow } from "gaugegrad";
import { K2, K3, distance, expectClose, forceNorms, linksOn, plaquetteOf, polyakovOf, wilson } from "./fields.ts";

const N6 = covariantNetwork({ layers: [[0.1, 0.05, -0.03], [0.07, -0.04, 0.02]] });

/** PHYSICS 3.6, columns K2 and K3. */
const table = [
  {
    name: "K2", U: K2, stout: [0.948354504857692, 0.976275957668659], S2: 36.4401290209401, F2: 19.2135485129448, dSX: 100.284063912165,
    first: { plaq: 0.939807617413019, t: [0.981293511055587, 0] }, plaq: 0.968621731762632, t: [0.965240795416495, 0], x: [0.675657969502087, 0],
    S: 48.197020012597, SF2: 26.9343708379587, SdSX: 122.884422338831,
    drho: [-437.2797516, -9.449263402, -256.7503742, -416.8235436, 0.4168387319, -318.7050326],
  },
  {
    name: "K3", U: K3, stout: [0.900687819544401, 0.951809219552432], S2: 222.063116302394, F2: 123.697610920872, dSX: 673.732177481722,
    first: { plaq: 0.897618652253518, t: [0.813293658781736, -0.0165741091009605] }, plaq: 0.941083423308934, t: [0.64576250828563, -0.039115134737354],
    x: [0.38326473883343, 0.0619842355488132], S: 271.48758539243, SF2: 153.757501388221, SdSX: 778.737544765336,
    drho: [-2213.777675, -101.3952588, -384.0747888, -2098.382796, -1.193749217, -810.0551388],
  },
];

describe.each(table)("reference numbers on $name", (row) => {
  const U: LinkField = row.U;
  const two = chain(stout({ rho: 0.1 }), stout({ rho: 0.1 }));
  test("stout: plaquette after one and two steps; action, force and derivative along X", () => {
    const one = stout({ rho: 0.1 }).apply(U);
    expectClose(plaquetteOf(one), row.stout[0]!, 1e-13);
    expectClose(plaquetteOf(stout({ rho: 0.1 }).apply(one)), row.stout[1]!, 1e-13);
    const S = wilson.after(two);
    expectClose(S.value(U), row.S2, 1e-12);
    const { F2, dSX } = forceNorms(S.force(U), U);
    expectClose(F2, row.F2, 1e-11);
    expectClose(dSX, row.dSX, 1e-11);
  });
  test("N6: plaquette and Polyakov loops", () => {
    const first = covariantNetwork({ layers: [[0.1, 0.05, -0.03]] }).apply(U);
    expectClose(plaquetteOf(first), row.first.plaq, 1e-13);
    polyakovOf(first, 3).forEach((v, k) => expectClose(v, row.first.t[k]!, 1e-12, 1));
    const V = N6.apply(U);
    expectClose(plaquetteOf(V), row.plaq, 1e-13);
    polyakovOf(V, 3).forEach((v, k) => expectClose(v, row.t[k]!, 1e-12, 1));
    polyakovOf(V, 0).forEach((v, k) => expectClose(v, row.x[k]!, 1e-12, 1));
  });
  test("N6: action, force, parameter derivatives", () => {
    const S = wilson.after(N6);
    expectClose(S.value(U), row.S, 1e-12);
    const { F2, dSX } = forceNorms(S.force(U), U);
    expectClose(F2, row.SF2, 1e-11);
    expectClose(dSX, row.SdSX, 1e-11);
    const { gradient } = S.parameterGradient(U);
    const flat = gradient.layer.flatMap(({ rho }) => [rho.plaq, rho.poly4, rho.polys]);
    const largest = Math.max(...row.drho.map(Math.abs));
    // the table is printed with ten digits
    flat.forEach((v, k) => expectClose(v, row.drho[k]!, 5e-10, largest));
  });
});

test.each([1, 2, 3, 4])("one stout step with rho = eps is one Euler step of the Wilson flow, and down the gradient of the action: N = %i", (N) => {
  const U = linksOn([4, 3, 2], N);
  const eps = 0.03;
  const euler = record((V: Links) => {
    const Z = wilsonFlow(V);
    return V.map((mu) => mul(exp(scaleBy(eps, Z[mu]!)), V[mu]!)) as Links;
  }, U).run(U);
  const V = stout({ rho: eps }).apply(U);
  expect(distance(V, euler)).toBeLessThan(1e-15);
  // dS/d eps = -(F, F) 2N/beta; for U(1) -(F, F)/beta
  const S = gaugeAction.wilson({ beta: 2 });
  const { F2 } = forceNorms(S.force(U), U);
  const slope = (S.value(stout({ rho: 1e-5 }).apply(U)) - S.value(stout({ rho: -1e-5 }).apply(U))) / 2e-5;
  expectClose(slope, -F2 * (N === 1 ? 1 : 2 * N) / 2, 1e-7);
});

test("two-dimensional U(1): theta' = theta - rho dS/d theta", () => {
  const theta = (mu: number, x: number, t: number): number => 2 * Math.sin(1 + 0.37 * (x + 2 * t) + 0.91 * mu) + 1.5 * Math.cos(0.5 + 0.23 * (3 * x + t) - 0.4 * mu);
  const geometry = lattice([8, 8]);
  const U = new DirectionalField(geometry, 1, "links").set(
    [0, 1].map((mu) => Float64Array.from({ length: 128 }, (_, k) => (k % 2 === 0 ? Math.cos : Math.sin)(theta(mu, (k >> 1) % 8, k >> 4)))),
  );
  expectClose(plaquetteOf(U), 0.531469968676297, 1e-13);
  expectClose(plaquetteOf(stout({ rho: 0.1 }).apply(U)), 0.61329755627955, 1e-13);
});

test("one layer serves every group on one lattice", () => {
  const geometry = lattice([4, 3]);
  const layer = stout({ rho: 0.1 });
  for (const N of [2, 3, 2]) {
    const U = closedFormLinks(geometry, N, 0.5);
    expect(distance(layer.apply(U), stout({ rho: 0.1 }).apply(U))).toBe(0);
    expect(distance(layer.with({ rho: 0 }).apply(U), U)).toBe(0);
  }
});
