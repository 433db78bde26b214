/** Observables, topology and flow on fields without random numbers: the closed-form fields, an instanton, stored configurations. */
import { describe, expect, test } from "vitest";
import { DirectionalField, type LinkField } from "../../src/autograd/index.ts";
import {
  SU, U1, actionDensity, closedFormLinks, cold, directionField, energyDensity, gaugeAction, gaugeTransform, geometricCharge, geometricChargeDensity, gradientFlow, instanton, lattice, linkTrace, plaquettes,
  polyakovLoops, randomGaugeTransformation, rectangles, topologicalCharge, topologicalChargeDensity, wilsonLoop,
} from "../../src/gauge/index.ts";
import { HostLinks, trace } from "./host.ts";

/** Relative deviation; table values have 15 digits. */
const expectClose = (got: number, exact: number, tolerance = 1e-12): void => expect(Math.abs(got - exact), `${got} against ${exact}`).toBeLessThan(tolerance * Math.max(Math.abs(exact), 1e-2));

interface Row {
  readonly N: number;
  readonly extents: readonly number[];
  readonly planes: Readonly<Record<string, number>>;
  readonly plaquette: number;
  readonly rectangle: number;
  readonly polyakov: Readonly<Record<string, readonly [number, number]>>;
  readonly action: number;
  readonly energy: readonly [plaquette: number, clover: number, electric: number, magnetic: number];
  readonly charge: number;
  readonly force: readonly [norm2: number, largest: number, alongX: number];
  /** plaquette, E_clover, Q */
  readonly flow001: readonly [number, number, number];
  readonly flow010: readonly [number, number, number];
  readonly symanzik010: number;
}

const K2: Row = {
  N: 2,
  extents: [4, 4, 4, 4],
  planes: { xy: 0.892793389746556, xz: 0.856206316824819, xt: 0.815309893926324, yz: 0.917821383676807, yt: 0.80128951569575, zt: 0.840689331730811 },
  plaquette: 0.854018305266844,
  rectangle: 0.670291429400569,
  polyakov: { x: [0.313359155047152, 0], y: [0.0379231739170724, 0], z: [0.236322536967226, 0], t: [0.960103326589471, 0] },
  action: 224.227883110127,
  energy: [3.50356067359573, 1.06798565950368, 0.680618475417485, 0.387367184086192],
  charge: -0.0278159426415803,
  force: [497.1500278145, 2.21759064341843, 530.308827832824],
  flow001: [0.86633310663513, 1.0119924382247, -0.0244691088801707],
  flow010: [0.936159895094057, 0.603094716769843, -0.00815112146501539],
  symanzik010: 0.948575468938897,
};

const K3: Row = {
  N: 3,
  extents: [4, 6, 4, 8],
  planes: { xy: 0.811409124271541, xz: 0.737455120353112, xt: 0.676901526543452, yz: 0.854844607493581, yt: 0.681349483258339, zt: 0.735673881330247 },
  plaquette: 0.749605623875045,
  rectangle: 0.512001752796582,
  polyakov: {
    x: [-0.00260724728496896, 0.00345015458654667],
    y: [-0.071073402987304, 0.039526603011948],
    z: [0.075001068001679, 0.0108967661647177],
    t: [0.640488889994984, 0.00923780509031366],
  },
  action: 1153.81728518379,
  energy: [9.01419754049837, 2.10920735142446, 1.25668466148083, 0.85252268994363],
  charge: -0.486127895689595,
  force: [1529.92996700693, 1.72624407563206, 2409.56140329536],
  flow001: [0.768753690625493, 2.05299145834137, -0.427105714401408],
  flow010: [0.884525581567099, 1.45604034252393, -0.0900046601593638],
  symanzik010: 0.910253315327445,
};

