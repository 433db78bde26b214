/**
 * Random fields as a WebAssembly module: for every site of a range of blocks Philox4x32-10 in integer arithmetic, Box-Muller, and a
 * sparse map of the normal numbers into the blocks of the fields. Logarithm, sine and cosine are JavaScript's, everything else is exact or
 * rounds once as there: the bits are those of util/rng.ts.
 */
import { PHILOX, type SparseMap } from "../util/index.ts";
import { Code, F64, I32, I64, Module } from "./assembler.ts";

/**
 * Entries of the parameter table: 32-bit words, addresses in bytes; from `fields` on the address and block stride of every field. At `sites` stand two words for every position in
 * memory: the site, and the second word of the key of its sample.
 */
export const NORMALS = Object.freeze({ sites: 0, firstBlock: 1, lastBlock: 2, key: 3, component: 4, trajectory: 5, purpose: 6, fields: 7 });

const I32_ADD = 0x6a;
const I32_MUL = 0x6c;
const I32_XOR = 0x73;
const I32_SHL = 0x74;
const I32_SHR_U = 0x76;
const I32_GE_S = 0x4e;
const I32_GE_U = 0x4f;
const I32_GT_S = 0x4a;
const I32_WRAP_I64 = 0xa7;
const I64_EXTEND_I32_U = 0xad;
const I64_MUL = 0x7e;
const I64_OR = 0x84;
const I64_SHL = 0x86;
const I64_SHR_U = 0x88;
const F64_SQRT = 0x9f;
const F64_ADD = 0xa0;
const F64_MUL = 0xa2;
const F64_CONVERT_I64_S = 0xb9;
const I32_LOAD = 0x28;
const F64_LOAD = 0x2b;
const F64_STORE = 0x39;

/** Bytes of scratch that the module needs, in reals of one lane: an even number of normal numbers. */
export const normalsScratch = (map: SparseMap): number => map.inputs + (map.inputs % 2);

/**
 * The module, with the function k0(parameter table, scratch, first chunk, last chunk + 1) for blocks of `width` sites in chunks of
 * `chunk` blocks; `shared` says what kind of memory it imports.
 */
export function normalsModule(map: SparseMap, width: number, chunk: number, shared: boolean): Uint8Array<ArrayBuffer> {
  const module = new Module();
  const [log, cos, sin] = ["log", "cos", "sin"].map((name) => module.import(name, [F64], [F64])) as [number, number, number];
  const c = new Code(4);
  const [P, S, c0, c1] = [0, 1, 2, 3];
  const parameter = (k: number): number => {
    const n = c.local(I32);
    c.get(P).memory(I32_LOAD, 2, 4 * k).set(n);
    return n;
  };
  const [sites, first, last] = [parameter(NORMALS.sites), parameter(NORMALS.firstBlock), parameter(NORMALS.lastBlock)];
  const fields = map.outputs.map((_, f) => ({ base: parameter(NORMALS.fields + 2 * f), stride: parameter(NORMALS.fields + 2 * f + 1), at: c.local(I32) }));
  const philox = philoxCode(c, parameter);
  const [block, end, lane, x, xEnd] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)];
  const [r, phi] = [c.local(F64), c.local(F64)];
  /** The body for the address x of each pair of numbers in scratch. */
  const pairs = (body: () => void): void => {
    c.get(S).set(x);
    c.loop(
      () => void c.get(x).get(xEnd).op(I32_GE_U),
      () => {
        body();
        c.get(x).i32(16).op(I32_ADD).set(x);
      },
    );
  };
  /** Block number of a chunk. */
  const start = (n: number): Code => c.get(n).i32(chunk).op(I32_MUL).get(first).op(I32_ADD);
  c.get(S).i32(8 * normalsScratch(map)).op(I32_ADD).set(xEnd);
  start(c1).set(end);
  c.get(end).get(last).op(I32_GT_S).when(() => void c.get(last).set(end));
  start(c0).set(block);
  c.loop(
    () => void c.get(block).get(end).op(I32_GE_S),
    () => {
      c.i32(0).set(lane);
      c.loop(
        () => void c.get(lane).i32(width).op(I32_GE_S),
        () => {
          c.get(block).i32(width).op(I32_MUL).get(lane).op(I32_ADD).i32(3).op(I32_SHL).get(sites).op(I32_ADD).set(x);
          c.get(x).memory(I32_LOAD, 2, 0).set(philox.site).get(x).memory(I32_LOAD, 2, 4).set(philox.key);
          philox.begin();
          pairs(() => philox.uniforms(x));
          pairs(() => {
            c.f64(-2).get(x).memory(F64_LOAD, 3, 0).call(log).op(F64_MUL, F64_SQRT).set(r);
            c.f64(2 * Math.PI).get(x).memory(F64_LOAD, 3, 8).op(F64_MUL).set(phi);
            c.get(x).get(r).get(phi).call(cos).op(F64_MUL).memory(F64_STORE, 3, 0);
            c.get(x).get(r).get(phi).call(sin).op(F64_MUL).memory(F64_STORE, 3, 8);
          });
          map.outputs.forEach((components, f) => {
            const { base, stride, at } = fields[f]!;
            c.get(block).get(stride).op(I32_MUL).get(base).op(I32_ADD).get(lane).i32(3).op(I32_SHL, I32_ADD).set(at);
            components.forEach((terms, k) => {
              c.get(at);
              if (terms.length === 0) c.f64(0);
              terms.forEach(({ input, factor, scale = 1 }, t) => {
                c.get(S).memory(F64_LOAD, 3, 8 * input);
                for (const y of [factor, scale]) if (y !== 1) c.f64(y).op(F64_MUL);
                if (t > 0) c.op(F64_ADD);
              });
              c.memory(F64_STORE, 3, 8 * width * k);
            });
          });
          c.get(lane).i32(1).op(I32_ADD).set(lane);
        },
      );
      c.get(block).i32(1).op(I32_ADD).set(block);
    },
  );
  module.function([I32, I32, I32, I32], [], c, "k0");
  return module.finish(shared);
}

