/** Numbers of other codes: the Rust port's forces and shifts, and the reproducible hot start of Gaugefields.jl. */
import { describe, expect, test } from "vitest";
import { DirectionalField, type LinkField } from "../../src/autograd/index.ts";
import { SU, cold, gaugeAction, gradientFlow, lattice, namedLoops, plaquettes, unitarityDefect, wilsonLoop } from "../../src/gauge/index.ts";
import { toGroup } from "../../src/gauge/unitarity.ts";

/**
 * Gaugefields.jl's reproducible start: a Lehmer generator (128 bits, seed 123) that restarts for every direction; sites with t outermost,
 * columns before rows, re and im uniform in [-1/2, 1/2], then normalised.
 */
function reproducible(extents: number[], N: number): LinkField {
  const mask = (1n << 128n) - 1n;
  let state = 247n;
  const bits = new DataView(new ArrayBuffer(8));
  const uniform = (): number => {
    state = (state * 0x45a31efc5a35d971261fd0407a968addn) & mask;
    bits.setBigUint64(0, ((state >> 64n) & 0xfffffffffffffn) | 0x3ff0000000000000n);
    return bits.getFloat64(0) - 1;
  };
  const geo = lattice(extents);
  const size = 2 * N * N;
  const u = new Float64Array(geo.volume * size);
  for (let n = 0; n < geo.volume; n++)
    for (let j = 0; j < N; j++) for (let i = 0; i < N; i++) u.set([uniform() - 0.5, uniform() - 0.5], n * size + 2 * (i * N + j));
  for (let n = 0; n < geo.volume; n++) normalise(u, n * size, N);
  return new DirectionalField(geo, N, "links").set(extents.map(() => u));
}

/** N = 2: from the first column; N = 3: rows; larger N: Gram-Schmidt on the columns, the determinant stays. */
function normalise(u: Float64Array, at: number, N: number): void {
  if (N === 2) {
    const [ar, ai, br, bi] = [u[at]!, u[at + 1]!, u[at + 4]!, u[at + 5]!];
    const r = Math.hypot(ar, ai, br, bi);
    u.set([ar, ai, -br, bi, br, bi, ar, -ai].map((x) => x / r), at);
    return;
  }
  if (N === 3) {
    toGroup(u, at, 3);
    return;
  }
  const z = (i: number, j: number): number => at + 2 * (i * N + j);
  for (let j = 0; j < N; j++) {
    for (let k = 0; k < j; k++) {
      let [re, im] = [0, 0];
      for (let i = 0; i < N; i++) {
        re += u[z(i, k)]! * u[z(i, j)]! + u[z(i, k) + 1]! * u[z(i, j) + 1]!;
        im += u[z(i, k)]! * u[z(i, j) + 1]! - u[z(i, k) + 1]! * u[z(i, j)]!;
      }
      for (let i = 0; i < N; i++) {
        const [x, y] = [u[z(i, k)]!, u[z(i, k) + 1]!];
        u[z(i, j)]! -= re * x - im * y;
        u[z(i, j) + 1]! -= re * y + im * x;
      }
    }
    let norm = 0;
    for (let i = 0; i < N; i++) norm += u[z(i, j)]! ** 2 + u[z(i, j) + 1]! ** 2;
    for (let i = 0; i < N; i++) for (const c of [0, 1]) u[z(i, j) + c]! /= Math.sqrt(norm);
  }
}

describe("reproducible hot start of Gaugefields.jl", () => {
  test.each([
    [2, [4, 4, 4, 4], 0.0002565633289190507],
    [3, [4, 4, 4, 4], 0.008449494077606137],
    [4, [4, 4, 4, 4], 0.0029731967994215515],
    [5, [4, 4, 4, 4], -0.0005506443879866896],
    [2, [4, 4], -0.09978762099361757],
    [3, [4, 4], 0.046263787757668186],
    [4, [4, 4], 0.03150732915218983],
  ] as [number, number[], number][])("N = %i on %j: plaquette %f", (N, extents, plaquette) => {
    const U = reproducible(extents, N);
    expect(unitarityDefect(U).unitarity).toBeLessThan(1e-12);
    expect(Math.abs(plaquettes(U).mean - plaquette)).toBeLessThan(2e-14);
  });

  test.each([[2, 0.9440125563836135], [3, 0.8786515255315753]])("Wilson flow of it to t = 1, N = %i", (N, plaquette) => {
    const U = reproducible([4, 4, 4, 4], N);
    gradientFlow({ action: "wilson", step: 0.01 }).advance(U, 100);
    expect(Math.abs(plaquettes(U).mean - plaquette)).toBeLessThan(1e-11);
  });
});

test("one modified link: U_x(0) = diag(e^{1.1i}, e^{-1.1i}, 1)", () => {
  const U = cold(lattice([4, 4, 4, 4]), SU(3));
  const data = U.fields.map((u) => u.toArray());
  data[0]!.set([Math.cos(1.1), Math.sin(1.1)], 0);
  data[0]!.set([Math.cos(1.1), -Math.sin(1.1)], 8);
  U.set(data);
  expect(Math.abs(plaquettes(U).mean - 0.998577073232879)).toBeLessThan(1e-15);
  expect(Math.abs(wilsonLoop(U, 1, 1) - (1 + (4 * (Math.cos(1.1) - 1)) / (9 * 256)))).toBeLessThan(1e-15);
  // S counts 6 plaquettes around the link
  expect(Math.abs(gaugeAction.wilson({ beta: 1 }).value(U) - 4 * (1 - Math.cos(1.1)))).toBeLessThan(1e-12);
  expect(namedLoops(U.lattice, "plaquette")).toHaveLength(6);
});
