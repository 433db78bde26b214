/** Stored configurations: every gluonic number of configurations.json (thin links and Wilson flow). */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DirectionalField, type LinkField } from "../../src/autograd/index.ts";
import { directionField, energyDensity, flowScales, gaugeAction, gradientFlow, lattice, linkTrace, plaquettes, polyakovLoops, rectangles, scalesOf, topologicalCharge, wilsonLoop } from "../../src/gauge/index.ts";

const root = fileURLToPath(new URL("../../../shared/reference/", import.meta.url));

interface Entry {
  readonly format: string;
  readonly dims: number[];
  readonly N: number;
  readonly numbers: Readonly<Record<string, number>>;
}

const entries = Object.entries(JSON.parse(readFileSync(`${root}configurations.json`, "utf8")) as Record<string, Entry>);

/** The numbers of a file: site by site, direction by direction, row by row. */
function numbersOf(file: string, { format, dims, N }: Entry): Float64Array {
  const bytes = readFileSync(`${root}configs/${file}`);
  const count = dims.reduce((v, L) => v * L, 1) * 8 * N * N;
  if (format.startsWith("Bridge")) return Float64Array.from(bytes.toString("latin1").trim().split(/\s+/), Number);
  if (format.startsWith("MILC")) return Float64Array.from({ length: count }, (_, k) => bytes.readFloatLE(96 + 4 * k));
  const start = format.startsWith("NERSC") ? bytes.indexOf("END_HEADER") + "END_HEADER\n".length : 144;
  return Float64Array.from({ length: count }, (_, k) => bytes.readDoubleBE(start + 8 * k));
}

function linksOf(file: string, entry: Entry): LinkField {
  const size = 2 * entry.N ** 2;
  const data = numbersOf(file, entry);
  const geo = lattice(entry.dims);
  return new DirectionalField(geo, entry.N, "links").set(
    geo.extents.map((_, mu) => {
      const u = new Float64Array(geo.volume * size);
      for (let n = 0; n < geo.volume; n++) u.set(data.subarray((4 * n + mu) * size, (4 * n + mu + 1) * size), n * size);
      return u;
    }),
  );
}

describe.each(entries)("%s", (file, entry) => {
  const { numbers, N } = entry;
  const U = linksOf(file, entry);
  const geo = U.lattice;
  const expectClose = (name: string, got: number, tolerance: number): void => {
    const exact = numbers[name]!;
    expect(Math.abs(got - exact), `${name}: ${got} against ${exact}`).toBeLessThan(tolerance * Math.max(Math.abs(exact), 1e-2));
  };

  test("loops and the action", () => {
    const [p, r, lines] = [plaquettes(U), rectangles(U), polyakovLoops(U)];
    expectClose("plaq", p.mean, 1e-12);
    expectClose("rect", r.mean, 1e-12);
    for (const [plane, x] of Object.entries(p.planes)) expectClose(`plaq_${plane}`, x, 1e-12);
    for (const [plane, x] of Object.entries(r.planes)) expectClose(`rect_${plane}`, x, 1e-12);
    for (const [axis, [re, im]] of Object.entries(lines)) {
      expectClose(`poly_${axis}_re`, re, 1e-12);
      expectClose(`poly_${axis}_im`, im, 1e-12);
    }
    expectClose("linktrace", linkTrace(U), 1e-12);
    expectClose("S_beta1", gaugeAction.wilson({ beta: 1 }).value(U), 1e-12);
  });

  test("forces", () => {
    const size = 2 * N * N;
    const F = gaugeAction.wilson({ beta: 1 }).force(U).fields.map((f) => f.toArray());
    const norms = F.map((f) => Array.from({ length: geo.volume }, (_, n) => 2 * f.subarray(n * size, (n + 1) * size).reduce((s, x) => s + x * x, 0)));
    const total = (xs: number[]): number => xs.reduce((s, x) => s + x, 0);
    expectClose("F2", total(norms.map(total)), 1e-12);
    expectClose("F2max", norms.flat().reduce((a, b) => Math.max(a, b)), 1e-12);
    norms.forEach((list, mu) => expectClose(`F2_${geo.axis(mu)}`, total(list), 1e-12));
    F.forEach((f, mu) => {
      for (let a = 0; a < N; a++)
        for (let b = 0; b < N; b++) ["re", "im"].forEach((part, c) => expectClose(`F0_${geo.axis(mu)}_${a}${b}_${part}`, f[2 * (a * N + b) + c]!, 1e-11));
    });
    const X = directionField(geo, N);
    expectClose("dS_X_stout0", F.reduce((s, f, mu) => s + 2 * X.toArray(mu).reduce((d, x, k) => d + x * f[k]!, 0), 0), 1e-11);
  });

  // the larger lattices only to t = 0.1: the rest is the same program
  const last = Math.min(geo.volume > 1000 ? 1 : 10, Object.keys(numbers).filter((k) => /^t.*_plaq$/.test(k)).length);
  test(`Wilson flow to t = ${(0.1 * last).toFixed(1)}`, () => {
    const V = U.clone();
    const flow = gradientFlow({ action: "wilson", step: 0.01 });
    for (let k = 0; k <= last; k++) {
      if (k > 0) flow.advance(V, 10);
      const t = `t${(0.1 * k).toFixed(2)}`;
      const e = energyDensity(V);
      if (k > 0) {
        expectClose(`${t}_plaq`, plaquettes(V).mean, 1e-11);
        expectClose(`${t}_Eplaq`, e.plaquette, 1e-10);
      }
      expectClose(`${t}_Eclov`, e.clover, 1e-10);
      expectClose(`${t}_Eclov_t`, e.electric, 1e-10);
      expectClose(`${t}_Eclov_s`, e.magnetic, 1e-10);
      expectClose(`${t}_Q`, topologicalCharge(V), 1e-10);
    }
  });
});

