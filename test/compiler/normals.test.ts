/** Random fields have the bits of the formula written out here, on every backend and for any number of threads. */
import { describe, expect, test } from "vitest";
import { DirectionalField, Field, type ValueType, complexType, drawNormals, realType, spinType, vectorType } from "../../src/autograd/index.ts";
import { domainOf } from "../../src/autograd/types.ts";
import { type EngineOptions, makeLattice } from "../../src/compiler/index.ts";
import type { HeapStorage } from "../../src/compiler/machine.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import { GeometryError } from "../../src/errors.ts";
import { drawGaussian } from "../../src/fermions/gaussian.ts";
import { drawMomenta } from "../../src/samplers/movable.ts";
import { PURPOSE, SparseMap, philox, randomStream } from "../../src/util/index.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
if (missing) console.log(`native backends skipped: ${missing}`);

const SEED = 12345678901;
const STREAM = 7;
const TRAJECTORY = 1_000_003;
const random = randomStream(SEED, STREAM);

/** The pair of normal numbers of a counter. */
function pair(site: number, component: number, purpose: number): [number, number] {
  const w = new Uint32Array(4);
  philox([site, component, TRAJECTORY, purpose], [SEED % 2 ** 32, (STREAM ^ (Math.floor(SEED / 2 ** 32) << 11)) >>> 0], w);
  const uniform = (high: number, low: number): number => (high * 2 ** 20 + (low >>> 12) + 0.5) * 2 ** -52;
  const r = Math.sqrt(-2 * Math.log(uniform(w[0]!, w[1]!)));
  const phi = 2 * Math.PI * uniform(w[2]!, w[3]!);
  return [r * Math.cos(phi), r * Math.sin(phi)];
}

/** Number k of a site. */
const normal = (site: number, k: number, purpose: number): number => pair(site, k >> 1, purpose)[k & 1]!;

/** sum_a x^a T_a with the generators in their order, added one after the other. */
function element(N: number, x: readonly number[]): number[] {
  const m = Array.from({ length: 2 * N * N }, () => 0);
  if (N === 1) return [0, x[0]!];
  let a = 0;
  const add = (i: number, j: number, part: number, y: number): void => void (m[2 * (i * N + j) + part]! += y);
  const offDiagonal = (i: number, j: number): void => {
    const [s, t] = [x[a++]! / 2, x[a++]! / 2];
    add(i, j, 1, s);
    add(j, i, 1, s);
    add(i, j, 0, t);
    add(j, i, 0, -t);
  };
  const diagonal = (i: number): void => {
    const c = x[a++]! / 2;
    const norm = Math.sqrt(2 / (i * (i + 1)));
    for (let k = 0; k < i; k++) add(k, k, 1, c * norm);
    add(i, i, 1, -i * c * norm);
  };
  if (N === 3) {
    offDiagonal(0, 1);
    diagonal(1);
    offDiagonal(0, 2);
    offDiagonal(1, 2);
    diagonal(2);
    return m;
  }
  for (let i = 0; i < N; i++) for (let j = i + 1; j < N; j++) offDiagonal(i, j);
  for (let i = 1; i < N; i++) diagonal(i);
  return m;
}

const BACKENDS: [name: string, options: EngineOptions][] = [
  ["js", { backend: "js" }],
  ["wasm", { backend: "wasm", threads: 1 }],
  ["wasm, two threads", { backend: "wasm", threads: 2 }],
  ...(missing ? [] : ([["native", { backend: "native", threads: 2 }]] as [string, EngineOptions][])),
];
/** Odd extents have one lane in a block; the larger lattices have chunks for two threads. */
const LATTICES = [[4, 6], [3, 5], [16, 32], [4, 4, 2], [9, 7, 9], [4, 2, 6, 4], [3, 2, 5, 1], [8, 8, 4, 4]];

describe.each(LATTICES.map((extents) => [extents.join("x"), extents] as const))("%s", (_, extents) => {
  const lattices = BACKENDS.map(([name, options]) => ({ name, lattice: makeLattice(extents, options) }));
  const { volume, dim, bipartite } = lattices[0]!.lattice;
  const sites = Array.from({ length: volume }, (_n, n) => n);

  test.each([1, 2, 3, 4])("momenta, N = %i", (N) => {
    const generators = N === 1 ? 1 : N * N - 1;
    const numbers = sites.map((n) => Array.from({ length: dim * generators }, (_k, k) => normal(n, k, PURPOSE.momentum)));
    const expected = Array.from({ length: dim }, (_mu, mu) => Float64Array.from(numbers.flatMap((x) => element(N, x.slice(mu * generators, (mu + 1) * generators)))));
    for (const { name, lattice } of lattices) {
      const P = new DirectionalField(lattice, N, "algebra");
      drawMomenta(P, random, TRAJECTORY);
      expected.forEach((x, mu) => expect(P.toArray(mu), `${name}, direction ${mu}`).toEqual(x));
    }
  });

  test.each([[1, 1], [3, 1], [3, 4]])("pseudofermion sources, N = %i, spin %i", (N, spin) => {
    const numbers = 2 * N * spin;
    const all = sites.flatMap((n) => Array.from({ length: numbers }, (_k, k) => Math.SQRT1_2 * pair(n, 3 * 4096 + (k >> 1), PURPOSE.pseudofermion)[k & 1]!));
    for (const { name, lattice } of lattices)
      for (const domain of bipartite ? (["all", "even", "odd"] as const) : (["all"] as const)) {
        const xi = new Field(lattice, vectorType(lattice, N, { domain, spin }));
        xi.set(new Float64Array(xi.length).fill(7));
        drawGaussian(xi, random, TRAJECTORY, 3);
        const parity = domain === "even" ? 0 : 1;
        const expected = Float64Array.from(all, (x, k) => (domain === "all" || lattice.parity(Math.floor(k / numbers)) === parity ? x : 0));
        expect(xi.toArray(), `${name}, ${domain}`).toEqual(expected);
      }
  });
});

