/** Stored numbers of the Rust port of LatticeQCD.jl: forces, shifts, path products, observables, flow. */
import { describe, expect, test } from "vitest";
import { DirectionalField, type Links, record, shift } from "../../src/autograd/index.ts";
import { SU, cold, gaugeAction, gradientFlow, lattice, loopAction, pathProduct, plaquettes, polyakovLoops, reunitarise, topologicalCharge } from "../../src/gauge/index.ts";
import { fixture, fixtureDirections, fixtureLinks, largestDifference, maxDifference, metadata, readNpy } from "./helpers.ts";
import { gellMannComponents } from "./host.ts";

describe.each(["random_2x2x2x2", "random_4x4x4x4"])("%s", (name) => {
  test("force components N F^a and momentum changes", () => {
    const U = fixtureLinks(name);
    const F = gaugeAction.wilson({ beta: 6 }).force(U);
    F.fields.forEach((f, mu) => {
      const x = gellMannComponents(f.toArray());
      expect(maxDifference(x.map((c) => 3 * c), readNpy(`${fixture(name)}force_coeff${mu}.npy`).data)).toBeLessThan(1e-12);
      expect(maxDifference(x.map((c) => -0.0625 * c), readNpy(`${fixture(name)}momentum_delta${mu}.npy`).data)).toBeLessThan(1e-13);
    });
  });
});

test("an action of plaquettes and rectangles of the Rust port", () => {
  const U = fixtureLinks("wilsonloop_task_b");
  // 0.73 Re tr(plaquette) - 0.31 Re tr(rectangles) up to a constant: weights with the opposite sign, beta = N
  const S = loopAction({ beta: 3, loops: [{ name: "plaquette", weight: -0.73 }, { name: "rectangle", weight: 0.31 }] });
  S.force(U).fields.forEach((f, mu) => {
    const expected = readNpy(`${fixture("wilsonloop_task_b")}force_coeff${mu}.npy`).data;
    expect(maxDifference(gellMannComponents(f.toArray()).map((c) => -c), expected)).toBeLessThan(1e-12);
  });
});

test("shifts of an asymmetric lattice", () => {
  const U = fixtureLinks("shifts_3x2x4x5");
  for (let mu = 0; mu < 4; mu++)
    for (let nu = 0; nu < 4; nu++)
      for (const [name, sign] of [["plus", 1], ["minus", -1]] as const) {
        const got = record((V: Links) => shift(V[mu]!, nu, sign), U).run(U).toArray();
        const { data } = readNpy(`${fixture("shifts_3x2x4x5")}u${mu}_shift${nu}_${name}.npy`);
        // every matrix column by column
        expect(maxDifference(got, data.map((_, k) => data[18 * Math.floor(k / 18) + 2 * (3 * (Math.floor(k / 2) % 3) + Math.floor((k % 18) / 6)) + (k % 2)]!))).toBe(0);
      }
  expect(fixtureDirections("shifts_3x2x4x5", "u").extents).toEqual([3, 2, 4, 5]);
});

test("path products of the Rust port", () => {
  const U = fixtureLinks("measurements_task_d1");
  const meta = metadata("measurements_task_d1") as { expected_observables: { representative_paths: { paths: { steps: number[]; file: string }[] } } };
  for (const { steps, file } of meta.expected_observables.representative_paths.paths) {
    const got = record((V: Links) => pathProduct(V, steps), U).run(U).toArray().slice(0, 18);
    // column by column
    const { data } = readNpy(`${fixture("measurements_task_d1")}${file}`);
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) for (let c = 0; c < 2; c++) expect(Math.abs(got[2 * (3 * i + j) + c]! - data[2 * (3 * j + i) + c]!)).toBeLessThan(1e-14);
  }
});

test("Polyakov loop and clover charge of the Rust port", () => {
  const U = fixtureLinks("measurements_task_d1");
  // tr P without 1/N
  const [re, im] = polyakovLoops(U)["t"]!;
  expect(Math.abs(3 * re + 0.06515492991791949)).toBeLessThan(1e-13);
  expect(Math.abs(3 * im + 0.47494588231458557)).toBeLessThan(1e-13);
  expect(Math.abs(topologicalCharge(U) + 0.005488069391280421)).toBeLessThan(1e-14);
});

test("plaquette of an asymmetric lattice", () => expect(Math.abs(plaquettes(fixtureLinks("shifts_3x2x4x5")).mean + 0.02309690118894098)).toBeLessThan(1e-14));

test("flow of the Rust port: its step 0.01 is a step of 0.005", () => {
  const U = fixtureLinks("gradientflow_task_d2");
  const flow = gradientFlow({ step: 0.005 });
  for (const [name, steps] of [["flow_one", 1], ["flow_four", 3]] as const) {
    flow.advance(U, steps);
    const expected = fixtureLinks("gradientflow_task_d2", name);
    expect(largestDifference(U, new DirectionalField(U.lattice, 3, "links").set(expected.fields.map((f) => f.toArray())))).toBeLessThan(1e-13);
  }
});

test("links moved back to the group", () => {
  const [input, expected] = ["input", "expected"].map((name) => readNpy(`${fixture("normalize_su3")}${name}.npy`).data) as [Float64Array, Float64Array];
  // one matrix after the other, each column by column
  const rowMajor = (data: Float64Array): Float64Array => data.map((_, k) => data[18 * Math.floor(k / 18) + 2 * (3 * (Math.floor(k / 2) % 3) + (Math.floor((k % 18) / 6) % 3)) + (k % 2)]!);
  const count = input.length / 18;
  const geo = lattice([count, 1]);
  const U = cold(geo, SU(3)).set([rowMajor(input), rowMajor(input)]);
  const got = reunitarise(U).toArray(0);
  rowMajor(expected).forEach((x, k) => expect(Math.abs(got[k]! - x)).toBeLessThan(1e-13));
});