describe("t0 of stored configurations, against the tabulated energies", () => {
  // t^2 E at t = 0, 0.1, ..., 1: cubic interpolation is good to a few 1e-5 here
  const crossing = entries.flatMap(([file, entry]) => {
    const history = Array.from({ length: 11 }, (_, k) => ({ t: k / 10, energy: entry.numbers[`t${(k / 10).toFixed(2)}_Eclov`]! }));
    const { t0 } = scalesOf(history);
    return t0 !== undefined && entry.dims.every((L) => L === 4) ? [[file, entry, t0] as const] : [];
  });
  test("some cross", () => expect(crossing.length).toBeGreaterThan(0));
  test.each(crossing)("%s", (file, entry, t0) => {
    const got = flowScales(linksOf(file, entry), { step: 0.02, maximumTime: 1.2 });
    expect(Math.abs(got.t0! - t0)).toBeLessThan(2e-4);
  });
});

test("testconf.txt: charges and Wilson loops of QCDMeasurements.jl", () => {
  const [file, entry] = entries.find(([name]) => name.endsWith("testconf.txt"))!;
  const U = linksOf(file, entry);
  expect(Math.abs(topologicalCharge(U, "plaquette") + 0.2730960126400261)).toBeLessThan(1e-13);
  expect(Math.abs(topologicalCharge(U, "clover") + 0.027164585971545994)).toBeLessThan(1e-13);
  expect(Math.abs(topologicalCharge(U, "improved") + 0.03210085960569041)).toBeLessThan(1e-13);
  const table = [
    [0.5862877559063493, 0.3655925615772204, 0.23421321650914495, 0.1492632817177455],
    [0.3761243491807735, 0.19042191697880187, 0.09552785637017558, 0.05572165664989787],
    [0.25265042605215393, 0.11445153924876038, 0.03758948601999742, 0.03313678444359417],
    [0.17465788325940104, 0.06168102585401373, 0.04452156536555762, 0.11049410186096319],
  ];
  table.forEach((row, t) => row.forEach((w, r) => expect(Math.abs(wilsonLoop(U, t + 1, r + 1) - w)).toBeLessThan(1e-14)));
});
