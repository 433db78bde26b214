/**
 * Looks at every link while it streams by: finite numbers, unitarity, determinant, mean trace, and signs or zeros that other codes fold
 * into links. Nothing is repaired.
 */
import type { Comm } from "../backend/index.ts";
import { FileFormatError } from "../errors.ts";
import { gatherNumbers } from "./together.ts";
import { type LinkSink, type Precision, volumeOf } from "./gauge-data.ts";

/** Largest deviations over all links. */
export interface UnitarityReport {
  /** max |(U U^+ - 1)_ij| */
  readonly unitarity: number;
  /** max |det U - 1|; 0 for U(1). */
  readonly determinant: number;
}

/** A pattern of signs that a code may have multiplied into the links. */
export interface Folding {
  readonly text: string;
  /** True where the sign is -1. */
  readonly negative: (mu: number, x: readonly number[]) => boolean;
}

/**
 * Largest deviation from the group that rounding explains, max |(U U^+ - 1)_ij| and the phase of det U: links of single precision, of two rebuilt rows and of sums
 * over N. Links beyond it enter no run, whatever format they come in.
 */
export function unitarityLimit(N: number): number {
  return 1e-6 * N;
}

/** Deviation above which a warning is due: nobody rounds double precision links to 1e-10. */
function warningLimit(N: number, precision: Precision): number {
  return precision === 32 ? unitarityLimit(N) : 1e-10;
}

/** No link of any code is so far off: data of something else. */
const BROKEN = 1e-3;

export class LinkInspector {
  unitarity = 0;
  determinant = 0;
  /** Largest unitarity deviation of a link that is not zero, and where. */
  worst = { deviation: 0, site: 0, mu: 0 };
  readonly #extents: readonly number[];
  readonly #N: number;
  readonly #name: string;
  readonly #work: Float64Array;
  #foldings: Folding[];
  #trace = 0;
  #negative = 0;
  /** Largest |det / |det| - 1| of links whose determinant is not -1: how far in U(N) they are from SU(N). */
  #phase = 0;
  #zero = 0;
  #zeroInLastSlice = 0;

  constructor(name: string, extents: readonly number[], N: number) {
    this.#name = name;
    this.#extents = extents;
    this.#N = N;
    this.#work = new Float64Array(2 * N * N);
    // a sign changes the determinant for odd N only
    this.#foldings = N > 1 && N % 2 === 1 ? foldings(extents) : [];
  }

  readonly add: LinkSink = (mu, sites, data, offset, stride) => {
    for (let k = 0; k < sites.length; k++) this.#link(mu, sites[k]!, data, offset + k * stride);
  };

