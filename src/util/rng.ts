/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011). A number is a pure function of
 * (seed, stream; global site, component, trajectory, purpose), so it depends neither on the order of the calls nor on the number of
 * threads, and a run resumes without stored generator state.
 */
import { ConfigurationError } from "../errors.ts";

/** What random numbers are drawn for; part of the counter, so that no two uses share numbers. */
export const PURPOSE = Object.freeze({
  start: 1,
  gaugeTransformation: 2,
  momentum: 3,
  pseudofermion: 4,
  metropolis: 5,
  noise: 6,
  heatbath: 7,
  initialisation: 8,
  test: 9,
  training: 10,
  user: 16,
});

/** Multipliers and key increments of Philox4x32. */
export const PHILOX = Object.freeze({ M0: 0xd2511f53, M1: 0xcd9e8d57, W0: 0x9e3779b9, W1: 0xbb67ae85, rounds: 10 });
const { M0, M1, W0, W1 } = PHILOX;

/** High 32 bits of the product of two unsigned 32-bit integers, from products of 16 bits: no partial sum exceeds 32 bits. */
function mulhi(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const mid = (Math.imul(ah, bl) >>> 0) + (Math.imul(al, bl) >>> 16);
  const mid2 = (Math.imul(al, bh) >>> 0) + (mid & 0xffff);
  return (Math.imul(ah, bh) + (mid >>> 16) + (mid2 >>> 16)) >>> 0;
}

/** Ten rounds of Philox4x32: writes four unsigned 32-bit words to `out`. */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let c0 = counter[0]! >>> 0;
  let c1 = counter[1]! >>> 0;
  let c2 = counter[2]! >>> 0;
  let c3 = counter[3]! >>> 0;
  let k0 = key[0]! >>> 0;
  let k1 = key[1]! >>> 0;
  for (let round = 0; round < PHILOX.rounds; round++) {
    const h0 = mulhi(M0, c0);
    const l0 = Math.imul(M0, c0) >>> 0;
    const h1 = mulhi(M1, c2);
    const l1 = Math.imul(M1, c2) >>> 0;
    c0 = (h1 ^ c1 ^ k0) >>> 0;
    c1 = l1;
    c2 = (h0 ^ c3 ^ k1) >>> 0;
    c3 = l0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** A double in (0, 1), never 0 or 1, from 53 of 64 random bits: (k + 1/2) 2^-52 with k from 52 bits. */
export function uniform53(high: number, low: number): number {
  return ((high >>> 0) * 1048576 + (low >>> 12) + 0.5) * 2 ** -52;
}

/** Random numbers of one seed and stream. */
export interface RandomStream {
  readonly seed: number;
  readonly stream: number;
  /** Two unsigned 32-bit words. */
  readonly key: ArrayLike<number>;
  /** Two uniform doubles in (0, 1). */
  uniforms(site: number, component: number, trajectory: number, purpose: number, out: Float64Array): void;
  /** Two independent standard normal doubles (Box-Muller). */
  normals(site: number, component: number, trajectory: number, purpose: number, out: Float64Array): void;
  /** Numbers one after the other, for choices that belong to no site: position k of the sequence is site k. */
  sequence(purpose: number, trajectory?: number): { next(): number; normal(): number; int(n: number): number };
}

/**
 * The stream of a seed. The key is (seed mod 2^32, stream xor the seed's high word times 2^11): distinct for every pair with
 * stream < 2^11 or seed < 2^32.
 * @throws ConfigurationError unless seed and stream are non-negative safe integers, stream < 2^32.
 */
export function randomStream(seed: number, stream = 0): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ConfigurationError(`seed: got ${seed}, expected a non-negative integer below 2^53`);
  if (!Number.isInteger(stream) || stream < 0 || stream >= 2 ** 32) throw new ConfigurationError(`stream: got ${stream}, expected an integer in [0, 2^32)`);
  const key = new Uint32Array([seed % 2 ** 32, (stream ^ (Math.floor(seed / 2 ** 32) << 11)) >>> 0]);
  const counter = new Uint32Array(4);
  const words = new Uint32Array(4);
  const uniforms: RandomStream["uniforms"] = (site, component, trajectory, purpose, out) => {
    counter[0] = site;
    counter[1] = component;
    counter[2] = trajectory;
    counter[3] = purpose;
    philox(counter, key, words);
    out[0] = uniform53(words[0]!, words[1]!);
    out[1] = uniform53(words[2]!, words[3]!);
  };
  const normals: RandomStream["normals"] = (site, component, trajectory, purpose, out) => {
    uniforms(site, component, trajectory, purpose, out);
    const r = Math.sqrt(-2 * Math.log(out[0]!));
    const phi = 2 * Math.PI * out[1]!;
    out[0] = r * Math.cos(phi);
    out[1] = r * Math.sin(phi);
  };
  return {
    seed,
    stream,
    key,
    uniforms,
    normals,
    sequence(purpose, trajectory = 0) {
      let k = 0;
      const pair = new Float64Array(2);
      const next = (): number => {
        uniforms(k++, 0, trajectory, purpose, pair);
        return pair[0]!;
      };
      return {
        next,
        normal: () => {
          normals(k++, 0, trajectory, purpose, pair);
          return pair[0]!;
        },
        int: (n) => Math.floor(next() * n),
      };
    },
  };
}

/** The stream of sample b of a batch: b places after that of sample 0. */
export const streamOfSample = (random: RandomStream, b: number): RandomStream => (b === 0 ? random : randomStream(random.seed, random.stream + b));

/** Where the numbers of a field come from and how wide they are. */
export interface FillOptions {
  readonly sites: number;
  readonly components: number;
  /** Component of the counter of the first pair of numbers of a site, default 0; the next pairs have the next ones. */
  readonly first?: number;
  readonly trajectory: number;
  readonly purpose: number;
  /** Default 1. */
  readonly variance?: number;
}

/** out[site * components + c] = normal numbers with mean 0; each depends on its own (site, component, trajectory, purpose) only. */
export function fillNormals(rng: RandomStream, options: FillOptions, out: Float64Array): void {
  const { sites, components, first = 0, trajectory, purpose, variance = 1 } = options;
  const width = Math.sqrt(variance);
  const pair = new Float64Array(2);
  for (let n = 0; n < sites; n++)
    for (let c = 0; c < components; c += 2) {
      rng.normals(n, first + (c >> 1), trajectory, purpose, pair);
      out[n * components + c] = width * pair[0]!;
      if (c + 1 < components) out[n * components + c + 1] = width * pair[1]!;
    }
}