describe.each([["K2", K2], ["K3", K3]] as const)("closed-form field %s", (_name, row) => {
  const geo = lattice(row.extents);
  const U = closedFormLinks(geo, row.N, 0.8);

  test("plaquettes, rectangles, Polyakov loops, energies, charge", () => {
    const p = plaquettes(U);
    expectClose(p.mean, row.plaquette);
    expect(Object.keys(p.planes).sort()).toEqual(Object.keys(row.planes).sort());
    for (const [plane, value] of Object.entries(row.planes)) expectClose(p.planes[plane]!, value);
    const r = rectangles(U);
    expectClose(r.mean, row.rectangle);
    expect(Object.keys(r.planes)).toHaveLength(12);
    const lines = polyakovLoops(U);
    expect(Object.keys(lines).sort()).toEqual(["t", "x", "y", "z"]);
    for (const [axis, value] of Object.entries(row.polyakov)) value.forEach((x, k) => expectClose(lines[axis]![k]!, x));
    const e = energyDensity(U);
    [e.plaquette, e.clover, e.electric, e.magnetic].forEach((x, k) => expectClose(x, row.energy[k]!));
    expectClose(topologicalCharge(U), row.charge);
    expectClose(topologicalChargeDensity(U).reduce((s, x) => s + x, 0), row.charge);
  });

  test("Wilson action: value, force norms, derivative along X", () => {
    const S = gaugeAction.wilson({ beta: 1 });
    expectClose(S.value(U), row.action);
    const F = S.force(U).fields.map((f) => f.toArray());
    const size = 2 * row.N * row.N;
    // F2 = 2 sum |F_ij|^2
    const norms = F.flatMap((f) => Array.from({ length: geo.volume }, (_, n) => 2 * f.subarray(n * size, (n + 1) * size).reduce((s, x) => s + x * x, 0)));
    expectClose(norms.reduce((s, x) => s + x, 0), row.force[0]);
    expectClose(Math.max(...norms), row.force[1]);
    const X = directionField(geo, row.N);
    expectClose(F.reduce((s, f, mu) => s + 2 * X.toArray(mu).reduce((d, x, k) => d + x * f[k]!, 0), 0), row.force[2]);
  });

  test("Wilson and Symanzik flow", () => {
    const state = (V: LinkField): number[] => [plaquettes(V).mean, energyDensity(V).clover, topologicalCharge(V)];
    const V = U.clone();
    const flow = gradientFlow();
    flow.advance(V, 1);
    state(V).forEach((x, k) => expectClose(x, row.flow001[k]!, 1e-11));
    flow.advance(V, 9);
    state(V).forEach((x, k) => expectClose(x, row.flow010[k]!, 1e-11));
    const W = U.clone();
    gradientFlow({ action: "symanzik", step: 0.01 }).advance(W, 10);
    expectClose(plaquettes(W).mean, row.symanzik010, 1e-11);
  });
});

test("closed-form flow field in one-based coordinates: flow to t = 0.05 with every charge", () => {
  const geo = lattice([4, 4, 4, 4]);
  // lambda_1, lambda_2, lambda_4, lambda_5: symmetric and antisymmetric pairs (0,1) and (0,2)
  const generators = [[0, 1, false], [0, 1, true], [0, 2, false], [0, 2, true]] as const;
  const links = geo.extents.map((_, k) => {
    const mu = k + 1;
    const [i, j, antisymmetric] = generators[k]!;
    const u = new Float64Array(geo.volume * 18);
    for (let n = 0; n < geo.volume; n++) {
      const [x, y, z, t] = geo.coordinates(n).map((c) => c + 1) as [number, number, number, number];
      const phi = 0.18 + 0.07 * Math.sin((Math.PI * ((mu + 1) * x + (2 * mu + 1) * y + (mu + 3) * z)) / 2) + 0.04 * Math.cos((Math.PI * ((mu + 2) * t + x + 2 * z)) / 2);
      const set = (a: number, b: number, re: number, im: number): void => u.set([re, im], 18 * n + 2 * (3 * a + b));
      for (let a = 0; a < 3; a++) set(a, a, a === i || a === j ? Math.cos(phi) : 1, 0);
      // exp(i phi lambda): i sin phi on symmetric pairs, +-sin phi on antisymmetric ones
      set(i, j, antisymmetric ? Math.sin(phi) : 0, antisymmetric ? 0 : Math.sin(phi));
      set(j, i, antisymmetric ? -Math.sin(phi) : 0, antisymmetric ? 0 : Math.sin(phi));
    }
    return u;
  });
  const U = new DirectionalField(geo, 3, "links").set(links);
  const table = [
    [0.9964001728080605, 0.044165739367953, -0.00186847372839524, -0.00033462025112227, -0.00044557472975662],
    [0.9967737854040357, 0.041663722124212, -0.00182574889122384, -0.00030818780532076, -0.00041554709990519],
    [0.99709910864851, 0.039431117488932, -0.00178603464756117, -0.00028361432089461, -0.00038800009592008],
    [0.9973826729210907, 0.037436976027655, -0.00174907663575514, -0.00026095978630186, -0.00036284283482123],
    [0.9976300966253326, 0.035653891557152, -0.00171462706843586, -0.0002402125672829, -0.00033994822607257],
    [0.9978462168526241, 0.034057612618263, -0.00168244991655711, -0.00022131234962757, -0.0003191679338134],
  ];
  const flow = gradientFlow({ action: "wilson", step: 0.01 });
  table.forEach((row, k) => {
    if (k > 0) flow.advance(U);
    const got = [plaquettes(U).mean, energyDensity(U).clover, topologicalCharge(U), topologicalCharge(U, "bilsonThompson"), topologicalCharge(U, "improved")];
    got.forEach((x, q) => expect(Math.abs(x - row[q]!)).toBeLessThan(2e-15 + 1e-12 * Math.abs(row[q]!)));
  });
});