  /** What all ranks have seen, each its own links. Collective. */
  join(comm: Comm): void {
    if (comm.size === 1) return;
    const all = foldings(this.#extents);
    const { deviation, site, mu } = this.worst;
    const told = gatherNumbers(comm, [this.unitarity, this.determinant, this.#phase, this.#trace, this.#negative, this.#zero, this.#zeroInLastSlice, deviation, site, mu, ...all.map(({ text }) => (this.#foldings.some((f) => f.text === text) ? 1 : 0))]);
    const [column, sum] = [(k: number): number[] => told.map((x) => x[k]!), (k: number): number => told.reduce((s, x) => s + x[k]!, 0)];
    [this.unitarity, this.determinant, this.#phase] = [0, 1, 2].map((k) => Math.max(...column(k))) as [number, number, number];
    [this.#trace, this.#negative, this.#zero, this.#zeroInLastSlice] = [3, 4, 5, 6].map(sum) as [number, number, number, number];
    // of equal ones the first site, as one process would have met it
    const [worst] = told.toSorted((a, b) => b[7]! - a[7]! || a[8]! - b[8]!);
    this.worst = { deviation: worst![7]!, site: worst![8]!, mu: worst![9]! };
    this.#foldings = all.filter((_, k) => column(10 + k).every((x) => x === 1));
  }

  /** Mean of Re tr U / N. */
  get linkTrace(): number {
    return this.#trace / this.#N / (volumeOf(this.#extents) * this.#extents.length);
  }

  get report(): UnitarityReport {
    return { unitarity: this.unitarity, determinant: this.determinant };
  }

  /** Where the signs are that a code has multiplied into the links; undefined when there are none, or in no known pattern. */
  get folding(): Folding | undefined {
    return this.#negative > 0 ? this.#foldings[0] : undefined;
  }

  /** True when links deviate from unitary ones so far that they can be no group elements. */
  get broken(): boolean {
    return this.worst.deviation > BROKEN;
  }

  /** Everything that a user must know about the links, one sentence each. */
  warnings(precision: Precision, rebuilt: boolean): string[] {
    const out: string[] = [];
    const tolerance = warningLimit(this.#N, precision);
    const open = this.#openBoundary;
    if (open) out.push("open boundary in time: the time links of the last slice are zero");
    else if (this.#zero > 0) out.push(`${this.#zero} links are zero`);
    if (this.worst.deviation > tolerance) {
      const x = this.#coordinates(this.worst.site);
      out.push(`links are not unitary: largest deviation ${this.worst.deviation.toExponential(2)} at site (${x.join(",")}) direction ${this.worst.mu}, expected at most ${tolerance}${rebuilt ? "; the last row was rebuilt from the others, which is meaningless for smeared links" : ""}`);
    }
    const folded = this.folding;
    if (folded) out.push(`${folded.text} folded into the links (determinant -1 on ${this.#negative} of them)`);
    else if (this.#negative > 0) out.push(`${this.#negative} links have determinant -1`);
    else if (!open && this.#zero === 0 && this.determinant > tolerance && this.worst.deviation <= tolerance) out.push(`links are in U(${this.#N}), not SU(${this.#N}): largest |det - 1| is ${this.determinant.toExponential(2)}`);
    return out;
  }

  /** Why the links are none of the group beyond rounding; undefined when they are, up to the sign of a known pattern. */
  get offGroup(): string | undefined {
    const limit = unitarityLimit(this.#N);
    const { deviation, site, mu } = this.worst;
    if (this.#zero > 0) return this.#openBoundary ? "the time links of the last slice are zero (open boundary)" : `${this.#zero} links are zero`;
    if (deviation > limit) return `links are off the group by ${deviation.toExponential(2)} at site (${this.#coordinates(site).join(",")}) direction ${mu}, rounding explains ${limit}`;
    if (this.#phase > limit) return `links are in U(${this.#N}), not SU(${this.#N}): the phase of a determinant is off by ${this.#phase.toExponential(2)}, rounding explains ${limit}`;
    return this.#negative > 0 && this.#foldings.length === 0 ? `${this.#negative} links have determinant -1, in no known pattern` : undefined;
  }

  get #openBoundary(): boolean {
    const lastSlice = volumeOf(this.#extents) / this.#extents.at(-1)!;
    return this.#zero > 0 && this.#zero === lastSlice && this.#zeroInLastSlice === lastSlice;
  }

  #coordinates(n: number): number[] {
    return this.#extents.map((L) => {
      const x = n % L;
      n = (n - x) / L;
      return x;
    });
  }

  #link(mu: number, site: number, a: Float64Array, at: number): void {
    const N = this.#N;
    const size = 2 * N * N;
    let largest = 0;
    for (let k = 0; k < size; k++) {
      const x = Math.abs(a[at + k]!);
      if (!(x <= 1e30)) throw new FileFormatError(`${this.#name}: got ${a[at + k]} in the link at site (${this.#coordinates(site).join(",")}) direction ${mu}, expected finite numbers: the file is damaged or its byte order is not what its header says`);
      if (x > largest) largest = x;
    }
    let deviation = 0;
    for (let i = 0; i < N; i++)
      for (let j = 0; j <= i; j++) {
        let [re, im] = [i === j ? -1 : 0, 0];
        for (let k = 0; k < N; k++) {
          const [p, q] = [at + 2 * (i * N + k), at + 2 * (j * N + k)];
          re += a[p]! * a[q]! + a[p + 1]! * a[q + 1]!;
          im += a[p + 1]! * a[q]! - a[p]! * a[q + 1]!;
        }
        const d = Math.sqrt(re * re + im * im);
        if (d > deviation) deviation = d;
      }
    if (deviation > this.unitarity) this.unitarity = deviation;
    for (let i = 0; i < N; i++) this.#trace += a[at + 2 * (i * N + i)]!;
    if (largest === 0) {
      this.#zero++;
      const last = this.#extents.length - 1;
      if (mu === last && this.#coordinates(site)[last] === this.#extents[last]! - 1) this.#zeroInLastSlice++;
    } else if (deviation > this.worst.deviation) this.worst = { deviation, site, mu };
    if (N > 1) this.#sign(mu, site, a, at);
  }

  /** Determinant, and the foldings that it still allows. */
  #sign(mu: number, site: number, a: Float64Array, at: number): void {
    const [re, im] = determinant(a, at, this.#N, this.#work);
    const d = Math.sqrt((re - 1) * (re - 1) + im * im);
    if (d > this.determinant) this.determinant = d;
    const negative = this.#N % 2 === 1 && Math.abs(re + 1) + Math.abs(im) < 1e-2;
    if (negative) this.#negative++;
    else {
      const size = Math.sqrt(re * re + im * im);
      // of a singular matrix unitarity says enough
      const p = size > 0 ? Math.sqrt((re / size - 1) ** 2 + (im / size) ** 2) : 0;
      if (p > this.#phase) this.#phase = p;
    }
    if (this.#foldings.length === 0) return;
    const x = this.#coordinates(site);
    this.#foldings = this.#foldings.filter((f) => f.negative(mu, x) === negative);
  }
}

/** Signs that codes are known to fold in: the antiperiodic boundary in time, staggered phases in two orders, and both together. */
function foldings(extents: readonly number[]): Folding[] {
  const t = extents.length - 1;
  const odd = (x: readonly number[], from: number, to: number): boolean => {
    let s = 0;
    for (let k = from; k < to; k++) s += x[k]!;
    return s % 2 === 1;
  };
  const boundary = (mu: number, x: readonly number[]): boolean => mu === t && x[t] === extents[t]! - 1;
  const staggered = (mu: number, x: readonly number[]): boolean => odd(x, 0, mu);
  // time first: eta_t = 1, eta_x = (-1)^t, eta_y = (-1)^(t+x), ...
  const timeFirst = (mu: number, x: readonly number[]): boolean => mu !== t && (x[t]! % 2 === 1) !== odd(x, 0, mu);
  const both = (f: Folding["negative"]): Folding["negative"] => (mu, x) => f(mu, x) !== boundary(mu, x);
  return [
    { text: "the antiperiodic sign of the last time slice is", negative: boundary },
    { text: "Kogut-Susskind phases (order x, y, z, t) are", negative: staggered },
    { text: "Kogut-Susskind phases (order t, x, y, z) are", negative: timeFirst },
    { text: "Kogut-Susskind phases (order x, y, z, t) and the antiperiodic sign are", negative: both(staggered) },
    { text: "Kogut-Susskind phases (order t, x, y, z) and the antiperiodic sign are", negative: both(timeFirst) },
  ];
}

/** Determinant of the N x N matrix at a[at], by elimination with pivots. */
function determinant(a: Float64Array, at: number, N: number, work: Float64Array): readonly [number, number] {
  const m = work;
  for (let k = 0; k < 2 * N * N; k++) m[k] = a[at + k]!;
  let [re, im] = [1, 0];
  for (let c = 0; c < N; c++) {
    let [pivot, size] = [c, -1];
    for (let r = c; r < N; r++) {
      const s = m[2 * (r * N + c)]! ** 2 + m[2 * (r * N + c) + 1]! ** 2;
      if (s > size) [pivot, size] = [r, s];
    }
    if (size <= 0) return [0, 0];
    if (pivot !== c) {
      for (let k = 0; k < 2 * N; k++) {
        const x = m[2 * c * N + k]!;
        m[2 * c * N + k] = m[2 * pivot * N + k]!;
        m[2 * pivot * N + k] = x;
      }
      re = -re;
      im = -im;
    }
    const [pr, pi] = [m[2 * (c * N + c)]!, m[2 * (c * N + c) + 1]!];
    [re, im] = [re * pr - im * pi, re * pi + im * pr];
    for (let r = c + 1; r < N; r++) {
      const [xr, xi] = [m[2 * (r * N + c)]!, m[2 * (r * N + c) + 1]!];
      const [fr, fi] = [(xr * pr + xi * pi) / size, (xi * pr - xr * pi) / size];
      for (let k = c + 1; k < N; k++) {
        const [yr, yi] = [m[2 * (c * N + k)]!, m[2 * (c * N + k) + 1]!];
        m[2 * (r * N + k)]! -= fr * yr - fi * yi;
        m[2 * (r * N + k) + 1]! -= fr * yi + fi * yr;
      }
    }
  }
  return [re, im];
}
