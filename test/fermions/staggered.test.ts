/** The staggered operator against one written out site by site and against fingerprints of another code. */
import { describe, expect, test } from "vitest";
import { DirectionalField, Field, type LinkField, type VectorType, add, antiperiodic, closedFormLinks, lattice, record, scale, staggeredD, staggeredNormal, staggeredType, sub } from "gaugegrad";
import { GeometryError } from "../../src/errors.ts";
import { type Dense, denseStaggered } from "./helpers.ts";

function filled(f: Field<VectorType>): Field<VectorType> {
  return f.set(new Float64Array(f.length).map((_, i) => Math.sin(1 + 0.7 * i) + 0.1 * Math.cos(0.3 * i * i)));
}

function times({ n, data }: Dense, v: Float64Array): Float64Array {
  const out = new Float64Array(2 * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const [re, im] = [data[2 * (i * n + j)]!, data[2 * (i * n + j) + 1]!];
      out[2 * i]! += re * v[2 * j]! - im * v[2 * j + 1]!;
      out[2 * i + 1]! += re * v[2 * j + 1]! + im * v[2 * j]!;
    }
  return out;
}

const distance = (a: Float64Array, b: Float64Array): number => a.reduce((w, x, i) => Math.max(w, Math.abs(x - b[i]!)), 0);

/** Re and Im of a^+ b. */
function inner(a: Float64Array, b: Float64Array): [number, number] {
  let [re, im] = [0, 0];
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return [re, im];
}

const cases: { extents: number[]; N: number; boundary: readonly (1 | -1)[] }[] = [
  { extents: [4, 6], N: 1, boundary: [1, -1] },
  { extents: [2, 4], N: 3, boundary: [-1, 1] },
  { extents: [4, 2, 4], N: 2, boundary: [1, -1, -1] },
  { extents: [2, 4, 2, 4], N: 3, boundary: [1, 1, 1, -1] },
  { extents: [2, 2, 2, 2], N: 4, boundary: [1, 1, 1, 1] },
];

describe.each(["js", "wasm"] as const)("operator, backend %s", (backend) => {
  test.each(cases)("$extents N=$N boundary $boundary", ({ extents, N, boundary }) => {
    const geo = lattice(extents, { backend });
    const U = closedFormLinks(geo, N, 0.8) as LinkField;
    const chi = filled(new Field(geo, staggeredType(geo, N, { boundary }))) as Field<VectorType>;
    const dense = denseStaggered(U, boundary);
    const v = chi.toArray();
    const D = record((u, x) => staggeredD(u, x), U, chi).fresh(U, chi).toArray();
    expect(distance(D, times(dense, v))).toBeLessThan(1e-14);
    const normal = record((u, x, m) => staggeredNormal(u, x, m), U, chi, 0.3).fresh(U, chi, 0.3).toArray();
    const expected = times(dense, times(dense, v)).map((x, i) => 0.09 * v[i]! - x);
    expect(distance(normal, expected)).toBeLessThan(2e-14);
    // parity: the even part of D^2 chi is D^2 of the even part
    const even = new Field(geo, staggeredType(geo, N, { boundary, domain: "even" })).set(v);
    const half = record((u, x, m) => staggeredNormal(u, x, m), U, even, 0.3).fresh(U, even, 0.3).toArray();
    half.forEach((x, i) => expect(Math.abs(x - (geo.parity(Math.floor(i / (2 * N))) === 0 ? expected[i]! : 0))).toBeLessThan(2e-14));
    // anti-hermitian
    const other = filled(chi.clone()).toArray().map((x, i) => Math.cos(x + i));
    const [l, r] = [inner(other, D), inner(record((u, x) => staggeredD(u, x), U, chi).fresh(U, chi.clone().set(other)).toArray(), v)];
    expect(Math.abs(l[0] + r[0])).toBeLessThan(1e-12);
    expect(Math.abs(l[1] + r[1])).toBeLessThan(1e-12);
  });
});

test("sum of lambda^2 = V N D / 2 for unitary links: minus the trace of D^2", () => {
  const geo = lattice([4, 4, 4, 4]);
  const { n, data } = denseStaggered(closedFormLinks(geo, 2, 0.8) as LinkField, antiperiodic(geo));
  // D is anti-hermitian: -tr D^2 = sum |D_ij|^2
  expect(Math.abs(data.reduce((s, x) => s + x * x, 0) / ((n * 4) / 2) - 1)).toBeLessThan(1e-13);
});

test("fingerprints of (m+D) psi and (m-D) psi on links that are not unitary", () => {
  const geo = lattice([4, 2, 2, 2]);
  const U = new DirectionalField(geo, 3, "links");
  const site = (n: number): number[] => geo.coordinates(n).map((x) => x + 1);
  U.set(
    geo.extents.map((_, mu) => {
      const out = new Float64Array(geo.volume * 18);
      for (let n = 0; n < geo.volume; n++) {
        const [x, y, z, t] = site(n) as [number, number, number, number];
        const s = x + 3 * y + 5 * z + 7 * t;
        for (let r = 1; r <= 3; r++)
          for (let c = 1; c <= 3; c++) {
            out[n * 18 + 2 * (3 * (r - 1) + c - 1)] = 0.013 * (2 * r - c + s + 3 * (mu + 1));
            out[n * 18 + 2 * (3 * (r - 1) + c - 1) + 1] = 0.017 * (r + 2 * c - s + mu + 1);
          }
      }
      return out;
    }),
  );
  const psi = new Field(geo, staggeredType(geo, 3));
  const data = new Float64Array(psi.length);
  for (let n = 0; n < geo.volume; n++) {
    const [x, y, z, t] = site(n) as [number, number, number, number];
    const w = x + 2 * y + 4 * z + 8 * t;
    for (let c = 1; c <= 3; c++) {
      data[6 * n + 2 * (c - 1)] = 0.019 * (c + w);
      data[6 * n + 2 * (c - 1) + 1] = 0.023 * (2 * c - w);
    }
  }
  psi.set(data);
  const plan = record((u, x, m) => ({ plus: add(scale(m, x), staggeredD(u, x)), minus: sub(scale(m, x), staggeredD(u, x)) }), U, psi, 0.17);
  const { plus, minus } = plan.fresh(U, psi, 0.17);
  const fingerprint = (v: Float64Array): number[] => {
    const s = [0, 0, 0, 0, 0];
    for (let k = 0; k < v.length / 2; k++) {
      const [re, im] = [v[2 * k]!, v[2 * k + 1]!];
      [re, im, (k + 1) * re, (k + 1) * im, re * re + im * im].forEach((x, i) => (s[i]! += x));
    }
    return s;
  };
  const expected = [
    [-32.418504, -50.125176, -1997.541064, -2931.774184, 227.22356287198397],
    [48.232584, 35.486136, 2845.403144, 2125.375784, 227.22356287198406],
  ];
  [plus, minus].forEach((f, k) => fingerprint(f.toArray()).forEach((x, i) => expect(Math.abs(x / expected[k]![i]! - 1)).toBeLessThan(1e-13)));
});

test("odd extents and boundary signs of another dimension are refused", () => {
  expect(() => staggeredType(lattice([3, 4]), 1)).toThrow(GeometryError);
  expect(() => staggeredType(lattice([4, 4]), 1, { boundary: [1, 1, -1] })).toThrow(GeometryError);
});
