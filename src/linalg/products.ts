/**
 * Products of blocks of complex rows, C <- beta C + alpha A B^+: the one kernel of dense complex algebra, as WebAssembly SIMD or as C (in Node alone). An inner product of
 * two rows with two rows keeps eight sums in registers; rows are taken in pieces that stay in the cache.
 */
import { nativeKernel } from "#platform/linalg/native-products";
import { Code, F64, I32, Module, V128, Wasm, hasRelaxedSimd } from "../backend/index.ts";

const PAGE = 65536;
const [LOAD, SHUFFLE, SPLAT_LOAD, STORE, SPLAT, ADD, MUL, FMA] = [0x00, 0x0d, 0x0a, 0x0b, 0x14, 0xf0, 0xf2, 0x107];
/** Numbers of a row, and rows of B, that are worked on together: 64 KB. */
const [DEPTH, WIDTH] = [128, 32];

/** Where kernels of dense algebra run. */
export type DenseBackend = "wasm" | "native";

/** Positions and strides in complex numbers, all extents multiples of 4. */
export type Kernel = (c: number, strideC: number, a: number, strideA: number, b: number, strideB: number, m: number, n: number, k: number, alpha: number, beta: number) => void;

/** Complex numbers (re, im) in memory of their own, and the products of blocks of them. */
export class Products {
  readonly data: Float64Array;
  /** Where `data` lies, for further WebAssembly kernels on it; none for native. */
  readonly memory: InstanceType<typeof Wasm.Memory> | undefined;
  readonly #kernel: Kernel;

  /** `length` complex numbers, zero at first. @throws BackendError for native without a compiler. */
  constructor(length: number, backend: DenseBackend = "wasm") {
    [this.data, this.#kernel, this.memory] = backend === "native" ? nativeKernel(length) : wasmKernel(length);
  }

  /** C_ij <- beta C_ij + alpha sum_{t < k} A_it conj(B_jt) for i < m, j < n; C may not overlap A or B. */
  multiply(c: number, strideC: number, a: number, strideA: number, b: number, strideB: number, m: number, n: number, k: number, alpha: number, beta: number): void {
    for (let j = 0; j < n; j += WIDTH)
      for (let t = 0; t < k || t === 0; t += DEPTH)
        this.#kernel(c + j, strideC, a + t, strideA, b + j * strideB + t, strideB, m, Math.min(WIDTH, n - j), Math.min(DEPTH, k - t), alpha, t === 0 ? beta : 1);
  }
}

/** Modules are compiled once a process; instances belong to their memory. */
let compiled: InstanceType<typeof Wasm.Module> | undefined;

function wasmKernel(length: number): [Float64Array, Kernel, InstanceType<typeof Wasm.Memory>] {
  const pages = Math.ceil((16 * length) / PAGE);
  const memory = new Wasm.Memory({ initial: Math.max(1, pages), maximum: Math.max(1, pages) });
  compiled ??= new Wasm.Module(wasmModule());
  const run = new Wasm.Instance(compiled, { env: { memory } }).exports["multiply"] as Kernel;
  return [
    new Float64Array(memory.buffer, 0, 2 * length),
    (c, sc, a, sa, b, sb, m, n, k, alpha, beta) => run(16 * c, 16 * sc, 16 * a, 16 * sa, 16 * b, 16 * sb, m, n, 16 * k, alpha, beta),
    memory,
  ];
}

/** The kernel in bytes: rows of two with rows of two, two numbers a turn. */
function wasmModule(): Uint8Array<ArrayBuffer> {
  const module = new Module();
  const [c, strideC, a, strideA, b, strideB, m, n, k, alpha, beta] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const code = new Code(11);
  const local = (type: typeof I32 | typeof V128): number => code.local(type);
  const [i, j, pc, pb, end] = [local(I32), local(I32), local(I32), local(I32), local(I32)];
  const rowsOfA = [local(I32), local(I32)];
  const rowsOfB = [local(I32), local(I32)];
  const x = [local(V128), local(V128)];
  const [y, va, vb, conjugate] = [local(V128), local(V128), local(V128), local(V128)];
  const sums = Array.from({ length: 8 }, () => local(V128));
  const fused = hasRelaxedSimd();
  const plus = (p: number, q: number, to: number): Code => code.get(p).get(q).op(0x6a).set(to);
  code.get(alpha).simd(SPLAT).set(va).get(beta).simd(SPLAT).set(vb);
  code.simd(0x0c, ...new Uint8Array(Float64Array.of(1, -1).buffer)).set(conjugate);
  const inner = (): void => {
    for (let u = 0; u < 2; u++) {
      rowsOfA.forEach((p, r) => code.get(p).simdMemory(LOAD, 3, 16 * u).set(x[r]!));
      rowsOfB.forEach((p, q) => {
        for (const part of [0, 1]) {
          code.get(p).simdMemory(SPLAT_LOAD, 3, 16 * u + 8 * part).set(y);
          x.forEach((v, r) => {
            const sum = sums[2 * (2 * r + q) + part]!;
            if (fused) code.get(v).get(y).get(sum).simd(FMA).set(sum);
            else code.get(v).get(y).simd(MUL).get(sum).simd(ADD).set(sum);
          });
        }
      });
    }
    for (const p of [...rowsOfA, ...rowsOfB]) code.get(p).i32(32).op(0x6a).set(p);
  };
  // a conj(b) = a b_re + (im, -re) of a b_im
  const store = (r: number, q: number): void => {
    const [re, im] = [sums[2 * (2 * r + q)]!, sums[2 * (2 * r + q) + 1]!];
    const at = (): Code => (r === 0 ? code.get(pc) : code.get(pc).get(strideC).op(0x6a));
    at();
    at().simdMemory(LOAD, 3, 16 * q).get(vb).simd(MUL);
    code.get(im).get(im).simd(SHUFFLE, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7).get(conjugate).simd(MUL).get(re).simd(ADD);
    code.get(va).simd(MUL).simd(ADD).simdMemory(STORE, 3, 16 * q);
  };
  code.i32(0).set(i);
  code.loop(() => code.get(i).get(m).op(0x4f), () => {
    code.i32(0).set(j).get(b).set(pb).get(c).set(pc);
    code.loop(() => code.get(j).get(n).op(0x4f), () => {
      code.get(a).set(rowsOfA[0]!).get(pb).set(rowsOfB[0]!);
      plus(a, strideA, rowsOfA[1]!);
      plus(pb, strideB, rowsOfB[1]!);
      plus(a, k, end);
      for (const s of sums) code.f64(0).simd(SPLAT).set(s);
      code.loop(() => code.get(rowsOfA[0]!).get(end).op(0x4f), inner);
      for (const r of [0, 1]) for (const q of [0, 1]) store(r, q);
      code.get(j).i32(2).op(0x6a).set(j).get(pc).i32(32).op(0x6a).set(pc);
      for (let turn = 0; turn < 2; turn++) plus(pb, strideB, pb);
    });
    code.get(i).i32(2).op(0x6a).set(i);
    for (let turn = 0; turn < 2; turn++) {
      plus(a, strideA, a);
      plus(c, strideC, c);
    }
  });
  module.function([I32, I32, I32, I32, I32, I32, I32, I32, I32, F64, F64], [], code, "multiply");
  return module.finish(false);
}
