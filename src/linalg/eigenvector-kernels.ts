/**
 * The two inner loops of hermitian eigenvectors that are no products of blocks, as WebAssembly SIMD on the memory of `Products`: one complex number, or two
 * real ones, a register.
 */
import { Code, I32, Module, V128, Wasm, hasRelaxedSimd } from "../backend/index.ts";

const [LOAD, STORE, SHUFFLE, SPLAT_LOAD, SPLAT, ADD, SUB, MUL, FMA, NEGATED_FMA] = [0x00, 0x0b, 0x0d, 0x0a, 0x14, 0xf0, 0xf1, 0xf2, 0x107, 0x108];
const SWAPPED = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** Doubles of a row that are rotated together: what a row has in a strip of memory. */
export const STRIP = 8;

/** Positions in complex numbers. */
export interface EigenvectorKernels {
  /**
   * s_j = sum_{k < f(j)} A_jk u_k and conj(p_k) += sum_j A_jk conj(u_j) over the same pairs, for rows j in [first, n), n - first even: rows are taken two by two,
   * f(j) is the first of the pair. Of A nothing else is read.
   */
  readonly hermitianTimes: (a: number, stride: number, u: number, p: number, s: number, first: number, n: number) => void;
  /** Rotations of a strip, the pair (i, i + 1) first, then (i - 1, i), ...: `count` times (c, s) from `cs` on; row_{i+1}, row_i <- s row_i + c row_{i+1}, c row_i - s row_{i+1}. */
  readonly rotate: (strip: number, i: number, cs: number, count: number) => void;
}

let compiled: InstanceType<typeof Wasm.Module> | undefined;

/** The kernels on a memory. */
export function eigenvectorKernels(memory: InstanceType<typeof Wasm.Memory>): EigenvectorKernels {
  if (!compiled) {
    const module = new Module();
    module.function([I32, I32, I32, I32, I32, I32, I32], [], hermitianTimes(), "hermitianTimes");
    module.function([I32, I32, I32], [], rotate(), "rotate");
    compiled = new Wasm.Module(module.finish(false));
  }
  const run = new Wasm.Instance(compiled, { env: { memory } }).exports as Record<string, (...args: number[]) => void>;
  const [times, turn] = [run["hermitianTimes"]!, run["rotate"]!];
  return {
    hermitianTimes: (a, stride, u, p, s, first, n) => times(16 * (a + first * stride), 16 * stride, 16 * u, 16 * p, 16 * (s + first), first, n),
    rotate: (strip, i, cs, count) => turn(16 * strip + 8 * STRIP * (i + 1), 16 * cs, count),
  };
}

/** sum <- sum + x y. */
function multiplyAdd(code: Code, x: number, y: number, sum: number): void {
  if (hasRelaxedSimd()) code.get(x).get(y).get(sum).simd(FMA).set(sum);
  else code.get(x).get(y).simd(MUL).get(sum).simd(ADD).set(sum);
}