interface Philox {
  /** Local of the site in the counter. */
  readonly site: number;
  /** Local of the second word of the key. */
  readonly key: number;
  /** Sets the first component. */
  begin(): void;
  /** Two uniform numbers at the address in a local and 8 bytes after it; the component is then the next one. */
  uniforms(at: number): void;
}

function philoxCode(c: Code, parameter: (k: number) => number): Philox {
  const [key0, first, trajectory, purpose] = [parameter(NORMALS.key), parameter(NORMALS.component), parameter(NORMALS.trajectory), parameter(NORMALS.purpose)];
  const [site, key, component, k0, k1] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)];
  const [x0, x1, x2, x3] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32)];
  const [p0, p1] = [c.local(I64), c.local(I64)];
  const product = (p: number, x: number, m: number): Code => c.get(x).op(I64_EXTEND_I32_U).i64(m).op(I64_MUL).set(p);
  const high = (p: number): Code => c.get(p).i64(32).op(I64_SHR_U, I32_WRAP_I64);
  /** (k + 1/2) 2^-52 with k the first word and the upper 20 bits of the second. */
  const uniform = (at: number, offset: number, a: number, b: number): void => {
    c.get(at).get(a).op(I64_EXTEND_I32_U).i64(20).op(I64_SHL).get(b).i32(12).op(I32_SHR_U, I64_EXTEND_I32_U, I64_OR, F64_CONVERT_I64_S);
    c.f64(0.5).op(F64_ADD).f64(2 ** -52).op(F64_MUL).memory(F64_STORE, 3, offset);
  };
  return {
    site,
    key,
    begin: () => void c.get(first).set(component),
    uniforms(at) {
      c.get(site).set(x0).get(component).set(x1).get(trajectory).set(x2).get(purpose).set(x3).get(key0).set(k0).get(key).set(k1);
      for (let round = 0; round < PHILOX.rounds; round++) {
        product(p0, x0, PHILOX.M0);
        product(p1, x2, PHILOX.M1);
        high(p1).get(x1).op(I32_XOR).get(k0).op(I32_XOR).set(x0);
        high(p0).get(x3).op(I32_XOR).get(k1).op(I32_XOR).set(x2);
        c.get(p1).op(I32_WRAP_I64).set(x1).get(p0).op(I32_WRAP_I64).set(x3);
        c.get(k0).i32(PHILOX.W0).op(I32_ADD).set(k0).get(k1).i32(PHILOX.W1).op(I32_ADD).set(k1);
      }
      uniform(at, 0, x0, x1);
      uniform(at, 8, x2, x3);
      c.get(component).i32(1).op(I32_ADD).set(component);
    },
  };
}