describe("instanton", () => {
  test.each([2, 3] as const)("12^4, R = 3, SU(%i)", (N) => {
    const U = instanton(lattice([12, 12, 12, 12]), SU(N as number), { radius: 3 });
    expectClose(topologicalCharge(U, "plaquette"), 0.911527333054419);
    expectClose(topologicalCharge(U, "clover"), 0.852911335839915);
    expectClose(topologicalCharge(U, "improved"), 0.930245472598196);
    if (N === 2) {
      expectClose(plaquettes(U).mean, 0.9996841689413655);
      expectClose(gaugeAction.wilson({ beta: 1 }).value(U), 39.29443699109, 1e-11);
    }
  });

  test("four dimensions, SU(N), a centre between the sites", () => {
    expect(() => instanton(lattice([4, 4, 4]), SU(2), { radius: 1 })).toThrow(/got SU\(2\) in 3 dimensions/);
    expect(() => instanton(lattice([4, 4, 4, 4]), U1, { radius: 1 })).toThrow(/expected SU\(N\) in 4/);
    expect(() => instanton(lattice([4, 4, 4, 4]), SU(2), { radius: 1, centre: [1, 1, 1, 1] })).toThrow(/centre \[1, 1, 1, 1\] on a site/);
  });
});

test("2D U(1): plaquette, action, force, geometric charge, Polyakov loops", () => {
  const geo = lattice([8, 8]);
  const U = new DirectionalField(geo, 1, "links").set(
    [0, 1].map((mu) => {
      const u = new Float64Array(2 * geo.volume);
      for (let n = 0; n < geo.volume; n++) {
        const [x, t] = geo.coordinates(n) as [number, number];
        const theta = 2 * Math.sin(1 + 0.37 * (x + 2 * t) + 0.91 * mu) + 1.5 * Math.cos(0.5 + 0.23 * (3 * x + t) - 0.4 * mu);
        u.set([Math.cos(theta), Math.sin(theta)], 2 * n);
      }
      return u;
    }),
  );
  expectClose(plaquettes(U).mean, 0.531469968676297);
  expectClose(plaquettes(U).planes["xt"]!, 0.531469968676297);
  expect(Math.abs(geometricCharge(U) - 2)).toBeLessThan(1e-13);
  expect(Math.abs(geometricChargeDensity(U).reduce((s, x) => s + x, 0) - 2)).toBeLessThan(1e-13);
  expect(geometricChargeDensity(U).every((q) => Math.abs(q) <= 0.5)).toBe(true);
  const S = gaugeAction.wilson({ beta: 1 });
  expectClose(S.value(U), 29.985922004717);
  expectClose(S.force(U).fields.reduce((s, f) => s + f.toArray().reduce((q, x) => q + x * x, 0), 0), 54.6564154959415);
  const lines = polyakovLoops(U);
  [lines["x"]!, lines["t"]!].flat().forEach((x, k) => expectClose(x, [-0.00067208897951, -0.02608418734355, -0.3259716104145, -0.27216959682140][k]!, 1e-11));
});