function hermitianTimes(): Code {
  const [a, stride, u, p, s, j, n] = [0, 1, 2, 3, 4, 5, 6];
  const code = new Code(7);
  const local = (type: typeof I32 | typeof V128): number => code.local(type);
  const [pu, pp, end] = [local(I32), local(I32), local(I32)];
  const rows = [local(I32), local(I32)];
  const x = [local(V128), local(V128)];
  const [re, im, sum, conjugate] = [local(V128), local(V128), local(V128), local(V128)];
  const sums = Array.from({ length: 4 }, () => local(V128));
  const weights = Array.from({ length: 4 }, () => local(V128));
  code.simd(0x0c, ...new Uint8Array(Float64Array.of(1, -1).buffer)).set(conjugate);
  const inner = (): void => {
    code.get(pu).simdMemory(SPLAT_LOAD, 3, 0).set(re).get(pu).simdMemory(SPLAT_LOAD, 3, 8).set(im).get(pp).simdMemory(LOAD, 3, 0).set(sum);
    rows.forEach((row, r) => {
      code.get(row).simdMemory(LOAD, 3, 0).set(x[r]!);
      multiplyAdd(code, x[r]!, re, sums[2 * r]!);
      multiplyAdd(code, x[r]!, im, sums[2 * r + 1]!);
      multiplyAdd(code, x[r]!, weights[2 * r]!, sum);
      code.get(x[r]!).get(x[r]!).simd(SHUFFLE, ...SWAPPED).set(x[r]!);
      multiplyAdd(code, x[r]!, weights[2 * r + 1]!, sum);
    });
    code.get(pp).get(sum).simdMemory(STORE, 3, 0);
    for (const q of [...rows, pu, pp]) code.get(q).i32(16).op(0x6a).set(q);
  };
  code.loop(() => code.get(j).get(n).op(0x4f), () => {
    code.get(a).set(rows[0]!).get(a).get(stride).op(0x6a).set(rows[1]!).get(u).set(pu).get(p).set(pp);
    code.get(a).get(j).i32(4).op(0x74).op(0x6a).set(end);
    for (const r of [0, 1]) {
      // a conj(u_j) = a u_re + swapped(a) (u_im, -u_im)
      const at = (): Code => code.get(u).get(j).i32(4).op(0x74).op(0x6a);
      at().simdMemory(SPLAT_LOAD, 3, 16 * r).set(weights[2 * r]!);
      at().simdMemory(SPLAT_LOAD, 3, 16 * r + 8).get(conjugate).simd(MUL).set(weights[2 * r + 1]!);
    }
    for (const q of sums) code.f64(0).simd(SPLAT).set(q);
    code.loop(() => code.get(rows[0]!).get(end).op(0x4f), inner);
    for (const r of [0, 1]) {
      // a u = a u_re + i a u_im, with i z = -(conj of the swapped z)
      code.get(s).get(sums[2 * r]!).get(sums[2 * r + 1]!).get(sums[2 * r + 1]!).simd(SHUFFLE, ...SWAPPED).get(conjugate).simd(MUL).simd(SUB).simdMemory(STORE, 3, 16 * r);
    }
    for (let turn = 0; turn < 2; turn++) code.get(a).get(stride).op(0x6a).set(a);
    code.get(s).i32(32).op(0x6a).set(s).get(j).i32(2).op(0x6a).set(j);
  });
  return code;
}

/** From the row at z down; the upper row of a pair stays in registers. */
function rotate(): Code {
  const [z, cs, count] = [0, 1, 2];
  const code = new Code(3);
  const [c, s, x, y] = [code.local(V128), code.local(V128), code.local(V128), code.local(V128)];
  const carried = Array.from({ length: STRIP / 2 }, () => code.local(V128));
  const fused = hasRelaxedSimd();
  carried.forEach((v, k) => code.get(z).simdMemory(LOAD, 3, 16 * k).set(v));
  code.loop(() => code.get(count).op(0x45), () => {
    code.get(cs).simdMemory(SPLAT_LOAD, 3, 0).set(c).get(cs).simdMemory(SPLAT_LOAD, 3, 8).set(s);
    code.get(z).i32(8 * STRIP).op(0x6b).set(z);
    carried.forEach((v, k) => {
      code.get(z).simdMemory(LOAD, 3, 16 * k).set(x);
      code.get(c).get(v).simd(MUL).set(y);
      multiplyAdd(code, s, x, y);
      code.get(z).get(y).simdMemory(STORE, 3, 16 * k + 8 * STRIP);
      if (fused) code.get(s).get(v).get(c).get(x).simd(MUL).simd(NEGATED_FMA).set(v);
      else code.get(c).get(x).simd(MUL).get(s).get(v).simd(MUL).simd(SUB).set(v);
    });
    code.get(cs).i32(16).op(0x6a).set(cs).get(count).i32(1).op(0x6b).set(count);
  });
  carried.forEach((v, k) => code.get(z).get(v).simdMemory(STORE, 3, 16 * k));
  return code;
}
