/**
 * What an engine promises, tried at its start against float64 arithmetic on the host: complex products (which formulation is right, and
 * whether matrix products round their inputs to TF32), gathers, selections and sums, and whether uploads go on reading the host's array.
 */
import { BackendError } from "../../errors.ts";
import type { Arrays, DeviceArray } from "./arrays.ts";
import { Numbers } from "./numbers.ts";
import { type Formulation, type FormulationName, formulations } from "./products.ts";

export interface SelfTest {
  readonly formulation: Formulation;
  /** Largest error of a product relative to the norms of its factors. */
  readonly error: number;
}

const BATCH = 29;

/** Numbers in (-1, 1) without structure. */
function noise(length: number, salt: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => {
    const x = Math.sin((k + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

/** Largest |C_ij - (AB)_ij| / (|A_i| |B_j|) over a batch of n x m times m x p products, of factors or of the adjoints of factors that are uploaded as such. */
export function productError(b: Arrays, f: Formulation, [n, m, p]: readonly [number, number, number], batch = BATCH, adjointX = false, adjointY = false): number {
  const shape = (r: number, c: number): number[] => (f.sitesFirst ? [batch, r, c] : [r, c, batch]);
  const at = (r: number, c: number, v: number, i: number, j: number): number => (f.sitesFirst ? (v * r + i) * c + j : (i * c + j) * batch + v);
  const make = (r: number, c: number, salt: number, adjoint: boolean): { z: Numbers; re: Float64Array; im: Float64Array } => {
    const [re, im] = [noise(batch * r * c, salt), noise(batch * r * c, salt + 1)];
    if (!adjoint) return { z: Numbers.of(b, b.upload(re, shape(r, c)), b.upload(im, shape(r, c))), re, im };
    const [s, t] = [new Float64Array(re.length), new Float64Array(re.length)];
    for (let v = 0; v < batch; v++)
      for (let i = 0; i < r; i++)
        for (let j = 0; j < c; j++) [s[at(c, r, v, j, i)], t[at(c, r, v, j, i)]] = [re[at(r, c, v, i, j)]!, -im[at(r, c, v, i, j)]!];
    return { z: Numbers.of(b, b.upload(s, shape(c, r)), b.upload(t, shape(c, r))), re, im };
  };
  const mark = b.mark();
  const [x, y] = [make(n, m, 1, adjointX), make(m, p, 3, adjointY)];
  const out = f.product(b, x.z, y.z, adjointX, adjointY);
  const [re, im] = [b.download(out.re), b.download(out.im)];
  b.sweep(mark, []);
  if (re.length !== batch * n * p || im.length !== batch * n * p) return Infinity;
  let worst = 0;
  for (let v = 0; v < batch; v++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < p; j++) {
        let [sr, si, a2, b2] = [0, 0, 0, 0];
        for (let k = 0; k < m; k++) {
          const [p1, q1] = [at(n, m, v, i, k), at(m, p, v, k, j)];
          const [ar, ai, br, bi] = [x.re[p1]!, x.im[p1]!, y.re[q1]!, y.im[q1]!];
          sr += ar * br - ai * bi;
          si += ar * bi + ai * br;
          a2 += ar * ar + ai * ai;
          b2 += br * br + bi * bi;
        }
        const o = at(n, p, v, i, j);
        const error = Math.hypot(re[o]! - sr, im[o]! - si) / Math.sqrt(a2 * b2);
        worst = error <= worst ? worst : Number.isNaN(error) ? Infinity : error;
      }
  return worst;
}

/** True when an uploaded array changes with the host's array. */
export function uploadsAlias(b: Arrays): boolean {
  const mark = b.mark();
  const host = noise(64, 9);
  const x = b.upload(host, [64]);
  const before = b.download(x);
  host.fill(7);
  const twice = b.download(b.binary("add", x, x));
  b.sweep(mark, []);
  return twice.some((v, k) => v !== 2 * before[k]!);
}

/** Products of one size after the other: square, matrix times vector, outer, and one long enough to show rounded inputs. */
const SHAPES = [[3, 3, 3], [3, 3, 1], [3, 1, 3], [2, 2, 2], [12, 12, 12]] as const;

/** Adjoints of the first, the second or both factors. */
const FLAGS = [[true, false], [false, true], [true, true]] as const;

/** Errors of float products stay below 8 roundoffs; inputs rounded to 10 bits show at 2^-12 and above. */
function classify(error: number, roundoff: number): "right" | "rounded" | "wrong" {
  if (error < 8 * roundoff) return "right";
  return error < 2 ** -8 ? "rounded" : "wrong";
}

/**
 * The first of the candidates that computes right products.
 * @throws BackendError when matrix products use TF32, or nothing computes right results.
 */
export function selfTest(b: Arrays, candidates: readonly FormulationName[], engine: string): SelfTest {
  basics(b, engine);
  if (uploadsAlias(b)) throw new BackendError(`tfjs ${engine}: an uploaded array changes with the host's array, expected a copy: this version of the package cannot be used`);
  const seen: string[] = [];
  for (const name of candidates) {
    let error: number;
    try {
      error = Math.max(...SHAPES.map((s) => productError(b, formulations[name], s)), ...FLAGS.map(([x, y]) => productError(b, formulations[name], [3, 2, 4], BATCH, x, y)));
      if (formulations[name].packed && !packedIsRight(b)) error = Infinity;
    } catch (e) {
      seen.push(`${name}: ${e instanceof Error ? e.message.split("\n")[0]! : String(e)}`);
      continue;
    }
    const verdict = classify(error, b.roundoff);
    if (verdict === "right") return { formulation: formulations[name], error };
    if (verdict === "rounded")
      throw new BackendError(`tfjs ${engine}: matrix products have relative errors of ${error.toExponential(1)}, expected below ${(8 * b.roundoff).toExponential(1)}: the device rounds to TF32: start with NVIDIA_TF32_OVERRIDE=0 in the environment`);
    seen.push(`${name}: error ${error.toExponential(1)}`);
  }
  throw new BackendError(`tfjs ${engine}: no formulation of complex products is right (${seen.join("; ")}), expected one: this version of the package cannot be used`);
}

/** Does what moves and adds packed complex numbers do so? On numbers that float32 holds exactly. */
function packedIsRight(b: Arrays): boolean {
  const mark = b.mark();
  const c = b.complex!;
  const [re, im] = [1, -7].map((a) => Float64Array.from({ length: 12 }, (_, k) => a + 3 * k)) as [Float64Array, Float64Array];
  const z = c.pack(b.upload(re, [2, 2, 3]), b.upload(im, [2, 2, 3]));
  const sites = b.uploadIndices(Int32Array.of(1, 0, 1));
  const site = (n: number): number => 6 * ((1 + Math.floor(n / 6)) % 2) + (n % 6);
  /** Position in the array that was uploaded, of entry (v, i, j) of the transpose. */
  const flipped = (n: number): number => 6 * Math.floor(n / 6) + 3 * (n % 2) + (Math.floor(n / 2) % 3);
  const wrong = ([
    [b.gather(z, sites, 0), (n) => [re[site(n)]!, im[site(n)]!]],
    [b.concat([z, z], 0), (n) => [re[n % 12]!, im[n % 12]!]],
    [b.slice(z, [1, 0, 0], [1, 2, 3]), (n) => [re[6 + n]!, im[6 + n]!]],
    [b.sum(z, [0], true), (n) => [re[n]! + re[n + 6]!, im[n]! + im[n + 6]!]],
    [c.conj(z), (n) => [re[n]!, -im[n]!]],
    [c.adjoint(z), (n) => [re[flipped(n)]!, -im[flipped(n)]!]],
    [b.binary("mul", c.number(2), z), (n) => [2 * re[n]!, 2 * im[n]!]],
    [b.binary("sub", c.lift(b.upload(re, [2, 2, 3])), z), (n) => [0, -im[n]!]],
    [b.positive(b.upload(Float64Array.of(1, -1), [2, 1, 1]), z, c.conj(z)), (n) => [re[n]!, n < 6 ? im[n]! : -im[n]!]],
  ] as [DeviceArray, (n: number) => [number, number]][]).some(([x, want]) => {
    const parts = [b.download(c.re(x)), b.download(c.im(x))];
    return parts.some((p, k) => p.length === 0 || p.some((v, n) => v !== want(n)[k]));
  });
  b.sweep(mark, []);
  b.letGo();
  return !wrong;
}

/** Gather, select, transpose, slice, concat and sum on numbers that float32 holds exactly. */
function basics(b: Arrays, engine: string): void {
  const mark = b.mark();
  const data = Float64Array.from({ length: 24 }, (_, k) => k - 11);
  const x = b.upload(data, [2, 3, 4]);
  const index = Int32Array.of(3, 0, 2, 1);
  const at = (i: number, j: number, k: number): number => data[(i * 3 + j) * 4 + k]!;
  const expected: [string, Float64Array, (n: number) => number][] = [
    ["gather", b.download(b.gather(x, b.uploadIndices(index), 2)), (n) => at(Math.floor(n / 12), Math.floor(n / 4) % 3, index[n % 4]!)],
    ["select", b.download(b.positive(x, x, b.upload(new Float64Array(1), []))), (n) => Math.max(data[n]!, 0)],
    ["transpose", b.download(b.transpose(x, [1, 0, 2])), (n) => at(Math.floor(n / 4) % 2, Math.floor(n / 8), n % 4)],
    ["slice", b.download(b.slice(x, [0, 1, 0], [2, 1, 4])), (n) => at(Math.floor(n / 4), 1, n % 4)],
    ["concat", b.download(b.concat([x, x], 1)), (n) => at(Math.floor(n / 24), Math.floor(n / 4) % 3, n % 4)],
    ["sum", b.download(b.sum(x, [0, 1])), (n) => 6 * n - 6],
    ["multiply", b.download(b.binary("mul", x, b.upload(Float64Array.of(1, 2), [2, 1, 1]))), (n) => data[n]! * (n < 12 ? 1 : 2)],
  ];
  b.sweep(mark, []);
  b.letGo();
  for (const [name, got, want] of expected) {
    const n = got.findIndex((v, k) => v !== want(k));
    if (n >= 0) throw new BackendError(`tfjs ${engine}: ${name} gave ${got[n]}, expected ${want(n)}: this version of the package cannot be used`);
  }
}