describe("site by site", () => {
  test.each([[[3, 2], 1], [[2, 3], 2], [[2, 3, 4], 3], [[3, 2, 2, 4], 2], [[1, 2, 3], 2]] as [number[], number][])("every loop observable on %j, N = %i", (extents, N) => {
    const geo = lattice(extents);
    const U = closedFormLinks(geo, N, 0.7);
    const host = new HostLinks(U);
    const D = geo.dim;
    const meanOf = (path: number[], part: 0 | 1 = 0): number => host.sumOverSites((x) => trace(host.product(x, path), N)[part]) / (N * geo.volume);
    const p = plaquettes(U).planes;
    const r = rectangles(U).planes;
    const lines = polyakovLoops(U);
    for (let m = 1; m <= D; m++) {
      const winding = Array.from({ length: geo.extents[m - 1]! }, () => m);
      expectClose(lines[geo.axis(m - 1)]![0], meanOf(winding));
      expectClose(lines[geo.axis(m - 1)]![1], meanOf(winding, 1));
      for (let v = 1; v <= D; v++) {
        const name = geo.axis(m - 1) + geo.axis(v - 1);
        if (m < v) expectClose(p[name]!, meanOf([m, v, -m, -v]));
        if (m !== v) expectClose(r[name]!, meanOf([m, m, v, -m, -m, -v]));
      }
    }
    const W = (T: number, R: number): number => {
      const times = (n: number, s: number): number[] => Array.from({ length: n }, () => s);
      let s = 0;
      for (let i = 1; i < D; i++) s += meanOf([...times(R, i), ...times(T, D), ...times(R, -i), ...times(T, -D)]) / (D - 1);
      return s;
    };
    for (const [T, R] of [[1, 1], [2, 1], [1, 3], [3, 2]] as const) expectClose(wilsonLoop(U, T, R), W(T, R));
    let links = 0;
    for (let mu = 0; mu < D; mu++) links += host.sumOverSites((x) => trace(host.link(x, mu), N)[0]) / (N * geo.volume * D);
    expectClose(linkTrace(U), links);
    const density = actionDensity(U);
    const wanted: number[] = [];
    host.sumOverSites((x) => {
      let s = 0;
      for (let m = 1; m <= D; m++) for (let v = m + 1; v <= D; v++) s += 1 - trace(host.product(x, [m, v, -m, -v]), N)[0] / N;
      wanted.push(s);
      return s;
    });
    density.forEach((s, site) => expectClose(s, wanted[site]!));
    expectClose(1.7 * density.reduce((s, x) => s + x, 0), gaugeAction.wilson({ beta: 1.7 }).value(U));
    // the plaquettes of one plane, and E by its definition
    const planes = Object.values(p);
    expectClose(energyDensity(U).plaquette, 2 * N * planes.reduce((s, x) => s + 1 - x, 0));
  });

  test("invariant under gauge transformations, except the link trace; cold field", () => {
    const geo = lattice([4, 2, 3, 4]);
    for (const N of [1, 2, 3, 4]) {
      const U = closedFormLinks(geo, N, 0.8);
      const V = gaugeTransform(U, randomGaugeTransformation(geo, N, { seed: 4 }));
      const all = (W: LinkField): number[] => [
        ...Object.values(plaquettes(W).planes), ...Object.values(rectangles(W).planes), ...Object.values(polyakovLoops(W)).flat(), wilsonLoop(W, 2, 3), ...Object.values(energyDensity(W)),
        ...(["plaquette", "clover", "rectangle", "improved", "bilsonThompson"] as const).map((m) => topologicalCharge(W, m)),
      ];
      const [a, b] = [all(U), all(V)];
      a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-12));
      expect(Math.abs(linkTrace(U) - linkTrace(V))).toBeGreaterThan(1e-3);
      const c = cold(geo, N === 1 ? U1 : SU(N));
      expect([plaquettes(c).mean, rectangles(c).mean, linkTrace(c), wilsonLoop(c, 3, 1)].every((x) => Math.abs(x - 1) < 1e-15)).toBe(true);
      expect(Object.values(energyDensity(c)).every((x) => Math.abs(x) < 1e-13)).toBe(true);
    }
  });

  test("results stay valid after the next call; another lattice and N have their own plans", () => {
    const a = closedFormLinks(lattice([3, 4]), 2, 0.5);
    const b = closedFormLinks(lattice([3, 4]), 3, 0.9);
    const first = [plaquettes(a), polyakovLoops(a)];
    const copy = JSON.stringify(first);
    plaquettes(b);
    polyakovLoops(b);
    const c = closedFormLinks(a.lattice, 2, 0.9);
    plaquettes(c);
    polyakovLoops(c);
    expect(JSON.stringify(first)).toBe(copy);
    expect(() => wilsonLoop(a, 0, 1)).toThrow(/got T = 0/);
    expect(() => topologicalCharge(a)).toThrow(/got 2 dimensions, expected 4/);
    expect(() => geometricCharge(a)).toThrow(/got N = 2 in 2 dimensions/);
  });
});