describe.each(BACKENDS)("%s", (_, options) => {
  test("memory is as if the values had been written", () => {
    const lattice = makeLattice([4, 4, 2, 2], options);
    const engine = lattice.engine as KernelEngine;
    const map = new SparseMap(3, [
      [[{ input: 2, factor: 1.5 }]],
      [[{ input: 0, factor: 0.1, scale: 0.3 }, { input: 2, factor: -1 }], [], [{ input: 1, factor: 1 }, { input: 1, factor: 3 }, { input: 0, factor: 1 / 3 }]],
      [[], []],
    ]);
    const memory = ({ storage, type }: Field): Float64Array => {
      const { address, stride } = storage as HeapStorage;
      return Float64Array.from({ length: engine.bytes(type) / 8 }, (_k, k) => {
        const perBlock = engine.blockBytes(type) / 8;
        return engine.heap.f64[(address + Math.floor(k / perBlock) * stride) / 8 + (k % perBlock)]!;
      });
    };
    for (const domain of ["all", "even", "odd"] as const) {
      const types: ValueType[] = [realType(domain), spinType(false, domain), complexType(domain)];
      const drawn = engine.allocateGroup(types).map((storage, k) => new Field(lattice, types[k]!, storage));
      const written = types.map((t) => new Field(lattice, t));
      for (const f of drawn) {
        const { address, stride } = f.storage as HeapStorage;
        for (let b = 0; b < engine.layout.blocks; b++) engine.heap.f64.fill(7, (address + b * stride) / 8, (address + b * stride + engine.blockBytes(f.type)) / 8);
      }
      drawNormals(drawn, map, random, { first: 5, trajectory: TRAJECTORY, purpose: PURPOSE.user });
      const sites = Array.from({ length: lattice.volume }, (_n, n) => [...pair(n, 5, PURPOSE.user), pair(n, 6, PURPOSE.user)[0]] as const);
      written[0]!.set(Float64Array.from(sites, ([, , z]) => 1.5 * z));
      written[1]!.set(Float64Array.from(sites.flatMap(([x, y, z]) => [x * 0.1 * 0.3 - z, 0, y + 3 * y + x * (1 / 3)])));
      drawn.forEach((f, k) => {
        expect(domainOf(f.type)).toBe(domain);
        expect(memory(f)).toEqual(memory(written[k]!));
      });
    }
  });
});

test.each([2, 3, 8])("each of %i samples has the numbers of its own stream, which may change from draw to draw", (batch) => {
  for (const [name, options] of BACKENDS) {
    const [together, alone] = [makeLattice([4, 4, 2], { ...options, batch }), makeLattice([4, 4, 2], options)];
    for (const stream of [STREAM, 3])
      for (const domain of ["all", "even", "odd"] as const) {
        const [all, one] = [new Field(together, vectorType(together, 2, { domain })), new Field(alone, vectorType(alone, 2, { domain }))];
        all.set(new Float64Array(all.length).fill(7));
        drawGaussian(all, randomStream(SEED, stream), TRAJECTORY, 3);
        for (let b = 0; b < batch; b++) {
          drawGaussian(one, randomStream(SEED, stream + b), TRAJECTORY, 3);
          expect(all.toArray().subarray(b * one.length, (b + 1) * one.length), `${name}, ${domain}, sample ${b}`).toEqual(one.toArray());
        }
      }
  }
});

test("WebAssembly engines draw in their own memory", () => {
  const draws = (options: EngineOptions): boolean => makeLattice([4, 4], options).engine.drawNormals !== undefined;
  expect(draws({ backend: "wasm" })).toBe(true);
  expect(draws({ backend: "js" })).toBe(false);
  if (!missing) expect(draws({ backend: "native" })).toBe(true);
});

test("fields that do not fit the map are refused", () => {
  const lattice = makeLattice([4, 4]);
  const map = new SparseMap(2, [[[{ input: 0, factor: 1 }], [{ input: 1, factor: 1 }]], [[]]]);
  const counter = { first: 0, trajectory: 0, purpose: PURPOSE.user };
  const draw = (...types: ValueType[]) => (): void => drawNormals(types.map((t) => new Field(lattice, t)), map, random, counter);
  draw(complexType(), realType())();
  for (const wrong of [draw(complexType()), draw(realType(), complexType()), draw(complexType(), realType("even"))]) expect(wrong).toThrow(GeometryError);
  expect(draw(complexType(), realType("even"))).toThrow(/drawNormals: got complex, real \(even\), expected fields of 2, 1 components on one domain of one lattice/);
});
